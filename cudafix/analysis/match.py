"""What a rule yields: a match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cudafix.model import Position, Safety

if TYPE_CHECKING:
    import libcst as cst

    from cudafix.fixes.operations import Operations
    from cudafix.matchers.references import Reference


@dataclass(frozen=True, eq=False)
class Match:
    """A rule met something. It holds nodes and never leaves the analysis; findings are made from it.

    Attributes:
        node: what is flagged.
        symbol: the dotted name of the backend's function that it is about, "" where there is none.
        message: what is wrong.
        operations: the fix; empty where there is none.
        safety: how far the fix can be trusted, as far as its own replacements do not say it.
        reason: why there is no fix, or why it is not safe.
        help: the way out in words.
        reference: what is flagged, where that is one reference.
        covers: the references that other rules need not report.
        rows: the first and the last line on which a suppression comment may stand, where those are not `node`'s.
        span: where the finding starts and ends, where that is a part of `node`.
        code: the rule; the analysis puts it on what a rule has found.
        held: what kind of thing keeps the fix back that it would have for itself.
    """

    node: cst.CSTNode
    symbol: str
    message: str
    operations: Operations
    safety: Safety = Safety.SAFE
    reason: str = ""
    help: str = ""
    reference: Reference | None = None
    covers: tuple[Reference, ...] = ()
    rows: tuple[int, int] | None = None
    span: tuple[Position, Position] | None = None
    code: str = ""
    held: str = ""

    @property
    def trust(self) -> Safety:
        """The safety of the whole fix; MANUAL where there is none."""
        if not self.operations:
            return Safety.MANUAL
        return Safety.worst(self.safety, *(replacement.safety for _, replacement in self.operations.all_substitutions))
