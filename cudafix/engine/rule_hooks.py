"""A rule's row → what its file does: the functions in it that the analysis calls, each under one of four names.

* `find(context)` finds what is more than one reference, and yields matches.
* `follow(context, matches)` finds what goes along with the fixes of all other matches.
* `refine(reference, replacement, context, matches)` judges a replacement anew when the other matches are known.
* `check_comments(file, suppressions, active)` finds what is wrong with suppression comments, and yields findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TypeAlias

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.match import Match
from cudafix.matchers.references import Reference
from cudafix.model import Finding
from cudafix.registry import Rule
from cudafix.replacements.replacement import Refusal, Replacement
from cudafix.suppressions.comments import Suppressions
from cudafix.syntax.module import File

Find: TypeAlias = Callable[[RuleContext], Iterable[Match]]
Follow: TypeAlias = Callable[[RuleContext, Sequence[Match]], Iterable[Match]]
Refine: TypeAlias = Callable[
    [Reference, Replacement, RuleContext, Mapping[cst.CSTNode, Match]], "Replacement | Refusal"
]
CheckComments: TypeAlias = Callable[[File, Suppressions, frozenset[str]], Iterable[Finding]]


@dataclass(frozen=True)
class Hooks:
    """What the file of a rule does; None for what it does not."""

    find: Find | None = None
    follow: Follow | None = None
    refine: Refine | None = None
    check_comments: CheckComments | None = None


@cache
def load(rule: Rule) -> Hooks:
    """Import the file of a rule and return what it does."""
    module = import_module(f"cudafix.rules.{rule.file}")
    return Hooks(*(getattr(module, name, None) for name in ("find", "follow", "refine", "check_comments")))
