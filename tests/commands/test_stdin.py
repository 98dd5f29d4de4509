"""`-`: source comes on standard input, and with fix goes to standard output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, LINE, MANUAL, NEUTRAL, invoke, run

pytestmark = pytest.mark.usefixtures("folder")


def test_check_of_clean_input_is_quiet() -> None:
    result = invoke("check", "-", stdin=CLEAN)
    assert (result.exit_code, result.output) == (0, "")


def test_empty_input_is_clean() -> None:
    result = invoke("fix", "-", stdin="")
    assert (result.exit_code, result.output) == (0, "")


def test_check_reports_input_as_a_dash() -> None:
    result = invoke("check", "-", stdin=HARDCODED)
    assert (result.exit_code, result.stdout) == (1, LINE.replace("a.py", "-"))


def test_stdin_filename_names_it() -> None:
    assert invoke("check", "-", "--stdin-filename", "a.py", stdin=HARDCODED).stdout == LINE


def test_the_settings_are_those_of_the_named_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    assert invoke("check", "-", "--stdin-filename", "sub/a.py", stdin=HARDCODED).stdout == ""


def test_per_file_ignores_look_at_the_given_name() -> None:
    flags = ("--per-file-ignores", "a.py:CFX101", "--stdin-filename")
    assert invoke("check", "-", *flags, "a.py", stdin=HARDCODED).exit_code == 0
    assert invoke("check", "-", *flags, "b.py", stdin=HARDCODED).exit_code == 1


def test_a_name_in_a_folder_that_is_not_there_is_fine() -> None:
    assert invoke("check", "-", "--stdin-filename", "no/such/a.py", stdin=HARDCODED).exit_code == 1


def test_an_excluded_name_is_checked_unless_exclusion_is_forced() -> None:
    flags = ("--extend-exclude", "a.py", "--stdin-filename", "a.py")
    assert invoke("check", "-", *flags, stdin=HARDCODED).exit_code == 1
    assert invoke("check", "-", *flags, "--force-exclude", stdin=HARDCODED).output == ""


def test_fix_writes_the_fixed_source_to_stdout_and_messages_to_stderr() -> None:
    result = invoke("fix", "-", stdin=HARDCODED)
    assert (result.exit_code, result.stdout) == (0, NEUTRAL)
    assert result.stderr == "Fixed 1 finding in 1 file.\n"


def test_fix_returns_what_it_does_not_change() -> None:
    result = invoke("fix", "-", stdin=CLEAN)
    assert (result.exit_code, result.stdout, result.stderr) == (0, CLEAN, "")


def test_fix_lists_what_remains_on_stderr() -> None:
    result = invoke("fix", "-", stdin=MANUAL)
    assert (result.exit_code, result.stdout) == (1, MANUAL)
    assert result.stderr.startswith("-:4:20: CFX107 ")


def test_fix_lists_what_remains_as_json_on_stderr() -> None:
    result = invoke("fix", "-", "--output-format", "json", stdin=MANUAL)
    assert result.stdout == MANUAL
    assert [one["code"] for one in json.loads(result.stderr)] == ["CFX107"]


def test_fix_returns_source_that_cannot_be_read_as_it_came() -> None:
    source = b"import torch\nprint torch.cuda.device_count()\n\xff"
    result = invoke("fix", "-", stdin=source)
    assert (result.exit_code, result.stdout_bytes) == (1, source)


def test_fix_returns_an_excluded_file_as_it_came() -> None:
    flags = ("--extend-exclude", "a.py", "--stdin-filename", "a.py", "--force-exclude")
    assert invoke("fix", "-", *flags, stdin=HARDCODED).stdout == HARDCODED


def test_fix_with_diff_shows_the_change() -> None:
    result = invoke("fix", "-", "--diff", "--stdin-filename", "a.py", stdin=HARDCODED)
    assert result.exit_code == 1
    assert result.stdout.startswith("--- a/a.py\n+++ b/a.py\n")


def test_fix_writes_no_file_though_the_name_is_that_of_one(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    invoke("fix", "-", "--stdin-filename", "a.py", stdin=HARDCODED)
    assert (folder / "a.py").read_text() == HARDCODED


def test_bytes_survive_encoding_mark_line_ends_and_missing_last_one(folder: Path) -> None:
    source = "\ufeff" + HARDCODED.replace("\n", "\r\n").rstrip() + "  # é"
    expected = "\ufeff" + NEUTRAL.replace("\n", "\r\n").rstrip() + "  # é"
    assert run("fix", "-", cwd=folder, stdin=source.encode()).stdout == expected.encode()
