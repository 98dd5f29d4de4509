"""A fix → the line around it that still says CUDA when all safe fixes are made; what is left there makes it half a fix.

People judge by the function: a neutral `synchronize` between `x.cuda()` and `backend="nccl"` is sent back. What counts
is every word of the code, texts and annotations included; comments, docstrings and the function's own name do not.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.analysis.control_flow.substitutes import tests_of
from cudafix.analysis.match import Match
from cudafix.matchers.cuda_words import names_backend
from cudafix.model import Safety
from cudafix.syntax.module import File

SAYS = re.compile(r"cuda|nccl", re.IGNORECASE)
OF_CLASS = re.compile(r"^[\w.]*(?:cuda|nccl)|^[\"'](?:cuda(?::\d+)?|nccl)[\"']$", re.IGNORECASE)
"""What stands in a class by itself: a name, or a device; other texts are about something else."""

MOVES = re.compile(r"^\.cuda\(")
OF_PROCESS = frozenset(("current_device", "device_count", "set_device"))
"""The functions that are about all that a process does, wherever they are called, or where what a file makes is put."""

TEXTS = frozenset(
    kind for name in ("STRING", "FSTRING_MIDDLE") if (kind := getattr(tokenize, name, None)) is not None
)  # fmt: skip
LAYOUT = (tokenize.NL, tokenize.COMMENT)
Span = tuple[int, int]
"""The first column, and the one behind the last; from 0."""

Place = tuple[int, int]
"""A row, from 1, and a column, from 0."""


class Surroundings:
    """The functions of a file, and what they say of CUDA beside what fixes take out, the safe ones or all."""

    def __init__(self, matches: Iterable[Match], context: RuleContext, unsafe: bool = False) -> None:
        self.context = context
        self.file = context.file
        self.gone: dict[int, list[Span]] = {}
        for match in matches:
            if match.trust is Safety.SAFE or (unsafe and match.operations):
                for start, end in taken_out(match, self.file):
                    for row in range(start[0], end[0] + 1):
                        first = start[1] if row == start[0] else 0
                        self.gone.setdefault(row, []).append((first, end[1] if row == end[0] else len(self.line(row))))
        self.is_of_cuda = names_backend(context.path_without_suffix, ["cuda", "nccl"])

    def line(self, row: int) -> str:
        return self.file.lines[row - 1] if row <= len(self.file.lines) else ""

    def reason(self, node: cst.CSTNode) -> str:
        """Return what is still CUDA's around `node`, in words; "" where nothing is."""
        if self.is_of_cuda:
            return "the file is CUDA's own, by its name"
        reference = self.context.references_by_node.get(node)
        if reference is not None and reference.symbol.row.name in OF_PROCESS:
            row = self.first_left(devices_said(self.context))
            if row:
                return f"line {row} of the file still says CUDA, and this is about the whole process"
        around = self.file.tree.ancestors(node)
        function, owner = enclosing(around)
        for one, kind in ((function, "function"), (owner, "class")):
            row = self.first_left(words_in(one, self.context)) if one is not None else 0
            if row:
                return f"line {row} of the {kind} around it still says CUDA"
        return ""

    def test_with_cuda(self, node: cst.CSTNode) -> int:
        """Return the line of a test behind which `node` stands and that still says CUDA; 0 where none does."""
        child = node
        for parent in self.file.tree.ancestors(node):
            if isinstance(parent, (cst.If, cst.IfExp)) and child is parent.body and self.says_cuda(parent.test):
                return self.file.start(parent.test).row
            if isinstance(parent, cst.FunctionDef):
                return 0
            child = parent
        return 0

    def row_left_in(self, *nodes: cst.CSTNode) -> int:
        """Return the row of the first word of CUDA in some code that no fix takes out; 0 where there is none."""
        spans = [(self.file.start(one), self.file.end(one)) for one in nodes]
        ranges = [((start.row, start.column - 1), (end.row, end.column - 1)) for start, end in spans]
        places = words_of_file(self.context)
        return self.first_left(place for place in places for first, last in ranges if first <= place < last)

    def says_cuda(self, test: cst.BaseExpression) -> bool:
        """Whether a name in a test says CUDA, and stays; what asks torch is judged by its group."""
        condition = self.context.condition(test)
        if condition is not None and tests_of(condition, self.context):
            return False
        for name in names_in(test):
            start = self.file.start(name)
            if SAYS.search(name.value) and not self.is_gone(start.row, start.column - 1):
                return True
        return False

    def first_left(self, places: Iterable[Place]) -> int:
        """Return the row of the first of some places that no fix takes out; 0 where there is none."""
        return next((row for row, column in places if not self.is_gone(row, column)), 0)

    def is_gone(self, row: int, column: int) -> bool:
        return any(first <= column < last for first, last in self.gone.get(row, ()))


