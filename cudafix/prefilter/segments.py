"""Bytes → the rows of their outermost statements, found without a parser: for files that are too long for one.

Python's parser takes 160 bytes of memory for each byte that it reads. A long file is split by its tokens, and only the
statements that somebody asks for are parsed.
"""

from __future__ import annotations

import ast
import re
from array import array
from bisect import bisect_right
from itertools import accumulate, pairwise

from cudafix.syntax.python_parser import parse_quietly

TOKEN = re.compile(
    rb"'''|\"\"\"|'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*'?|\"[^\"\\\n]*(?:\\[\s\S][^\"\\\n]*)*\"?"
    rb"|#[^\n]*|[\[({]|[\])}]|\\\r?\n|\n(?=[^\s#])"
)
CLOSING = {quote: re.compile(rb"\\[\s\S]|" + quote) for quote in (b"'''", b'"""')}
GOES_ON = re.compile(rb"(?:else|elif|except|finally)\b")
DEFINITION = re.compile(rb"@|(?:def|class|async[ \t]+def)\b")
COMPOUND = re.compile(rb"(?:if|for|while|try|with|match|async[ \t]+(?:for|with))\b")

MOST = 200_000
"""Statements. Of more, even the places alone take too much memory."""


class Unparsed(ast.stmt):
    """The place of an outermost statement that nobody has asked for: a definition, or a simple statement."""


def unparsed(data: bytes) -> list[ast.stmt]:
    """Return the outermost statements: those that decide are parsed, of all others only the place is known.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: where that cannot be done.
    """
    lines = data.split(b"\n")
    found: list[ast.stmt] = []
    for first, last in segments(data):
        node: ast.stmt = Unparsed(lineno=first, end_lineno=last, col_offset=0, end_col_offset=0)
        if COMPOUND.match(lines[first - 1]):
            node = parsed(node, b"\n".join(lines[first - 1 : last]))
        found.append(node)
    return found


def parsed(node: ast.stmt, text: bytes) -> ast.stmt:
    """Return the statement at a place, whose text is given.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: where Python cannot read it as one statement.
    """
    body = parse_quietly(text).body
    if len(body) != 1:
        raise SyntaxError("several statements, or none, where one was expected")
    ast.increment_lineno(body[0], node.lineno - 1)
    return body[0]


def segments(data: bytes) -> list[tuple[int, int]]:
    """Return the first and the last row of each outermost statement; rows count from 1 and end with `\\n`.

    Raises:
        ValueError: for more statements than a file has that somebody wrote.
    """
    found = margins(data)
    lines = data.split(b"\n")
    starts = row_starts(lines)
    begun, comments = ([bisect_right(starts, offset) for offset in offsets] for offsets in found)
    firsts = [row for row, before in zip(begun, [0, *begun], strict=False) if not continues(row, before, lines)]
    silent = {row for row in comments if lines[row - 1].lstrip().startswith(b"#")}
    return [(one, last_code(one, after - 1, lines, silent)) for one, after in pairwise([*firsts, len(lines) + 1])]


def row_starts(lines: list[bytes]) -> array[int]:
    """Return where each line starts, and where one would after the last."""
    return array("Q", accumulate((len(line) + 1 for line in lines), initial=0))


def margins(data: bytes) -> tuple[list[int], list[int]]:
    """Return where lines begin that stand at the margin, outside of brackets and strings, and where comments do."""
    found = [0] if data and data[:1] not in b" \t\r\n#" else []
    comments = []
    depth, match = 0, TOKEN.search(data)
    while match is not None:
        kind, end = data[match.start() : match.start() + 1], match.end()
        if match[0] in CLOSING:
            end = end_of_string(data, end, match[0])
        elif kind in b"([{":
            depth += 1
        elif kind in b")]}":
            depth -= 1
        elif kind == b"#":
            comments.append(match.start())
        elif kind == b"\n" and not depth:
            found.append(end)
            if len(found) > MOST:
                raise ValueError("too many statements")
        match = TOKEN.search(data, end)
    return found, comments


def end_of_string(data: bytes, start: int, quote: bytes) -> int:
    """Return where a string over several lines ends; what a backslash stands before ends none."""
    return next((one.end() for one in CLOSING[quote].finditer(data, start) if one[0] == quote), len(data))


def continues(row: int, before: int, lines: list[bytes]) -> bool:
    """Whether a line at the margin goes on with the statement of the one before: `else:`, what a decorator is for."""
    return GOES_ON.match(lines[row - 1]) is not None or (before > 0 and lines[before - 1].startswith(b"@"))


def last_code(first: int, last: int, lines: list[bytes], silent: set[int]) -> int:
    """Return the last row up to `last` that is neither empty nor one of those that hold no more than a comment."""
    while last > first and (last in silent or not lines[last - 1].strip()):
        last -= 1
    return last
