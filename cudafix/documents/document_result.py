"""Code in documents and docstrings → what is found in each block, in its place, and the text with the fixed blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from cudafix.documents.code_blocks import Block, docstring_rows, find_blocks
from cudafix.documents.fences import Fences
from cudafix.documents.literate import check_cells
from cudafix.documents.masks import NAMES_BACKEND, NO_PYTHON
from cudafix.documents.placeholders import OURS, words
from cudafix.files.source import Source
from cudafix.model import NOT_READ, Edit, Finding, Fix, Position, Problem, Result
from cudafix.syntax.module import split_lines
from cudafix.syntax.python_parser import find_complaint

Check = Callable[[Source], Result]
PASSES = 5
"""How often the blocks of a text are dealt with at most."""

ESCAPED = re.compile(r"\\(?!$)")
"""What is another character in a docstring than in the file: such a block is left alone."""


def check_document(source: Source, check: Check) -> Result:
    """Deal with the cells of a document as `check` deals with a module, and with each other block alone."""
    try:
        fences = Fences(source.path, source.data.decode("utf-8"))
    except UnicodeDecodeError:
        return Result(source.path, old_bytes=source.data)

    def find(text: str, cells: bool) -> list[Block]:
        return [one for one in find_blocks(plain_lines(text), fences=fences) if one.is_cell is cells]

    result = with_blocks(source, partial(find, cells=False), check)
    now = result.new_bytes if result.new_bytes is not None else source.data
    own = check_cells(Source(source.path, now), partial(find, cells=True), check)
    if own.new_bytes is not None and result.findings:  # they have moved
        again = with_blocks(Source(source.path, own.new_bytes), partial(find, cells=False), check)
        result = replace(result, findings=again.findings)
    return together(result, own, source.data)


def check_docstrings(result: Result, data: bytes, check: Check) -> Result:
    """Add to the result for a module what is found in its docstrings."""
    now = result.new_bytes if result.new_bytes is not None else data
    return together(result, with_blocks(Source(result.path, now), blocks_in_docstrings, check), data)


def together(result: Result, own: Result, data: bytes) -> Result:
    """Return one result of two for the same file, the second of which begins where the first has ended."""
    both = sorted([*result.findings, *own.findings], key=lambda one: one.sort_key)
    new = own.new_bytes if own.new_bytes is not None else result.new_bytes
    rounds = result.rounds + own.rounds
    return replace(
        result, findings=tuple(both), fixed=(*result.fixed, *own.fixed), new_bytes=new, old_bytes=data, rounds=rounds,
        problems=(*result.problems, *own.problems),
    )  # fmt: skip


def blocks_in_docstrings(text: str) -> Iterator[Block]:
    lines = plain_lines(text)
    for first, last in docstring_rows(text):
        for block in find_blocks(lines, first, last - 1):
            if not any(ESCAPED.search(line) for line in block.lines):
                yield block


def plain_lines(text: str) -> list[str]:
    return [one.rstrip("\r\n") for one in split_lines(text)]


def with_blocks(source: Source, find: Callable[[str], Iterable[Block]], check: Check) -> Result:
    """Deal with the blocks of a text until none changes any more: what one imports depends on what the others use."""
    try:
        text = old = source.data.decode("utf-8")
    except UnicodeDecodeError:
        return Result(source.path, old_bytes=source.data)
    fixed: list[Finding] = []
    for _ in range(PASSES):
        document = Document(text)
        document.blocks = list(with_shared_names(list(find(text))))
        for block in document.blocks:
            result = (
                check(Source(source.path, block.code.encode("utf-8", "surrogatepass"))) if block.is_python else None
            )
            if result is not None and not any(one.fatal for one in result.problems):
                document.take(block, result)
        if document.changed is None:
            break
        text = document.changed
        fixed += document.fixed
    found, problems = tuple(document.findings), tuple(unread_in(source.path, document.blocks))
    if text == old:
        return Result(source.path, found, old_bytes=source.data, problems=problems)
    new = text.encode("utf-8")
    return Result(source.path, found, tuple(fixed), source.data, new, problems, rounds=2)


def unread_in(path: str, blocks: Iterable[Block]) -> Iterator[Problem]:
    """Yield one problem that names what was not read of blocks, where that names a backend."""
    said = [text for block in blocks for text in unread_of(block)]
    if said:
        yield Problem(path, NOT_READ + "; ".join(said))


def unread_of(block: Block) -> Iterator[str]:
    if not block.is_python and NAMES_BACKEND.search(block.own_code):
        complaint = find_complaint(block.code.encode("utf-8", "surrogatepass"))
        why = complaint.message if complaint is not None else ""
        yield f"line {block.first + 1}: the block there {block.left or f'{NO_PYTHON} ({why})'}"
    elif block.is_python:
        yield from (f"line {block.first + one.row}: `{one.what}` {one.why}" for one in block.masked.unread)


def with_shared_names(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, each with the names that the others use."""
    said = [words(one.own_code) for one in blocks]
    for number, block in enumerate(blocks):
        others = said[:number] + said[number + 1 :]
        yield replace(block, shared=frozenset().union(*others))


class Document:
    """A text whose blocks are fixed one after the other, and what is found in them, in the places of the new text."""

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)
        self.newline = "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"
        self.blocks: list[Block] = []
        self.findings: list[Finding] = []
        self.fixed: list[Finding] = []
        self.pieces: list[str] = []
        self.done = 0
        self.shift = 0
        """How many lines the text has grown by."""

    @property
    def changed(self) -> str | None:
        """The new text; None where no block has changed."""
        return "".join([*self.pieces, *self.lines[self.done :]]) if self.done else None

    def take(self, block: Block, result: Result) -> None:
        """Put the result for a block in its place."""
        left, now = result.findings, block
        if result.new_bytes is not None:
            made = block.with_code(result.new_bytes.decode("utf-8", "surrogatepass"))
            if made is None or any(OURS in line for line in made):  # it stays, and all of it is reported
                left = (*result.fixed, *result.findings)
            else:
                self.replace(block, made)
                self.fixed += [finding_in_text(one, block, 0) for one in result.fixed]
                now = replace(block, lines=tuple(made), before=block.implied)
        self.findings += [finding_in_text(one, now, self.shift) for one in left if now.holds(one.start)]
        self.shift += len(now.lines) - len(block.lines)

    def replace(self, block: Block, made: Sequence[str]) -> None:
        if block.first < self.done:
            raise ValueError("a block begins before the one above it has ended")
        end = block.first + len(block.lines)
        self.pieces += [*self.lines[self.done : block.first], *(line + self.newline for line in made)]
        if made and not self.lines[end - 1].endswith(("\n", "\r")):
            self.pieces[-1] = self.pieces[-1].removesuffix(self.newline)
        self.done = end


def finding_in_text(finding: Finding, block: Block, shift: int) -> Finding:
    fix = fix_in_text(finding.fix, block, shift) if finding.fix is not None else None
    start, end = (moved(block.place(one), shift) for one in (finding.start, finding.end))
    return replace(finding, start=start, end=end, fix=fix)


def fix_in_text(fix: Fix, block: Block, shift: int) -> Fix:
    edits = []
    for edit in fix.edits:
        start, end = (moved(block.place(one), shift) for one in (edit.start, edit.end))
        edits.append(Edit(start, end, edit.content.replace("\n", "\n" + block.prefix("x"))))
    return replace(fix, edits=tuple(edits))


def moved(position: Position, shift: int) -> Position:
    return replace(position, row=position.row + shift)
