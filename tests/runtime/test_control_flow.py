"""Guards and ladders in whole programs (`fixtures`): fixes change nothing on CUDA and the CPU, and add calls elsewhere.

Each runs on several machines (`control_flow.py`): as it is, with its safe fixes, and with all. `Fixture` reads a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest
from programs import HERE, Outcome, run

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

torch = pytest.importorskip("torch")

FOLDERS = [HERE.parents[1] / "fixtures" / name for name in ("guards", "ladders")]
OPTIONS = Options(select=("CFX1", "CFX3"))

IS_CUDA_BUILD = torch.backends.cuda.is_built() and not torch.cuda.is_available()

SAME = ("cpu", "cuda", *(("bare",) if IS_CUDA_BUILD else ()))
"""The machines on which a fix changes nothing; `bare`, a torch for CUDA without a GPU, where that is what runs."""

OTHERS = ("npu", "mps")
"""The machines whose backend is called after a fix where only CUDA's was before."""

KEYS = {"neutral", "neutral on npu", "neutral on mps", "new on", "unchanged on", "unsafe changes", "gone"}


@dataclass(frozen=True)
class Fixture:
    """A program: its first line says what it shows, the next, like `# gone: torch.cuda`, what all fixes make of it.

    neutral, neutral on MACHINE: what it then calls of the backend, in this order, on each of `OTHERS`.
    new on: where it called none of that before.
    unchanged on: where it does what it did before, with the safe fixes as with all.
    unsafe changes: the machines of `SAME` on which unsafe fixes may change what is printed and raised.
    gone: what stands nowhere in it any more.
    """

    path: Path

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def head(self) -> dict[str, list[str]]:
        _, *lines = self.text.partition("\n\n")[0].splitlines()
        pairs = (line.removeprefix("# ").partition(": ") for line in lines)
        return {key: values.split(", ") for key, _, values in pairs}

    def says(self, key: str) -> list[str]:
        return self.head.get(key, [])

    def neutral_on(self, machine: str) -> list[str]:
        return self.says("neutral") or self.says(f"neutral on {machine}")


FIXTURES = [Fixture(path) for folder in FOLDERS for path in sorted(folder.glob("*.py"))]


@cache
def fix(fixture: Fixture, unsafe: bool) -> Result:
    return process(Source("example.py", fixture.text.encode()), OPTIONS, Work(Mode.FIX, unsafe))


def fixed(fixture: Fixture, unsafe: bool) -> str:
    new = fix(fixture, unsafe).new_bytes
    return fixture.text if new is None else new.decode()


@cache
def outcomes(machine: str) -> dict[str, Outcome]:
    return run(machine, (text for one in FIXTURES for text in versions(one)))


def versions(fixture: Fixture) -> tuple[str, str, str]:
    return fixture.text, fixed(fixture, unsafe=False), fixed(fixture, unsafe=True)


def before(fixture: Fixture, machine: str) -> Outcome:
    return outcomes(machine)[fixture.text]


def after(fixture: Fixture, machine: str, unsafe: bool) -> Outcome:
    return outcomes(machine)[fixed(fixture, unsafe)]


every_fixture = pytest.mark.parametrize("fixture", FIXTURES, ids=str)
safe_or_not = pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])


def on(*machines: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("machine", machines)


def each(pairs: list[tuple[Fixture, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("fixture", "machine"), pairs, ids=str)


def named(key: str) -> list[tuple[Fixture, str]]:
    """Return the fixtures, each with every machine that its head names by `key`."""
    return [(one, machine) for one in FIXTURES for machine in one.says(key)]


CHANGED = [
    (one, machine)
    for one in FIXTURES
    for machine in SAME
    if machine.replace("bare", "cpu") in one.says("unsafe changes")
]
BOUND = [(one, machine) for one in FIXTURES for machine in SAME if (one, machine) not in CHANGED]
NEUTRAL = [(one, machine) for one in FIXTURES for machine in OTHERS if one.neutral_on(machine)]


@every_fixture
def test_the_head_says_nothing_that_no_test_reads(fixture: Fixture) -> None:
    assert fixture.head.keys() - KEYS == set()


@every_fixture
@on(*SAME, *OTHERS)
def test_the_original_runs_to_its_end(fixture: Fixture, machine: str) -> None:
    assert before(fixture, machine).error is None


@every_fixture
def test_the_original_calls_functions_of_cuda(fixture: Fixture) -> None:
    assert before(fixture, "cuda").calls


@every_fixture
@safe_or_not
def test_it_can_be_fixed(fixture: Fixture, unsafe: bool) -> None:
    assert fix(fixture, unsafe).problems == ()


@every_fixture
@on(*SAME)
def test_safe_fixes_keep_what_it_does(fixture: Fixture, machine: str) -> None:
    assert after(fixture, machine, unsafe=False).deeds == before(fixture, machine).deeds


@each(BOUND)
def test_unsafe_fixes_keep_what_it_does(fixture: Fixture, machine: str) -> None:
    assert after(fixture, machine, unsafe=True).deeds == before(fixture, machine).deeds


@each(CHANGED)
def test_unsafe_fixes_keep_the_calls_even_where_they_change_the_rest(fixture: Fixture, machine: str) -> None:
    assert after(fixture, machine, unsafe=True).calls == before(fixture, machine).calls


@every_fixture
def test_a_safe_fix_asks_cuda_no_more_often(fixture: Fixture) -> None:
    assert len(after(fixture, "cuda", unsafe=False).queries) <= len(before(fixture, "cuda").queries)


@every_fixture
@on(*OTHERS)
@safe_or_not
def test_a_fix_makes_it_raise_nothing_elsewhere(fixture: Fixture, machine: str, unsafe: bool) -> None:
    assert after(fixture, machine, unsafe).error is None


@each(NEUTRAL)
def test_the_neutral_calls_happen_elsewhere(fixture: Fixture, machine: str) -> None:
    assert after(fixture, machine, unsafe=True).functions == fixture.neutral_on(machine)


@each(named("new on"))
def test_they_did_not_happen_before_the_fix(fixture: Fixture, machine: str) -> None:
    assert set(before(fixture, machine).functions) & set(fixture.neutral_on(machine)) == set()


@each(named("unchanged on"))
@safe_or_not
def test_what_is_no_neutral_call_stays_as_it_is_elsewhere(fixture: Fixture, machine: str, unsafe: bool) -> None:
    assert after(fixture, machine, unsafe).deeds == before(fixture, machine).deeds


@every_fixture
def test_nothing_is_left_of_what_the_neutral_calls_replace(fixture: Fixture) -> None:
    code = fixed(fixture, unsafe=True).partition("\n\n")[2]
    assert [text for text in fixture.says("gone") if text in code] == []
