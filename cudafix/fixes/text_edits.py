"""Operations → text edits: what `rewriter` does to the tree, said as replacements of text.

Expressions and imports are edits of their own. A statement that changes its shape is compared line by line with what
becomes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

import libcst as cst

from cudafix.fixes.import_planner import ImportPlan, Insertion, Removal, plan_imports
from cudafix.fixes.import_text import marked_unused
from cudafix.fixes.line_wrapping import rooms
from cudafix.fixes.operations import Operations, Wording
from cudafix.fixes.rewriter import Rewriter, statements
from cudafix.model import Edit, Position
from cudafix.syntax.module import File, split_lines
from cudafix.syntax.tree import BLOCKS


def edits(file: File, operations: Operations) -> tuple[Edit, ...]:
    """Return what `rewrite` changes as text edits, in the order of the file."""
    plan = plan_imports(file, operations)
    single = list(single_edits(file, operations, plan))
    roots = find_roots(file, operations, plan, single)
    found = [edit for root in roots for edit in compared(file, root, operations, plan)]
    if roots != [file.module]:
        found += [one for node, one in single if not is_below(node, roots, file)]
        done = [rows_of(root, file) for root in roots]
        words = [wording_edit(file, one) for one in operations.wordings]
        found += [word for word in words if not any(word.start.row in rows for rows in done)]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def find_roots(
    file: File, operations: Operations, plan: ImportPlan, single: Iterable[tuple[cst.CSTNode, Edit]]
) -> list[cst.CSTNode]:
    """Return the smallest statements, none inside another, that hold each change and the block it stands in.

    A statement that goes on several lines, since one would be too long, is one of them.
    """
    roots = {owner(file, change.node) for change in operations.changes}
    growth: Counter[int] = Counter()
    for _, edit in single:
        growth[edit.start.row] += len(edit.content) - (edit.end.column - edit.start.column)
    for statement, room in rooms(file, operations).items():
        row = file.start(statement).row
        width = len(file.lines[row - 1].strip()) + growth[row]
        is_split = file.code(statement).count("\n") > 0
        if (width > room or is_split) and is_wrapped(statement, file, operations, plan):
            roots.add(statement)
    if file.module in roots or (roots and not file.module.has_trailing_newline):
        return [file.module]
    return [one for one in roots if roots.isdisjoint(file.tree.ancestors(one))]


def is_wrapped(statement: cst.CSTNode, file: File, operations: Operations, plan: ImportPlan) -> bool:
    new = statement.visit(Rewriter(operations, plan, file))
    return isinstance(new, cst.CSTNode) and file.code(new).count("\n") != file.code(statement).count("\n")


def owner(file: File, node: cst.CSTNode) -> cst.CSTNode:
    """Return the statement, of a block or of the module, whose block `node` stands in; for none, the module."""
    around = file.tree.ancestors(node)
    blocks = [one for one in around if isinstance(one, BLOCKS)]
    outside = file.tree.ancestors(blocks[0])
    return next((one for one in outside if isinstance(file.tree.parents.get(one), BLOCKS)), file.module)


def is_below(node: cst.CSTNode, roots: list[cst.CSTNode], file: File) -> bool:
    return any(root is node or root in file.tree.ancestors(node) for root in roots)


def rows_of(root: cst.CSTNode, file: File) -> range:
    """Return the rows that `compared` compares: from the comments above `root` to those at the end of its block."""
    first = first_row(file, root)
    return range(first, first + len(split_lines(code_of(root, file, root))))


def compared(file: File, root: cst.CSTNode, operations: Operations, plan: ImportPlan) -> Iterator[Edit]:
    """Yield the edits that make of the lines of `root` what the operations make of it."""
    new = root.visit(Rewriter(operations, plan, file))
    assert isinstance(new, cst.CSTNode)
    first = 1 if root is file.module else first_row(file, root)
    before, after = (split_lines(code_of(one, file, root)) for one in (root, new))
    for tag, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            places = Position(first + start, 1), Position(first + end, 1)
            if first + end > len(file.lines):
                places = places[0], end_of_text(file)
            yield Edit(*places, "".join(after[new_start:new_end]))


def code_of(node: cst.CSTNode, file: File, root: cst.CSTNode) -> str:
    """Return the lines of `node`, indented as `root` is, with the comments and blank lines above."""
    indent = file.indent(root)
    if isinstance(node, cst.Module) or not indent:
        return file.code(node)
    block = cst.IndentedBlock([node], indent=indent)  # type: ignore[list-item]
    return "".join(split_lines(file.code(block))[1:])


def single_edits(file: File, operations: Operations, plan: ImportPlan) -> Iterator[tuple[cst.CSTNode, Edit]]:
    """Yield the edits of expressions and imports, each with a node that it is about."""
    for substitution in operations.substitutions:
        node, replacement = substitution.place.node, substitution.replacement
        yield node, Edit(file.start(node), file.end(node), replacement.text(*plan.spelling[substitution]))
        for argument in replacement.arguments:
            yield argument, keyword_edit(file, argument)
    for insertion in sorted(plan.insertions, key=lambda one: -len(file.tree.ancestors(one.suite))):
        yield insertion.suite, insertion_edit(file, insertion)
    for inline in plan.inlines:
        yield inline.statement, Edit(*(file.end(inline.statement),) * 2, f"; {inline.code}")
    for old, new in plan.rewritten.items():
        code = file.code(new).replace("\n", "\n" + file.indent(old))
        yield old, Edit(file.start(old), file.end(old), code)
    for removal in plan.removals.values():
        yield removal.line, removal_edit(file, removal)
    for line in plan.marked:
        yield line, mark_edit(file, line)


def wording_edit(file: File, wording: Wording) -> Edit:
    start, end = (file.place_in(wording.node, offset) for offset in (wording.start, wording.end))
    return Edit(start, end, wording.text)


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
