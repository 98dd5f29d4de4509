"""`check --watch`: a check after each change."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
from command import CLEAN, COMMAND, HARDCODED, LINE, run

from cudafix.commands.watch import WAITING, is_ours

SECONDS = 30


class Watching:
    """A run of `check --watch`, and what it has said."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [*COMMAND, "check", "--watch", "--no-cache", "-q", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: Queue[str] = Queue()
        Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def said(self) -> list[str]:
        """Return what is said up to the next wait."""
        found: list[str] = []
        while (line := self.lines.get(timeout=SECONDS)) != f"{WAITING}\n":
            found.append(line)
        return found


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CLEAN)
    (tmp_path / "pyproject.toml").write_text("[tool.cudafix]\n")
    found = Watching(tmp_path, "src")
    yield found
    found.end()


def test_a_change_is_checked(watching: Watching, tmp_path: Path) -> None:
    assert watching.said() == []
    (tmp_path / "src" / "a.py").write_text(HARDCODED)
    assert watching.said() == [f"src/{LINE}"]
    (tmp_path / "src" / "b.py").write_text(HARDCODED)
    assert len(watching.said()) == 2


def test_a_change_of_the_configuration_counts(watching: Watching, tmp_path: Path) -> None:
    assert watching.said() == []
    (tmp_path / "src" / "a.py").write_text(HARDCODED)
    assert watching.said() == [f"src/{LINE}"]
    (tmp_path / "pyproject.toml").write_text('[tool.cudafix]\nignore = ["CFX101"]\n')
    assert watching.said() == []


def test_a_mistake_in_the_configuration_does_not_end_it(watching: Watching, tmp_path: Path) -> None:
    assert watching.said() == []
    (tmp_path / "pyproject.toml").write_text('[tool.cudafix]\nselct = ["CFX101"]\n')
    (line,) = watching.said()
    assert line.startswith("cudafix: error: ")
    (tmp_path / "pyproject.toml").write_text("")
    assert watching.said() == []


def test_a_file_that_another_takes_the_place_of_is_watched_on(watching: Watching, tmp_path: Path) -> None:
    assert watching.said() == []
    (tmp_path / "src" / "a.py").write_text(HARDCODED)
    assert watching.said() == [f"src/{LINE}"]
    for settings, count in (('ignore = ["CFX101"]', 0), ("", 1), ('ignore = ["CFX101"]', 0)):
        (tmp_path / "new").write_text(f"[tool.cudafix]\n{settings}\n")
        (tmp_path / "new").replace(tmp_path / "pyproject.toml")  # as many editors save
        assert len(watching.said()) == count


def test_a_folder_that_goes_and_comes_back_is_watched_on(watching: Watching, tmp_path: Path) -> None:
    assert watching.said() == []
    (tmp_path / "src").rename(tmp_path / "away")
    (line,) = watching.said()
    assert line == "cudafix: error: src: no such file or directory\n"
    (tmp_path / "away").rename(tmp_path / "src")
    assert watching.said() == []
    (tmp_path / "src" / "a.py").write_text(HARDCODED)
    assert watching.said() == [f"src/{LINE}"]


def test_a_project_below_a_folder_of_any_name_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "a.py").write_text(CLEAN)
    found = Watching(folder)
    try:
        assert found.said() == []
        (folder / "a.py").write_text(HARDCODED)
        assert found.said() == [LINE]
    finally:
        found.end()


def test_a_thousand_changes_are_a_few_checks_and_the_last_is_right(watching: Watching, tmp_path: Path) -> None:
    assert watching.said() == []
    for number in range(250):
        file = tmp_path / "src" / f"m{number}.py"
        file.write_text(HARDCODED)
        file.write_text(HARDCODED * 2)
        file.rename(file.with_name(f"n{number}.py"))
        if number % 2:
            file.with_name(f"n{number}.py").unlink()
    (tmp_path / "src" / "zzz.py").write_text(HARDCODED)
    checks = [watching.said()]
    while len([line for line in checks[-1] if " CFX101 " in line]) != 2 * 125 + 1:
        checks.append(watching.said())
    assert len(checks) < 20
    assert not any("Traceback" in line for said in checks for line in said)


def test_ctrl_c_ends_it_well(watching: Watching) -> None:
    assert watching.said() == []
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(timeout=SECONDS) == 0


def test_standard_input_cannot_be_watched(tmp_path: Path) -> None:
    done = run("check", "--watch", "-", cwd=tmp_path)
    assert (done.returncode, done.stderr.decode()) == (
        2, "cudafix: error: --watch is about files: - (standard input) does not change\n"
    )  # fmt: skip


def test_what_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    done = run("check", "--watch", "nothing", cwd=tmp_path)
    assert (done.returncode, done.stderr.decode()) == (2, "cudafix: error: nothing: no such file or directory\n")


def test_without_watchfiles_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "watchfiles.py").write_text("raise ImportError('not here')\n")
    done = run("check", "--watch", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "cudafix: error: --watch needs watchfiles (not here): pip install 'cudafix[watch]'\n"
    )


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("/a/b.py", True), ("/a/b.ipynb", True), ("/a/b.md", True), ("/a/pyproject.toml", True), ("/a/b.txt", False),
        ("/a/.git/b.py", False), ("/a/.cudafix_cache/b.py", False), ("/a/b.pyc", False),
    ],
)  # fmt: skip
def test_only_what_can_change_the_findings_counts(path: str, counts: bool) -> None:
    assert is_ours(path) is counts
