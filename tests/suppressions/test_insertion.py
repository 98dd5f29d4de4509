"""`check --add-noqa` and `--add-ignore`: comments that silence what is found, and change nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import CLEAN, invoke

pytestmark = pytest.mark.usefixtures("folder")

HEAD = "import torch\n"


def silenced(source: str | bytes, *arguments: str) -> str:
    """Silence all in a file, and return what it is then; nothing is found in it any more."""
    Path("a.py").write_bytes(source.encode() if isinstance(source, str) else source)
    result = invoke("check", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert invoke("check", "-q", "--ignore", "CFX002").stdout == ""
    return Path("a.py").read_bytes().decode("utf-8", "replace")


def test_leaves_a_file_without_a_finding_alone() -> None:
    assert silenced(CLEAN, "--add-noqa") == CLEAN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("torch.cuda.synchronize()\n", "torch.cuda.synchronize()  # noqa: CFX104\n"),
        ("torch.cuda.synchronize()", "torch.cuda.synchronize()  # noqa: CFX104"),
        ("torch.cuda.synchronize()  # why\n", "torch.cuda.synchronize()  # why  # noqa: CFX104\n"),
        ("torch.cuda.synchronize()  # noqa: E501\n", "torch.cuda.synchronize()  # noqa: E501, CFX104\n"),
        (
            "f(torch.cuda.synchronize(), torch.cuda.device_count())\n",
            "f(torch.cuda.synchronize(), torch.cuda.device_count())  # noqa: CFX104, CFX105\n",
        ),
        (
            "torch.cuda.synchronize(\n    torch.cuda.device_count()\n)\n",
            "torch.cuda.synchronize(  # noqa: CFX104\n    torch.cuda.device_count()  # noqa: CFX105\n)\n",
        ),
    ],
)
def test_each_finding_gets_a_noqa_on_its_row(old: str, new: str) -> None:
    assert silenced(HEAD + old, "--add-noqa") == HEAD + new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("torch.cuda.synchronize()\n", "torch.cuda.synchronize()  # cudafix: ignore[CFX104] CUDA only\n"),
        (
            "torch.cuda.synchronize()  # cudafix: ignore[CFX101] old\n",
            "torch.cuda.synchronize()  # cudafix: ignore[CFX101, CFX104] old\n",
        ),
        (
            "if a:\n    x = torch.cuda.device_count() + \\\n        1\n",
            "if a:\n    # cudafix: ignore[CFX105] CUDA only\n    x = torch.cuda.device_count() + \\\n        1\n",
        ),
        (
            'x = f"""\n{torch.cuda.device_count()}\n"""\n',
            '# cudafix: ignore[CFX105] CUDA only\nx = f"""\n{torch.cuda.device_count()}\n"""\n',
        ),
    ],
    ids=["a row", "a comment that is there", "a row that goes on", "a string over several rows"],
)
def test_each_finding_gets_a_comment_with_the_reason(old: str, new: str) -> None:
    assert silenced(HEAD + old, "--add-ignore=CUDA only") == HEAD + new


def test_a_row_that_goes_on_gets_a_comment_above_where_noqa_was_wanted() -> None:
    source = f"{HEAD}x = torch.cuda.device_count() + \\\n    1\n"
    assert silenced(source, "--add-noqa") == (
        f"{HEAD}# cudafix: ignore[CFX105]\nx = torch.cuda.device_count() + \\\n    1\n"
    )


def test_no_reason_is_no_reason() -> None:
    assert silenced(f"{HEAD}torch.cuda.synchronize()\n", "--add-ignore") == (
        f"{HEAD}torch.cuda.synchronize()  # cudafix: ignore[CFX104]\n"
    )


def test_a_folder_behind_the_flag_is_one_to_check() -> None:
    Path("sub").mkdir()
    Path("sub/b.py").write_text(f"{HEAD}torch.cuda.synchronize()\n")
    Path("a.py").write_text(f"{HEAD}torch.cuda.synchronize()\n")
    invoke("check", "--add-ignore", "sub")
    assert "ignore[CFX104]" in Path("sub/b.py").read_text()
    assert "ignore" not in Path("a.py").read_text()


def test_line_ends_and_the_encoding_stay() -> None:
    source = "# coding: latin-1\r\nimport torch\r\nx = '\xe4'; torch.cuda.synchronize()\r\n"
    Path("a.py").write_bytes(source.encode("latin-1"))
    invoke("check", "--add-noqa")
    expected = source.replace("()\r\n", "()  # noqa: CFX104\r\n")
    assert Path("a.py").read_bytes() == expected.encode("latin-1")


def test_a_byte_order_mark_stays() -> None:
    shown = silenced(b"\xef\xbb\xbf" + f"{HEAD}torch.cuda.synchronize()\n".encode(), "--add-noqa")
    assert shown == f"\ufeff{HEAD}torch.cuda.synchronize()  # noqa: CFX104\n"


def test_only_the_selected_rules_are_silenced() -> None:
    Path("a.py").write_text(f"{HEAD}torch.cuda.synchronize()\ntorch.cuda.empty_cache()\n")
    assert invoke("check", "--select", "CFX101", "--add-noqa").stdout == "Silenced 1 finding by comments.\n"
    assert Path("a.py").read_text() == f"{HEAD}torch.cuda.synchronize()\ntorch.cuda.empty_cache()  # noqa: CFX101\n"


def test_a_file_that_cannot_be_read_is_left_alone_and_said() -> None:
    Path("a.py").write_text("import torch\ntorch.cuda.synchronize(\n")
    result = invoke("check", "--add-noqa")
    assert result.stdout == "Silenced 0 findings by comments.\n"
    assert Path("a.py").read_text() == "import torch\ntorch.cuda.synchronize(\n"


def test_a_file_that_cannot_be_written_is_an_error() -> None:
    Path("a.py").write_text(f"{HEAD}torch.cuda.synchronize()\n")
    Path("a.py").chmod(0o444)
    result = invoke("check", "--add-noqa")
    if result.exit_code:  # root may write all the same
        assert (result.exit_code, result.stderr.count("left as it was")) == (2, 1)


def test_standard_input_cannot_be_given_comments() -> None:
    assert invoke("check", "-", "--add-noqa", stdin=CLEAN).exit_code == 2
