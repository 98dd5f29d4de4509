"""CFX002: a suppression that silences nothing."""

from __future__ import annotations

import pytest
from checks import apply_edits, check_finds, check_fixes, check_noop, findings_in, fixed

CALL = "import torch\ntorch.cuda.empty_cache()"


def test_leaves_a_suppression_that_silences_something_alone() -> None:
    check_noop(f"{CALL}  # noqa: CFX101\n")


@pytest.mark.parametrize("comment", ["# noqa", "# cudafix: ignore", "# cudafix: file-ignore", "# cudafix: disable"])
def test_leaves_a_suppression_of_everything_alone(comment: str) -> None:
    check_noop(f"x = 'torch.cuda'  {comment}\n")


@pytest.mark.parametrize("comment", ["# noqa: E501", "# noqa: CFX999", "# cudafix: ignore[E501]", "# noqa: CFX1"])
def test_leaves_what_is_no_rule_alone(comment: str) -> None:
    check_noop(f"x = 'torch.cuda'  {comment}\n")


def test_leaves_an_enable_without_a_disable_alone() -> None:
    check_noop("x = 'torch.cuda'  # cudafix: enable[CFX101]\n")


def test_leaves_a_rule_alone_that_is_not_selected() -> None:
    check_noop("x = 'torch.cuda'  # noqa: CFX101\n", select=["CFX002", "CFX104"])


def test_leaves_an_opt_in_rule_alone_that_is_off() -> None:
    check_noop("x = 'torch.cuda'  # noqa: CFX401\n", select=[])


def test_leaves_a_rule_alone_that_is_ignored() -> None:
    check_noop("x = 'torch.cuda'  # noqa: CFX101\n", ignore=["CFX004", "CFX101"])


def test_leaves_a_rule_alone_that_is_off_for_the_file() -> None:
    check_noop("x = 'torch.cuda'  # noqa: CFX101\n", per_file_ignores={"example.py": ["CFX101"]})


def test_says_nothing_when_it_is_off_itself() -> None:
    check_noop("x = 'torch.cuda'  # noqa: CFX101\n", ignore=["CFX002", "CFX004"])


@pytest.mark.parametrize(
    "comment",
    ["# noqa: CFX101, CFX002", "# cudafix: ignore[CFX101]  # noqa: CFX002", "# cudafix: ignore[CFX101]  # noqa"],
)
def test_can_be_silenced_on_its_line(comment: str) -> None:
    check_noop(f"x = 'torch.cuda'  {comment}\n")


def test_can_be_silenced_for_a_file() -> None:
    check_noop("# cudafix: file-ignore[CFX002]\nx = 'torch.cuda'  # noqa: CFX101\n")


def test_its_own_code_is_never_unused() -> None:
    check_noop("x = 'torch.cuda'  # noqa: CFX002\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: CFX101",
        "# noqa: E501, cfx101",
        "# cudafix: ignore[CFX101] CUDA only",
        "# cudafix: file-ignore[CFX101]",
        "# cudafix: disable[CFX101]",
        "# type: ignore  # noqa: CFX101",
    ],
)
def test_reports_a_suppression_that_silences_nothing(comment: str) -> None:
    check_finds(f"x = 'torch.cuda'  {comment}\n", "1 CFX002 ")


def test_reports_the_codes_of_a_suppression_that_silence_nothing() -> None:
    found = findings_in(f"{CALL}  # noqa: CFX101, CFX104, E501, CFX105\n")
    assert [one.message for one in found] == ["unused suppression of CFX104, CFX105"]


def test_reports_a_code_that_is_named_twice_once() -> None:
    found = findings_in("x = 'torch.cuda'  # cudafix: ignore[CFX101, CFX101]\n")
    assert [one.message for one in found] == ["unused suppression of CFX101"]


def test_reports_each_of_two_suppressions() -> None:
    check_finds("x = 'torch.cuda'  # noqa: CFX101  # cudafix: ignore[CFX104]\n", "1 CFX002 ", "1 CFX002 ")


def test_counts_both_of_two_suppressions_of_the_same_finding_as_used() -> None:
    check_noop(f"# cudafix: file-ignore[CFX101]\n{CALL}  # noqa: CFX101\n")


