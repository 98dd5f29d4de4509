"""`cudafix fix` on copies of published packages: every file still works, and no line changes that need not."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools import (
    Fixed,
    check,
    compiles,
    copied,
    differing,
    digests,
    fix,
    listed,
    risen,
    ruff_counts,
    stray_changes,
    text,
)
from trees import PINNED, tree

pytestmark = pytest.mark.corpus

OPTIONS = ("--unsafe-fixes", "--select", "CFX1")


@dataclass(frozen=True)
class FixedCalls(Fixed):
    """And what was said about the copy before."""

    flagged_rows: dict[str, set[int]]
    ruff_before: Counter[tuple[str, str]]


@pytest.fixture(scope="module", params=PINNED)
def fixed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FixedCalls:
    original = tree(request.param)
    copy = copied(original, tmp_path_factory.mktemp("fixed"))
    rows, ruff_before = flagged_rows(copy), ruff_counts(copy)
    return FixedCalls(original, copy, fix(copy, *OPTIONS), rows, ruff_before)


def flagged_rows(folder: Path) -> dict[str, set[int]]:
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for one in check(folder, "CFX1"):
        rows[one.file].update(range(one.row, one.end_row + 1))
    return rows


def test_no_file_but_python_changes_and_none_comes_or_goes(fixed: FixedCalls) -> None:
    touched = fixed.touched()
    assert not touched, listed("files that are not Python, or new, or gone", touched)


def test_no_fix_is_refused(fixed: FixedCalls) -> None:
    assert not fixed.refused, listed("files that cudafix itself calls unfit", fixed.refused)


def test_every_file_that_compiled_still_compiles(fixed: FixedCalls) -> None:
    broken = fixed.broken()
    assert not broken, listed("files that no longer compile", broken)


def test_ruff_finds_nothing_in_any_file_that_it_did_not_find_before(fixed: FixedCalls) -> None:
    more = risen(fixed.ruff_before, ruff_counts(fixed.copy))
    assert not more, listed("files with more ruff findings than before", more)


def test_only_lines_with_a_finding_and_import_lines_change(fixed: FixedCalls) -> None:
    strays = [
        f"{file}:{stray}"
        for file in fixed.changed_files()
        if compiles(fixed.copy / file)
        for stray in stray_changes(
            text(fixed.original / file), text(fixed.copy / file), fixed.flagged_rows.get(file, ())
        )
    ]
    assert not strays, listed("changed lines without a finding", strays)


def test_line_ends_and_byte_order_marks_stay(fixed: FixedCalls) -> None:
    restyled = fixed.restyled()
    assert not restyled, listed("files whose line ends, final newline or byte order mark changed", restyled)


def test_a_second_run_changes_no_byte(fixed: FixedCalls) -> None:
    before = digests(fixed.copy)
    fix(fixed.copy, *OPTIONS)
    unstable = differing(before, digests(fixed.copy))
    assert not unstable, listed("files that a second run changes", unstable)
