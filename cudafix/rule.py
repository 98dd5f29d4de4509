"""What a rule is. Its docstring is its documentation; its file's name is its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cudafix.model import Safety

if TYPE_CHECKING:
    import libcst as cst

    from cudafix.file import File
    from cudafix.neutral import Neutral, Refusal
    from cudafix.references import Reference


@dataclass(frozen=True, eq=False)
class Match:
    """A rule met a reference. It holds nodes and never leaves the analysis; findings are made from it.

    `choices` are the rewrites that make up the fix: one for a call, one for each use of an imported name, none where
    there is no fix.
    """

    code: str
    reference: Reference
    choices: tuple[tuple[Reference, Neutral], ...] = ()
    reason: str = ""

    @property
    def safety(self) -> Safety:
        if not self.choices:
            return Safety.MANUAL
        return Safety.worst(*(neutral.safety for _, neutral in self.choices))


@dataclass(frozen=True)
class Rule:
    """A rule: code, file, documentation, and whether it is on by default.

    `refine` may judge a neutral form anew when the file's other matches are known.
    """

    code: str
    module: str
    doc: str
    default: bool = True
    refine: Callable[[Reference, Neutral, File, Mapping[cst.CSTNode, Match]], Neutral | Refusal] | None = None

    @property
    def name(self) -> str:
        """The slug: `hardcoded_empty_cache.py` is `hardcoded-empty-cache`."""
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def page(self) -> str:
        """The documentation as Markdown."""
        state = "on by default" if self.default else "opt-in"
        return f"# {self.name} ({self.code}, {state})\n\n{self.doc.strip()}\n"

    @property
    def summary(self) -> str:
        return self.doc.strip().partition("\n")[0].rstrip(".")
