"""Comments and docstrings → the functions of a backend that they name, each with the sentence around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from cudafix.catalogue.symbols import ROOTS, Symbol, look_up
from cudafix.syntax.module import File
from cudafix.syntax.python_parser import find_complaint

ROOT = "|".join(re.escape(root) for root in ROOTS)
DOTTED = re.compile(rf"(?<![\w.\\])(?:{ROOT})(?:\.[A-Za-z_]\w*)+")
ADDRESS = re.compile(r"(?<!\S)\S*(?:://|\.html\b)\S*")
PRAGMA = re.compile(
    r"#\s*(?:noqa\b|nosec\b|pragma\b|(?:type|cudafix|pyright|pylint|mypy|fmt|isort|ruff|yapf|flake8)\s*:)|#!",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)[.;!?]\s|\n[\s#]*\n")

LONGEST = 2000
"""Characters. What goes on for longer is no sentence, and no line of code."""

PROSE = re.compile(r"[-*+] |[\w.]+(?:$|(?:\(\))? (?:is|or|and|in|not)\b)")
"""How a line begins that is none of code, though Python could read it so: `f() is slow`, `- f()`, a name alone."""


@dataclass(frozen=True)
class Mention:
    """A function named by characters `start` to `end` of a comment or a string literal.

    Attributes:
        line: the comment, or the line of the docstring, without the marks around it.
        before: what the sentence says up to the name.
        sentence: the whole sentence.
        shows: whether the program can read the text, as it can a docstring.
    """

    node: cst.Comment | cst.SimpleString
    start: int
    end: int
    symbol: Symbol
    line: str
    before: str
    sentence: str
    shows: bool

    @property
    def is_called(self) -> bool:
        return self.node.value[self.end : self.end + 1] == "("

    @property
    def is_code(self) -> bool:
        """Whether the line is Python, and more than a name."""
        if self.line.startswith((">>>", "... ")):
            return True
        if len(self.line) > LONGEST:
            return False
        code = f"async def f():\n for i in i:\n  {self.line}{' pass' if self.line.endswith(':') else ''}"
        return PROSE.match(self.line) is None and find_complaint(code.encode()) is None


def read_mentions(file: File) -> list[Mention]:
    """Return all mentions in the order of the file."""
    if not DOTTED.search(file.text):
        return []
    comments = [one for one in file.positions if isinstance(one, cst.Comment)]
    found = [mention for node in comments for mention in mentions_in(node, file, shows=False)]
    docstrings = dict.fromkeys(find_docstrings(file), True)
    for node, shows in (dict.fromkeys(attribute_docs(file), False) | docstrings).items():
        found += mentions_in(node, file, shows)
    return sorted(found, key=lambda one: (file.start(one.node), one.start))


def mentions_in(node: cst.Comment | cst.SimpleString, file: File, shows: bool) -> Iterator[Mention]:
    addresses = [one.span() for one in ADDRESS.finditer(node.value)]
    for match in DOTTED.finditer(node.value):
        start = match.start()
        symbol, line = look_up(match[0]), line_around(node, start, match.end())
        end = match.end() - sum(len(one) + 1 for one in symbol.rest) if symbol is not None else start
        is_address = any(first <= start < last for first, last in addresses)
        if symbol is None or not is_named(symbol) or is_address or PRAGMA.match(line):
            continue
        before, sentence = sentence_around(node, start, file)
        yield Mention(node, start, end, symbol, line.lstrip("#").strip(), before, sentence, shows)


def is_named(symbol: Symbol) -> bool:
    """Whether `symbol` is a function, or a class or what is below it, and has a neutral form."""
    has_words = symbol.row.has_neutral_form and not symbol.is_module
    return has_words and (not symbol.rest or symbol.row.class_like)


def line_around(node: cst.Comment | cst.SimpleString, start: int, end: int) -> str:
    """Return the line of a docstring, or the part of a comment between two `#`, that holds some characters of it."""
    text, breaks, quote = node.value, "#", 0
    if isinstance(node, cst.SimpleString):
        breaks, quote = "\r\n", len(node.quote)
        text = text[: len(text) - quote]
        quote += len(node.prefix)
    first = max(text.rfind(one, 0, start) for one in breaks)
    lasts = [place for one in breaks if (place := text.find(one, end)) >= 0]
    return text[max(first, quote) : min(lasts, default=len(text))]


def sentence_around(node: cst.Comment | cst.SimpleString, start: int, file: File) -> tuple[str, str]:
    """Return what a sentence says before character `start` of `node`, and all that it says, over all its lines."""
    above, below = lines_beside(node, start, file)
    text = "".join([*above, node.value[max(0, start - LONGEST) : start]])[-LONGEST:]
    rest = "".join([node.value[start : start + LONGEST], *below])[:LONGEST]
    first = max((one.end() for one in SENTENCE_END.finditer(text)), default=0)
    last = SENTENCE_END.search(rest)
    before = flat(text[first:])
    return before, before + flat(rest[: last.start()] if last else rest)


def lines_beside(node: cst.Comment | cst.SimpleString, start: int, file: File) -> tuple[Sequence[str], Sequence[str]]:
    """Return the lines of comment above and below a comment that has its lines to itself; a docstring has none."""
    row = file.start(node).row
    if not isinstance(node, cst.Comment) or not is_comment(file.lines[row - 1]):
        return (), ()
    first = last = row
    while first > 1 and is_comment(file.lines[first - 2]):
        first -= 1
    while last < len(file.lines) and is_comment(file.lines[last]):
        last += 1
    return file.lines[first - 1 : row - 1], ["\n", *file.lines[row:last]]


def is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def flat(text: str) -> str:
    return re.sub(r"[\s#]+", " ", text)


def find_docstrings(file: File) -> Iterator[cst.SimpleString]:
    """Yield the literals of the docstrings of the module, its classes and its functions."""
    for node in [file.module, *(one for one in file.tree.parents if isinstance(one, (cst.FunctionDef, cst.ClassDef)))]:
        suite = node.body if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else node
        first = next(iter(getattr(suite, "body", ())), None)
        if isinstance(first, cst.CSTNode):
            yield from literals(first)


def attribute_docs(file: File) -> Iterator[cst.SimpleString]:
    """Yield the literals of the strings that stand right below an assignment."""
    blocks: list[cst.Module | cst.IndentedBlock] = [file.module]
    blocks += [one for one in file.tree.parents if isinstance(one, cst.IndentedBlock)]
    for node in blocks:
        for above, statement in zip(node.body, node.body[1:], strict=False):
            if isinstance(above, cst.SimpleStatementLine) and isinstance(above.body[-1], (cst.Assign, cst.AnnAssign)):
                yield from literals(statement)


def literals(statement: cst.CSTNode) -> Iterator[cst.SimpleString]:
    """Yield the parts of the string that `statement` begins with."""
    only = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else statement
    value: cst.BaseExpression | None = only.value if isinstance(only, cst.Expr) else None
    while isinstance(value, cst.ConcatenatedString):
        if isinstance(value.left, cst.SimpleString):
            yield value.left
        value = value.right
    if isinstance(value, cst.SimpleString) and "b" not in value.prefix.lower():
        yield value
