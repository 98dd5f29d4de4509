"""Where a finding stands → the text of that statement, in a form that no formatter changes.

What black and ruff format may change is left out: white space, line ends, comments, parentheses, trailing commas, the
kind and prefix of quotes, the joints between strings, the case of numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from cudafix.model import Position
from cudafix.syntax.module import File

HEADED = (cst.FunctionDef, cst.ClassDef, cst.If, cst.While, cst.For, cst.With, cst.ExceptHandler, cst.Match)
TOKEN = re.compile(
    r"(?P<prefix>[rbuftRBUFT]{0,3})"
    r"(?P<string>'''[^'\\]*(?:(?:\\[\s\S]|'(?!''))[^'\\]*)*'''"
    r"|\"\"\"[^\"\\]*(?:(?:\\[\s\S]|\"(?!\"\"))[^\"\\]*)*\"\"\""
    r"|'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*'|\"[^\"\\\n]*(?:\\[\s\S][^\"\\\n]*)*\")"
    r"|(?P<word>\w+)|(?P<left_out>\s+|\#[^\n]*|\\\r?\n|[();])|(?P<sign>[^\w\s])"
)
QUOTES = re.compile(r"\\?[\"']")
CLOSES = frozenset(")]}")


def statement_text(node: cst.CSTNode, file: File) -> str:
    """Return the normal form of the statement, or of the head of the compound statement, that `node` is a part of."""
    return normal_form(source_text(node, file))


def source_text(node: cst.CSTNode, file: File) -> str:
    child = node
    for parent in (node, *file.tree.ancestors(node)):
        if isinstance(parent, (cst.BaseSmallStatement, cst.Decorator)):
            return between(file.start(parent), file.end(parent), file)
        if isinstance(parent, HEADED):
            begin = parent.name if isinstance(parent, (cst.FunctionDef, cst.ClassDef)) else parent
            return between(file.start(begin), begin_of_body(parent, child, file), file)
        child = parent
    return file.code(node)


def begin_of_body(node: cst.CSTNode, child: cst.CSTNode, file: File) -> Position:
    """Return where the first statement in a compound one starts; of a `match`, its first case."""
    if isinstance(node, cst.Match):
        return file.start(node.cases[0]) if node.cases else file.end(node)
    body = getattr(node, "body", None)
    return file.start(body.body[0]) if body is not None and body is not child and body.body else file.end(node)


def between(start: Position, end: Position, file: File) -> str:
    rows = file.lines[start.row - 1 : end.row]
    if len(rows) == 1:
        return rows[0][start.column - 1 : end.column - 1]
    return "".join([rows[0][start.column - 1 :], *rows[1:-1], rows[-1][: end.column - 1]])


def normal_form(code: str) -> str:
    """Return code without what a formatter may change; not code any more."""
    parts: list[tuple[str, str]] = []
    for kind, text in tokens(code):
        if kind == "string" and parts and parts[-1][0] == "string":
            parts[-1] = kind, parts[-1][1] + text
        else:
            parts.append((kind, text))
    found = ""
    for kind, text in parts:
        shown = f'"{text}"' if kind == "string" else text
        found += f" {shown}" if kind != "sign" and found[-1:].isalnum() else shown
    return found


def tokens(code: str) -> Iterator[tuple[str, str]]:
    """Yield what stays: words, signs, and the contents of strings."""
    has_comma = False
    for match in TOKEN.finditer(code):
        kind, text = match.lastgroup or "", match[0]
        if kind == "left_out":
            has_comma = has_comma and text != ")"
            continue
        if has_comma and text not in CLOSES:
            yield "sign", ","
        has_comma = text == ","
        if kind == "string":
            is_formatted = not set("ft").isdisjoint(match["prefix"].lower())
            content = QUOTES.sub("", match["string"])
            yield kind, re.sub(r"\s+", "", content) if is_formatted else content
        elif kind == "word":
            yield kind, text.lower() if text[0].isdigit() else text
        elif not has_comma:
            yield kind, text
