"""The condition of an `if` as the operands of an `and`: taken apart, left out in part, put together."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from cudafix.syntax.expressions import operands
from cudafix.syntax.python_parser import parse_quietly


def conditions(node: cst.If) -> list[cst.BaseExpression]:
    """Return the operands of the `and` that an `if` asks for."""
    test = node.test
    is_and = isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And)
    return operands(test) if is_and else [test]  # type: ignore[arg-type]


def trimmed(statement: cst.BaseStatement, kept: int) -> cst.BaseStatement:
    """Return an `if` without the first `kept` operands of its condition."""
    if not kept:
        return statement
    assert isinstance(statement, cst.If)
    return cst.If(conjunction(conditions(statement)[kept:]), statement.body)


def conjunction(parts: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    """Put `parts` together with `and`, in parentheses where lines would break without."""
    new = joined(parts)
    try:
        parse_quietly(cst.Module([]).code_for_node(new))
    except SyntaxError:
        return new.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return new


def joined(parts: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    """Put `parts` together with `and`."""
    new, *others = parts
    for part in others:
        new = cst.BooleanOperation(new, cst.And(), part)
    return new
