"""The output formats: what a finding becomes in each."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from checks import apply_edits
from command import CLEAN, HARDCODED, LINE, MANUAL, NEUTRAL, UNSAFE, invoke, run

from cudafix.formats import FORMATS
from cudafix.formats.diff import diff
from cudafix.model import Edit, Finding, Fix, Position, Result, Safety

EMPTY = Fix(Safety.SAFE, "", ())


pytestmark = pytest.mark.usefixtures("folder")


def finding(**details: Any) -> Finding:
    usual: dict[str, Any] = {
        "code": "CFX101",
        "name": "hardcoded-empty-cache",
        "message": "`torch.cuda.empty_cache` is tied to CUDA",
        "symbol": "torch.cuda.empty_cache",
        "path": "a.py",
        "start": Position(4, 1),
        "end": Position(4, 23),
    }
    return Finding(**{**usual, **details})


def text(*findings: Finding) -> str:
    stream = io.StringIO()
    FORMATS["text"].writer(findings, stream, False)
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())


def as_json(*arguments: object) -> Any:
    return json.loads(invoke(*arguments, "--output-format", "json").stdout)


# Nothing to say


def test_no_finding_is_no_text() -> None:
    assert text() == ""


def test_no_finding_is_an_empty_array(folder: Path) -> None:
    (folder / "a.py").write_text(CLEAN)
    result = invoke("check", "--output-format", "json")
    assert (result.exit_code, result.output) == (0, "[]\n")


def test_no_change_is_no_diff() -> None:
    assert diff([]) == b""


# Text


def test_a_safe_fix_is_marked_with_a_star() -> None:
    assert text(finding(fix=EMPTY, help="use `empty_device_cache`")) == LINE


def test_an_unsafe_fix_is_marked_and_says_why() -> None:
    fix = Fix(Safety.UNSAFE, "", ())
    assert text(finding(fix=fix, help="use `f`", reason="it returns something else")) == (
        "a.py:4:1: CFX101 [unsafe] `torch.cuda.empty_cache` is tied to CUDA: use `f` "
        "(unsafe: it returns something else)\n"
    )


def test_without_a_fix_it_says_why_there_is_none() -> None:
    assert text(finding(help="decide", reason="too hard")) == (
        "a.py:4:1: CFX101 `torch.cuda.empty_cache` is tied to CUDA: decide (no fix: too hard)\n"
    )


def test_a_reason_that_is_the_help_is_said_once() -> None:
    assert text(finding(help="decide", reason="decide")).endswith(" is tied to CUDA: decide\n")


def test_each_finding_is_one_line_whatever_it_holds() -> None:
    assert text(finding(path="a\nb\x1b.py", message="m\r", help="h\u2028", reason="r\x07")) == (
        "a\\nb\\x1b.py:4:1: CFX101 m\\r: h\\u2028 (no fix: r\\x07)\n"
    )


# JSON


def test_json_has_one_object_for_each_finding(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert as_json("check") == [
        {
            "code": "CFX101",
            "name": "hardcoded-empty-cache",
            "message": "`torch.cuda.empty_cache` is tied to CUDA",
            "symbol": "torch.cuda.empty_cache",
            "filename": "a.py",
            "location": {"row": 4, "column": 1},
            "end_location": {"row": 4, "column": 23},
            "help": "use `empty_device_cache`",
            "reason": "",
            "fix": {
                "applicability": "safe",
                "message": "Replace with `empty_device_cache`",
                "edits": [
                    {
                        "content": "from cudafix.runtime import empty_device_cache\n",
                        "location": {"row": 2, "column": 1},
                        "end_location": {"row": 2, "column": 1},
                    },
                    {
                        "content": "empty_device_cache",
                        "location": {"row": 4, "column": 1},
                        "end_location": {"row": 4, "column": 23},
                    },
                ],
            },
        }
    ]


def test_the_edits_make_what_fix_writes(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    edits = [
        Edit(Position(**one["location"]), Position(**one["end_location"]), one["content"])
        for one in as_json("check")[0]["fix"]["edits"]
    ]
    assert apply_edits(HARDCODED.splitlines(keepends=True), edits) == NEUTRAL


def test_columns_count_characters(folder: Path) -> None:
    (folder / "a.py").write_text("import torch\nx = '漢é'; torch.cuda.synchronize()\n", encoding="utf-8")
    found = as_json("check")[0]
    assert (found["location"], found["end_location"]) == ({"row": 2, "column": 11}, {"row": 2, "column": 33})


def test_an_unsafe_fix_says_so_and_why(folder: Path) -> None:
    (folder / "a.py").write_text(UNSAFE)
    found = as_json("check")[0]
    assert found["fix"]["applicability"] == "unsafe"
    assert found["reason"] != ""


def test_where_there_is_no_fix_it_is_null_and_the_reason_says_why(folder: Path) -> None:
    (folder / "a.py").write_text(MANUAL)
    found = as_json("check")[0]
    assert found["fix"] is None
    assert found["reason"] != ""


def test_fix_reports_what_remains_as_json(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    (folder / "b.py").write_text(MANUAL)
    found = as_json("fix")
    assert [(one["filename"], one["code"]) for one in found] == [("b.py", "CFX107")]
    assert (folder / "a.py").read_text() == NEUTRAL


def test_json_leaves_stderr_to_errors(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check", "--output-format", "json").stderr == ""


def test_json_is_ascii_and_keeps_every_name(folder: Path) -> None:
    names = ["a b.py", "a\nb.py", "é.py", "\udcff.py"]
    (folder / names[0]).write_text(HARDCODED)
    (folder / names[1]).write_text(HARDCODED)
    (folder / names[2]).write_text(HARDCODED)
    (folder / names[3]).write_text(HARDCODED)
    found = json.loads(run("check", "--output-format", "json", cwd=folder).stdout.decode("ascii"))
    assert sorted(one["filename"] for one in found) == sorted(names)


# The diff


def changed(path: str, old: bytes, new: bytes) -> Result:
    return Result(path, old_bytes=old, new_bytes=new)


def test_the_diff_names_files_below_the_working_folder() -> None:
    assert diff([changed("sub/../sub/a.py", b"a\n", b"b\n")]) == (
        b"--- a/sub/a.py\n+++ b/sub/a.py\n@@ -1 +1 @@\n-a\n+b\n"
    )


def test_the_diff_names_a_file_by_its_path_where_the_working_folder_does_not_hold_it() -> None:
    assert diff([changed("/x/a.py", b"a\n", b"b\n")]).startswith(b"--- a/x/a.py\n+++ b/x/a.py\n")


def test_the_diff_tells_a_missing_last_line_end() -> None:
    assert diff([changed("a.py", b"a", b"b")]) == (
        b"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    )


def test_the_diff_splits_at_line_feeds_only_and_keeps_every_byte() -> None:
    assert diff([changed("a.py", b"\xff\x0c\r\nx\ra\n", b"\xff\x0c\r\nx\rb\n")]) == (
        b"--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n \xff\x0c\r\n-x\ra\n+x\rb\n"
    )


def test_the_diff_quotes_names_as_git_does() -> None:
    assert diff([changed('a\n"\x01.py', b"a\n", b"b\n")]).startswith(
        b'--- "a/a\\n\\"\\001.py"\n+++ "b/a\\n\\"\\001.py"\n'
    )
