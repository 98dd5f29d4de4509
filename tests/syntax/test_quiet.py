"""Warnings of the code that is checked: they reach nobody, and are no errors; those of others stay."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import run

from cudafix import check_source, fix_source
from cudafix.syntax.python_parser import find_complaint, is_same_code, parse
from cudafix.syntax.quiet import without_warnings

ODD = 'import torch\nx = "\\d"\nif x is 1:\n    pass\n'
"""Python warns of the escape, and of the comparison."""

SOURCE = f'{ODD}torch.cuda.empty_cache()\ny = torch.device("cuda") if torch.cuda.is_available() else "\\d"\n'


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_python_warns_of_it() -> None:
    with pytest.raises(SyntaxError):
        compile(ODD, "<test>", "exec")


def test_it_is_no_complaint() -> None:
    assert find_complaint(ODD.encode()) is None


def test_it_is_parsed() -> None:
    assert parse(ODD) is not None


def test_it_is_compared() -> None:
    assert is_same_code(ODD.encode(), f"{ODD}# a comment\n".encode())


@pytest.mark.parametrize("check", [check_source, fix_source])
def test_it_is_checked_and_fixed(check: object) -> None:
    checked = check(SOURCE, settings={"select": ["ALL"]})  # type: ignore[operator]
    assert checked.problems == ()
    assert checked.findings


def test_other_warnings_stay() -> None:
    with without_warnings(), pytest.raises(UserWarning):
        warnings.warn("something", UserWarning, stacklevel=1)


def test_the_filters_are_as_before_when_the_last_of_several_threads_is_done() -> None:
    before = list(warnings.filters)
    is_in, may_go = threading.Event(), threading.Event()

    def work() -> None:
        with without_warnings():
            is_in.set()
            may_go.wait(10)

    other = threading.Thread(target=work)
    with without_warnings():
        other.start()
        is_in.wait(10)
    assert find_complaint(ODD.encode()) is None
    may_go.set()
    other.join()
    assert list(warnings.filters) == before


@pytest.mark.parametrize("filters", ["error", "default"])
@pytest.mark.parametrize("command", [["check"], ["fix", "--diff"], ["check", "--code-blocks"]])
def test_no_command_says_anything(filters: str, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "w.py").write_text(SOURCE)
    (tmp_path / "test_w.py").write_text(f'from unittest import mock\n{ODD}mock.patch("w.torch.cuda.synchronize")\n')
    done = run(*command, "--isolated", "--no-cache", "-q", ".", cwd=tmp_path, PYTHONWARNINGS=filters)
    assert (done.returncode, done.stderr) == (1, b"")
