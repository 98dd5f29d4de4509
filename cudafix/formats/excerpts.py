"""The source lines that findings stand on."""

from __future__ import annotations

import io
import tokenize

from cudafix.files.ordinary import DATA, read_ordinary
from cudafix.model import Position


class Excerpts:
    """Reads the lines of files; those of the last file are kept, since findings come file by file."""

    def __init__(self) -> None:
        self.path = ""
        self.texts: dict[int, list[str]] = {}

    def lines(self, path: str, cell: int = 0) -> list[str]:
        """Return the lines of a file, or of a cell of a notebook; none where it cannot be read."""
        if path != self.path or cell not in self.texts:
            self.path, self.texts = path, {number: text.split("\n") for number, text in texts_of(path, cell).items()}
        return self.texts.setdefault(cell, [])

    def line(self, path: str, place: Position) -> str:
        """Return the line of a place, with spaces for tabs; "" where there is none."""
        lines, row = self.lines(path, place.cell), place.row
        return lines[row - 1].replace("\t", " ").rstrip() if row <= len(lines) else ""


def texts_of(path: str, cell: int) -> dict[int, str]:
    """Return the text of a file as that of cell 0, or of all code cells of a notebook by their numbers."""
    try:
        data = read_ordinary(path, DATA)
        if cell:
            return cells_of(data)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return {0: io.TextIOWrapper(io.BytesIO(data), encoding).read()}
    except (OSError, SyntaxError, UnicodeError, LookupError):
        return {}


def cells_of(data: bytes) -> dict[int, str]:
    from cudafix.documents.notebook import Notebook, NotebookError  # not at the top: few files are notebooks

    try:
        return {one.number: one.text for one in Notebook(data).cells}
    except NotebookError:
        return {}
