"""Operations → the new module, by a libcst transformer; `text_edits` says the same as text.

A change is a function of the *updated* node, looked up by the original one, so that fixes inside fixed nodes compose.
Each replaces the smallest node that will do: the function's name, a keyword, an import statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile, takewhile
from typing import TypeVar

import libcst as cst

from cudafix.fixes.import_placement import leading_lines
from cudafix.fixes.import_planner import ImportPlan, Inline, Insertion, plan_imports
from cudafix.fixes.import_text import marked_unused
from cudafix.fixes.line_wrapping import rooms, wrapped
from cudafix.fixes.operations import NodeChange, Operations, Wording
from cudafix.syntax.module import File
from cudafix.syntax.tree import BLOCKS

Node = TypeVar("Node", bound=cst.CSTNode)


def rewrite(file: File, operations: Operations) -> cst.Module:
    """Return the module with every operation carried out and the imports that this needs."""
    return file.module.visit(Rewriter(operations, plan_imports(file, operations), file))


class Rewriter(cst.CSTTransformer):
    def __init__(self, operations: Operations, plan: ImportPlan, file: File) -> None:
        super().__init__()
        self.plan = plan
        self.indent = file.module.default_indent
        self.rooms = rooms(file, operations)
        self.substitutions = {one.place.node: one for one in operations.substitutions}
        self.arguments = {argument for _, replacement in operations.substitutions for argument in replacement.arguments}
        self.fronts: dict[cst.CSTNode, list[NodeChange]] = {}
        self.in_blocks: dict[cst.CSTNode, NodeChange] = {}
        self.elsewhere: dict[cst.CSTNode, NodeChange] = {}
        for change in operations.changes:
            if change.before:
                self.fronts.setdefault(change.node, []).append(change)
                continue
            is_in_block = isinstance(file.tree.parents[change.node], BLOCKS)
            (self.in_blocks if is_in_block else self.elsewhere)[change.node] = change
        self.wordings: dict[cst.CSTNode, list[Wording]] = {}
        for wording in operations.wordings:
            self.wordings.setdefault(wording.node, []).append(wording)
        self.insertions: dict[cst.CSTNode, list[Insertion]] = {}
        for insertion in plan.insertions:
            self.insertions.setdefault(insertion.suite, []).append(insertion)

    def on_visit(self, node: cst.CSTNode) -> bool:
        return True

    def on_leave(self, original_node: Node, updated_node: Node) -> Node | cst.FlattenSentinel[Node]:
        new: cst.CSTNode | cst.FlattenSentinel[cst.CSTNode] = updated_node
        if original_node in self.substitutions:
            substitution = self.substitutions[original_node]
            text = substitution.replacement.text(*self.plan.spelling[substitution])
            if isinstance(original_node, cst.FormattedStringText):
                return cst.FlattenSentinel(parts_of_string(text))  # type: ignore[arg-type]
            new = with_parentheses(cst.parse_expression(text), updated_node)
        elif original_node in self.elsewhere:
            new = self.elsewhere[original_node].made(updated_node, self.plan.spelling)  # type: ignore[assignment]
        elif original_node in self.wordings:
            assert isinstance(updated_node, (cst.Comment, cst.SimpleString))
            new = updated_node.with_changes(value=reworded(updated_node.value, self.wordings[original_node]))
        elif original_node in self.arguments:
            assert isinstance(updated_node, cst.Arg)
            new = updated_node.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
        elif isinstance(original_node, (cst.Import, cst.ImportFrom)):
            new = self.plan.rewritten.get(original_node, updated_node)
        elif isinstance(updated_node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
            new = with_inlines(original_node, updated_node, self.plan.inlines)
            if original_node in self.plan.marked:
                new = with_mark(new)
        elif isinstance(updated_node, (cst.Module, cst.IndentedBlock)) and self.is_touched(original_node):
            new = self.with_statements(original_node, updated_node)
        if original_node in self.rooms and isinstance(new, cst.CSTNode):
            new = wrapped(new, self.rooms[original_node], self.indent)
        return new  # type: ignore[return-value]

    def is_touched(self, suite: cst.CSTNode) -> bool:
        touched = self.plan.removals.keys() | self.in_blocks.keys() | self.fronts.keys()
        return suite in self.insertions or any(line in touched for line in statements(suite))

    def with_statements(self, original: cst.CSTNode, updated: cst.Module | cst.IndentedBlock) -> cst.CSTNode:
        """Insert, remove and replace whole statements; the comments above a removed one pass to the next."""
        body: list[cst.CSTNode] = []
        pending: list[cst.EmptyLine] = []
        skipped = 0
        closes_up = False

        def add(statement: cst.CSTNode, leading: Sequence[cst.EmptyLine]) -> None:
            body.append(statement.with_changes(leading_lines=[*pending, *leading]))
            pending.clear()

        for index, old in enumerate([*statements(original), None]):
            leading = leading_lines(statements(updated)[index])[skipped:] if old is not None else ()
            leading = without_gap(leading) if closes_up else leading
            taken, closes_up = 0, False
            for insertion in self.insertions.get(original, ()):
                if insertion.slot.index == index:
                    gap = [cst.EmptyLine(indent=False)] if insertion.slot.apart else []
                    lead = max(taken, insertion.slot.lead - skipped)
                    add(parse_statement(insertion.code), [*leading[taken:lead], *gap])
                    taken = lead
            for front in self.fronts.get(old, ()) if old is not None else ():
                for statement in front.statements(statements(updated)[index], self.plan.spelling):
                    add(statement, leading_lines(statement))
            if old in self.plan.removals:
                removal = self.plan.removals[old]
                pending += leading[taken : len(leading) - removal.above]
                skipped = removal.below
            elif old in self.in_blocks:
                new = self.in_blocks[old].statements(statements(updated)[index], self.plan.spelling)
                for number, statement in enumerate(new):
                    own = leading_lines(statement)
                    add(statement, [*leading[taken:], *own[len(leading_lines(old)) :]] if number == 0 else own)
                if not new:  # the comments above it, which are about it, go as well
                    closes_up = bool(leading) or not body
                    pending += takewhile(lambda line: line.comment is None, leading[taken:])
                skipped = 0
            elif old is not None:
                add(statements(updated)[index], leading[taken:])
                skipped = 0
        footer = [*pending, *updated.footer] if any(line.comment for line in pending) else updated.footer
        return updated.with_changes(body=tuple(body), footer=tuple(footer))


def statements(suite: cst.CSTNode) -> Sequence[cst.CSTNode]:
    return suite.body if isinstance(suite, BLOCKS) else ()


def reworded(text: str, wordings: Sequence[Wording]) -> str:
    """Return `text` with some of its words replaced, from the last to the first."""
    for wording in sorted(wordings, key=lambda one: one.start, reverse=True):
        text = text[: wording.start] + wording.text + text[wording.end :]
    return text


def without_gap(lines: Sequence[cst.EmptyLine]) -> Sequence[cst.EmptyLine]:
    """Leave out the blank lines that `lines` begin with."""
    return tuple(dropwhile(lambda line: line.comment is None, lines))


def parts_of_string(text: str) -> Sequence[cst.BaseFormattedStringContent]:
    """Parse what stands between the quotes of an f-string."""
    string = cst.parse_expression(f'f"""{text}"""')
    assert isinstance(string, cst.FormattedString)
    return string.parts


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
