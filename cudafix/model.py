"""The nouns of cudafix as plain data: what a stage hands to the next one, and a worker to its parent.

Nothing here holds a syntax tree, so that everything can be pickled, compared and printed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

NOT_READ = "not read: "
"""How the message of a problem begins that lists what of a file was not looked at."""


class Safety(Enum):
    """How far a fix can be trusted."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"

    @classmethod
    def worst(cls, *levels: Safety) -> Safety:
        """Return the least trustworthy of `levels`; SAFE when there is none."""
        ranks = list(cls)
        return max(levels, key=ranks.index, default=cls.SAFE)


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file; row and column count from 1, columns in characters. In a notebook they are those of `cell`."""

    row: int
    column: int
    cell: int = 0


@dataclass(frozen=True)
class Edit:
    """Replace the text from `start` up to, not including, `end` by `content`."""

    start: Position
    end: Position
    content: str


@dataclass(frozen=True)
class Fix:
    """Text edits that are applied together or not at all; `torch` is the oldest that the new code runs with."""

    safety: Safety
    message: str
    edits: tuple[Edit, ...]
    torch: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Finding:
    """One hardcoded place: where it is, what it is, and the way out.

    `reason` says why there is no fix, or why the fix is not safe; `help` names the way out in words.
    `statement` is the normal form of the statement that it stands in, "" where nobody asked for it.
    `held` says what keeps back a fix that would be done, or be safe, for itself: that of what belongs to it.
    `shown` is where it stands in the document, where that is not `start` and `end`: in a notebook's JSON.
    """

    code: str
    name: str
    message: str
    symbol: str
    path: str
    start: Position
    end: Position
    fix: Fix | None = None
    reason: str = ""
    help: str = ""
    statement: str = ""
    held: str = ""
    shown: tuple[Position, Position] | None = None

    @property
    def sort_key(self) -> tuple[str, int, Position, str]:
        return self.path, self.start.cell, self.start, self.code

    @property
    def place(self) -> str:
        """The place as people say it: `a.py:3:1`, `a.ipynb:cell 3:2:1`."""
        cell = f"cell {self.start.cell}:" if self.start.cell else ""
        return f"{self.path}:{cell}{self.start.row}:{self.start.column}"

    @property
    def in_document(self) -> Finding:
        """The finding for those who show the file itself, where edits with places in cells are of no use."""
        if self.shown is None:
            return self
        fix = replace(self.fix, edits=()) if self.fix is not None else None
        return replace(self, start=self.shown[0], end=self.shown[1], fix=fix, shown=None)


@dataclass(frozen=True)
class Problem:
    """A file, or a place in one, that could not be dealt with; `fatal` ones are the user's or our own error."""

    path: str
    message: str
    position: Position | None = None
    fatal: bool = False

    def __str__(self) -> str:
        place = f":{self.position.row}:{self.position.column}" if self.position else ""
        cell = f":cell {self.position.cell}" if self.position and self.position.cell else ""
        return f"{self.path}{cell}{place}: {self.message}"


@dataclass(frozen=True)
class Helper:
    """A function of the project that does the same as `symbol` on several backends."""

    name: str
    symbol: str
    backends: int
    row: int


@dataclass(frozen=True)
class Result:
    """What became of one file.

    `fixed` holds the findings whose fix went into `new_bytes`; `findings` those that remain.
    `new_bytes` is None when the file does not change. `uncounted` is how many CUDA-only uses no rule was asked to
    report; `helpers` are functions that the file defines and fixes could call. `rounds` says how often the file was
    rewritten until nothing was left to fix; `digest` stands for the content that was read, "" for none.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    old_bytes: bytes | None = None
    new_bytes: bytes | None = None
    problems: tuple[Problem, ...] = ()
    uncounted: int = 0
    helpers: tuple[Helper, ...] = ()
    rounds: int = 0
    digest: str = ""
