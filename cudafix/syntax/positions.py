"""Module → where each of its nodes stands.

libcst's own PositionProvider gives the same places, and takes five times as long: it splits every token at line ends,
and makes an object for each place. Here a node gets two offsets into the text; rows and columns are worked out for
those that are asked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

import libcst as cst

from cudafix.model import Position

LINE_END = re.compile(r"\r\n?|\n")


class Positions:
    """The places of all nodes of a module; rows and columns count from 1, columns in characters."""

    def __init__(self, module: cst.Module) -> None:
        writer = Writer(module)
        module._codegen(writer)  # type: ignore[arg-type] # what `Module.code` and PositionProvider call
        self.starts, self.ends = writer.starts, writer.ends
        self.lines = [0, *(match.end() for match in LINE_END.finditer("".join(writer.tokens)))]

    def __contains__(self, node: cst.CSTNode) -> bool:
        return node in self.starts

    def __iter__(self) -> Iterator[cst.CSTNode]:
        return iter(self.starts)

    def start(self, node: cst.CSTNode) -> Position:
        """Return where `node` starts, white space and comments that belong to it left out."""
        return self.place(self.starts[node])

    def end(self, node: cst.CSTNode) -> Position:
        """Return the place after the last character of `node`."""
        return self.place(self.ends[node])

    def place(self, offset: int) -> Position:
        row = bisect_right(self.lines, offset)
        return Position(row, offset - self.lines[row - 1] + 1)


class Writer:
    """What nodes write their code to (libcst's CodegenState, by its shape): it notes where they begin and end."""

    def __init__(self, module: cst.Module) -> None:
        self.default_indent = module.default_indent
        self.default_newline = module.default_newline
        self.tokens: list[str] = []
        self.indents: list[str] = []
        self.offset = 0
        self.begun: list[int] = []
        self.syntactic: list[tuple[cst.CSTNode, cst.CSTNode | None, cst.CSTNode | None, int]] = []
        self.starts: dict[cst.CSTNode, int] = {}
        self.ends: dict[cst.CSTNode, int] = {}

    def increase_indent(self, value: str) -> None:
        self.indents.append(value)

    def decrease_indent(self) -> None:
        self.indents.pop()

    def add_indent_tokens(self) -> None:
        for indent in self.indents:
            self.add_token(indent)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def pop_trailing_newline(self) -> None:
        """Leave the line end that the file has not: nothing stands after it."""

    def before_codegen(self, node: cst.CSTNode) -> None:
        self.begun.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        begun = self.begun.pop()
        if node not in self.starts:
            self.starts[node] = begun
            self.ends[node] = self.offset

    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Writer:
        """Note the place of a node without its white space: from here to the end of the `with` block."""
        self.syntactic.append((node, start_node, end_node, self.offset))
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        node, first, last, begun = self.syntactic.pop()
        self.starts[node] = begun if first is None else self.starts[first]
        self.ends[node] = self.offset if last is None else self.ends[last]
