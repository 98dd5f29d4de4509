"""Suppressions that silence nothing → edits that take them, or single codes, out of their comments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from cudafix.model import Edit, Finding, Position
from cudafix.suppressions.comments import Directive, read_comments
from cudafix.syntax.module import File
from cudafix.syntax.python_parser import is_same_code

LIST = re.compile(r"(?<=[\[:,\s])[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*", re.IGNORECASE)


def removal(directive: Directive, idle: Collection[str], lines: Sequence[str]) -> tuple[Edit, ...]:
    """Return what takes the idle codes out; nothing for a directive that others belong to (`disable`)."""
    stays = [one for one in directive.listed if one not in idle]
    if not directive.listed:
        return ()
    if stays:
        match = LIST.search(directive.text, directive.text.index(":"))
        if match is None:
            return ()
        start, end = (moved(directive.start, offset) for offset in match.span())
        return (Edit(start, end, ", ".join(stays)),)
    if is_joined(directive, lines):
        return ()
    return (whole(directive, lines),)


def is_joined(directive: Directive, lines: Sequence[str]) -> bool:
    """Whether a comment is alone on its row, and a backslash has made that a part of the line before."""
    row, column = directive.start.row, directive.start.column
    above = lines[row - 2].rstrip("\r\n") if row > 1 else ""
    if not above.endswith("\\") or lines[row - 1][: column - 1].strip():
        return False
    return all(one.row != row - 1 for one in read_comments("".join(lines)))


def moved(position: Position, columns: int) -> Position:
    return Position(position.row, position.column + columns)


def whole(directive: Directive, lines: Sequence[str]) -> Edit:
    """Return what takes a directive out, with its reason up to another comment, and its row where nothing else is."""
    row = directive.start.row
    line = lines[row - 1]
    body = line.rstrip("\r\n")
    before, behind = body[: directive.start.column - 1], body[directive.end.column - 1 :]
    other = behind.find("#")
    if other >= 0:
        return Edit(directive.start, moved(directive.end, other), "")
    if before.strip():
        return Edit(Position(row, len(before.rstrip()) + 1), Position(row, len(body) + 1), "")
    return Edit(Position(row, 1), Position(row + 1, 1) if len(line) > len(body) else Position(row, len(body) + 1), "")


def with_edits(file: File, findings: Iterable[Finding]) -> bytes:
    """Return the file with the fixes of findings made, which change its comments.

    Raises:
        ValueError: where they would change more than comments.
    """
    lines = list(file.lines)
    edits = (edit for finding in findings if finding.fix is not None for edit in finding.fix.edits)
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        lines[edit.start.row - 1] = edited(lines[edit.start.row - 1], edit)
    new = "".join(lines).encode(file.module.encoding)
    with suppress(SyntaxError):  # of a newer Python: libcst has the last word
        if not is_same_code(new, file.data):
            raise ValueError("more than a comment would change")
    return new


def edited(line: str, edit: Edit) -> str:
    if edit.end.row > edit.start.row:
        return ""
    text = f"{line[: edit.start.column - 1]}{edit.content}{line[edit.end.column - 1 :]}"
    body = text.rstrip("\r\n")
    return body.rstrip() + (text[len(body) :] or line[len(line.rstrip("\r\n")) :])
