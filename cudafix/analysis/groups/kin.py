"""Matches → the same, each no better than its kin: what people change together though no value joins it.

What handles devices in a file, one function in all of it, streams, the state of random generators, AMP.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.analysis.functions.classify import BACKEND_BRANCH
from cudafix.analysis.groups.members import code_in_line
from cudafix.analysis.groups.surroundings import OF_METHOD, STREAMS
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Operations
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.registry import code_of
from cudafix.syntax.scopes import grouped

AMP = code_of("hardcoded-amp")
RANDOM = code_of("hardcoded-random-state")
PEAKS = frozenset((
    "max_memory_allocated", "max_memory_cached", "max_memory_reserved", "memory_stats", "reset_max_memory_allocated",
    "reset_max_memory_cached", "reset_peak_memory_stats",
))  # fmt: skip
"""The functions of which one reads what another has reset."""

HANDLES = "handles devices"
"""What all calls have in common that a rewrite of the file's device handling changes."""

ERRORS = code_of("hardcoded-error")
TESTS = frozenset(("is_available", "device_count"))
"""The functions that tests for CUDA ask."""

STAYS = "no fix: what belongs to it stays CUDA's"
NOT_SAFE = "unsafe: the fix of what belongs to it is unsafe"


def without_fix(match: Match, reason: str, held: str = STAYS) -> Match:
    return replace(match, operations=Operations(), help="", reason=reason, held=held) if match.operations else match


def with_kin(
    matches: list[Match], codes: Mapping[Reference, str], active: frozenset[str], context: RuleContext
) -> list[Match]:
    """Return the matches, no better than their kin: what handles devices in a file, other functions in a class.

    Where one of them stays, all stay; where one is not safe, none is. Tests for CUDA are about different things.
    """
    counted = [one for one, code in codes.items() if code and not one.is_import and one not in context.silenced]
    fixed = [one for one in matches if one.operations or one.code == BACKEND_BRANCH]
    kinds = (*active, BACKEND_BRANCH)
    asked = [
        one
        for one in counted
        if codes[one] in (kinds if one.symbol.row.code == STREAMS else active)
        and one.symbol.row.name not in TESTS
        and (one.call is not None or one.symbol.row.code in (ERRORS, AMP, STREAMS))
    ]
    stay = late_kin(asked, fixed, context)
    matches = [held_by_kin(one, stay, context) for one in matches]
    late = late_kin(counted, [one for one in matches if one.trust is Safety.SAFE], context)
    matches = over_devices([beside_kin(one, late, context) for one in matches], asked, context)
    unsafe = next((one for one in matches if one.code == AMP and one.trust is not Safety.SAFE), None)
    return [beside(one, said_of_match(unsafe, context)) if unsafe and one.code == AMP else one for one in matches]


def held_by_kin(match: Match, stay: Mapping[Reference | None, Reference], context: RuleContext) -> Match:
    """Return a match, without its fix where kin of what it changes stays."""
    kin = next((stay[one] for one in references_of(match, context) if one in stay), None)
    if kin is None or match.code == BACKEND_BRANCH:
        return match
    return without_fix(match, f"{said_of(kin, context)} stays", match.held or STAYS)


@once
def references_of(match: Match, context: RuleContext) -> list[Reference]:
    """Return the references that a match is about, and those that its fix changes."""
    places = [one.place.node for one in match.operations.substitutions]
    nodes = [one.func if isinstance(one, cst.Call) else one for one in places]
    about = (match.reference, *match.covers, *(context.references_by_node.get(one) for one in nodes))
    return list(dict.fromkeys(one for one in about if one is not None))


def late_kin(
    references: Iterable[Reference], fixed: Iterable[Match], context: RuleContext
) -> dict[Reference | None, Reference]:
    """Return the references that `fixed` is about and that have kin which it is not about, each with one of those."""
    done = {reference for one in fixed for reference in (one.reference, *one.covers)}
    kin = grouped((key, one) for one in references for key in kin_of(one, context))
    late: dict[Reference | None, Reference] = {}
    pending = True
    while pending:
        pending = False
        for group in kin.values():
            other = next((one for one in group if one not in done), None)
            if other is not None and not done.isdisjoint(group):
                late.update((one, other) for one in group if one in done)
                done.difference_update(group)
                pending = True
    return late


def said_of(reference: Reference, context: RuleContext) -> str:
    return f"`{reference.symbol.name}` on line {context.file.start(reference.node).row}"


def over_devices(matches: list[Match], asked: Iterable[Reference], context: RuleContext) -> list[Match]:
    """Return the matches; what any method may call is safe only where all that handles a device in the file is."""
    safe = {one for match in matches if match.trust is Safety.SAFE for one in references_of(match, context)}
    left = next((one for one in asked if one not in safe and HANDLES in kin_of(one, context)), None)
    if left is None:
        return matches
    names = {match: {one.symbol.row.name for one in references_of(match, context)} for match in matches}
    return [beside(one, said_of(left, context)) if not names[one].isdisjoint(OF_METHOD) else one for one in matches]


def said_of_match(match: Match, context: RuleContext) -> str:
    return f"`{code_in_line(match.node, context)}` on line {context.file.start(match.node).row}"


def kin_of(reference: Reference, context: RuleContext) -> Iterator[Hashable]:
    """Yield what a reference has in common with those that people change together with it."""
    row = reference.symbol.row
    if row.code == STREAMS:
        yield STREAMS, row.name
    if row.code == STREAMS and reference.call is not None:
        yield STREAMS
    if row.name in PEAKS:
        yield PEAKS
    if row.code == RANDOM and any(keeps_state(one) for one in context.references):
        yield RANDOM
    if row.code == ERRORS:
        yield row.name
    if row.code == AMP:
        yield AMP
    if row.name in OF_METHOD:
        around = context.file.tree.ancestors(reference.node)
        owner = next((one for one in around if isinstance(one, cst.ClassDef)), None)
        yield (owner, row.name) if owner is not None else reference
    elif row.code != ERRORS and row.has_neutral_form and reference.call is not None:
        yield HANDLES


def keeps_state(reference: Reference) -> bool:
    """Whether it reads or sets the state of a random generator, as of all that a seed decides."""
    return reference.symbol.row.code == RANDOM and "state" in reference.symbol.row.name


def beside_kin(match: Match, late: Mapping[Reference | None, Reference], context: RuleContext) -> Match:
    """Return a match, no longer safe where kin of what it changes is not."""
    other = next((late[one] for one in references_of(match, context) if one in late), None)
    return beside(match, said_of(other, context)) if other is not None else match


def beside(match: Match, other: str) -> Match:
    """Return a match that is no longer safe, since another is not."""
    if match.trust is not Safety.SAFE or match.code == BACKEND_BRANCH:
        return match
    reason = f"{other} stays, unless unsafe fixes are made as well"
    return replace(match, safety=Safety.UNSAFE, reason=reason, held=NOT_SAFE)
