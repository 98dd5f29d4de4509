"""Guards and ladders made at random (`generated.py`): fixes change nothing on CUDA and the CPU, and raise nothing.

The tests in the programs are honest: each says what torch would say. So even an unsafe fix may change no more than its
finding admits.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import pytest
from generated import program
from programs import Outcome, run

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

pytest.importorskip("torch")

SEEDS = range(200)
OPTIONS = Options(select=("CFX1", "CFX3"), ignore=("CFX305",), groups=False)
ADMITS = ("nothing was done on", "a backend that no branch is for")
"""What a finding says where CUDA had no branch: it has one then."""

DEVICE = re.compile(r"\(device\(type='\w+'\)\)")
"""A device at hand that the neutral call is told and the old one was not, since it was the current one."""


class Made(NamedTuple):
    seed: int
    text: str
    safe: Result
    unsafe: Result

    def version(self, unsafe: bool) -> str:
        new = (self.unsafe if unsafe else self.safe).new_bytes
        return self.text if new is None else new.decode()

    @property
    def admits(self) -> bool:
        return any(words in one.reason for one in self.unsafe.fixed for words in ADMITS)


@cache
def made() -> list[Made]:
    """Return the programs that a fix changes."""
    texts = [program(seed) for seed in SEEDS]
    sources = [Source("example.py", text.encode()) for text in texts]
    pairs = [[process(one, OPTIONS, Work(Mode.FIX, unsafe)) for unsafe in (False, True)] for one in sources]
    found = [Made(seed, text, *pair) for seed, text, pair in zip(SEEDS, texts, pairs, strict=True)]
    return [one for one in found if one.version(True) != one.text]


@cache
def outcomes() -> dict[str, dict[str, Outcome]]:
    texts = [text for one in made() for text in (one.text, one.version(False), one.version(True))]
    return run(["cpu", "cuda", "npu", "mps"], texts)


def deeds(machine: str, text: str) -> tuple[list[str], str | None]:
    record, error = outcomes()[machine][text].deeds
    return [DEVICE.sub("()", one) for one in record], error


safe_or_not = pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])


def test_the_programs_are_worth_running() -> None:
    changed = [one for one in made() if one.version(False) != one.text]
    changed_more = [one for one in made() if one.version(True) != one.version(False)]
    raised = [one for one in made() for machine in ("cpu", "cuda") if outcomes()[machine][one.text].error]
    assert len(changed) > 16
    assert len(changed_more) > 16
    assert len(raised) < len(made()) // 10


@safe_or_not
def test_every_program_can_be_fixed(unsafe: bool) -> None:
    assert [one.seed for one in made() if (one.unsafe if unsafe else one.safe).problems] == []


@safe_or_not
@pytest.mark.parametrize("machine", ["cpu", "cuda"])
def test_a_fix_changes_nothing_here(machine: str, unsafe: bool) -> None:
    ran = [one for one in made() if outcomes()[machine][one.text].error is None]
    held = [one for one in ran if not (unsafe and machine == "cuda" and one.admits)]
    assert [one.seed for one in held if deeds(machine, one.version(unsafe)) != deeds(machine, one.text)] == []


@safe_or_not
@pytest.mark.parametrize("machine", ["npu", "mps"])
def test_a_fix_makes_nothing_raise_elsewhere(machine: str, unsafe: bool) -> None:
    ran = [one for one in made() if outcomes()[machine][one.text].error is None]
    assert [one.seed for one in ran if outcomes()[machine][one.version(unsafe)].error] == []


@safe_or_not
@pytest.mark.parametrize("machine", ["npu", "mps"])
def test_a_fix_names_no_device_of_cuda_elsewhere(machine: str, unsafe: bool) -> None:
    ran = [one for one in made() if "cuda" not in str(outcomes()[machine][one.text].record)]
    assert [one.seed for one in ran if "cuda" in str(outcomes()[machine][one.version(unsafe)].record)] == []
