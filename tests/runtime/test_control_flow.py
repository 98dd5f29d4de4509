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
def outcomes() -> dict[str, dict[str, Outcome]]:
    texts = [text for one in FIXTURES for text in versions(one)]
    return run(["cpu", "cuda", *OTHERS], texts) | (run(["bare"], texts) if "bare" in SAME else {})


def versions(fixture: Fixture) -> tuple[str, str, str]:
    return fixture.text, fixed(fixture, unsafe=False), fixed(fixture, unsafe=True)


def before(fixture: Fixture, machine: str) -> Outcome:
    return outcomes()[machine][fixture.text]


def after(fixture: Fixture, machine: str, unsafe: bool) -> Outcome:
    return outcomes()[machine][fixed(fixture, unsafe)]


safe_or_not = pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])


def on(*machines: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("machine", machines)


def changed_on(machine: str) -> list[Fixture]:
    """Return the fixtures that unsafe fixes may change there."""
    return [one for one in FIXTURES if machine.replace("bare", "cpu") in one.says("unsafe changes")]


# Each test lists the fixtures for which it does not hold


def test_the_head_says_nothing_that_no_test_reads() -> None:
    assert [str(one) for one in FIXTURES if one.head.keys() - KEYS] == []


@pytest.mark.parametrize(("key", "machines"), [("new on", OTHERS), ("unchanged on", OTHERS), ("unsafe changes", SAME)])
def test_it_names_no_machine_that_no_test_looks_at(key: str, machines: tuple[str, ...]) -> None:
    assert [str(one) for one in FIXTURES if not {*one.says(key)} <= {*machines}] == []


@on(*SAME, *OTHERS)
def test_the_original_runs_to_its_end(machine: str) -> None:
    errors = {str(one): before(one, machine).error for one in FIXTURES}
    assert {name: error for name, error in errors.items() if error is not None} == {}


def test_the_original_calls_functions_of_cuda() -> None:
    assert [str(one) for one in FIXTURES if not before(one, "cuda").calls] == []


@safe_or_not
def test_it_can_be_fixed(unsafe: bool) -> None:
    problems = {str(one): fix(one, unsafe).problems for one in FIXTURES}
    assert {name: found for name, found in problems.items() if found != ()} == {}


@on(*SAME)
def test_safe_fixes_keep_what_it_does(machine: str) -> None:
    pairs = {str(one): (after(one, machine, unsafe=False).deeds, before(one, machine).deeds) for one in FIXTURES}
    assert {name: (new, old) for name, (new, old) in pairs.items() if new != old} == {}


@on(*SAME)
def test_unsafe_fixes_keep_what_it_does(machine: str) -> None:
    bound = [one for one in FIXTURES if one not in changed_on(machine)]
    pairs = {str(one): (after(one, machine, unsafe=True).deeds, before(one, machine).deeds) for one in bound}
    assert {name: (new, old) for name, (new, old) in pairs.items() if new != old} == {}


@on(*SAME)
def test_unsafe_fixes_keep_the_calls_even_where_they_change_the_rest(machine: str) -> None:
    changed = changed_on(machine)
    pairs = {str(one): (after(one, machine, unsafe=True).calls, before(one, machine).calls) for one in changed}
    assert {name: (new, old) for name, (new, old) in pairs.items() if new != old} == {}


def test_a_safe_fix_asks_cuda_no_more_often() -> None:
    pairs = {str(one): (after(one, "cuda", unsafe=False).queries, before(one, "cuda").queries) for one in FIXTURES}
    assert {name: (new, old) for name, (new, old) in pairs.items() if len(new) > len(old)} == {}


@on(*OTHERS)
@safe_or_not
def test_a_fix_makes_it_raise_nothing_elsewhere(machine: str, unsafe: bool) -> None:
    errors = {str(one): after(one, machine, unsafe).error for one in FIXTURES}
    assert {name: error for name, error in errors.items() if error is not None} == {}


@on(*OTHERS)
def test_the_neutral_calls_happen_elsewhere(machine: str) -> None:
    neutral = [one for one in FIXTURES if one.neutral_on(machine)]
    pairs = {str(one): (after(one, machine, unsafe=True).functions, one.neutral_on(machine)) for one in neutral}
    assert {name: (new, said) for name, (new, said) in pairs.items() if new != said} == {}


@on(*OTHERS)
def test_they_did_not_happen_before_the_fix(machine: str) -> None:
    new = [one for one in FIXTURES if machine in one.says("new on")]
    assert [str(one) for one in new if set(before(one, machine).functions) & set(one.neutral_on(machine))] == []


@on(*OTHERS)
@safe_or_not
def test_what_is_no_neutral_call_stays_as_it_is_elsewhere(machine: str, unsafe: bool) -> None:
    unchanged = [one for one in FIXTURES if machine in one.says("unchanged on")]
    pairs = {str(one): (after(one, machine, unsafe).deeds, before(one, machine).deeds) for one in unchanged}
    assert {name: (new, old) for name, (new, old) in pairs.items() if new != old} == {}


def test_nothing_is_left_of_what_the_neutral_calls_replace() -> None:
    codes = {one: fixed(one, unsafe=True).partition("\n\n")[2] for one in FIXTURES}
    assert [(str(one), text) for one, code in codes.items() for text in one.says("gone") if text in code] == []
