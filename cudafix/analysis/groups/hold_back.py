"""Matches → the same, without the fixes that would leave half of what belongs together on CUDA.

Where a member of a group stays, the others stay with it. Where its fix is less than safe, or its rule is not selected,
theirs is not safe either. The reason names the member and its line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cudafix.analysis.context import RuleContext
from cudafix.analysis.functions.classify import BACKEND_BRANCH
from cudafix.analysis.groups.freed_tests import is_freed
from cudafix.analysis.groups.members import Member, find_members
from cudafix.analysis.groups.surroundings import Surroundings
from cudafix.analysis.groups.ties import Ties
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Operations
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.registry import code_of

DEVICES = code_of("hardcoded-device-literal")[:4]
"""What the codes of the rules about devices begin with."""

STAYS = "no fix: what belongs to it stays CUDA's"
NOT_SELECTED = "unsafe: what belongs to it is of a rule that is not selected"
NOT_SAFE = "unsafe: the fix of what belongs to it is unsafe"
AROUND = "unsafe: CUDA stays in the function or class around it"


def hold_back(
    matches: Sequence[Match], codes: Mapping[Reference, str], active: frozenset[str], context: RuleContext
) -> list[Match]:
    """Return the matches, each no safer than what belongs to it."""
    if not any(match.operations for match in matches):
        return list(matches)
    members = find_members(matches, codes, active, context)
    held: dict[Match, Match] = {}
    for group in Ties(members, active, context).groups():
        for match in dict.fromkeys(match for member in group for match in member.matches):
            held[match] = hold(match, group, context)
    judged = [held.get(match, match) for match in matches]
    return within_functions(behind_tests(judged, context), context)


def behind_tests(matches: list[Match], context: RuleContext) -> list[Match]:
    """Return the matches, without the fixes of devices behind a test that stays about CUDA: `if any_cuda:`."""
    while True:
        surroundings = Surroundings(matches, context, unsafe=True)
        about = [bool(one.operations) and one.code.startswith(DEVICES) for one in matches]
        rows = [
            surroundings.test_with_cuda(one.node) if is_one else 0 for one, is_one in zip(matches, about, strict=True)
        ]
        if not any(rows):
            return matches
        matches = [
            replace(one, operations=Operations(), help="", reason=f"the test on line {row} is about CUDA", held=STAYS)
            if row
            else one
            for one, row in zip(matches, rows, strict=True)
        ]


def within_functions(matches: list[Match], context: RuleContext) -> list[Match]:
    """Return the matches, safe only where their function says nothing of CUDA any more once all safe fixes are made."""
    while True:
        surroundings = Surroundings(matches, context)
        judged = [one.trust is Safety.SAFE and one.code != BACKEND_BRANCH for one in matches]
        reasons = [surroundings.reason(one.node) if safe else "" for one, safe in zip(matches, judged, strict=True)]
        if not any(reasons):
            return matches
        matches = [
            replace(one, safety=Safety.UNSAFE, reason=reason, held=AROUND) if reason else one
            for one, reason in zip(matches, reasons, strict=True)
        ]


def hold(match: Match, group: Sequence[Member], context: RuleContext) -> Match:
    """Return a match as its group allows."""
    if not match.operations or match.code == BACKEND_BRANCH:
        return match  # what is fixed there keeps its backend
    others = [one for one in group if match not in one.matches]
    left = [one for one in others if one.trust is Safety.MANUAL and not one.off]
    freed = [one for one in left if is_freed(one, group, context)]
    staying = next((one for one in left if one not in freed), None)
    if staying is not None:
        reason = f"{said(staying, context)} stays{why(staying)}"
        return replace(match, operations=Operations(), help="", reason=reason, held=STAYS)
    if match.trust is not Safety.SAFE:
        return match
    off = next((one for one in others if one.off), None)
    if off is not None:
        reason = f"{said(off, context)} stays, whose rule, {off.off}, is not selected"
        return replace(match, safety=Safety.UNSAFE, reason=reason, held=NOT_SELECTED)
    doubtful = next((one for one in others if one.trust is Safety.UNSAFE or one in freed), None)
    if doubtful is None:
        return match
    reason = f"it goes with {said(doubtful, context)}, whose fix is not safe"
    return replace(match, safety=Safety.UNSAFE, reason=reason, held=NOT_SAFE)


def said(member: Member, context: RuleContext) -> str:
    return f"{member.name} on line {context.file.start(member.node).row}"


def why(member: Member) -> str:
    return f": {member.why}" if member.why else ""
