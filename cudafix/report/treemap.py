"""Folders and how much lies in them → tiles of a rectangle, each as large as its share, neighbours as in the tree.

The rows are those of the squarified layout (Bruls, Huizing, van Wijk, 2000): a row grows as long as its tiles get
closer to squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import sub

from cudafix.report.figures import HERE, Group, Tally

SMALLEST = 0.004
"""The share of the whole below which a folder is no longer divided."""

MOST = 80
"""Tiles; more than that nobody reads."""


@dataclass(frozen=True)
class Box:
    """A rectangle; all in percent of the whole."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Tile:
    """A folder, or where `is_rest` what lies in it beside the folders that have tiles of their own."""

    folder: str
    tally: Tally
    box: Box
    is_rest: bool = False


def tiles(folders: Sequence[Group], wide: float = 2.0) -> list[Tile]:
    """Lay out folders, which count what lies below them, on a rectangle that is `wide` times as wide as high."""
    known = {one.name: one for one in folders}
    below: dict[str, list[Group]] = {}
    roots = []
    for folder in folders:
        above = parent(folder.name)
        if above in known:
            below.setdefault(above, []).append(folder)
        else:
            roots.append(folder)
    whole = sum(one.tally.total for one in roots)
    if not whole:
        return []
    divided = choose(roots, below, whole)
    found = place(roots, Box(0, 0, 100 * wide, 100), below, divided)
    return [replace(one, box=replace(one.box, left=one.box.left / wide, width=one.box.width / wide)) for one in found]


def parent(name: str) -> str | None:
    above, slash, _ = name.rpartition("/")
    if name in (HERE, "/"):
        return None
    return above or ("/" if slash else HERE)


def choose(roots: Sequence[Group], below: Mapping[str, Sequence[Group]], whole: int) -> set[str]:
    """Return the folders that are divided: the largest first, until there are enough tiles."""
    divided: set[str] = set()
    count, candidates = len(roots), list(roots)
    while candidates:
        largest = max(candidates, key=lambda one: one.tally.total)
        candidates.remove(largest)
        children = below.get(largest.name, ())
        if not children or largest.tally.total < SMALLEST * whole or count + len(children) > MOST:
            continue
        divided.add(largest.name)
        count += len(children)
        candidates += children
    return divided


def place(groups: Sequence[Group], box: Box, below: Mapping[str, Sequence[Group]], divided: set[str]) -> Iterator[Tile]:
    for group, own in zip(groups, squarified([one.tally.total for one in groups], box), strict=True):
        if group.name not in divided:
            yield Tile(group.name, group.tally, own)
            continue
        children = sorted(below[group.name], key=lambda one: -one.tally.total)
        rest = reduce(sub, (one.tally for one in children), group.tally)
        *inner, last = squarified([*(one.tally.total for one in children), rest.total], own)
        for child, part in zip(children, inner, strict=True):
            yield from place([child], part, below, divided)
        if rest.total:
            yield Tile(group.name, rest, last, is_rest=True)


def squarified(sizes: Sequence[float], box: Box) -> list[Box]:
    """Divide a box by sizes, in their order, into boxes that are as square as they come."""
    whole = sum(sizes)
    if not whole:
        return [box] * len(sizes)
    scale = box.width * box.height / whole
    areas = [size * scale for size in sizes]
    found: list[Box] = []
    start = 0
    while start < len(areas):
        short = min(box.width, box.height)
        end = start + 1
        while end < len(areas) and worst(areas[start : end + 1], short) <= worst(areas[start:end], short):
            end += 1
        row, box = lay(areas[start:end], box)
        found += row
        start = end
    return found


def worst(areas: Sequence[float], side: float) -> float:
    """Return how far from a square the worst tile of a row is, which lies along a side."""
    total = sum(areas)
    if not total or not side:
        return 0.0
    return max(max(side * side * one / total**2, total**2 / (side * side * one)) for one in areas if one)


def lay(areas: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """Put a row along the short side of a box; return its tiles, and what is left of the box."""
    total = sum(areas)
    found = []
    if box.width >= box.height:
        thick, top = total / box.height if box.height else 0.0, box.top
        for area in areas:
            height = area / thick if thick else 0.0
            found.append(Box(box.left, top, thick, height))
            top += height
        return found, Box(box.left + thick, box.top, box.width - thick, box.height)
    thick, left = total / box.width if box.width else 0.0, box.left
    for area in areas:
        width = area / thick if thick else 0.0
        found.append(Box(left, box.top, width, thick))
        left += width
    return found, Box(box.left, box.top + thick, box.width, box.height - thick)
