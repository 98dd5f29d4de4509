"""What is open in an editor → the file that it would be, what is found in it, and edits in the editor's places."""

from __future__ import annotations

import io
import json
import os
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.line_matcher import LineMatcher
from cudafix.files.source import NOTEBOOK, Source
from cudafix.model import Edit, Finding, Position, Result
from cudafix.syntax.module import split_lines

CELLS = "cells"
UNTITLED = "untitled"
"""The scheme of what was not saved yet."""

SUFFIXES = {"python": ".py", "markdown": ".md", "restructuredtext": ".rst"}
"""Of a file without one, by the language that the editor takes it for."""


@dataclass(frozen=True)
class Part:
    """A text that is open: a file, or one cell of a notebook. `cell`: its number, 0 in a file."""

    uri: str
    version: int | None
    text: str
    cell: int = 0

    @cached_property
    def lines(self) -> list[str]:
        return split_lines(self.text)


@dataclass(frozen=True)
class Buffer:
    """A file as it is open in an editor.

    Attributes:
        path: where it lies, or would lie.
        parts: the file itself, or the code cells of a notebook.
        codec: how the editor counts characters.
        cells: of all cells of a notebook, whether it is code, and its text; empty for a file.
    """

    path: str
    parts: tuple[Part, ...]
    codec: PositionCodec
    cells: tuple[tuple[bool, str], ...] = ()

    @cached_property
    def data(self) -> bytes:
        if self.is_notebook:
            cells = [cell_object(*one) for one in self.cells]
            return json.dumps({CELLS: cells, "nbformat": 4}, ensure_ascii=True).encode()
        return self.parts[0].text.encode(self.encoding, "surrogatepass")

    @property
    def is_notebook(self) -> bool:
        return self.path.endswith(NOTEBOOK)

    @cached_property
    def encoding(self) -> str:
        """The encoding that the text declares, for it is this that is analysed."""
        start = io.BytesIO(self.parts[0].text.encode("utf-8", "surrogatepass"))
        try:
            name = tokenize.detect_encoding(start.readline)[0].removesuffix("-sig")
            self.parts[0].text.encode(name)
        except (SyntaxError, UnicodeError):
            return "utf-8"
        return name

    def process(self, options: Options, mode: Mode = Mode.CHECK, unsafe: bool = True) -> Result:
        return process(Source(self.path, self.data), options, Work(mode, unsafe))

    def part_of(self, uri: str) -> Part | None:
        return next((one for one in self.parts if one.uri == uri), None)

    def part_at(self, position: Position) -> Part | None:
        return next((one for one in self.parts if one.cell == position.cell), None)

    # Places

    def range(self, part: Part, start: Position, end: Position) -> lsp.Range:
        return lsp.Range(self.place(part, start), self.place(part, end))

    def place(self, part: Part, position: Position) -> lsp.Position:
        """Return the editor's place of ours, which counts from 1 and in characters."""
        there = lsp.Position(position.row - 1, position.column - 1)
        return self.codec.position_to_client_units([*part.lines, ""], there)

    def holds(self, part: Part, finding: Finding, wanted: lsp.Range) -> bool:
        """Whether a finding stands in a range of a part, or touches it."""
        if finding.start.cell != part.cell:
            return False
        own = self.range(part, finding.start, finding.end)
        start, end = (own.start.line, own.start.character), (own.end.line, own.end.character)
        first, last = (wanted.start.line, wanted.start.character), (wanted.end.line, wanted.end.character)
        return start <= last and first <= end

    # Edits

    def edit(self, edits: Iterable[Edit]) -> list[tuple[Part, lsp.TextEdit]]:
        found = []
        for edit in edits:
            part = self.part_at(edit.start)
            if part is not None:
                found.append((part, lsp.TextEdit(self.range(part, edit.start, edit.end), edit.content)))
        return found

    def edit_to(self, data: bytes) -> list[tuple[Part, lsp.TextEdit]]:
        """Return the edits that make the buffer what a changed file holds: whole lines, and only those that differ."""
        pairs = zip(self.parts, self.texts_of(data), strict=True)
        return [(part, edit) for part, text in pairs for edit in diff(part, text)]

    def texts_of(self, data: bytes) -> Sequence[str]:
        if not self.is_notebook:
            return [data.decode(self.encoding, "surrogatepass")]
        cells = json.loads(data)[CELLS]
        return ["".join(cells[one.cell - 1]["source"]) for one in self.parts]


def path_of(uri: str, root: str) -> str:
    """Return where a document lies, or would lie that was not saved yet; "" for what is no file."""
    parts = urlsplit(uri)
    if parts.scheme != UNTITLED:
        return to_fs_path(uri) or ""
    return os.path.join(root or os.curdir, unquote(parts.path))


def with_suffix(path: str, language: str) -> str:
    return path if os.path.splitext(path)[1] else path + SUFFIXES.get(language, "")


def cell_object(is_code: bool, text: str) -> dict[str, object]:
    return {"cell_type": "code" if is_code else "markdown", "metadata": {}, "outputs": [], "source": text}


def diff(part: Part, text: str) -> Iterator[lsp.TextEdit]:
    new = split_lines(text)
    for kind, first, last, start, end in LineMatcher(part.lines, new).get_opcodes():
        if kind != "equal":
            yield lsp.TextEdit(lsp.Range(lsp.Position(first, 0), end_of(part, last)), "".join(new[start:end]))


def end_of(part: Part, row: int) -> lsp.Position:
    """Return the place before a line, from 0 on; behind the last one, where the text has no line end there."""
    if row == len(part.lines) and part.lines and not part.lines[-1].endswith(("\r", "\n")):
        return lsp.Position(row - 1, 2 * len(part.lines[-1]))  # more than there is: the editor takes the end
    return lsp.Position(row, 0)
