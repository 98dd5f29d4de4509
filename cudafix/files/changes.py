"""A revision of git and the bytes of a file → the rows of the file that are not what they were.

Contents are compared here: what a repository says of diffs, in its settings or attributes, changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import tokenize
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePath

from cudafix.files.git import GitError, find_top, names, renames, run_git
from cudafix.files.source import HOLD_MODULES, HUGE

Rows = tuple[int, int]
"""The first row, and the last."""

ALL = ((1, 1 << 60),)

SMALL = 10_000
"""Rows of one side times those of the other that are compared one by one: the time for that grows with the square."""

DEPTH = 20
"""How often the rows between rows that occur once are looked at for such rows again."""


class Changes:
    """What differs from the commit `base`, in the repository at `top`."""

    def __init__(self, top: Path, base: str) -> None:
        self.top = top
        self.base = base

    @cached_property
    def blobs(self) -> dict[str, str]:
        """Path → the hash of its content in the commit, of ordinary files."""
        entries = (one.partition("\t") for one in names(run_git(self.top, "ls-tree", "-r", "-z", self.base)))
        return {path: entry.split(" ")[2] for entry, _, path in entries if entry.startswith("100")}

    @cached_property
    def old_paths(self) -> dict[str, str]:
        return {new: old for old, new in renames(self.top, self.base).items()}

    def rows(self, path: str, data: bytes) -> Sequence[Rows]:
        """Return the rows of a file, which holds `data`, that have changed; all where the commit has no such file.

        Raises:
            GitError: where git does not have the old content.
        """
        place = PurePath(os.path.relpath(os.path.realpath(path), self.top)).as_posix()
        blob = self.blobs.get(place) or self.blobs.get(self.old_paths.get(place, ""))
        if blob is None:
            return ALL
        if blob in (blob_hash(data, len(blob)), blob_hash(data.replace(b"\r\n", b"\n"), len(blob))):
            return ()
        old = self.content(place, blob)
        return ALL if old is None else [*changed_rows(lines_of(place, old), lines_of(place, data))]

    def content(self, place: str, blob: str) -> bytes | None:
        """Return an old content; None for what is too much to be code."""
        try:
            if int(run_git(self.top, "cat-file", "-s", blob)) > HUGE:
                return None
            return run_git(self.top, "cat-file", "blob", blob)
        except GitError as error:
            if error.status is None:
                raise
            raise GitError(f"{place}: its old content is not here, and nothing is fetched for it: {error}") from None


def changes_since(folder: Path, revision: str) -> Changes | None:
    """Return what has changed since `revision`, or since HEAD left it; None where there is no such revision.

    Raises:
        GitError: where git refuses to answer.
    """
    top = find_top(folder)
    if top is None:
        return None
    try:
        commit = run_git(top, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    except GitError as error:
        if error.status is None:
            raise
        return None
    return Changes(top, common_base(top, commit))


def common_base(top: Path, commit: str) -> str:
    """Return where HEAD left a commit; the commit itself where they have nothing in common."""
    try:
        return run_git(top, "merge-base", commit, "HEAD").decode().split()[0]
    except GitError as error:
        if error.status is None:
            raise
        return commit


def blob_hash(data: bytes, length: int) -> str:
    """Return the name that git gives a content, in a repository whose names have this length."""
    start = b"blob %d\0" % len(data)
    kind = hashlib.sha1 if length == 40 else hashlib.sha256
    return kind(start + data, usedforsecurity=False).hexdigest()


def lines_of(path: str, data: bytes) -> list[str]:
    """Return the lines of a file as Python reads and counts them, without their ends."""
    encoding = "utf-8"
    try:
        if not path.endswith(HOLD_MODULES):
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, LookupError, ValueError):
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def changed_rows(old: Sequence[str], new: Sequence[str], row: int = 1, depth: int = DEPTH) -> Iterator[Rows]:
    """Yield the rows of `new` that are not in `old`, the first of which has the number `row`."""
    start = common_length(old, new)
    old, new, row = old[start:], new[start:], row + start
    end = common_length(old[::-1], new[::-1])
    old, new = old[: len(old) - end], new[: len(new) - end]
    if not new:
        return
    if old and len(old) * len(new) <= SMALL:
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        yield from ((row + a, row + b - 1) for tag, _, _, a, b in matcher.get_opcodes() if b > a and tag != "equal")
        return
    pairs = unique_pairs(old, new) if depth else []
    if not pairs:
        yield row, row + len(new) - 1
        return
    for (old_start, new_start), (old_end, new_end) in pairwise(((-1, -1), *pairs, (len(old), len(new)))):
        below = row + new_start + 1
        yield from changed_rows(old[old_start + 1 : old_end], new[new_start + 1 : new_end], below, depth - 1)


def common_length(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many lines at the beginning are the same."""
    shorter = min(len(old), len(new))
    return next((at for at in range(shorter) if old[at] != new[at]), shorter)


def unique_pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return where lines stand that occur once on both sides, the most that come in the same order: a patience diff."""
    old_counts, new_counts = Counter(old), Counter(new)
    places = {line: at for at, line in enumerate(new) if new_counts[line] == 1}
    pairs = [(at, places[line]) for at, line in enumerate(old) if old_counts[line] == 1 and line in places]
    ends: list[int] = []
    """The smallest end of an increasing sequence of each length,"""
    lasts: list[int] = []
    """the pair that it is of,"""
    before: list[int] = []
    """and the pair before each pair."""
    for number, (_, at) in enumerate(pairs):
        length = bisect_left(ends, at)
        before.append(lasts[length - 1] if length else -1)
        ends[length : length + 1] = [at]
        lasts[length : length + 1] = [number]
    chain: list[tuple[int, int]] = []
    number = lasts[-1] if lasts else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]
