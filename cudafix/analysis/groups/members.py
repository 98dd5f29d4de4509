"""References and matches → the members of groups: each use of a backend in a file, and how far its fix can be trusted.

A member whose use stays as it is holds all that belong to it: `hold_back` says so of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.functions.classify import BACKEND_BRANCH
from cudafix.analysis.match import Match
from cudafix.fixes.operations import names_that_go
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Replacement


@dataclass(frozen=True, eq=False)
class Member:
    """A use of a backend.

    Attributes:
        node: where it stands.
        name: what a reason calls it.
        trust: how far its fix can be trusted; MANUAL where it stays.
        matches: what is found of it, and changes with it.
        off: the rule that would fix it, where that is not selected.
        why: why it stays, where that is not said of it anyway.
        outside: the other file and the line there, where it stands in another.
    """

    node: cst.CSTNode
    name: str
    trust: Safety
    matches: tuple[Match, ...] = ()
    off: str = ""
    why: str = ""
    outside: str = ""


def find_members(
    matches: Iterable[Match], codes: Mapping[Reference, str], active: frozenset[str], context: RuleContext
) -> dict[cst.CSTNode, Member]:
    """Return the members of a file by the nodes that they stand at."""
    about: dict[cst.CSTNode, list[Match]] = {}
    roots = {one.root.node: one.node for one in codes if one.root is not None}
    for match in matches:
        gone = names_that_go(match.operations, context.file.names) if match.operations.changes else ()
        for node in nodes_of(match) | {roots[one] for one in gone if one in roots}:
            about.setdefault(node, []).append(match)
    members = {
        reference.node: member_for(reference, code, about.pop(reference.node, []), active, context)
        for reference, code in codes.items()
        if code and not reference.is_import
    }
    for node, found in about.items():
        members[node] = Member(node, f"`{code_in_line(node, context)}`", best(found), tuple(found))
    return members


def nodes_of(match: Match) -> set[cst.CSTNode]:
    """Return the places of the uses that a match is about, and those that its fix changes."""
    references = [*match.covers, *((match.reference,) if match.reference is not None else ())]
    changed = [one.place.node for one in match.operations.substitutions]
    return {*(one.node for one in references if not one.is_import), *changed, match.node}


def member_for(
    reference: Reference, code: str, found: list[Match], active: frozenset[str], context: RuleContext
) -> Member:
    name = f"`{reference.symbol.name}`"
    if reference in context.silenced:
        return Member(reference.node, name, Safety.MANUAL, tuple(found), why="a comment silences it")
    if not found:
        has_fix = isinstance(context.replacement(reference), Replacement) and code != BACKEND_BRANCH
        return Member(reference.node, name, Safety.MANUAL, off=code if has_fix and code not in active else "")
    return Member(reference.node, name, best(found), tuple(found))


def best(matches: Iterable[Match]) -> Safety:
    """Return the trust of the best fix."""
    ranks = list(Safety)
    return min((one.trust for one in matches), key=ranks.index, default=Safety.MANUAL)


def code_in_line(node: cst.CSTNode, context: RuleContext) -> str:
    return " ".join(context.file.code(node).split())
