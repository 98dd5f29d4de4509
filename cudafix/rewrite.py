"""Matches → new source: a libcst transformer for whole files, and the same changes as text edits (design D2, D3).

A change is a function of the *updated* node, looked up by the original one, so that fixes inside fixed nodes compose.
Each replaces the smallest node that will do: the function's name, a keyword, an import statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import libcst as cst

from cudafix.file import File, split_lines
from cudafix.import_style import leading_lines
from cudafix.import_text import marked_unused
from cudafix.imports import Choice, ImportPlan, Inline, Insertion, Removal, plan_imports
from cudafix.model import Edit, Position

Node = TypeVar("Node", bound=cst.CSTNode)


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
            if original_node in self.plan.marked:
                new = with_mark(new)
        elif isinstance(updated_node, (cst.Module, cst.IndentedBlock)) and self.changes(original_node):
            new = self.with_imports(original_node, updated_node)
        return new  # type: ignore[return-value]

    def changes(self, suite: cst.CSTNode) -> bool:
        return suite in self.insertions or any(line in self.plan.removals for line in statements(suite))

    def with_imports(self, original: cst.CSTNode, updated: cst.Module | cst.IndentedBlock) -> cst.CSTNode:
        """Insert and remove whole import lines; the comments above a removed line pass to the next one."""
        body: list[cst.CSTNode] = []
        pending: list[cst.EmptyLine] = []
        skipped = 0

        def add(statement: cst.CSTNode, leading: Sequence[cst.EmptyLine]) -> None:
            body.append(statement.with_changes(leading_lines=[*pending, *leading]))
            pending.clear()

        for index, old in enumerate([*statements(original), None]):
            leading = leading_lines(old)[skipped:] if old is not None else ()
            taken = 0
            for insertion in self.insertions.get(original, ()):
                if insertion.slot.index == index:
                    gap = [cst.EmptyLine(indent=False)] if insertion.slot.apart else []
                    lead = max(taken, insertion.slot.lead - skipped)
                    add(parse_statement(insertion.code), [*leading[taken:lead], *gap])
                    taken = lead
            if old in self.plan.removals:
                removal = self.plan.removals[old]
                pending += leading[taken : len(leading) - removal.above]
                skipped = removal.below
            elif old is not None:
                add(statements(updated)[index], leading[taken:])
                skipped = 0
        footer = [*pending, *updated.footer] if any(line.comment for line in pending) else updated.footer
        return updated.with_changes(body=tuple(body), footer=tuple(footer))


def statements(suite: cst.CSTNode) -> Sequence[cst.CSTNode]:
    return suite.body if isinstance(suite, (cst.Module, cst.IndentedBlock)) else ()


def parse_statement(code: str) -> cst.SimpleStatementLine:
    statement = cst.parse_statement(code)
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement


def with_parentheses(new: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
    if isinstance(updated, cst.BaseExpression) and isinstance(new, cst.BaseExpression):
        return new.with_changes(lpar=updated.lpar, rpar=updated.rpar)
    return new


def with_inlines(original: cst.CSTNode, updated: cst.CSTNode, inlines: Sequence[Inline]) -> cst.CSTNode:
    body: list[cst.BaseSmallStatement] = []
    for old, new in zip(getattr(original, "body", ()), getattr(updated, "body", ()), strict=True):
        body.append(new)
        for inline in inlines:
            if inline.statement is old:
                last = body[-1].semicolon
                body[-1] = body[-1].with_changes(semicolon=cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" ")))
                body.append(parse_statement(inline.code).body[0].with_changes(semicolon=last))
    return updated.with_changes(body=tuple(body))


def with_mark(line: cst.CSTNode) -> cst.CSTNode:
    assert isinstance(line, (cst.SimpleStatementLine, cst.SimpleStatementSuite))
    trailing = line.trailing_whitespace
    old = trailing.comment.value if trailing.comment is not None else ""
    space = trailing.whitespace if old else cst.SimpleWhitespace("  ")
    comment = cst.Comment(marked_unused(old))
    return line.with_changes(trailing_whitespace=trailing.with_changes(whitespace=space, comment=comment))


def edits(file: File, choices: Sequence[Choice]) -> tuple[Edit, ...]:
    """Return the changes of `rewrite` as text edits, in the order of the file."""
    plan = plan_imports(file, choices)
    found = []
    for reference, neutral in choices:
        span = file.start(reference.node), file.end(reference.node)
        found.append(Edit(*span, neutral.text(plan.spelling[reference])))
        found += [keyword_edit(file, one) for one in neutral.arguments]
    innermost_first = sorted(plan.insertions, key=lambda one: -len(file.names.ancestors(one.suite)))
    found += [insertion_edit(file, one) for one in innermost_first]
    found += [Edit(*(file.end(one.statement),) * 2, f"; {one.code}") for one in plan.inlines]
    for old, new in plan.rewritten.items():
        code = file.code(new).replace("\n", "\n" + file.indent(old))
        found.append(Edit(file.start(old), file.end(old), code))
    found += [removal_edit(file, one) for one in plan.removals.values()]
    found += [mark_edit(file, one) for one in plan.marked]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def keyword_edit(file: File, argument: cst.Arg) -> Edit:
    """Return the edit that takes `device=` off `f(device=x)`."""
    assert argument.keyword is not None
    assert isinstance(argument.equal, cst.AssignEqual)
    start = file.start(argument)
    *above, last = split_lines(file.code(argument.keyword) + file.code(argument.equal) + "\n")
    column = len(last) + (0 if above else start.column - 1)
    return Edit(start, Position(start.row + len(above), column), "")


def insertion_edit(file: File, insertion: Insertion) -> Edit:
    body = statements(insertion.suite)
    newline = file.module.default_newline
    slot = insertion.slot
    indent = file.indent(body[0])
    lines = [indent + line for line in insertion.code.split("\n")]
    text = "".join(line + newline for line in ([""] if slot.apart else []) + lines)
    if slot.index < len(body):
        row = first_row(file, body[slot.index]) + slot.lead
    else:
        row = file.end(body[-1]).row + 1
        if row > len(file.lines) and not file.module.has_trailing_newline:
            return Edit(end_of_text(file), end_of_text(file), newline + text.removesuffix(newline))
    return Edit(Position(row, 1), Position(row, 1), text)


def end_of_text(file: File) -> Position:
    return Position(len(file.lines), len(file.lines[-1]) + 1)


def first_row(file: File, statement: cst.CSTNode) -> int:
    """Return the row on which the comments and blank lines above `statement` start."""
    decorators = getattr(statement, "decorators", ())
    node = decorators[0] if decorators else statement
    return file.start(node).row - len(getattr(statement, "leading_lines", ()))


def removal_edit(file: File, removal: Removal) -> Edit:
    start = file.start(removal.line).row - removal.above
    end = file.end(removal.line).row + 1 + removal.below
    if end > len(file.lines) and start > 1 and not file.module.has_trailing_newline:
        return Edit(Position(start - 1, len(file.lines[start - 2].rstrip("\r\n")) + 1), end_of_text(file), "")
    return Edit(Position(start, 1), Position(end, 1), "")


def mark_edit(file: File, line: cst.CSTNode) -> Edit:
    assert isinstance(line, (cst.SimpleStatementLine, cst.SimpleStatementSuite))
    comment = line.trailing_whitespace.comment
    row = file.end(line).row
    column = len(file.lines[row - 1].rstrip("\r\n")) + 1
    if comment is None:
        return Edit(Position(row, column), Position(row, column), "  " + marked_unused(""))
    return Edit(Position(row, column - len(comment.value)), Position(row, column), marked_unused(comment.value))
