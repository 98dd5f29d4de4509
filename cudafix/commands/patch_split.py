"""Changed files → patches of a size for one review, by folder, rule or owner; no two have to do with each other.

A file is in one patch, but for `rule`: there its changes are told apart as far as no fix is torn, and as far as
`git apply` needs no line of one patch to find the place of another.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePosixPath

from cudafix.files.line_matcher import LineMatcher
from cudafix.files.owners import Owners
from cudafix.formats.diff import CONTEXT, diff_of, lines
from cudafix.formats.places import from_root
from cudafix.model import Edit, Finding, Result
from cudafix.syntax.python_parser import find_complaint
from cudafix.syntax.spans import merged_spans

APART = 2 * CONTEXT + 1
"""The lines between two changes that `git apply` needs to keep them apart."""

LONGEST_NAME = 120
"""Bytes; with encryption a name in a file system has 143 in all."""

LONGEST_IMPORT = 200
LONGEST_CHANGE = 400
"""Lines, of one import and of what may take the place of some."""

IMPORT = re.compile(rb"[ \t]*(?:from|import)\b")

SEVERAL = "several-rules"
MOST_CODES = 3


class Split(Enum):
    DIR = "dir"
    RULE = "rule"
    OWNER = "owner"


@dataclass(frozen=True)
class Patch:
    """One patch file: its name, without a folder, what is in it, and how much."""

    name: str
    data: bytes
    files: int
    findings: int


@dataclass(frozen=True)
class Hunk:
    """Lines `start` to `end` of the old text that become `new`."""

    start: int
    end: int
    new: tuple[bytes, ...]


def split(changed: Sequence[Result], by: Split, owners: Owners) -> list[Patch]:
    """Return the patches, sorted by their names; all together they make the whole change."""
    keys: dict[Split, Callable[[Result], Iterator[tuple[str, Result]]]] = {
        Split.DIR: lambda one: iter([(folder_of(one), one)]),
        Split.OWNER: lambda one: iter([(owner_of(one, owners), one)]),
        Split.RULE: by_rule,
    }
    groups: dict[str, list[Result]] = {}
    for result in changed:
        for key, part in keys[by](result):
            groups.setdefault(key, []).append(part)
    named = zip(file_names(list(groups)), groups.values(), strict=True)
    return sorted((patch_of(name, group) for name, group in named), key=lambda one: one.name)


def folder_of(result: Result) -> str:
    return str(PurePosixPath(from_root(result.path)).parent)


def owner_of(result: Result, owners: Owners) -> str:
    return "+".join(one.lstrip("@") for one in owners.of(from_root(result.path))) or "no-owner"


def file_names(keys: Sequence[str]) -> list[str]:
    """Return a file's name for each key; keys that differ in punctuation alone get numbers."""
    names: list[str] = []
    taken: Counter[str] = Counter()
    for key in keys:
        plain = name = cut(re.sub(r"[^\w.+-]+", "-", unicodedata.normalize("NFC", key)).strip("-.") or "root")
        while taken[name.casefold()]:
            taken[plain.casefold()] += 1
            name = f"{plain}-{taken[plain.casefold()]}"
        taken[name.casefold()] = 1
        names.append(name)
    return names


def cut(name: str) -> str:
    """Return what every file system takes of a name."""
    return name.encode("utf-8", "ignore")[:LONGEST_NAME].decode("utf-8", "ignore").rstrip("-.") or "root"


def patch_of(name: str, group: Sequence[Result]) -> Patch:
    data = b"".join(diff_of(one, from_root(one.path)) for one in group)
    return Patch(f"{name}.patch", data, len(group), sum(len(one.fixed) for one in group))


# By rule


def by_rule(result: Result) -> Iterator[tuple[str, Result]]:
    """Yield the parts of the changes of a file that stand for themselves, with the codes that they are for."""
    old = lines(result.old_bytes or b"")
    edited = {place for one in result.fixed for place in places_of(one)}
    hunks = hunks_of(old, lines(result.new_bytes or b""), sorted((first, max(first, last)) for first, last in edited))
    found = [touched(one, hunks) for one in result.fixed]
    groups = independent(hunks, found, result)
    parts = [applied(old, [hunks[number] for number in group]) for group in groups]
    if len(parts) > 1 and any(find_complaint(one) is not None for one in parts):
        groups, parts = [list(range(len(hunks)))], [result.new_bytes or b""]
    for group, data in zip(groups, parts, strict=True):
        fixes = zip(result.fixed, found, strict=True)
        own = [fixed for fixed, numbers in fixes if len(groups) == 1 or not numbers.isdisjoint(group)]
        yield name_of({one.code for one in own}), replace(result, new_bytes=data, fixed=tuple(own))


