"""Bytes → what Python's own compiler has against them, which libcst would not survive or says less well."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from cudafix.model import Position
from cudafix.syntax.quiet import without_warnings


@dataclass(frozen=True)
class Complaint:
    """Why `data` is no program for this Python; `too_deep` when it is the nesting."""

    message: str
    position: Position | None = None
    too_deep: bool = False


def find_complaint(data: bytes, awaits: bool = False) -> Complaint | None:
    """Compile `data` and return the error, if there is one; `awaits`: as a cell of a notebook, which may await.

    Python refuses what is nested too deeply. libcst 1.9.0 knows no such limits: there are files for which it takes
    minutes, and files that end the process.
    """
    with without_warnings():
        try:
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if awaits else 0
            compile(data, "<file>", "exec", flags, dont_inherit=True)
        except (RecursionError, MemoryError):
            return Complaint("is nested too deeply", too_deep=True)
        except SyntaxError as error:
            too_deep = "nested" in error.msg  # "too many nested parentheses", "f-string: expressions nested too deeply"
            return Complaint(f"is nested too deeply: {error.msg}" if too_deep else error.msg, place(error), too_deep)
        except ValueError as error:  # NUL bytes, before Python 3.12
            return Complaint(str(error))
    return None


def parse(source: str | bytes) -> ast.Module | None:
    """Return the syntax tree of a module; None where this Python cannot read it."""
    try:
        return parse_quietly(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parse_quietly(source: str | bytes) -> ast.Module:
    """Return the syntax tree of a module.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: where this Python cannot read it.
    """
    with without_warnings():
        return ast.parse(source)


def is_same_code(data: bytes, other: bytes) -> bool:
    """Whether two files differ in no more than comments and white space.

    Raises:
        SyntaxError, ValueError: where this Python cannot read one.
    """
    return ast.dump(parse_quietly(data)) == ast.dump(parse_quietly(other))


def place(error: SyntaxError) -> Position | None:
    return Position(error.lineno, max(1, error.offset or 1)) if error.lineno else None
