"""What decides by backend, on published packages: all of it is found, and what becomes of it works.

`guard_oracle` says what there is. Its guards on CUDA and its ladders are one finding each, its other branches one for
each call in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
from guard_oracle import Call, Decision, backends_of
from tools import (
    Fixed,
    check,
    copied,
    decisions_in,
    differing,
    digests,
    fix,
    listed,
    python_files,
    risen,
    ruff_counts,
)
from trees import PINNED, tree

pytestmark = pytest.mark.corpus

UNSAFE = ("--unsafe-fixes", "--select", "CFX1,CFX3")
SAFE = ("--select", "CFX3")

OF_A_CUDA_CLASS = "it stands in a class for CUDA, where CUDA is meant"
BELOW_CUDA = "it stands below a test for a CUDA build, where CUDA is meant"
LEFT_AS_THEY_ARE = {
    "deepspeed-0.19.8/accelerator/cuda_accelerator.py:205": OF_A_CUDA_CLASS,
    "deepspeed-0.19.8/deepspeed/accelerator/cuda_accelerator.py:205": OF_A_CUDA_CLASS,
    "deepspeed-0.19.8/setup.py:263": BELOW_CUDA,
}
"""The guards and ladders that are no finding, as documented."""

ONLY_ON_MPS = {f"torch.mps.{name}" for name in ("current_allocated_memory", "driver_allocated_memory")} | {
    "torch.mps.clear_graph_cache"
}
"""What no other backend has under that name, so that CFX401 counts it."""


@dataclass(frozen=True)
class Judged:
    """What the oracle sees in each file of a tree, and the codes that cudafix reports on each row."""

    decisions: dict[str, list[Decision]]
    codes: defaultdict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    def all(self) -> Iterator[tuple[str, Decision]]:
        return ((file, one) for file, found in self.decisions.items() for one in found)

    def codes_on(self, file: str, rows: Iterable[int]) -> set[str]:
        return set().union(*(self.codes[file, row] for row in rows))

    def is_found(self, file: str, decision: Decision) -> bool:
        """By one finding in its tests; that of a chain of `if`s is in the first."""
        is_guard = "CFX301" in self.codes_on(file, decision.header)
        return is_guard or "CFX302" in self.codes_on(file, decision.run)

    def reports(self, file: str, call: Call, *codes: str) -> bool:
        """Whether the call is reported, as one of the codes or, where it is only MPS's, as that."""
        allowed = (*codes, "CFX401") if call.path in ONLY_ON_MPS else codes
        return any(code.startswith(allowed) for code in self.codes[file, call.row])


@pytest.fixture(scope="module", params=PINNED)
def judged(request: pytest.FixtureRequest) -> Judged:
    folder = tree(request.param)
    seen = {file: decisions_in(folder / file) for file in python_files(folder)}
    result = Judged({file: found for file, found in seen.items() if found})
    for one in check(folder, "CFX", result.decisions) if result.decisions else ():
        result.codes[one.file, one.row].add(one.code)
    return result


@dataclass(frozen=True)
class FixedGuards(Fixed):
    ruff_before: Counter[tuple[str, str]]


@pytest.fixture(scope="module", params=PINNED)
def fixed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FixedGuards:
    original = tree(request.param)
    copy = copied(original, tmp_path_factory.mktemp("fixed"))
    ruff_before = ruff_counts(copy)
    return FixedGuards(original, copy, fix(copy, *UNSAFE), ruff_before)


@pytest.fixture(scope="module")
def safely_fixed(fixed: FixedGuards, tmp_path_factory: pytest.TempPathFactory) -> Fixed:
    """Only the files that all fixes together changed, and those in which something decides by backend, are tried."""
    copy = copied(fixed.original, tmp_path_factory.mktemp("safe"))
    files = {file for file in python_files(copy) if decisions_in(copy / file)}.union(fixed.changed_files())
    return Fixed(fixed.original, copy, fix(copy, *SAFE, files=sorted(files)) if files else [])


# What is found


def test_every_guard_on_cuda_and_every_ladder_is_one_finding(judged: Judged) -> None:
    missed = {
        f"{file}:{one.row}"
        for file, one in judged.all()
        if (one.is_ladder or one.guards_cuda) and not judged.is_found(file, one)
    }
    assert missed == LEFT_AS_THEY_ARE.keys() & places(judged), listed("or known guards or ladders", sorted(missed))


def places(judged: Judged) -> set[str]:
    return {f"{file}:{one.row}" for file, one in judged.all()}


def test_every_call_in_a_branch_for_one_backend_is_found_as_such(judged: Judged) -> None:
    missed = [
        f"{file}:{call.row}: {call.path} in the branch for {sorted(backends_of(arm))} of row {one.row}"
        for file, one in judged.all()
        if not judged.is_found(file, one)
        for arm in one.arms
        if arm.answer
        for call in arm.calls
        if not judged.reports(file, call, "CFX301", "CFX302", "CFX303", "CFX305")
    ]
    assert not missed, listed("calls in a branch that are reported as any other, or not", missed)


def test_every_call_that_depends_on_the_backend_is_found(judged: Judged) -> None:
    missed = [
        f"{file}:{call.row}: {call.path}"
        for file, one in judged.all()
        if not judged.is_found(file, one)
        for call in one.calls
        if not judged.reports(file, call, "CFX1", "CFX3")
    ]
    assert not missed, listed("calls that are not reported", missed)


# What becomes of it


def test_no_file_but_python_changes_and_none_comes_or_goes(fixed: FixedGuards) -> None:
    touched = fixed.touched()
    assert not touched, listed("files that are not Python, or new, or gone", touched)


def test_no_fix_is_refused(fixed: FixedGuards) -> None:
    assert not fixed.refused, listed("files that cudafix itself calls unfit", fixed.refused)


def test_every_file_that_compiled_still_compiles(fixed: FixedGuards) -> None:
    broken = fixed.broken()
    assert not broken, listed("files that no longer compile", broken)


def test_ruff_finds_nothing_in_any_file_that_it_did_not_find_before(fixed: FixedGuards) -> None:
    more = risen(fixed.ruff_before, ruff_counts(fixed.copy))
    assert not more, listed("files with more ruff findings than before", more)


def test_line_ends_and_byte_order_marks_stay(fixed: FixedGuards) -> None:
    restyled = fixed.restyled()
    assert not restyled, listed("files whose line ends, final newline or byte order mark changed", restyled)


def test_a_second_run_over_what_changed_changes_no_byte(fixed: FixedGuards) -> None:
    unstable = changed_again(fixed, UNSAFE)
    assert not unstable, listed("files that a second run changes", unstable)


def test_no_safe_fix_is_refused(safely_fixed: Fixed) -> None:
    assert not safely_fixed.refused, listed("files that cudafix itself calls unfit", safely_fixed.refused)


def test_every_file_still_compiles_after_the_safe_fixes(safely_fixed: Fixed) -> None:
    broken = safely_fixed.broken()
    assert not broken, listed("files that no longer compile", broken)


def test_a_second_run_of_the_safe_fixes_changes_no_byte(safely_fixed: Fixed) -> None:
    unstable = changed_again(safely_fixed, SAFE)
    assert not unstable, listed("files that a second run changes", unstable)


def changed_again(fixed: Fixed, options: tuple[str, ...]) -> list[str]:
    before, files = digests(fixed.copy), fixed.changed_files()
    if files:
        fix(fixed.copy, *options, files=files)
    return differing(before, digests(fixed.copy))