def test_reports_the_place_of_the_suppression_in_its_comment() -> None:
    found = findings_in("x = 'torch.cuda'  # é # cudafix: ignore[CFX101] why\n")
    places = [(one.start.row, one.start.column, one.end.row, one.end.column) for one in found]
    assert places == [(1, 23, 1, 48)]


def test_says_what_to_remove() -> None:
    found = findings_in("x = 'torch.cuda'  # cudafix: ignore[CFX101, CFX104] why\n")
    assert [one.help for one in found] == ["remove CFX101, CFX104 from `# cudafix: ignore[CFX101, CFX104]`"]


# The fix


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = 'torch.cuda'  # noqa: CFX101\n", "x = 'torch.cuda'\n"),
        ("x = 'torch.cuda'  # noqa: CFX101", "x = 'torch.cuda'"),
        ("x = 'torch.cuda'  # noqa: E501, CFX101\n", "x = 'torch.cuda'  # noqa: E501\n"),
        ("x = 'torch.cuda'  # noqa:CFX101,E501\n", "x = 'torch.cuda'  # noqa:E501\n"),
        ("x = 'torch.cuda'  # cudafix: ignore[CFX101] CUDA only\n", "x = 'torch.cuda'\n"),
        ("x = 'torch.cuda'  # why  # cudafix: ignore[CFX101]\n", "x = 'torch.cuda'  # why\n"),
        ("x = 'torch.cuda'  # cudafix: ignore[CFX101]  # type: ignore\n", "x = 'torch.cuda'  # type: ignore\n"),
        ("x = 'torch.cuda'  # noqa: CFX101  # cudafix: ignore[CFX104]\n", "x = 'torch.cuda'\n"),
        ("# cudafix: file-ignore[CFX101] all\nx = 'torch.cuda'\n", "x = 'torch.cuda'\n"),
        ("if x:\n    # cudafix: ignore[CFX101]\n    y = 'torch.cuda'\n", "if x:\n    y = 'torch.cuda'\n"),
        (f"{CALL}  # cudafix: ignore[CFX101, CFX104] a\n", f"{CALL}  # cudafix: ignore[CFX101] a\n"),
        (f"{CALL}  # noqa: CFX101, CFX104, E501, CFX105\n", f"{CALL}  # noqa: CFX101, E501\n"),
    ],
)
def test_the_fix_takes_out_what_silences_nothing(old: str, new: str) -> None:
    check_fixes(old, new, edits=False)


def test_a_fix_of_the_code_goes_before() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize()  # noqa: CFX101\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\n",
        edits=False,
    )


@pytest.mark.parametrize("comment", ["# cudafix: disable[CFX101]", "# noqa: CFX101, CFX002"])
def test_leaves_what_others_belong_to_and_what_is_silenced(comment: str) -> None:
    source = f"x = 'torch.cuda'  {comment}\n"
    assert fixed(source.encode()).new_bytes is None


def test_leaves_a_comment_that_a_backslash_joins_to_the_line_before() -> None:
    source = "x = 'torch.cuda' \\\n# noqa: CFX101"
    check_finds(source, "2 CFX002 ")
    assert fixed(source.encode()).new_bytes is None


def test_a_backslash_in_a_comment_joins_nothing() -> None:
    check_fixes("x = 'torch.cuda'\n# noqa: CFX101 \\\n# noqa: CFX101\n", "x = 'torch.cuda'\n", edits=False)


def test_a_mention_that_the_removal_brings_to_light_is_mended_in_the_same_run() -> None:
    before = "x = 1  # noqa: CFX101 torch.npu.synchronize() # except torch.cuda.OutOfMemoryError:\n"
    new = fixed(before.encode(), unsafe=True, ignore=[]).new_bytes
    assert new == b"x = 1  # except torch.OutOfMemoryError:\n"


def test_the_finding_tells_its_edit() -> None:
    (one,) = findings_in("x = 'torch.cuda'  # noqa: CFX101\n")
    assert one.fix is not None
    assert apply_edits(["x = 'torch.cuda'  # noqa: CFX101\n"], one.fix.edits) == "x = 'torch.cuda'\n"


def test_the_encoding_and_the_mark_stay() -> None:
    source = b"\xef\xbb\xbfx = 'torch.cuda \xc3\xa4'  # noqa: CFX101\r\n"
    assert fixed(source).new_bytes == b"\xef\xbb\xbfx = 'torch.cuda \xc3\xa4'\r\n"
