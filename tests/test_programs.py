"""Random programs: the analysis takes them all, and what has a fix is torch's own function when they run."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import SimpleNamespace

from checks import findings_in
from hypothesis import given
from hypothesis import strategies as st
from strategies import quick, surroundings, valid


def lines_that_call(program: str, seed: int) -> tuple[set[int], set[int]]:
    """Run `program` and return the lines that called torch's own function, and those that called another."""
    own: set[int] = set()
    other: set[int] = set()
    cuda = SimpleNamespace(empty_cache=lambda: own.add(sys._getframe(1).f_lineno))
    torch = SimpleNamespace(cuda=cuda)
    fake = SimpleNamespace(empty_cache=lambda: other.add(sys._getframe(1).f_lineno))
    fake.cuda = fake
    names = surroundings(fake, seed, lambda name: torch)
    with suppress(NameError, AttributeError, TypeError, RecursionError):
        exec(compile(program, "program", "exec"), names)
    return own, other


@quick
@given(valid, st.integers(0, 3))
def test_what_has_a_fix_is_always_torch(program: str, seed: int) -> None:
    _, other = lines_that_call(program, seed)
    fixable = {one.start.row for one in findings_in(program, select=["CFX101"]) if one.fix}
    assert fixable & other == set()
