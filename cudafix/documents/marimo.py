"""A notebook of marimo → the module that its cells make in the order in which they run, and the way back.

Each cell is a block of its own there, and its parameters are the names of the module. On the way back, a name that a
fix imports is returned by the one cell that defines it and becomes a parameter of those that use it; what is imported
in several cells gets an underscore, which makes it the cell's own.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from cudafix.documents.marimo_cells import (
    CellCode,
    find_cells,
    in_order,
    unparsable_cells,
    with_names,
    with_parameters,
    with_returned,
)
from cudafix.documents.masks import NAMES_BACKEND
from cudafix.files.source import BETWEEN_CELLS, Source
from cudafix.model import NOT_READ, Finding, Position, Problem, Result
from cudafix.syntax.python_parser import parse

HEAD, LAST = "__cell_of_marimo__", "__end_of_cell__"
HEADER = re.compile(rf"\Aif {HEAD}\(\n*\):(?:\n|\Z)")
RETURNS = re.compile(rf"(?m)^    {LAST}\(\n*\)\s*\Z")
BETWEEN = re.compile(rf"(?m)^{re.escape(BETWEEN_CELLS)}\n")
LINE = re.compile(r"\bline (\d+)\b")


class NotPossible(Exception):
    """The names of the cells would no longer be as marimo wants them; the text says why."""


def check_marimo(source: Source, check: Callable[[Source], Result]) -> Result:
    """Deal with a notebook of marimo as `check` deals with the module that its cells make."""
    try:
        notebook = MarimoNotebook(source.data.decode("utf-8"))
    except UnicodeDecodeError:
        return check(source)
    if not notebook.cells or "\r" in notebook.text:
        return check(source)
    result = check(replace(source, data=notebook.code.encode()))
    unread = (Problem(source.path, NOT_READ + notebook.unread),) if notebook.unread else ()
    result = replace(result, problems=(*result.problems, *unread))
    same = replace(notebook.in_text(result), old_bytes=source.data)
    if result.new_bytes is None:
        return same
    try:
        new = notebook.with_code(result.new_bytes.decode())
    except NotPossible as error:
        left = (*same.fixed, *same.findings)
        problem = Problem(source.path, f"left as it was: {error}")
        return replace(same, new_bytes=None, findings=left, fixed=(), problems=(*result.problems, problem))
    after = MarimoNotebook(new)
    return replace(same, new_bytes=new.encode(), findings=after.in_text(result).findings)


@dataclass(frozen=True)
class Segment:
    """Lines of the file that stay together; `cell` is the number of the cell that they are, if they are one."""

    first: int
    end: int
    cell: int | None = None


class MarimoNotebook:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.cells = find_cells(text)
        self.codes = [CellCode("\n".join(self.lines[one.body : one.returns])) for one in self.cells]
        self.order = in_order(self.codes)
        self.segments = list(self.in_order_of_module())
        texts = [self.python_of(one) for one in self.segments]
        self.code = f"\n{BETWEEN_CELLS}\n".join(texts)
        self.first_rows = list(accumulate((one.count("\n") + 2 for one in texts), initial=1))[:-1]

    def in_order_of_module(self) -> list[Segment]:
        """Return the parts of the file as the module has them: in the places of cells, the cells in their order."""
        parts: list[Segment] = []
        done = 0
        for place, cell in enumerate(self.cells):
            number = self.order[place] if self.order is not None else place
            if done < cell.first:
                parts.append(Segment(done, cell.first))
            parts.append(Segment(self.cells[number].first, self.cells[number].end, number))
            done = cell.end
        return [*parts, Segment(done, len(self.lines))] if done < len(self.lines) else parts

    def python_of(self, segment: Segment) -> str:
        lines = self.lines[segment.first : segment.end]
        if segment.cell is None:
            return "\n".join(lines)
        cell = self.cells[segment.cell]
        head = f"if {HEAD}(" + "\n" * (cell.body - cell.first - 1) + "):"
        body = self.lines[cell.body : cell.returns]
        last = f"    {LAST}(" + "\n" * (cell.end - cell.returns - 1) + ")"
        return "\n".join([head, *body, *([last] if cell.returns < cell.end else [])])

    @property
    def unread(self) -> str:
        """What marimo keeps as text, since it could not read it, and names a backend."""
        found = [one for one in unparsable_cells(self.text) if NAMES_BACKEND.search(one[1])]
        return "; ".join(f"line {row}: a cell that marimo itself cannot read" for row, _ in found)

    # Places

    def place(self, position: Position) -> Position:
        index = max(bisect_right(self.first_rows, position.row) - 1, 0)
        segment = self.segments[index]
        row = segment.first + position.row - self.first_rows[index] + 1
        return Position(min(row, segment.end + 1), position.column)

    def in_text(self, result: Result) -> Result:
        problems = [
            replace(one, position=self.place(one.position) if one.position is not None else None)
            for one in result.problems
        ]
        findings, fixed = (tuple(map(self.moved, one)) for one in (result.findings, result.fixed))
        return replace(result, findings=findings, fixed=fixed, problems=tuple(problems), helpers=())

    def moved(self, finding: Finding) -> Finding:
        """Return a finding in its place in the file, without edits: signatures would have to change with them."""
        fix = replace(finding.fix, edits=()) if finding.fix is not None else None
        message, reason, words = (self.with_rows(one) for one in (finding.message, finding.reason, finding.help))
        start, end = self.place(finding.start), self.place(finding.end)
        return replace(finding, start=start, end=end, fix=fix, message=message, reason=reason, help=words)

    def with_rows(self, text: str) -> str:
        return LINE.sub(lambda found: f"line {self.place(Position(int(found[1]), 1)).row}", text)

    # What changes

    def with_code(self, code: str) -> str:
        """Return the notebook with the cells of a changed module.

        Raises:
            NotPossible: where marimo would refuse them.
        """
        parts = BETWEEN.split(code)
        if len(parts) != len(self.segments):
            raise NotPossible("its cells could not be told apart any more; please report this")
        new = [part.removesuffix("\n") for part in parts[:-1]] + parts[-1:]
        pairs = list(zip(self.segments, new, strict=True))
        bodies = {segment.cell: body_of(part) for segment, part in pairs if segment.cell is not None}
        rest = "\n".join(part for segment, part in pairs if segment.cell is None)
        made = Signatures(self.codes, [bodies[number] for number in range(len(self.cells))], rest)
        whole = {number: self.cell_text(number, made) for number in range(len(self.cells))}
        texts: dict[int, str] = {}
        for segment, part in pairs:
            texts[segment.first] = part if segment.cell is None else whole[segment.cell]
        return "\n".join(texts[first] for first in sorted(texts))

    def cell_text(self, number: int, made: Signatures) -> str:
        cell = self.cells[number]
        header = "\n".join(self.lines[cell.first : cell.body])
        returned = "\n".join(self.lines[cell.returns : cell.end])
        gone, new = made.parameters(number)
        dropped, added = made.returned(number)
        if added and not returned:
            returned = "    return"
        body = made.bodies[number]
        last = with_returned(returned, dropped, added) if returned else ""
        return "\n".join([with_parameters(header, gone, new), *([body] if body else []), *([last] if last else [])])


class Signatures:
    """What the cells define and use after a fix, where each name has one home."""

    def __init__(self, before: Sequence[CellCode], bodies: Sequence[str], rest: str) -> None:
        self.before = before
        self.bodies = list(bodies)
        self.outside = names_outside(rest)
        self.after = [CellCode(one) for one in self.bodies]
        self.settle()

    def settle(self) -> None:
        """Give each new name one home, from which the other cells have it; where that is a circle, it is their own."""
        order = in_order(self.before) or []
        added = [after.defined - before.defined for before, after in zip(self.before, self.after, strict=True)]
        for name in sorted(set().union(*added)):
            homes = [number for number in order if name in added[number]]
            homes.sort(
                key=lambda number: bool(with_names(self.bodies[number], {name: ""}).strip())
            )  # no cell is left empty
            others = [one for number, one in enumerate(self.after) if number not in homes]
            is_there = name in self.outside or any(name in one.defined for one in others)
            self.have_from_home(homes if is_there else homes[1:], name)
        if not all(one.is_python for one in self.after) or in_order(self.after) is None:
            raise NotPossible("its cells need each other in a circle")

    def have_from_home(self, cells: Sequence[int], name: str) -> None:
        bodies, after = list(self.bodies), list(self.after)
        self.change(cells, {name: ""})
        if in_order(self.after) is None:
            self.bodies, self.after = bodies, after
            self.change(cells, {name: f"_{name}"})

    def change(self, cells: Sequence[int], names: Mapping[str, str]) -> None:
        """Give names that cells import other ones, or leave their imports out."""
        for number in cells:
            for local in filter(None, names.values()):
                if re.search(rf"\b{local}\b", self.bodies[number]):
                    raise NotPossible(f"`{local}` is another name in a cell")
            self.bodies[number] = with_names(self.bodies[number], names)
            self.after[number] = CellCode(self.bodies[number])

    def users_of(self, name: str, codes: Sequence[CellCode], home: int) -> bool:
        return any(name in one.read for number, one in enumerate(codes) if number != home)

    def parameters(self, number: int) -> tuple[set[str], set[str]]:
        """Return the parameters that a cell loses, and those that it gets."""
        before, after = self.before[number], self.after[number]
        elsewhere = {name for other, one in enumerate(self.after) if other != number for name in one.defined}
        return before.read - after.read, (after.read - before.read) & elsewhere - self.outside

    def returned(self, number: int) -> tuple[set[str], set[str]]:
        """Return the names that a cell no longer returns, and those that it does now."""
        before, after = self.before[number], self.after[number]
        unused = {
            one for one in before.defined
            if self.users_of(one, self.before, number) and not self.users_of(one, self.after, number)
        }  # fmt: skip
        new = {one for one in after.defined - before.defined if self.users_of(one, self.after, number)}
        return (before.defined - after.defined) | unused, new


def body_of(part: str) -> str:
    """Return the lines of a cell between what stands for its signature and what stands for its `return`."""
    found = HEADER.match(part)
    if found is None:
        raise NotPossible("a cell lost its signature; please report this")
    body = RETURNS.sub("", part[found.end() :]).removesuffix("\n")
    if HEAD in body or LAST in body:
        raise NotPossible("a cell lost its end; please report this")
    return body


def names_outside(rest: str) -> set[str]:
    """Return the names that what is no cell defines, in a block with `app.setup` as well."""
    tree = parse(rest)
    found: set[str] = set()
    waiting: list[ast.stmt] = list(tree.body) if tree is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.With):
            waiting += node.body
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(one.asname or one.name).partition(".")[0] for one in node.names}
        elif isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return found
