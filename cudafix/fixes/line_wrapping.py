"""A statement that a fix makes longer than the lines of its file may be → the same over several lines, as black has it.

The arguments of a call go on a line of their own, or on one each; another expression gets parentheses around it. What
is on a line of its own for its length alone goes back where it fits now. What was too long before the fix, or stands on
several lines otherwise, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from cudafix.fixes.operations import Operations
from cudafix.syntax.module import BLACK, File

HEADERS = (cst.If, cst.While, cst.With)
EMPTY = cst.SimpleStatementSuite([cst.Pass()])


def rooms(file: File, operations: Operations) -> Mapping[cst.CSTNode, int]:
    """Return the statements that fixes change and that are on one line, or would be if it were longer, each with the
    columns that it has behind its indentation.
    """
    limit = file.line_limit
    changed = [one.place.node for one in operations.substitutions] + [one.node for one in operations.changes]
    found: dict[cst.CSTNode, int] = {}
    for node in changed:
        owner = statement_of(node, file)
        if owner is None or owner in found:
            continue
        together, indent = joined(owner), len(file.indent(owner))
        if together is None:
            is_taken = len(file.lines[file.start(owner).row - 1].rstrip("\r\n")) <= limit
            room = limit - indent
        else:  # on a line of its own for its length alone: black's, where the project says no other
            room = (file.style.line_length or min(limit, BLACK)) - indent
            is_taken = not fits(together, room)
        if is_taken:
            found[owner] = room
    return found


def statement_of(node: cst.CSTNode, file: File) -> cst.CSTNode | None:
    """Return the statement, or the head of a block, whose expression `node` stands in."""
    child = node
    for parent in file.tree.ancestors(node):
        if isinstance(parent, cst.SimpleStatementLine):
            return parent
        if isinstance(parent, HEADERS) and isinstance(child, (cst.BaseExpression, cst.WithItem)):
            is_elif = isinstance(file.tree.parents.get(parent), cst.If)
            return None if is_elif else parent
        if isinstance(parent, (cst.BaseSuite, cst.BaseCompoundStatement, cst.Lambda)):
            return None
        child = parent
    return None


def joined(statement: cst.CSTNode) -> cst.CSTNode | None:
    """Return a statement whose arguments, or expression in parentheses, are on a line of their own as one line; None
    for another. A comma behind the last argument keeps the lines.
    """
    for value in expressions(statement):
        together = joined_value(value)
        new = statement.deep_replace(value, together) if together is not None else None
        if isinstance(new, cst.CSTNode):
            return new if len(lines_of(new)) == 1 else None
    return None


def joined_value(value: cst.BaseExpression) -> cst.BaseExpression | None:
    if isinstance(value, cst.Call) and value.args and not value.lpar and is_line_end(value.whitespace_before_args):
        *others, last = value.args
        if isinstance(last.comma, cst.Comma) or not is_line_end(last.whitespace_after_arg):
            return None
        nothing = cst.SimpleWhitespace("")
        args = [*others, last.with_changes(whitespace_after_arg=nothing)]
        return value.with_changes(whitespace_before_args=nothing, args=args)
    if len(value.lpar) == 1 and is_line_end(value.lpar[0].whitespace_after):
        return value.with_changes(lpar=(), rpar=()) if is_line_end(value.rpar[0].whitespace_before) else None
    return None


def is_line_end(space: cst.BaseParenthesizableWhitespace) -> bool:
    """Whether nothing but the end of a line stands somewhere."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return False
    return not space.empty_lines and space.first_line.comment is None


def wrapped(statement: cst.CSTNode, room: int, indent: str) -> cst.CSTNode:
    """Return a statement over as many lines as `room` columns take; as it is where one will do, or none helps."""
    together = joined(statement)
    if together is not None and fits(together, room):
        return together
    if fits(statement, room, one_line=False):
        return statement
    for value in expressions(statement):
        for form in forms(value, indent):
            new = statement.deep_replace(value, form)
            if isinstance(new, cst.CSTNode) and fits(new, room):
                return new
    return statement


def fits(statement: cst.CSTNode, room: int, one_line: bool = True) -> bool:
    """Whether each line of a statement, of a block its head, has no more than `room` columns."""
    lines = lines_of(statement)
    return (not one_line and len(lines) > 1) or all(len(line) <= room for line in lines)


def lines_of(statement: cst.CSTNode) -> list[str]:
    """Return the lines of a statement, of a block those of its head."""
    bare = statement
    if isinstance(statement, cst.SimpleStatementLine):
        bare = statement.with_changes(leading_lines=())
    elif isinstance(statement, cst.If):
        bare = statement.with_changes(leading_lines=(), body=EMPTY, orelse=None)
    elif isinstance(statement, (cst.While, cst.With)):
        bare = statement.with_changes(leading_lines=(), body=EMPTY)
    return cst.Module([]).code_for_node(bare).rstrip().removesuffix(" pass").splitlines()


def expressions(statement: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the expression of a statement that may be wrapped."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        value = getattr(statement.body[0], "value", None)
        if isinstance(value, cst.BaseExpression):
            yield value
    elif isinstance(statement, (cst.If, cst.While)):
        yield statement.test
    elif isinstance(statement, cst.With) and len(statement.items) == 1:
        yield statement.items[0].item


def forms(value: cst.BaseExpression, indent: str) -> Iterator[cst.BaseExpression]:
    """Yield an expression with its arguments on a line of their own, with each on one, or in parentheses."""
    inner, outer = line_end(indent), line_end("")
    if isinstance(value, cst.Call) and value.args and not value.lpar:
        *others, last = value.args
        together = last.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=outer)
        yield value.with_changes(whitespace_before_args=inner, args=[*others, together])
        if others:
            each = [one.with_changes(comma=cst.Comma(whitespace_after=inner)) for one in others]
            nothing = cst.SimpleWhitespace("")
            closing = last.with_changes(comma=cst.Comma(whitespace_after=outer), whitespace_after_arg=nothing)
            yield value.with_changes(whitespace_before_args=inner, args=[*each, closing])
        else:
            chosen = together.with_changes(value=in_parts(last.value, inner))
            yield value.with_changes(whitespace_before_args=inner, args=[chosen])
    elif not value.lpar:
        around = {"lpar": [cst.LeftParen(whitespace_after=inner)], "rpar": [cst.RightParen(whitespace_before=outer)]}
        yield value.with_changes(**around)
        yield in_parts(value, inner).with_changes(**around)


def in_parts(value: cst.BaseExpression, end: cst.ParenthesizedWhitespace) -> cst.BaseExpression:
    """Return `a if b else c`, or `a and b`, with a line for each part; every other expression as it is."""
    if isinstance(value, cst.IfExp):
        return value.with_changes(whitespace_before_if=end, whitespace_before_else=end)
    if isinstance(value, cst.BooleanOperation):
        is_chain = isinstance(value.left, cst.BooleanOperation) and not value.left.lpar
        left = in_parts(value.left, end) if is_chain else value.left
        return value.with_changes(left=left, operator=value.operator.with_changes(whitespace_before=end))
    return value


def line_end(indent: str) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
