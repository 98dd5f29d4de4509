"""Guards: an availability test around calls that are neutral after the fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import libcst as cst

from cudafix.file import File
from cudafix.model import Safety
from cudafix.neutral import Neutral
from cudafix.references import Reference
from cudafix.rule import Match


def judge_guard(reference: Reference, neutral: Neutral, file: File, matches: Mapping[cst.CSTNode, Match]) -> Neutral:
    """Call the fix safe when the test guards neutral calls only."""
    row = reference.symbol.row
    if row.name != "is_available" or reference.symbol.backend != "cuda" or neutral.reason != row.note:
        return neutral
    guard = file.names.parents.get(reference.call) if reference.call is not None else None
    if not isinstance(guard, cst.If) or guard.test is not reference.call or guard.orelse is not None:
        return neutral
    if all(is_neutral(statement, matches) for statement in guard.body.body):
        return replace(neutral, safety=Safety.SAFE, reason="")
    return neutral


def is_neutral(statement: cst.CSTNode, matches: Mapping[cst.CSTNode, Match]) -> bool:
    """Whether `statement` is a line of calls whose fixes are safe, without arguments that could name a device."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    return all(is_neutral_call(one, matches) for one in statement.body)


def is_neutral_call(node: cst.BaseSmallStatement, matches: Mapping[cst.CSTNode, Match]) -> bool:
    call = node.value if isinstance(node, cst.Expr) else None
    if not isinstance(call, cst.Call) or call.args:
        return False
    match = matches.get(call.func)
    return match is not None and match.safety is Safety.SAFE
