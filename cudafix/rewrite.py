"""Matches → new source: a libcst transformer for whole files, and the same changes as text edits (design D2, D3).

A change is a function of the *updated* node, looked up by the original one, so that fixes inside fixed nodes compose.
Each replaces the smallest node that will do: the function's name, a keyword, an import statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import libcst as cst

from cudafix.file import File
from cudafix.imports import Choice, ImportPlan, Inline, Insertion, plan_imports
from cudafix.model import Edit, Position

Node = TypeVar("Node", bound=cst.CSTNode)
UNUSED_IMPORT = "  # noqa: F401"


def rewrite(file: File, choices: Sequence[Choice]) -> cst.Module:
    """Return the module with every choice carried out and the imports that this needs."""
    plan = plan_imports(file, choices)
    return file.module.visit(Rewriter(choices, plan))


class Rewriter(cst.CSTTransformer):
    def __init__(self, choices: Sequence[Choice], plan: ImportPlan) -> None:
        super().__init__()
        self.plan = plan
        self.references = {reference.node: (reference, neutral) for reference, neutral in choices}
        self.arguments = {argument for _, neutral in choices for argument in neutral.arguments}
        self.insertions: dict[cst.CSTNode, list[Insertion]] = {}
        for insertion in plan.insertions:
            self.insertions.setdefault(insertion.suite, []).append(insertion)

    def on_visit(self, node: cst.CSTNode) -> bool:
        return True

    def on_leave(self, original_node: Node, updated_node: Node) -> Node | cst.FlattenSentinel[Node]:
        new: cst.CSTNode = updated_node
        if original_node in self.references:
            reference, neutral = self.references[original_node]
            new = with_parentheses(neutral.node(self.plan.spelling[reference]), updated_node)
        elif original_node in self.arguments:
            assert isinstance(updated_node, cst.Arg)
            new = updated_node.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
        elif isinstance(original_node, (cst.Import, cst.ImportFrom)):
            new = self.plan.rewritten.get(original_node, updated_node)
        elif isinstance(updated_node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
            new = with_inlines(original_node, updated_node, self.plan.inlines)
            if original_node in self.plan.marked and isinstance(new, cst.SimpleStatementLine):
                new = with_mark(new)
        elif isinstance(updated_node, (cst.Module, cst.IndentedBlock)) and self.changes(original_node):
            new = self.with_imports(original_node, updated_node)
        return new  # type: ignore[return-value]

    def changes(self, suite: cst.CSTNode) -> bool:
        return suite in self.insertions or any(line in self.plan.removed for line in statements(suite))

    def with_imports(self, original: cst.CSTNode, updated: cst.Module | cst.IndentedBlock) -> cst.CSTNode:
        """Insert and remove whole import lines; the comments above a removed line pass to the next one."""
        body: list[cst.CSTNode] = []
        pending: list[cst.EmptyLine] = []

        def add(statement: cst.CSTNode, leading: Sequence[cst.EmptyLine]) -> None:
            body.append(statement.with_changes(leading_lines=join_leading(pending, leading)))
            pending.clear()

        originals, current = statements(original), statements(updated)
        for index in range(len(current) + 1):
            leading = list(getattr(current[index], "leading_lines", ())) if index < len(current) else []
            taken = 0
            for insertion in self.insertions.get(original, ()):
                if insertion.slot.index == index:
                    first, *rest = parse_statements(insertion.code)
                    add(first, leading[taken : insertion.slot.lead])
                    taken = max(taken, insertion.slot.lead)
                    body.extend(rest)
            if index == len(current):
                break
            if originals[index] in self.plan.removed:
                pending = join_leading(pending, leading[taken:])
            elif taken or pending:
                add(current[index], leading[taken:])
            else:
                body.append(current[index])
        footer = [*pending, *updated.footer] if any(line.comment for line in pending) else updated.footer
        return updated.with_changes(body=tuple(body), footer=tuple(footer))


def statements(suite: cst.CSTNode) -> Sequence[cst.CSTNode]:
    return suite.body if isinstance(suite, (cst.Module, cst.IndentedBlock)) else ()


def parse_statements(code: str) -> Sequence[cst.CSTNode]:
    return cst.parse_module(code + "\n").body


def join_leading(above: Sequence[cst.EmptyLine], own: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Join the leading lines of a removed statement and of the next, without doubling the blank lines between."""
    only_blank = above and not any(line.comment for line in above)
    if only_blank and own and own[0].comment is None:
        return list(own)
    return [*above, *own]


