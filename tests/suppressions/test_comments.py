"""Comments that silence findings, and those that silence nothing any more."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, findings_in

CALL = "import torch\ntorch.cuda.empty_cache()"
FOUND = "2 CFX101 torch.cuda.empty_cache"


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa",
        "# NOQA",
        "# noqa: CFX101",
        "# noqa:CFX101",
        "# noqa : CFX101",
        "# noqa: cfx101",
        "# NoQA: CFX1",
        "# noqa: CFX101,E501",
        "# noqa: E501, CFX101",
        "# noqa: E501 CFX101",
        "# noqa: CFX101 because of the driver",
        "# noqa: some words",
        "# type: ignore # noqa: CFX101",
        "# frees memory  # noqa: CFX101",
        "# cudafix: ignore",
        "# cudafix:ignore",
        "# cudafix : ignore",
        "# CUDAFIX: IGNORE[cfx101]",
        "# cudafix: ignore[CFX101]",
        "# cudafix: ignore [ CFX101 ]",
        "# cudafix: ignore[CFX1]",
        "# cudafix: ignore[CFX101] CUDA only",
        "# cudafix: ignore[CFX101]: CUDA only",
        "# type: ignore  # cudafix: ignore[CFX101]",
        "# cudafix: ignore[CFX101]  # noqa: E501",
    ],
)
def test_a_comment_at_the_end_of_the_line_silences_it(comment: str) -> None:
    check_noop(f"{CALL}  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# cudafix: ignore[CFX104, CFX101]",
        "# cudafix: ignore[CFX104,CFX101]",
        "# cudafix: ignore[CFX104 CFX101]",
        "# noqa: CFX104, CFX101",
        "# noqa: CFX104  # noqa: CFX101",
        "# noqa: CFX104  # cudafix: ignore[CFX101]",
        "# cudafix: ignore[CFX104]  # cudafix: ignore[CFX101]",
    ],
)
def test_several_codes_each_silence_their_own(comment: str) -> None:
    check_noop(f"import torch\ntorch.cuda.empty_cache(), torch.cuda.synchronize()  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# no qa",
        "# noqablah",
        "# noqablah  # noqa: E501",
        "# noqa: E501",
        "# noqa: CFX999",
        "# ruff: noqa: CFX101",
        "# torch.cuda: ignore[CFX101]",
        "# cudafix ignore[CFX101]",
        "# cudafix: skip[CFX101]",
        "# cudafix: ignored",
        "# cudafix: ignore-next-line",
        "# cudafix: ignore[CFX101",
        "# cudafix: ignore[]",
        "# cudafix: ignore[CFX999]",
        "# cudafix: ignore[CFX1011]",
        "# cudafix: ignore[hardcoded-empty-cache]",
        "# cudafix: enable[CFX101]",
    ],
)
def test_any_other_comment_silences_nothing(comment: str) -> None:
    check_finds(f"{CALL}  {comment}\n", FOUND)


def test_a_code_of_another_rule_silences_nothing() -> None:
    check_finds(f"{CALL}  # noqa: CFX104\n", FOUND, "2 CFX002 ")


def test_a_comment_on_another_line_silences_nothing() -> None:
    check_finds(f"import torch  # noqa\n{CALL}\nx = 1  # noqa\n", "3 CFX101 torch.cuda.empty_cache")


def test_a_comment_in_a_string_is_none() -> None:
    check_finds('import torch\nrun(torch.cuda.empty_cache(), "# noqa")\n', FOUND)


def test_a_comment_in_a_string_of_several_lines_is_none() -> None:
    check_finds(
        'import torch\nx = """\n# cudafix: file-ignore\n"""\ntorch.cuda.empty_cache()\n',
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_a_silenced_call_is_not_fixed() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.synchronize()
        torch.cuda.synchronize()  # noqa: CFX104
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        synchronize_device()
        torch.cuda.synchronize()  # noqa: CFX104
        """,
    )


@pytest.mark.parametrize("row", range(4))
def test_any_line_of_the_call_will_do(row: int) -> None:
    lines = ["torch.cuda.memory_summary(", "    device,", "    abbreviated=True,", ")"]
    lines[row] += "  # cudafix: ignore[CFX103] CUDA only"
    check_noop("import torch\n" + "\n".join(lines) + "\n")


def test_a_line_of_its_own_inside_the_call_will_do() -> None:
    check_noop("import torch\ntorch.cuda.memory_summary(\n    # cudafix: ignore[CFX103]\n    device,\n)\n")


def test_the_other_lines_of_the_statement_will_not_do() -> None:
    check_finds(
        "import torch\nx = run(\n    torch.cuda.device_count(),\n)  # noqa: CFX105\n",
        "3 CFX105 torch.cuda.device_count",
        "4 CFX002 ",
    )


def test_an_import_is_silenced_on_its_own_line() -> None:
    check_noop("from torch.cuda import empty_cache  # noqa: CFX101\n")


def test_an_own_line_is_about_the_statement_below() -> None:
    check_noop("import torch\n# cudafix: ignore[CFX101] CUDA only\ntorch.cuda.empty_cache()\n")


def test_an_own_line_is_about_all_lines_of_the_statement_below() -> None:
    check_noop(
        """
        import torch
        # cudafix: ignore[CFX105] CUDA only
        x = [
            torch.cuda.device_count(),
            torch.cuda.current_device(),
        ]
        """
    )


def test_an_own_line_reaches_over_comments_and_blank_lines() -> None:
    check_noop("import torch\n# cudafix: ignore[CFX101]\n\n# for the driver\ntorch.cuda.empty_cache()\n")


def test_several_own_lines_are_about_the_same_statement() -> None:
    check_noop(
        """
        import torch
        # cudafix: ignore[CFX104]
        # cudafix: ignore[CFX105]
        torch.cuda.synchronize(torch.cuda.current_device())
        """
    )


def test_an_own_line_in_a_block_is_about_its_next_statement() -> None:
    check_finds(
        """
        import torch
        def flush():
            # cudafix: ignore[CFX101]
            torch.cuda.empty_cache()
            torch.cuda.empty_cache()
        """,
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_an_own_line_above_a_block_is_about_its_header() -> None:
    check_finds(
        """
        import torch
        # cudafix: ignore
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        """,
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_an_own_line_above_a_decorator_is_about_the_decorator() -> None:
    check_noop("import torch\n# cudafix: ignore[CFX110]\n@torch.cuda.amp.autocast()\ndef run(): ...\n")


def test_an_own_line_inside_brackets_is_about_the_next_line() -> None:
    check_finds(
        """
        import torch
        x = [
            # cudafix: ignore[CFX105] CUDA only
            torch.cuda.device_count(),
            torch.cuda.device_count(),
        ]
        """,
        "5 CFX105 torch.cuda.device_count",
    )


def test_an_own_line_at_the_end_of_the_file_is_about_nothing() -> None:
    check_finds(f"{CALL}\n# cudafix: ignore[CFX101]\n", FOUND, "3 CFX002 ")


def test_noqa_on_its_own_line_is_about_nothing() -> None:
    check_finds("import torch\n# noqa\ntorch.cuda.empty_cache()\n", "3 CFX101 torch.cuda.empty_cache")


def test_a_file_is_silenced_from_anywhere_in_it() -> None:
    check_noop(f"{CALL}\nx = 1\n# cudafix: file-ignore[CFX101] generated\n{CALL}\n")


def test_a_file_is_silenced_for_the_codes_that_are_named() -> None:
    check_finds(
        f"# cudafix: file-ignore[CFX101]\n{CALL}\ntorch.cuda.synchronize()\n", "4 CFX104 torch.cuda.synchronize"
    )


def test_a_file_is_silenced_for_all_codes_when_none_is_named() -> None:
    check_noop(f"# cudafix: file-ignore\n{CALL}\ntorch.cuda.synchronize()\n")


def test_a_range_is_silenced_from_disable_to_enable() -> None:
    check_finds(
        """
        import torch
        torch.cuda.empty_cache()
        # cudafix: disable[CFX101]
        torch.cuda.empty_cache()
        # cudafix: enable[CFX101]
        torch.cuda.empty_cache()
        """,
        "2 CFX101 torch.cuda.empty_cache",
        "6 CFX101 torch.cuda.empty_cache",
    )


def test_a_range_without_an_end_goes_to_the_end_of_the_file() -> None:
    check_finds(f"{CALL}\n# cudafix: disable[CFX101]\n{CALL}\n{CALL}\n", FOUND)


def test_a_range_may_start_and_end_at_the_end_of_a_line() -> None:
    check_finds(
        """
        import torch
        torch.cuda.empty_cache()  # cudafix: disable[CFX101]
        torch.cuda.empty_cache()  # cudafix: enable[CFX101]
        torch.cuda.empty_cache()
        """,
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_enabling_everything_ends_every_range() -> None:
    check_finds(
        f"# cudafix: disable[CFX101]\n# cudafix: disable[CFX104]\n{CALL}\ntorch.cuda.synchronize()\n"
        "# cudafix: enable\ntorch.cuda.empty_cache(torch.cuda.synchronize())\n",
        "7 CFX101 torch.cuda.empty_cache",
        "7 CFX104 torch.cuda.synchronize",
    )


def test_enabling_one_code_leaves_the_others_disabled() -> None:
    check_finds(
        """
        import torch
        # cudafix: disable[CFX101, CFX104]
        torch.cuda.empty_cache(torch.cuda.synchronize())
        # cudafix: enable[CFX101]
        torch.cuda.empty_cache(torch.cuda.synchronize())
        """,
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_enabling_several_codes_enables_each() -> None:
    check_finds(
        f"# cudafix: disable\n{CALL}\n# cudafix: enable[CFX101, CFX104]\n"
        "torch.cuda.empty_cache(torch.cuda.synchronize())\n",
        "5 CFX101 torch.cuda.empty_cache",
        "5 CFX104 torch.cuda.synchronize",
    )


def test_an_enable_inside_of_a_statement_ends_a_range_above_it() -> None:
    check_finds(
        """
        import torch
        # cudafix: disable
        x = [  # cudafix: enable
            torch.cuda.device_count(),
        ]
        """,
        "4 CFX105 torch.cuda.device_count",
    )


def test_enabling_a_group_enables_its_codes() -> None:
    check_finds(
        f"import torch\n# cudafix: disable[CFX101]\n{CALL}\n# cudafix: enable[CFX1]\ntorch.cuda.empty_cache()\n",
        "6 CFX101 torch.cuda.empty_cache",
    )


def test_enabling_one_code_takes_it_out_of_a_range_of_all() -> None:
    check_finds(
        "# cudafix: disable\nimport torch\n# cudafix: enable[CFX101]\n"
        "torch.cuda.empty_cache(torch.cuda.synchronize())\n",
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_a_range_may_begin_anew() -> None:
    check_noop(f"# cudafix: disable\n{CALL}\n# cudafix: enable\n# cudafix: disable\n{CALL}\n")


def test_rows_and_columns_hold_with_other_line_ends() -> None:
    check_noop(f"{CALL}  # noqa: CFX101\n{CALL}  # noqa: CFX101\n".replace("\n", "\r\n"))
    check_noop(f"{CALL}  # noqa: CFX101\n# cudafix: disable[CFX101]\n{CALL}\n".replace("\n", "\r"))


def test_form_feeds_are_no_line_ends() -> None:
    check_noop("import torch\n\f\nx = 1  # a\fb\n\f# cudafix: ignore[CFX101]\ntorch.cuda.empty_cache()\n")


def test_a_byte_order_mark_moves_nothing() -> None:
    found = findings_in("\ufeff# cudafix: ignore[CFX101]\nx = 'torch.cuda'\n")
    assert [(one.start.row, one.start.column) for one in found] == [(1, 1)]


def test_comments_count_where_an_older_tokenizer_gives_up() -> None:
    check_noop('import torch\nx = f"{y["""a"""]}"  # z\ntorch.cuda.empty_cache()  # noqa: CFX101\n')


def test_a_comment_on_any_line_of_an_import_silences_its_names() -> None:
    check_finds(
        """
        from torch.cuda import (  # noqa: CFX108
            Stream,
        )
        x: Stream
        """,
        "4 CFX108 torch.cuda.Stream",
    )
