"""The cells of a document that run one after the other → the module that they make, and its result in the document."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate

from cudafix.documents.code_blocks import Block
from cudafix.documents.masks import NAMES_BACKEND, MaskedText, Masks, is_left, with_body
from cudafix.documents.placeholders import imported_names, may_be_cell
from cudafix.documents.scripts import CommentedMagics
from cudafix.files.source import BETWEEN_CELLS, CELL_THAT_WAITS, Source
from cudafix.model import NOT_READ, Edit, Finding, Position, Problem, Result
from cudafix.syntax.module import split_lines

BETWEEN = re.compile(rf"(?m)^(?:{re.escape(BETWEEN_CELLS)}|{re.escape(CELL_THAT_WAITS)})\n")
INLINE = re.compile(r"(?:`\{python\}[ \t]|\{eval\}`)(?P<code>[^`\n]+)`")
"""An expression in the text: of Quarto, of MyST."""

OF_R = re.compile(r"\bpy\$(?P<code>\w+)")
"""A name of Python that code of R reads."""

NEWLINE = "\n"
LINE = re.compile(r"\bline (\d+)\b")
Check = Callable[[Source], Result]
Find = Callable[[str], Sequence[Block]]


def check_cells(source: Source, find: Find, check: Check) -> Result:
    """Deal with the cells of a document as `check` deals with a module."""
    text = source.data.decode("utf-8")
    cells = find(text)
    if not cells:
        return Result(source.path, old_bytes=source.data)
    document = Literate(text, cells)
    result = check(Source(source.path, document.code.encode("utf-8", "surrogatepass")))
    same = document.in_text(result)
    if document.unread:
        same = replace(same, problems=(*same.problems, Problem(source.path, NOT_READ + document.unread)))
    same = replace(same, old_bytes=source.data)
    if result.new_bytes is None:
        return same
    new = document.with_code(result.new_bytes.decode("utf-8", "surrogatepass"))
    if new is None:
        problem = Problem(
            source.path, "left as it was: its cells could not be put back; please report this", fatal=True
        )
        return replace(same, new_bytes=None, fixed=(), problems=(*same.problems, problem))
    left = Literate(new, find(new)).in_text(result).findings
    return replace(same, new_bytes=new.encode("utf-8"), findings=left)


class Literate:
    """A text with cells, and the module that they make."""

    def __init__(self, text: str, cells: Sequence[Block]) -> None:
        self.lines = split_lines(text)
        self.newline = "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"
        self.cells = cells
        self.masks = Masks(imported_names("\n".join(one.own_code for one in cells)))
        self.parts = [self.masked(one.own_code.removesuffix("\n")) for one in cells]
        heads = [CELL_THAT_WAITS if one.waits else BETWEEN_CELLS for one in cells]
        self.code = "".join(f"{head}\n{part.code}\n" for head, part in zip(heads, self.parts, strict=True))
        self.inline = [*INLINE.finditer(text), *OF_R.finditer(text)]
        if self.inline:  # what the text between the cells says uses its imports
            self.code += f"{BETWEEN_CELLS}\n{self.masks.mask(' '.join(one['code'] for one in self.inline))}\n"
        heights = [part.code.count("\n") + 2 for part in self.parts]
        self.first_rows = list(accumulate(heights, initial=1))[:-1]
        """The row of the module that stands before each cell."""

    def masked(self, text: str) -> MaskedText:
        """Return a cell as Python, in which jupytext may have made comments of magics."""
        commented = CommentedMagics(self.masks).read(text)
        if not commented.shifts or not may_be_cell(commented.code):
            return self.masks.of_cell(text)
        return commented

    @property
    def unread(self) -> str:
        """What names a backend and was not read, on one line."""
        pairs = [(cell, one) for cell, part in zip(self.cells, self.parts, strict=True) for one in part.unread]
        said = [f"line {cell.first + one.row}: `{one.what}` {one.why}" for cell, one in pairs]
        named = [one for one in self.inline if NAMES_BACKEND.search(one["code"])]
        said += [
            f"line {one.string.count(NEWLINE, 0, one.start()) + 1}: `{one['code']}` is in the text" for one in named
        ]
        return "; ".join(said)

    # Places

    def place(self, position: Position) -> Position:
        """Return the place in the text of one in the module."""
        index = max(bisect_right(self.first_rows, position.row) - 1, 0)
        cell, row = self.cells[index], max(position.row - self.first_rows[index] - 1, 0)
        column = self.parts[index].column(row, position.column)
        indent = len(cell.indent) if row < len(cell.lines) and cell.lines[row].strip() else 0
        return Position(cell.first + min(row, len(cell.lines)) + 1, column + indent)

    def in_text(self, result: Result) -> Result:
        return replace(
            result,
            findings=tuple(self.moved(one) for one in result.findings),
            fixed=tuple(self.moved(one) for one in result.fixed),
            problems=tuple(
                replace(one, position=self.place(one.position) if one.position is not None else None)
                for one in result.problems
            ),
            helpers=(),
        )

    def moved(self, finding: Finding) -> Finding:
        fix = finding.fix
        if fix is not None:
            edits = [Edit(self.place(one.start), self.place(one.end), one.content) for one in fix.edits]
            fix = replace(fix, edits=tuple(edits) if not any(one.indent for one in self.cells) else ())
        message, reason, words = (self.with_rows(one) for one in (finding.message, finding.reason, finding.help))
        start, end = self.place(finding.start), self.place(finding.end)
        return replace(finding, start=start, end=end, fix=fix, message=message, reason=reason, help=words)

    def with_rows(self, text: str) -> str:
        return LINE.sub(lambda found: f"line {self.place(Position(int(found[1]), 1)).row}", text)

    # What changes

    def with_code(self, code: str) -> str | None:
        """Return the text with the cells of a changed module; None where they cannot be told apart."""
        parts = BETWEEN.split(code)[1:]
        if len(parts) != len(self.cells) + bool(self.inline):
            return None
        pieces: list[str] = []
        done = 0
        for cell, part in zip(self.cells, parts[: len(self.cells)], strict=True):
            new = self.masks.unmasked(part.removesuffix("\n"))
            if is_left(new, cell.own_code):
                return None
            if new != cell.own_code.removesuffix("\n"):
                pieces += [*self.lines[done : cell.first], *self.written(cell, with_body(new))]
                done = cell.first + len(cell.lines)
        return "".join([*pieces, *self.lines[done:]])

    def written(self, cell: Block, code: str) -> list[str]:
        """Return the lines of a cell with new code; those that stay are as they were."""
        new = code.split("\n") if code else []
        made = cell.with_old_lines([cell.indent + one if one else "" for one in new], new)
        lines = [one + self.newline for one in made]
        end = cell.first + len(cell.lines)
        if lines and end and not self.lines[end - 1].endswith(("\n", "\r")):
            lines[-1] = lines[-1].removesuffix(self.newline)
        return lines