@once
def words_in(definition: cst.FunctionDef | cst.ClassDef, context: RuleContext) -> list[Place]:
    """Return where a definition, decorators included, says CUDA; they are asked for again when fixes are held back."""
    is_class = isinstance(definition, cst.ClassDef)
    tokens, says = (class_tokens, OF_CLASS) if is_class else (code_tokens, SAYS)
    first = min(context.file.start(one).row for one in (*definition.decorators, definition))
    found: list[Place] = []
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokens("".join(context.file.lines[first - 1 :])):
            found += [(row + first - 1, column) for row, column in places_in(token, says)]
    return found


def places_in(token: tokenize.TokenInfo, says: re.Pattern[str]) -> Iterator[Place]:
    """Yield where a token says CUDA: a text may do so in several places, of which a fix takes out one."""
    for match in says.finditer(token.string):
        above = token.string.count("\n", 0, match.start())
        before = match.start() - token.string.rfind("\n", 0, match.start()) - 1
        yield token.start[0] + above, before if above else token.start[1] + before


@once
def words_of_file(context: RuleContext) -> list[Place]:
    """Return where the code of a file says CUDA."""
    found: list[Place] = []
    statement: Statement = []
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO("".join(context.file.lines)).readline):
            if token.type == tokenize.NEWLINE:
                found += [place for one in words(statement) for place in places_in(one, SAYS)]
                statement = []
            elif token.type not in (*LAYOUT, tokenize.INDENT, tokenize.DEDENT):
                statement.append(token)
    return found


@once
def devices_said(context: RuleContext) -> list[Place]:
    """Return where a file names CUDA or NCCL as a device or a backend, or moves to CUDA."""
    found: list[Place] = []
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO("".join(context.file.lines)).readline):
            is_device = token.type in TEXTS and OF_CLASS.search(token.string)
            is_move = token.type == tokenize.NAME and MOVES.search(token.line[max(0, token.start[1] - 1) :])
            if is_device or is_move:
                found.append(token.start)
    return found


def names_in(test: cst.BaseExpression) -> Iterator[cst.Name]:
    """Yield the names in a test, those of attributes included."""
    pending: list[cst.CSTNode] = [test]
    while pending:
        part = pending.pop()
        if isinstance(part, cst.Name):
            yield part
        pending += part.children


def enclosing(around: Sequence[cst.CSTNode]) -> tuple[cst.FunctionDef | None, cst.ClassDef | None]:
    """Return the outermost function around a node in the innermost class, and that class."""
    function: cst.FunctionDef | None = None
    for one in around:
        if isinstance(one, cst.FunctionDef):
            function = one
        elif isinstance(one, cst.ClassDef):
            return function, one
    return function, None


Statement = list[tokenize.TokenInfo]


def statements(text: str) -> Iterator[tuple[int, Statement]]:
    """Yield the statements of the function or class that `text` begins with, and how deep they stand: its head at 0."""
    base = depth = int(text[:1].isspace())
    statement: Statement = []
    has_begun = False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.INDENT:
            depth += bool(has_begun)
        elif token.type == tokenize.DEDENT:
            depth -= 1
            if depth <= base:
                return
        elif token.type == tokenize.NEWLINE:
            yield depth - base, statement
            has_begun = has_begun or is_definition(statement)
            if has_begun and depth == base and statement[-1].string != ":":
                return  # all of it stands on one line
            statement = []
        elif token.type not in LAYOUT:
            statement.append(token)


def code_tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the names and texts of the function that `text` begins with, without docstrings and imports."""
    for _, statement in statements(text):
        yield from words(statement)


def class_tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the names and texts of the class that `text` begins with: its head, and what stands in it by itself."""
    for depth, statement in statements(text):
        if depth == 0 or (depth == 1 and statement[0].string not in ("def", "async", "class", "@")):
            yield from words(statement)


def is_definition(statement: Statement) -> bool:
    return any(one.string in ("def", "class") for one in statement[:2])


def words(statement: Statement) -> Iterator[tokenize.TokenInfo]:
    """Yield the names and texts of a statement; of a docstring, an import, and the name of a function, none."""
    is_text = len(statement) == 1 and statement[0].type == tokenize.STRING
    if is_text or (statement and statement[0].string in ("from", "import")):
        return
    before = ""
    for token in statement:
        if token.type in TEXTS or (token.type == tokenize.NAME and before != "def"):
            yield token
        before = token.string


def taken_out(match: Match, file: File) -> Iterator[tuple[Place, Place]]:
    """Yield what the fix of a match takes out of the code, as rows from 1 and columns from 0."""
    changes = [one for one in match.operations.changes if not one.before]
    for change in changes:
        pieces = sorted((file.start(one), file.end(one)) for one in change.kept)
        at = file.start(change.node)
        for start, end in pieces:
            if at < start:
                yield (at.row, at.column - 1), (start.row, start.column - 1)
            at = max(at, end)
        end = file.end(change.node)
        if at < end:
            yield (at.row, at.column - 1), (end.row, end.column - 1)
    for substitution in match.operations.substitutions:
        node = substitution.place.node
        start, end = file.start(node), file.end(node)
        yield (start.row, start.column - 1), (end.row, end.column - 1)
