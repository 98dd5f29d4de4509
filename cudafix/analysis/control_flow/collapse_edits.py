"""A dispatch → the changes to the tree that leave one of its branches, bare or under a neutral condition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.dispatch import Branch, Dispatch, Shape
from cudafix.fixes.import_placement import LINE_LENGTH
from cudafix.fixes.operations import Built, NodeChange
from cudafix.syntax.conjunctions import joined
from cudafix.syntax.expressions import operands, operators

IF_AND_INDENT = 16
"""What an `if` and the white space before it take, about."""

PRAGMA = re.compile(r"#\s*(?:noqa|type:|pragma:|pyright:|pylint:|mypy:|ruff:|fmt:|nosec|isort:)", re.IGNORECASE)
"""A comment that speaks to a tool, about the line that it stands on."""


def collapse(
    dispatch: Dispatch, branch: Branch, rest: tuple[cst.BaseExpression, ...], context: RuleContext
) -> tuple[NodeChange, ...] | None:
    """Return the changes that leave `branch` alone of the whole dispatch, under `rest`; None where that has no form."""
    if rest:
        return under_rest(dispatch, branch, rest)
    if dispatch.shape is Shape.EARLY:
        return (NodeChange(dispatch.nodes[0], lambda updated: ()),)
    if dispatch.shape is Shape.AND:
        return (NodeChange(dispatch.nodes[0], lambda updated: in_parentheses_of(updated.right, updated), branch.parts),)
    if dispatch.shape is Shape.CHOICE:
        (node,) = dispatch.nodes
        assert isinstance(node, cst.IfExp)
        return (
            NodeChange(
                node, lambda updated: in_parentheses_of(choice_part(updated, node, branch), updated), branch.parts
            ),
        )
    statement = next(one for one in dispatch.nodes if is_inside(branch.holder, one, context))
    gone = tuple(NodeChange(one, lambda updated: ()) for one in dispatch.nodes if one is not statement)
    if statement is branch.parts[0]:  # the last of several exits stays as it is
        return gone
    is_elif = isinstance(context.parent(statement), cst.If)

    def build(updated: Any) -> Built:
        holder = find_updated(updated, statement, branch.holder)
        if is_elif:
            return cst.Else(body=holder.body, leading_lines=updated.leading_lines)
        return spliced(holder, updated)

    return (*gone, NodeChange(statement, build, branch.parts))


def under_rest(
    dispatch: Dispatch, branch: Branch, rest: tuple[cst.BaseExpression, ...]
) -> tuple[NodeChange, ...] | None:
    """Return the changes that leave the branch under what is left of its condition."""
    node, test = dispatch.nodes[0], branch.test
    if dispatch.shape is not Shape.LADDER or branch.holder is not node or not isinstance(test, cst.BooleanOperation):
        return None
    indices = [index for index, one in enumerate(operands(test)) if one in rest]
    if len(indices) < len(rest):
        return None  # a flag asks for the rest, elsewhere

    def build(updated: cst.BooleanOperation) -> cst.BaseExpression:
        return conjunction_of(updated, indices)

    changes: tuple[NodeChange, ...] = (NodeChange(test, build, rest),)
    if len(dispatch.branches) > 1:
        changes += (NodeChange(node, lambda updated: updated.with_changes(orelse=None), (test, *branch.parts)),)
    return changes


def conjunction_of(whole: cst.BooleanOperation, indices: Sequence[int]) -> cst.BaseExpression:
    """Return the operands at `indices` put together with `and`, over several lines where one would be too long."""
    parts = operands(whole)
    kept = [parts[index] for index in indices]
    new = joined(kept)
    if whole.lpar and len(kept) > 1 and len(cst.Module([]).code_for_node(new)) > LINE_LENGTH - IF_AND_INDENT:
        new = as_laid_out(whole, indices)
    if whole.lpar and "\n" in cst.Module([]).code_for_node(new):
        return new.with_changes(lpar=(*whole.lpar, *new.lpar), rpar=(*new.rpar, *whole.rpar))
    if parts[0].lpar and not new.lpar:  # `if(a)and b:`
        return new.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return new


def as_laid_out(whole: cst.BooleanOperation, indices: Sequence[int]) -> cst.BaseExpression:
    """Return the same with the line breaks that stood before each operand."""
    parts, before = operands(whole), operators(whole)
    new = parts[indices[0]]
    for index in indices[1:]:
        new = cst.BooleanOperation(new, before[index - 1], parts[index])
    return new


def merge(dispatch: Dispatch, branch: Branch) -> tuple[NodeChange, ...]:
    """Return the changes that leave `branch` under the first condition, and the default branch beside it."""
    first = dispatch.branches[0]
    if dispatch.shape is Shape.EXITS and branch.holder in dispatch.nodes:
        others = [one for one in dispatch.nodes[:-1] if one is not branch.holder]
        return tuple(NodeChange(one, lambda updated: ()) for one in others)
    node, default = dispatch.nodes[0], dispatch.default_branch if dispatch.shape is not Shape.EXITS else None
    assert first.test is not None

    def build(updated: Any) -> Built:
        holder = find_updated(updated, node, branch.holder)
        orelse = find_updated(updated, node, default.holder) if default is not None else None
        if isinstance(orelse, cst.IfExp):
            orelse = orelse.orelse
        changed: cst.CSTNode = updated.with_changes(body=holder.body, orelse=orelse)
        return changed

    return (NodeChange(node, build, (first.test, *branch.parts, *(default.parts if default is not None else ()))),)


def is_inside(node: cst.CSTNode, around: cst.CSTNode, context: RuleContext) -> bool:
    return node is around or around in context.file.tree.ancestors(node)


def find_updated(updated: Any, original: Any, wanted: cst.CSTNode) -> Any:
    """Return what became of `wanted`, a branch of the ladder or match `original`, in `updated`."""
    if isinstance(original, cst.Match):
        return updated.cases[list(original.cases).index(wanted)]  # type: ignore[arg-type]
    while original is not wanted:
        original, updated = original.orelse, updated.orelse
    return updated


def choice_part(updated: Any, original: cst.IfExp, branch: Branch) -> cst.BaseExpression:
    """Return what became of the expression of `branch` in nested conditional expressions."""
    holder = find_updated(updated, original, branch.holder)
    assert isinstance(branch.holder, cst.IfExp)
    part = holder.body if branch.holder.body is branch.parts[0] else holder.orelse
    assert isinstance(part, cst.BaseExpression)
    return part


def in_parentheses_of(part: cst.BaseExpression, whole: cst.BaseExpression) -> cst.BaseExpression:
    """Return `part` in the parentheses of `whole`, if it needs any."""
    needs_none = isinstance(part, (cst.Call, cst.Name, cst.Attribute, cst.SimpleString, cst.FormattedString))
    return part if needs_none else part.with_changes(lpar=(*whole.lpar, *part.lpar), rpar=(*part.rpar, *whole.rpar))


def spliced(holder: Any, whole: Any) -> Sequence[cst.BaseStatement]:
    """Return the statements of a branch, to stand where the whole construct stood; its comments go above the first."""
    body = holder.body
    above = list(whole.leading_lines)
    if isinstance(body, cst.SimpleStatementSuite):
        return (cst.SimpleStatementLine(body.body, above, body.trailing_whitespace),)
    above += [*commented(body.header), *(line for line in body.body[0].leading_lines if line.comment is not None)]
    return (body.body[0].with_changes(leading_lines=above), *body.body[1:])


def commented(header: cst.TrailingWhitespace) -> list[cst.EmptyLine]:
    """Return the comment behind a colon as a line of its own; what it tells a linter is about the old line."""
    is_text = header.comment is not None and PRAGMA.match(header.comment.value) is None
    return [cst.EmptyLine(comment=header.comment)] if is_text else []


def lost_comments(changes: Sequence[NodeChange], body: cst.CSTNode | None) -> list[str]:
    """Return the comments that the changes would lose, and that no kept part says as well; `body` is what stays."""
    lost: list[str] = []
    for change in changes:
        kept = [text for part in change.statements(change.node, {}) for text in comments_in(part)]
        if change.kept and isinstance(body, cst.IndentedBlock):
            kept += comments_in(body.header)
        lost += [text for text in comments_in(change.node) if text not in kept]
    return lost


def comments_in(node: cst.CSTNode) -> list[str]:
    if isinstance(node, cst.Comment):
        return [node.value]
    return [text for child in node.children for text in comments_in(child)]
