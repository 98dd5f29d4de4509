"""What a rule is. Its docstring is its documentation; its file's name is its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cudafix.model import Position, Safety

if TYPE_CHECKING:
    import libcst as cst

    from cudafix.analysis.context import Inspection
    from cudafix.fixes.operations import Rewrites
    from cudafix.matchers.references import Reference
    from cudafix.replacements.replacement import Neutral, Refusal
    from cudafix.syntax.module import File


CUDA_ONLY_FAMILY = "CFX4"


@dataclass(frozen=True, eq=False)
class Match:
    """A rule met something. It holds nodes and never leaves the analysis; findings are made from it.

    Attributes:
        code: the rule.
        node: what is flagged.
        symbol: the dotted name of the backend's function that it is about, "" where there is none.
        message: what is wrong.
        rewrites: the fix; empty where there is none.
        safety: how far the fix can be trusted, as far as its own choices do not say it.
        reason: why there is no fix, or why it is not safe.
        help: the way out in words.
        reference: what is flagged, where that is one reference.
        covers: the references that other rules need not report.
        rows: the first and the last line on which a suppression comment may stand, where those are not `node`'s.
        span: where the finding starts and ends, where that is a part of `node`.
    """

    code: str
    node: cst.CSTNode
    symbol: str
    message: str
    rewrites: Rewrites
    safety: Safety = Safety.SAFE
    reason: str = ""
    help: str = ""
    reference: Reference | None = None
    covers: tuple[Reference, ...] = ()
    rows: tuple[int, int] | None = None
    span: tuple[Position, Position] | None = None

    @property
    def trust(self) -> Safety:
        """The safety of the whole fix; MANUAL where there is none."""
        if not self.rewrites:
            return Safety.MANUAL
        return Safety.worst(self.safety, *(neutral.safety for _, neutral in self.rewrites.neutral))


@dataclass(frozen=True)
class Rule:
    """A rule: code, file, documentation, and whether it is on by default.

    `refine` may judge a neutral form anew when the file's other matches are known. `find` finds what is more than one
    reference. `follow` finds what goes along with the fixes of all other matches.
    `needs_whole`: it may find something in lines that a slice leaves out. `setting`: what turns it on in a project.
    """

    code: str
    module: str
    doc: str
    default: bool = True
    refine: Callable[[Reference, Neutral, File, Mapping[cst.CSTNode, Match]], Neutral | Refusal] | None = None
    find: Callable[[Inspection], Iterable[Match]] | None = None
    follow: Callable[[Inspection, Sequence[Match]], Iterable[Match]] | None = None
    needs_whole: bool = False
    setting: str = ""

    @property
    def name(self) -> str:
        """The slug: `hardcoded_empty_cache.py` is `hardcoded-empty-cache`."""
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def is_cuda_only(self) -> bool:
        """Whether it finds what is of CUDA by nature, which is counted apart."""
        return self.code.startswith(CUDA_ONLY_FAMILY)

    @property
    def page(self) -> str:
        """The documentation as Markdown."""
        state = "on by default" if self.default else "opt-in"
        return f"# {self.name} ({self.code}, {state})\n\n{self.doc.strip()}\n"

    @property
    def summary(self) -> str:
        return self.doc.strip().partition("\n")[0].rstrip(".")
