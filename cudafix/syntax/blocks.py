"""Blocks of statements: whether control goes on behind one, and whether one does anything."""

from __future__ import annotations

import libcst as cst


def leaves(body: cst.BaseSuite) -> bool:
    """Whether control never goes on behind `body`."""
    last = body.body[-1] if body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, (cst.Return, cst.Raise, cst.Continue, cst.Break))


def does_nothing(body: cst.BaseSuite) -> bool:
    lines = [one.body if isinstance(one, cst.SimpleStatementLine) else [one] for one in body.body]
    return all(isinstance(statement, cst.Pass) for line in lines for statement in line)


def is_import(statement: cst.CSTNode) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and len(statement.body) == 1
        and isinstance(statement.body[0], (cst.Import, cst.ImportFrom))
    )
