"""Source → File: the syntax tree of one module with its names and, on demand, the place of every node."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property

import libcst as cst

from cudafix.config.import_style import ImportStyle, import_style
from cudafix.files.source import Source
from cudafix.model import Position
from cudafix.syntax.name_table import NameTable
from cudafix.syntax.positions import LINE_END, Positions
from cudafix.syntax.scope_visitor import build_name_table
from cudafix.syntax.scopes import Binding, grouped
from cudafix.syntax.tree import Tree

FROM_BRACKET = re.compile(r"^from [\w.]{1,200} import \(\w[\w, ]{0,200},\n", re.MULTILINE)
LOST_BY_LIBCST = re.compile(rb"\f|\r(?!\n)")
"""What libcst does not keep everywhere: form feeds, and lone carriage returns."""

PEP8, BLACK, LONGEST_LIMIT = 79, 88, 120
"""Columns: what PEP 8 and black keep, and what nobody minds, where a project says nothing."""

ENOUGH_LINES = 100
"""From which on a file whose lines are short keeps them so on purpose."""


class File:
    """One parsed module. Rows count from 1, columns from 1, in characters."""

    def __init__(self, source: Source, shown: bytes | None = None, brought_by_stars: Set[str] = frozenset()) -> None:
        """Parse a module.

        Arguments:
            shown: a slice of it, of which the tree is made instead: its rows are those of the whole.
            brought_by_stars: packages that any star import is taken to bring.
        """
        self.brought_by_stars = brought_by_stars
        self.line_starts: dict[cst.CSTNode, Sequence[int]] = {}
        self.path = source.path
        self.data = source.data
        self.outside_uses = source.outside_uses
        self.module = cst.parse_module(source.data if shown is None else shown)

    @cached_property
    def names(self) -> NameTable:
        return build_name_table(self.module, self.brought_by_stars)

    @cached_property
    def style(self) -> ImportStyle:
        """How its project writes imports; where it says nothing of wrapping, as the file does."""
        style = import_style(self.path)
        return replace(style, wrapping="grid") if not style.wrapping and FROM_BRACKET.search(self.text) else style

    @cached_property
    def line_limit(self) -> int:
        """The columns that a line may have: what the project's settings say, else what the lines of the file keep."""
        longest = max((len(line.rstrip("\r\n")) for line in self.lines), default=0)
        least = PEP8 if len(self.lines) >= ENOUGH_LINES else BLACK
        return self.style.line_length or min(max(longest, least), LONGEST_LIMIT)

    @cached_property
    def tree(self) -> Tree:
        return self.names.tree

    @cached_property
    def attribute_writes(self) -> Mapping[str, Sequence[cst.Attribute]]:
        """The attributes that are assigned to or deleted, by their last name."""
        changed = [one for one in self.names.changed if isinstance(one, cst.Attribute)]
        return grouped((one.attr.value, one) for one in changed)

    @cached_property
    def value_bindings(self) -> Sequence[Binding]:
        """The names that are bound to the value of an expression."""
        bindings = [binding for scope in self.names.scopes for same in scope.bindings.values() for binding in same]
        return [one for one in bindings if one.value is not None]

    @cached_property
    def text(self) -> str:
        if self.module.default_newline == "\r" or LOST_BY_LIBCST.search(self.data):
            return self.module.code
        return self.data.decode(self.module.encoding).removeprefix("\ufeff")  # the same, and sooner

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends; only `\\n`, `\\r\\n` and `\\r` end one, as in Python's own tokenizer."""
        return split_lines(self.text)

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.module)

    @property
    def round_trips(self) -> bool:
        return self.module.bytes == self.data

    def start(self, node: cst.CSTNode) -> Position:
        return self.positions.start(node)

    def end(self, node: cst.CSTNode) -> Position:
        return self.positions.end(node)

    def rows(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the first and the last row of `node`."""
        return self.start(node).row, self.end(node).row

    def place_in(self, node: cst.Comment | cst.SimpleString, offset: int) -> Position:
        """Return where character number `offset` of a comment or a string literal stands."""
        if node not in self.line_starts:  # a docstring may be asked for hundreds of places
            self.line_starts[node] = [0, *(one.end() for one in LINE_END.finditer(node.value))]
        start, begun = self.start(node), self.line_starts[node]
        above = bisect_right(begun, offset) - 1
        column = offset - begun[above] + (1 if above else start.column)
        return Position(start.row + above, column)

    def indent(self, node: cst.CSTNode) -> str:
        """Return the white space at the start of the line that `node` starts on."""
        line = self.lines[self.start(node).row - 1]
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    def text_between(self, start: Position, end: Position) -> str:
        """Return the characters from `start` up to, not including, `end`."""
        rows = self.lines[start.row - 1 : end.row]
        if start >= end or not rows:
            return ""
        rows[-1] = rows[-1][: end.column - 1]
        rows[0] = rows[0][start.column - 1 :]
        return "".join(rows)

    def code(self, node: cst.CSTNode) -> str:
        return self.module.code_for_node(node)


def split_lines(text: str) -> list[str]:
    """Split after every line end that Python knows; `str.splitlines` would also split at form feeds."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)
