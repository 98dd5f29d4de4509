"""What a run does with each of its files: look for findings, fix them, or show what a fix would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from cudafix.files.source import OutsideUse
from cudafix.model import Safety


class Mode(Enum):
    CHECK = "check"
    FIX = "fix"
    DIFF = "diff"


@dataclass(frozen=True)
class Work:
    """What is done with each file.

    Attributes:
        mode: whether it is only looked at, or rewritten, in the file or in memory.
        unsafe: whether unsafe fixes are done as well.
        remembers: whether the results are for a cache as well.
        tops: the folders that files may be written in, wherever their paths lead by then; empty for any.
        outside_uses: what the other files of the run do with the names of a module, by its path.
    """

    mode: Mode
    unsafe: bool = False
    remembers: bool = False
    tops: frozenset[str] = frozenset()
    outside_uses: Mapping[str, tuple[OutsideUse, ...]] = field(default_factory=dict)

    @property
    def allowed(self) -> tuple[Safety, ...]:
        """The safety that a fix may have."""
        return (Safety.SAFE, Safety.UNSAFE) if self.unsafe else (Safety.SAFE,)
