"""Standard streams that are closed, full or endless, a folder that is gone: one line, and the right exit code."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from command import CLEAN, COMMAND, HARDCODED, LINE, invoke

import cudafix.commands.session
from cudafix.cli import cli

CHECK = [*COMMAND, "check", "--isolated", "--no-cache", "-q"]
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="Linux")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.py").write_text(HARDCODED)
    (tmp_path / "clean.py").write_text(CLEAN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_closed(*numbers: int, command: list[str]) -> tuple[int, str, str]:
    """Run a command for which some standard streams are closed."""

    def close() -> None:
        for number in numbers:
            os.close(number)

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, preexec_fn=close)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.usefixtures("folder")
def test_nothing_to_put_out_needs_no_output() -> None:
    assert with_closed(1, command=[*CHECK, "clean.py"]) == (0, "", "")


@pytest.mark.usefixtures("folder")
def test_findings_that_cannot_be_put_out_are_an_error() -> None:
    code, _, errors = with_closed(1, command=[*CHECK, "a.py"])
    assert (code, errors) == (2, "cudafix: error: standard output: Bad file descriptor\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "code"), [("a.py", 1), ("clean.py", 0), ("none.py", 2)])
def test_a_closed_standard_error_changes_no_exit_code(name: str, code: int) -> None:
    assert with_closed(2, command=[*CHECK, name])[0] == code


@pytest.mark.usefixtures("folder")
def test_a_closed_input_does_not_matter_where_files_are_named() -> None:
    assert with_closed(0, command=[*CHECK, "a.py"]) == (1, LINE, "")


@pytest.mark.usefixtures("folder")
def test_a_closed_input_that_is_asked_for_is_one_line() -> None:
    code, _, errors = with_closed(0, command=[*CHECK, "-"])
    assert (code, errors) == (2, "cudafix: error: - (standard input) cannot be read: Bad file descriptor\n")


def test_no_file_gets_the_number_of_a_closed_stream(folder: Path) -> None:
    code, _, errors = with_closed(0, 1, 2, command=[*COMMAND, "fix", "--isolated", "-v", "a.py"])
    assert (code, errors) == (0, "")
    assert "empty_device_cache" in (folder / "a.py").read_text()
    assert "cudafix: " not in (folder / "a.py").read_text()


@needs_full
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", [[*CHECK, "a.py"], [*COMMAND, "rules"], [*COMMAND, "--version"]])
def test_a_full_output_is_one_line(command: list[str]) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("cudafix: error: ")
    assert done.stderr.endswith("No space left on device\n")
    assert done.stderr.count("\n") == 1


@needs_full
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "code"), [("a.py", 1), ("clean.py", 0), ("none.py", 2)])
def test_a_full_standard_error_changes_no_exit_code(name: str, code: int) -> None:
    with FULL.open("w") as full:
        done = subprocess.run([*CHECK, name], stdout=subprocess.PIPE, stderr=full, check=False, timeout=60)
    assert done.returncode == code


def test_an_input_without_end_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cudafix.commands.session, "DATA", 10)
    result = invoke("check", "--isolated", "-", stdin=HARDCODED)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "cudafix: error: - (standard input) is larger than 0 MB\n"


def test_a_folder_that_is_gone_is_one_line(folder: Path) -> None:
    command = f"mkdir gone; cd gone; rmdir ../gone; exec {' '.join(CHECK)} {folder / 'a.py'}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "cudafix: error: the current folder is gone\n")


def test_an_error_of_ours_is_one_line_and_names_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr(cli.commands["rules"], "invoke", fail)
    result = invoke("rules")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("cudafix: error: internal error: KeyError: 'a\\nb' (")
    assert result.stderr.endswith("; please report this\n")
