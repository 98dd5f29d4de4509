"""Two texts, line by line → what they have in common, in time that grows with the texts and not with their square.

Lines that both texts have once are matched first, in their order; `difflib` compares what lies between them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import Match, SequenceMatcher
from typing import TypeVar

Line = TypeVar("Line", bound=Hashable)


class LineMatcher(SequenceMatcher[Line]):
    def __init__(self, old: Sequence[Line], new: Sequence[Line]) -> None:
        super().__init__(None, old, new)
        self.old = old
        self.new = new

    def get_matching_blocks(self) -> list[Match]:
        found: list[Match] = []
        for block in blocks(self.old, self.new):
            if found and found[-1].a + found[-1].size == block.a and found[-1].b + found[-1].size == block.b:
                block = Match(found[-1].a, found[-1].b, found.pop().size + block.size)
            found += [block] if block.size else []
        return [*found, Match(len(self.old), len(self.new), 0)]


def blocks(old: Sequence[Line], new: Sequence[Line]) -> Iterator[Match]:
    """Yield where as many lines of both texts are the same, in their order."""
    row = new_row = 0
    for first, second in [(0, 0), *unique_in_both(old, new), (len(old), len(new))]:
        if first < row:
            continue  # the lines that go on from the one before have reached it
        yield from between(old[row:first], new[new_row:second], row, new_row)
        size = common(old, new, first, second)
        yield Match(first, second, size)
        row, new_row = first + size, second + size


def between(old: Sequence[Line], new: Sequence[Line], row: int, new_row: int) -> Iterator[Match]:
    """Yield what two pieces have in common that begin on `row` and `new_row`."""
    same = common(old[::-1], new[::-1], 0, 0)
    rest, new_rest = old[: len(old) - same], new[: len(new) - same]
    for block in SequenceMatcher(None, rest, new_rest).get_matching_blocks() if rest and new_rest else ():
        yield Match(row + block.a, new_row + block.b, block.size)
    yield Match(row + len(rest), new_row + len(new_rest), same)


def common(old: Sequence[Line], new: Sequence[Line], row: int, new_row: int) -> int:
    """Return how many lines two texts have in common from a row of each on."""
    size = 0
    while row + size < len(old) and new_row + size < len(new) and old[row + size] == new[new_row + size]:
        size += 1
    return size


def unique_in_both(old: Sequence[Line], new: Sequence[Line]) -> list[tuple[int, int]]:
    """Return the rows of lines that both texts have once, as many of them as stand in the same order."""
    counts, places = Counter(old), unique_rows(new)
    pairs = [(row, places[line]) for row, line in enumerate(old) if counts[line] == 1 and line in places]
    ends: list[int] = []  # of the longest ascents, by their length: the row of the new text that each ends on
    last: list[int] = []  # the pair that each of them ends with
    before: list[int] = []
    for number, (_, row) in enumerate(pairs):
        length = bisect_left(ends, row)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [row], [number]
    found = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def unique_rows(lines: Sequence[Line]) -> dict[Line, int]:
    counts = Counter(lines)
    return {line: row for row, line in enumerate(lines) if counts[line] == 1}