def with_parentheses(new: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
    if isinstance(updated, cst.BaseExpression) and isinstance(new, cst.BaseExpression):
        return new.with_changes(lpar=updated.lpar, rpar=updated.rpar)
    return new


def with_inlines(original: cst.CSTNode, updated: cst.CSTNode, inlines: Sequence[Inline]) -> cst.CSTNode:
    small = getattr(original, "body", ())
    body = list(getattr(updated, "body", ()))
    for inline in inlines:
        if inline.statement in small:
            index = small.index(inline.statement)
            parsed = parse_statements(inline.code)[0]
            assert isinstance(parsed, cst.SimpleStatementLine)
            semicolon = cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" "))
            last = body[index].semicolon
            body[index] = body[index].with_changes(semicolon=semicolon)
            body.insert(index + 1, parsed.body[0].with_changes(semicolon=last))
            return updated.with_changes(body=tuple(body))
    return updated


def with_mark(line: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
    trailing = line.trailing_whitespace
    if trailing.comment is None:
        space, comment = cst.SimpleWhitespace("  "), cst.Comment(UNUSED_IMPORT.strip())
        new = trailing.with_changes(whitespace=space, comment=comment)
    else:
        comment = trailing.comment.with_changes(value=trailing.comment.value + UNUSED_IMPORT)
        new = trailing.with_changes(comment=comment)
    return line.with_changes(trailing_whitespace=new)


def edits(file: File, choices: Sequence[Choice]) -> tuple[Edit, ...]:
    """Return the changes of `rewrite` as text edits, in the order of the file."""
    plan = plan_imports(file, choices)
    found = []
    for reference, neutral in choices:
        span = file.start(reference.node), file.end(reference.node)
        found.append(Edit(*span, neutral.text(plan.spelling[reference])))
        found += [Edit(file.start(one), file.start(one.value), "") for one in neutral.arguments]
    found += [insertion_edit(file, one) for one in plan.insertions]
    found += [Edit(*(file.end(one.statement),) * 2, f"; {one.code}") for one in plan.inlines]
    for old, new in plan.rewritten.items():
        if file.names.parents[old] not in plan.removed:
            code = file.code(new).replace("\n", "\n" + indent_at(file, old))
            found.append(Edit(file.start(old), file.end(old), code))
    found += [removal_edit(file, one, plan) for one in plan.removed]
    found += [mark_edit(file, one) for one in plan.marked]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def indent_at(file: File, node: cst.CSTNode) -> str:
    line = file.lines[file.start(node).row - 1]
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def insertion_edit(file: File, insertion: Insertion) -> Edit:
    body = statements(insertion.suite)
    newline = file.module.default_newline
    index, lead = insertion.slot.index, insertion.slot.lead
    indent = indent_at(file, body[0])
    text = "".join(f"{indent}{line}{newline}" for line in insertion.code.split("\n"))
    if index < len(body):
        row = first_row(file, body[index]) + lead
    else:
        row = file.end(body[-1]).row + 1
        if row > len(file.lines) and not file.module.has_trailing_newline:
            end = Position(row - 1, len(file.lines[-1]) + 1)
            return Edit(end, end, newline + text.removesuffix(newline))
    return Edit(Position(row, 1), Position(row, 1), text)


def first_row(file: File, statement: cst.CSTNode) -> int:
    """Return the row on which the comments and blank lines above `statement` start."""
    decorators = getattr(statement, "decorators", ())
    node = decorators[0] if decorators else statement
    return file.start(node).row - len(getattr(statement, "leading_lines", ()))


def removal_edit(file: File, line: cst.CSTNode, plan: ImportPlan) -> Edit:
    suite = file.names.parents[line]
    body = list(statements(suite))
    index = body.index(line)
    start, end = file.start(line).row, file.end(line).row + 1
    leading = getattr(line, "leading_lines", ())
    following = getattr(body[index + 1], "leading_lines", ()) if index + 1 < len(body) else ()
    refilled = any(one.suite is suite and one.slot.index == index + 1 for one in plan.insertions)
    if leading and following and not refilled and not any(one.comment for one in (*leading, following[0])):
        start -= len(leading)
    return Edit(Position(start, 1), Position(end, 1), "")


def mark_edit(file: File, line: cst.CSTNode) -> Edit:
    row = file.end(line).row
    text = file.lines[row - 1].rstrip("\r\n")
    end = Position(row, len(text) + 1)
    return Edit(end, end, UNUSED_IMPORT)


def apply_edits(lines: Sequence[str], changes: Sequence[Edit]) -> str:
    """Return the text with `changes` made; they must not overlap."""
    text = "".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for edit in sorted(changes, key=lambda one: (one.start, one.end), reverse=True):
        start = starts[edit.start.row - 1] + edit.start.column - 1
        end = starts[edit.end.row - 1] + edit.end.column - 1
        text = text[:start] + edit.content + text[end:]
    return text
