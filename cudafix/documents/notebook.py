"""A Jupyter notebook → the Python module that its code cells make, and a changed module → the notebook's bytes.

The cells stand below each other as they would run, with a string between them. What is no Python (magics, shell
commands, cells in other languages) becomes a call that fills as many rows, and comes back as it was. Of the document,
no byte changes but the lines of code that do.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TypeAlias

from cudafix.documents.json_spans import CHARACTER, Node, offsets_in, parse
from cudafix.documents.placeholders import MASK, OURS, WORD, imported_names, is_python
from cudafix.files.line_matcher import LineMatcher
from cudafix.files.source import BETWEEN_CELLS
from cudafix.model import Position

MASKED = re.compile(rf"(?m)^(?P<indent>[ \t]*)(?:[\w.,][\w., \t]*=\s*)?{MASK}\((?P<number>\d+)(?:, \w+)*,?\n*\)$")
MAGIC = re.compile(r"[ \t]*(?P<name>[\w.,][\w., \t]*=[ \t]*)?[%!].*|[ \t]*(?:\?{1,2}.*|[%\w.]+\?{1,2}\s*)")
RUNS_PYTHON = re.compile(r"\s*%%(?:time|timeit|capture|prun|memit|profile)\b")
Writer: TypeAlias = Callable[[str], str]
"""A line of code → how the document writes it."""


class NotebookError(Exception):
    """A document that is no notebook which can be read; the text says why."""


@dataclass(frozen=True)
class Cell:
    """A code cell: its number among all cells, from 1 on, and where its source stands in the document."""

    number: int
    source: Node

    @cached_property
    def text(self) -> str:
        value = self.source.value
        return value if isinstance(value, str) else "".join(one.value for one in value)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def line_starts(self) -> list[int]:
        """The number of the character on which each line begins."""
        return [*accumulate((len(one) + 1 for one in self.lines[:-1]), initial=0)]


class Notebook:
    def __init__(self, data: bytes) -> None:
        """Read a notebook.

        Raises:
            NotebookError: for what is none.
        """
        try:
            self.document = data.decode("utf-8")
            self.root = parse(self.document)
        except (ValueError, UnicodeDecodeError) as error:
            raise NotebookError(f"is no JSON: {error}") from None
        except RecursionError:
            raise NotebookError("is nested too deeply") from None
        self.originals: list[str] = []
        self.found_offsets: dict[int, array[int]] = {}

    @cached_property
    def is_python(self) -> bool:
        language = self.root.get("metadata", "language_info", "name") or self.root.get(
            "metadata", "kernelspec", "language"
        )
        return not isinstance(language, str) or language.lower() in ("python", "ipython", "")

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells that hold code.

        Raises:
            NotebookError: where the document has no cells as format 4 has them.
        """
        cells = self.root.get("cells")
        if not isinstance(cells, list):
            raise NotebookError("has no cells: notebooks are read in format 4")
        code = [(number, one) for number, one in enumerate(cells, 1) if one.get("cell_type") == "code"]
        return [Cell(number, one.value["source"]) for number, one in code if is_source(one)]

    @cached_property
    def masked(self) -> list[str]:
        return [self.python_of(cell.text) for cell in self.cells]

    @cached_property
    def code(self) -> str:
        """The module that the cells make."""
        return f"\n{BETWEEN_CELLS}\n".join(self.masked) + "\n" if self.is_python and self.cells else ""

    # What is no Python

    @cached_property
    def imported(self) -> frozenset[str]:
        """The names that the cells import: a magic that says one of them uses it."""
        return imported_names("\n".join(one.text for one in self.cells))

    def python_of(self, text: str) -> str:
        """Return the source of a cell, with as many rows, in which all is Python."""
        if "\r" in text or (text.lstrip().startswith("%%") and not RUNS_PYTHON.match(text)):
            return self.mask("", text)
        if is_python(text):
            return text
        masked = "\n".join(self.without_magics(text.split("\n")))
        return masked if is_python(masked) else self.mask("", text)

    def without_magics(self, lines: Sequence[str]) -> Iterator[str]:
        waiting = list(reversed(lines))
        while waiting:
            line = waiting.pop()
            found = MAGIC.fullmatch(line)
            if found is None:
                yield line
                continue
            while line.endswith("\\") and waiting:
                line += "\n" + waiting.pop()
            indent = line[: len(line) - len(line.lstrip(" \t"))]
            yield from self.mask(indent, line[len(indent) :], found["name"] or "").split("\n")

    def mask(self, indent: str, text: str, name: str = "") -> str:
        """Return a call that fills the rows of `text`, and binds `name =` where that does."""
        self.originals.append(text)
        rows = "\n" * text.count("\n")
        used = "".join(f", {one}" for one in dict.fromkeys(WORD.findall(text)) if one in self.imported)
        return f"{indent}{name}{MASK}({len(self.originals) - 1}{used}{',' if rows else ''}{rows})"

    def unmasked(self, code: str) -> str:
        return MASKED.sub(lambda found: found["indent"] + self.originals[int(found["number"])], code)

    # Places

    @cached_property
    def first_rows(self) -> list[int]:
        """The row of the module on which each cell starts."""
        return list(accumulate((one + 1 for one in self.heights), initial=1))[:-1]

    @cached_property
    def heights(self) -> list[int]:
        """How many rows of the module each cell has."""
        return [one.count("\n") + 1 for one in self.masked]

    def index_of(self, row: int) -> int:
        return max(bisect_right(self.first_rows, row) - 1, 0)

    def place(self, position: Position) -> Position:
        """Return the place in its cell of a place in the module."""
        index = self.index_of(position.row)
        row = position.row - self.first_rows[index] + 1
        return Position(min(row, self.heights[index] + 1), position.column, self.cells[index].number)

    def place_in_document(self, position: Position) -> Position:
        """Return the place in the document, as an editor shows it, of a place in the module."""
        index = self.index_of(position.row)
        cell, row = self.cells[index], position.row - self.first_rows[index]
        row = min(row, len(cell.lines) - 1)
        column = min(position.column - 1, len(cell.lines[row]))
        offset = self.offsets(cell)[cell.line_starts[row] + column]
        above = bisect_right(self.row_starts, offset)
        return Position(above, offset - self.row_starts[above - 1] + 1)

    @cached_property
    def row_starts(self) -> list[int]:
        """Where the rows of the document begin."""
        return [0, *(one.end() for one in re.finditer("\n", self.document))]

    def offsets(self, cell: Cell) -> array[int]:
        """Return where each character of a cell stands in the document, and its end; each finding asks for two."""
        if cell.number not in self.found_offsets:
            strings = [cell.source] if isinstance(cell.source.value, str) else cell.source.value
            places = array("q", (at for one in strings for at in offsets_in(self.document, one)))
            places.append(strings[-1].end - 1 if strings else cell.source.start)
            self.found_offsets[cell.number] = places
        return self.found_offsets[cell.number]

    # What changes

    def with_code(self, code: str) -> bytes:
        """Return the document with the cells that a changed module makes.

        Raises:
            NotebookError: where the module is no longer made of as many cells.
        """
        parts = re.split(rf"(?m)^{BETWEEN_CELLS}\n", code)
        if len(parts) != len(self.cells):
            raise NotebookError("its cells could not be told apart any more")
        pieces: list[str] = []
        done = 0
        for cell, part in zip(self.cells, parts, strict=True):
            new = self.unmasked(part.removesuffix("\n"))
            if OURS in new and OURS not in cell.text:
                raise NotebookError("what stood for a line that is no Python would stay")
            if new != cell.text:
                pieces += [self.document[done : cell.source.start], self.rendered(cell, new)]
                done = cell.source.end
        return "".join([*pieces, self.document[done:]]).encode("utf-8")

    def rendered(self, cell: Cell, text: str) -> str:
        """Return the JSON of a cell's new source: unchanged lines as they were written."""
        if isinstance(cell.source.value, str):
            raw = self.document[cell.source.start + 1 : cell.source.end - 1]
            return '"' + "".join(self.merged(raw_lines(raw), cell.text, text, self.inside)) + '"'
        items = cell.source.value
        is_by_line = [one.value for one in items] == lines_of(cell.text)
        old = [self.document[one.start : one.end] for one in items] if is_by_line else []
        opening, between, closing = self.layout(cell.source)
        return "[" + opening + between.join(self.merged(old, cell.text, text, self.quoted)) + closing + "]"

    def merged(self, raw: Sequence[str], before: str, after: str, write: Writer) -> list[str]:
        old, new = lines_of(before), lines_of(after)
        if len(raw) != len(old):
            return [write(one) for one in new]
        lines: list[str] = []
        for tag, start, end, first, last in LineMatcher(old, new).get_opcodes():
            lines += raw[start:end] if tag == "equal" else [write(one) for one in new[first:last]]
        return lines

    def layout(self, source: Node) -> tuple[str, str, str]:
        """Return what stands behind the opening bracket of a list, between its items, and before the closing one."""
        items = source.value
        if not items:
            return "", ", ", ""
        opening = self.document[source.start + 1 : items[0].start]
        closing = self.document[items[-1].end : source.end - 1]
        between = self.document[items[0].end : items[1].start] if len(items) > 1 else f",{opening or ' '}"
        return opening, between, closing

    def quoted(self, line: str) -> str:
        return json.dumps(line, ensure_ascii=self.document.isascii())

    def inside(self, line: str) -> str:
        return self.quoted(line)[1:-1]


def lines_of(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def is_source(cell: Node) -> bool:
    source = cell.get("source")
    return isinstance(source, str) or (isinstance(source, list) and all(isinstance(one.value, str) for one in source))


def raw_lines(raw: str) -> list[str]:
    """Split what stands between the quotes of a JSON string where its lines end."""
    lines, line = [], ""
    for piece in CHARACTER.findall(raw):
        line += piece
        if piece == "\\n":
            lines.append(line)
            line = ""
    return [*lines, line] if line else lines
