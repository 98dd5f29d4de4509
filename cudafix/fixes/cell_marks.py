"""What begins a cell: the string between the cells of a notebook, and comments in one that is written as a script."""

from __future__ import annotations

import re

import libcst as cst

from cudafix.files.source import BETWEEN_CELLS, CELL_THAT_WAITS

MARK = re.compile(r"#[ \t]*%%.*|#[ \t]*\+(?:[ \t].*)?|# In\[.*|# COMMAND -+.*|# <codecell>.*|#{20,}")
DIRECTIVE = re.compile(
    r"#[ \t]*\|.*|#[ \t]*@\w.*|#[ \t]*(?:default_exp|exporti?s?|hide\w*)\b.*|# DBTITLE \d.*|#[ \t]*-"
)
"""What nbdev, Quarto, Colab and Databricks read at the top of a cell, and jupytext at its end."""


def is_between_cells(statement: cst.CSTNode) -> bool:
    """Whether a statement is the string between two cells of a notebook."""
    return string_of(statement) in (BETWEEN_CELLS, CELL_THAT_WAITS)


def string_of(statement: cst.CSTNode) -> str:
    """Return the string that is all of a statement, as it is written; "" for another."""
    only = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    return only.value.value if isinstance(only, cst.Expr) and isinstance(only.value, cst.SimpleString) else ""


def begins_cell(statement: cst.CSTNode) -> bool:
    """Whether the comments above a statement begin a cell."""
    return any(MARK.fullmatch(one) for one in comments_above(statement))


def has_directives(statement: cst.CSTNode) -> bool:
    """Whether the comments above a statement are for tools, which find them at the top of the cell."""
    return any(MARK.fullmatch(one) or DIRECTIVE.fullmatch(one) for one in comments_above(statement))


def comments_above(statement: cst.CSTNode) -> list[str]:
    lines = getattr(statement, "leading_lines", ())
    return [one.comment.value for one in lines if one.comment is not None]