def hunks_of(old: list[bytes], new: list[bytes], places: Sequence[tuple[int, int]] = ()) -> list[Hunk]:
    """Return what has changed: by the places where that may be, else by a comparison."""
    found = aligned(old, new, merged_spans([*places, *import_rows(old)]))
    if found is not None:
        return found
    steps = LineMatcher(old, new).get_opcodes()
    return [Hunk(start, end, tuple(new[first:last])) for tag, start, end, first, last in steps if tag != "equal"]


def import_rows(lines: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Yield where imports stand: what a fix leaves unused goes, wherever that is."""
    number = 0
    while number < len(lines):
        first = number
        number += 1
        if IMPORT.match(lines[first]):
            if b"(" in lines[first]:
                while number < len(lines) and number - first < LONGEST_IMPORT and b")" not in lines[number - 1]:
                    number += 1
            yield first, number


def aligned(old: list[bytes], new: list[bytes], places: Sequence[tuple[int, int]]) -> list[Hunk] | None:
    """Return the hunks where nothing but the lines at `places` has changed; None where that is not so."""
    hunks = []
    done = place = 0
    starts = [first for first, _ in places] + [len(old)]
    for (first, last), following in zip(places, starts[1:], strict=True):
        same, behind = old[done:first], old[last:following]
        if new[place : place + len(same)] != same:
            return None
        place += len(same)
        lengths = [len(new) - len(behind) - place] if following == len(old) else range(LONGEST_CHANGE)
        taken = next((one for one in lengths if new[place + one : place + one + len(behind)] == behind), -1)
        if taken < 0:
            return None
        hunk = Hunk(first, last, tuple(new[place : place + taken]))
        hunks += [hunk] if list(hunk.new) != old[first:last] else []
        done, place = last, place + taken
    return hunks if applied(old, hunks) == b"".join(new) else None


def touched(finding: Finding, hunks: Sequence[Hunk]) -> set[int]:
    """Return the numbers of the hunks that hold a part of a fix."""
    found: set[int] = set()
    for first, last in places_of(finding):
        number = bisect_left(hunks, first, key=lambda one: one.end)
        while number < len(hunks) and hunks[number].start <= last:
            found.add(number)
            number += 1
    return found


def places_of(finding: Finding) -> list[tuple[int, int]]:
    return [rows_of(edit) for edit in (finding.fix.edits if finding.fix else ())]


def rows_of(edit: Edit) -> tuple[int, int]:
    """Return the lines that an edit changes, from 0 on; both ends where it inserts."""
    last = edit.end.row if edit.end.column > 1 else max(edit.end.row - 1, edit.start.row - 1)
    return edit.start.row - 1, last


def independent(hunks: Sequence[Hunk], found: Sequence[set[int]], result: Result) -> list[list[int]]:
    """Return groups of hunks, by their numbers, that can do without each other; `found` are those of each fix."""
    every = list(range(len(hunks)))
    is_covered = set().union(*found) == set(every)
    if result.rounds != 1 or not is_covered or re.search(rb"\r(?!\n)", result.old_bytes or b""):
        return [every]
    leader = list(every)

    def first_of(number: int) -> int:
        while leader[number] != number:
            leader[number] = number = leader[leader[number]]
        return number

    near = [{number, number + 1} for number in every[:-1] if hunks[number + 1].start - hunks[number].end < APART]
    for group in (*found, *near):
        leaders = {first_of(number) for number in group}
        for number in leaders:
            leader[number] = min(leaders)
    groups: dict[int, list[int]] = {}
    for number in every:
        groups.setdefault(first_of(number), []).append(number)
    return [groups[one] for one in sorted(groups)]


def applied(old: list[bytes], hunks: Sequence[Hunk]) -> bytes:
    pieces: list[bytes] = []
    done = 0
    for hunk in hunks:
        pieces += [*old[done : hunk.start], *hunk.new]
        done = hunk.end
    return b"".join([*pieces, *old[done:]])


def name_of(codes: set[str]) -> str:
    return "+".join(sorted(codes)) if 0 < len(codes) <= MOST_CODES else SEVERAL
