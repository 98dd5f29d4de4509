"""A notebook of marimo → its cells: which names each defines and uses, and what its first and last line say.

A cell is a function whose parameters are names of other cells and which returns its own. marimo runs the cells in the
order that these names ask for, wherever they stand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from symtable import SymbolTable, symtable

from cudafix.syntax.python_parser import parse
from cudafix.syntax.quiet import without_warnings

LONGEST_LINE = 79
"""Columns that a line which marimo writes has at most, where it may be broken."""

INDENT = "    "
CELL = "__cell__"
ENDS_HEADER = re.compile(r":\s*(?:#.*)?$")


@dataclass(frozen=True)
class MarimoCell:
    """A cell: where its lines begin and end, from 0 on and the end left out.

    Attributes:
        first: its first line, that of the decorator.
        body: the line behind its signature.
        returns: the line of its last statement, where that is the `return`; else `end`.
        end: the line behind it.
    """

    first: int
    body: int
    returns: int
    end: int


class CellCode:
    """What the body of a cell, without its `return`, binds and reads."""

    def __init__(self, body: str) -> None:
        self.defined: set[str] = set()
        """The names that other cells may use: those with an underscore in front are the cell's own."""
        self.read: set[str] = set()
        self.is_python = True
        lines = [f"async def {CELL}():", *([body] if body.strip() else []), f"{INDENT}pass", ""]
        try:
            with without_warnings():
                self.look_at(symtable("\n".join(lines), CELL, "exec").get_children()[0])
        except (SyntaxError, ValueError, RecursionError):
            self.is_python = False

    def look_at(self, table: SymbolTable) -> None:
        local = {one.get_name() for one in table.get_symbols() if one.is_local()}
        self.defined = {one for one in local if not one.startswith("_")}
        waiting = [table]
        while waiting:
            inner = waiting.pop()
            self.read |= {one.get_name() for one in inner.get_symbols() if one.is_global()}
            waiting += inner.get_children()


def find_cells(text: str) -> list[MarimoCell]:
    """Return the cells of a notebook, in the order of the file; none where it is none."""
    tree = parse(text)
    body = tree.body if tree is not None else []
    apps = {name for one in body for name in apps_of(one)}
    cells = [one for one in body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_cell(one, apps)]
    lines = text.split("\n")
    return [cell for one in cells if (cell := place_of(one, lines)) is not None]


def apps_of(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that are bound to `marimo.App()`."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if getattr(function, "attr", getattr(function, "id", "")) == "App":
            yield from (one.id for one in statement.targets if isinstance(one, ast.Name))


def is_cell(function: ast.FunctionDef | ast.AsyncFunctionDef, apps: set[str]) -> bool:
    marks = [one.func if isinstance(one, ast.Call) else one for one in function.decorator_list]
    owners = [one.value for one in marks if isinstance(one, ast.Attribute) and one.attr == "cell"]
    return any(isinstance(one, ast.Name) and one.id in apps for one in owners)


def place_of(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: Sequence[str]) -> MarimoCell | None:
    """Return where a cell stands; None for one on a single line, which marimo does not write."""
    last = max([function.lineno, *(one.end_lineno or one.lineno for one in function.args.args)])
    while last < len(lines) and not ENDS_HEADER.search(lines[last - 1]):
        last += 1
    end = function.end_lineno or function.lineno
    if last >= function.body[0].lineno:
        return None
    final = function.body[-1]
    returns = final.lineno - 1 if isinstance(final, ast.Return) else end
    return MarimoCell(function.decorator_list[0].lineno - 1, last, returns, end)


def in_order(codes: Sequence[CellCode]) -> list[int] | None:
    """Return the numbers of cells in an order in which each name is defined before it is used; None for a circle."""
    homes = {name: number for number, one in enumerate(codes) for name in one.defined}
    graph = {number: {homes[name] for name in one.read if name in homes} for number, one in enumerate(codes)}
    if all(before < number for number, needed in graph.items() for before in needed):
        return list(range(len(codes)))
    sorter = TopologicalSorter(graph)
    found: list[int] = []
    try:
        sorter.prepare()
        while sorter.is_active():
            ready = sorted(sorter.get_ready())
            found += ready
            sorter.done(*ready)
    except CycleError:
        return None
    return found


def unparsable_cells(text: str) -> Iterator[tuple[int, str]]:
    """Yield the cells that marimo keeps as text, with their rows: `app._unparsable_cell(…)`."""
    tree = parse(text)
    for node in tree.body if tree is not None else ():
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "_unparsable_cell" and call.args:
            value = getattr(call.args[0], "value", None)
            if isinstance(value, str):
                yield node.lineno, value


# What the first and the last line say


def with_parameters(header: str, gone: set[str], new: set[str]) -> str:
    """Return a decorator and the line with `def`, with other parameters, as marimo writes them."""
    tree = parse(f"{header.rstrip()}\n{INDENT}pass\n")
    function = tree.body[0] if tree is not None and tree.body else None
    found = re.search(r"(?m)^(?:async[ \t]+)?def[ \t]+\w+", header)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or found is None or not gone | new:
        return header
    old = {one.arg: ast.unparse(one) for one in function.args.args}
    whole = {**{name: text for name, text in old.items() if name not in gone}, **{name: name for name in new}}
    closing = f") -> {ast.unparse(function.returns)}:" if function.returns is not None else "):"
    return header[: found.start()] + tuple_text(f"{found[0]}(", [whole[name] for name in sorted(whole)], closing)


def with_returned(text: str, gone: set[str], new: set[str]) -> str:
    """Return the `return` of a cell, with other names, as marimo writes it."""
    names = set(re.findall(r"\w+", text.replace("return", "", 1)))
    if not (gone & names) | new:
        return text
    left = sorted((names - gone) | new)
    if not left:
        return f"{INDENT}return"
    if len(left) == 1:
        return f"{INDENT}return ({left[0]},)"
    return tuple_text(f"{INDENT}return (", left, ")", INDENT)


def tuple_text(opening: str, parts: Sequence[str], closing: str, indent: str = "") -> str:
    line = opening + ", ".join(parts) + closing
    if len(line) <= LONGEST_LINE or not parts:
        return line
    return "\n".join([opening, *(f"{indent}{INDENT}{one}," for one in parts), indent + closing])


# Names


def with_names(code: str, names: Mapping[str, str]) -> str:
    """Return the body of a cell in which some names that it imports are others; "" leaves an import out."""
    lines = f"if 1:\n{code}".split("\n")
    tree = parse("\n".join(lines))
    edits: list[tuple[int, int, int, int, str]] = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and names.get(node.id):
            edits.append((*place(node), names[node.id]))
        elif isinstance(node, ast.ImportFrom) and any((one.asname or one.name) in names for one in node.names):
            new = ast.ImportFrom(node.module, list(renamed(node.names, names)), node.level)
            edits.append((*place(node), ast.unparse(new) if new.names else ""))
    for row, column, end_row, end, text in sorted(edits, reverse=True):
        before, after = lines[row - 1].encode()[:column].decode(), lines[end_row - 1].encode()[end:].decode()
        is_left = bool(text or before.strip() or after.strip())
        lines[row - 1 : end_row] = [before + text + after] if is_left else []
    return "\n".join(lines[1:])


def renamed(aliases: Sequence[ast.alias], names: Mapping[str, str]) -> Iterator[ast.alias]:
    for alias in aliases:
        local = alias.asname or alias.name
        new = names.get(local, local)
        if new:
            yield ast.alias(alias.name, new if new != alias.name else None)


def place(node: ast.expr | ast.stmt) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0
