"""Bytes → where their statements and words stand, as Python's own parser says: it is ten times as fast as libcst.

A path leads from the outermost statement around a row to the innermost. Names of attributes begin with a dot.
"""

from __future__ import annotations

import ast
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property

from cudafix.files.source import LARGEST
from cudafix.prefilter.segments import DEFINITION, Unparsed, parsed, row_starts, unparsed
from cudafix.syntax.python_parser import parse_quietly

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
WORD = re.compile(rb"[^\W\d]\w*")

LONG = 500_000
"""Bytes. Of a longer file only the statements that are asked for are parsed."""

Block = list[ast.stmt]
Path = list[tuple[Block, int]]
"""Statements by their places in blocks, outermost first."""


class Statements:
    """The statements and words of one file. Rows count from 1 and end with `\\n`.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: where Python cannot read it.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.body: Block = parse_quietly(data).body if len(data) <= LONG else unparsed(data)
        self.lines = data.split(b"\n")
        self.starts = row_starts(self.lines)
        self.has_walrus = b":=" in data
        self.paths: dict[int, Path] = {}
        self.firsts: dict[int, list[int]] = {}
        self.known_blocks: dict[ast.stmt, list[Block]] = {}
        self.parents: dict[ast.stmt, ast.stmt] = {}
        """The statements around those that a path led to."""

    def row(self, offset: int) -> int:
        return bisect_right(self.starts, offset)

    def text(self, first: int, last: int) -> bytes:
        return self.data[self.starts[first - 1] : self.starts[last]]

    def text_of(self, node: ast.stmt) -> bytes:
        return self.text(first_row(node), last_row(node))

    def statement(self, block: Block, index: int) -> ast.stmt:
        """Return a statement of a block, parsed now if it has not been.

        Raises:
            ValueError: where that would take minutes, and gigabytes.
        """
        if isinstance(block[index], Unparsed):
            text = self.text_of(block[index])
            if len(text) > LARGEST:
                raise ValueError(f"a statement is larger than {LARGEST // 1_000_000} MB")
            block[index] = parsed(block[index], text)
        return block[index]

    def is_definition(self, node: ast.stmt) -> bool:
        if isinstance(node, Unparsed):
            return DEFINITION.match(self.text_of(node)) is not None
        return isinstance(node, DEFINITIONS)

    def names_said(self, node: ast.stmt, name: str) -> bool:
        return name.encode() in self.text_of(node)

    def is_elif(self, node: ast.stmt) -> bool:
        return isinstance(node, ast.If) and self.lines[node.lineno - 1].lstrip().startswith(b"elif")

    def blocks(self, node: ast.stmt) -> list[Block]:
        """Return the blocks in a compound statement, as they stand; a `match` counts as a simple one."""
        if node not in self.known_blocks:
            self.known_blocks[node] = blocks(node)
        return self.known_blocks[node]

    def bound(self, node: ast.stmt) -> list[str]:
        """Return the names that a statement binds by itself, not by those in it."""
        return bound_names(node, self.has_walrus and b":=" in self.text_of(node))

    # Words

    @cached_property
    def words(self) -> dict[bytes, array[int]]:
        """Where each word is said, in strings and comments as well."""
        found: dict[bytes, array[int]] = {}
        for match in WORD.finditer(self.data):
            if match[0] in found:
                found[match[0]].append(match.start())
            else:
                found[match[0]] = array("Q", (match.start(),))
        return found

    def paths_of(self, name: str, function: ast.stmt | None = None) -> Iterator[Path]:
        """Yield the paths to the rows that say a name, in a function or anywhere."""
        offsets: Sequence[int] = self.words.get(name.lstrip(".").encode(), array("Q"))
        if function is not None:
            first, last = self.starts[first_row(function) - 1], self.starts[last_row(function)]
            offsets = offsets[bisect_left(offsets, first) : bisect_left(offsets, last)]
        is_attribute = name.startswith(".")
        known = 0
        for offset in offsets:
            row = self.row(offset)
            if row != known and (self.data[offset - 1 : offset] == b".") is is_attribute:
                known = row
                path = self.path(row)
                if path:
                    yield path

    # Paths

    def path(self, row: int) -> Path:
        """Return the statements around a row; none where a comment stands between two."""
        if row not in self.paths:
            self.paths[row] = list(self.steps(row))
        return self.paths[row]

    def steps(self, row: int) -> Iterator[tuple[Block, int]]:
        block = self.body
        while block:
            index = bisect_right(self.firsts_of(block), row) - 1
            if index < 0 or last_row(block[index]) < row:
                return
            node = self.statement(block, index)
            yield block, index
            block = next((one for one in self.blocks(node) if first_row(one[0]) <= row <= last_row(one[-1])), [])
            if block and block[0] not in self.parents:
                self.parents.update((inner, node) for inner in block)

    def firsts_of(self, block: Block) -> list[int]:
        if id(block) not in self.firsts:
            self.firsts[id(block)] = [first_row(one) for one in block]
        return self.firsts[id(block)]

    @cached_property
    def imports(self) -> set[ast.stmt]:
        """The import statements, wherever they stand."""
        return {one for path in self.paths_of("import") if isinstance(one := innermost(path), IMPORTS)}


def innermost(path: Path) -> ast.stmt:
    block, index = path[-1]
    return block[index]


def outermost_function(path: Path) -> ast.stmt | None:
    """Return the outermost function of a path: its names are none of others."""
    return next((block[index] for block, index in path if isinstance(block[index], FUNCTIONS)), None)


def first_row(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", ())
    return decorators[0].lineno if decorators else node.lineno


def last_row(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def blocks(node: ast.stmt) -> list[Block]:
    if isinstance(node, ast.Match):
        return []
    handlers = [one.body for one in getattr(node, "handlers", ())]
    found = [getattr(node, "body", None), *handlers, getattr(node, "orelse", None), getattr(node, "finalbody", None)]
    return [one for one in found if one]


def statements_in(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield a statement and those in it."""
    yield node
    for block in blocks(node):
        for statement in block:
            yield from statements_in(statement)


# Names


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield the names that stand in an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield f".{part.attr}"


def bound_names(node: ast.stmt, has_walrus: bool = False) -> list[str]:
    if isinstance(node, DEFINITIONS):
        return [node.name]
    if isinstance(node, IMPORTS):
        return [(one.asname or one.name.partition(".")[0]) for one in node.names]
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return node.names
    found = [name for target in targets_of(node) for name in names_in_target(target)]
    found += [one.name for one in getattr(node, "handlers", ()) if one.name]
    if isinstance(node, ast.Match):
        found += names_in_match(node)
    head = getattr(node, "test", None) if blocks(node) else node
    if has_walrus and head is not None:
        found += [one.target.id for one in ast.walk(head) if isinstance(one, ast.NamedExpr)]
    return found


def targets_of(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, (ast.Assign, ast.Delete)):
        return node.targets
    if isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        return [node.target]
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return [one.optional_vars for one in node.items if one.optional_vars is not None]
    alias = getattr(node, "name", None)  # `type X = …`, which Python 3.12 knows first
    return [alias] if isinstance(alias, ast.Name) else []


def names_in_target(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Attribute):
        yield f".{target.attr}"
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from names_in_target(element)
    elif isinstance(target, ast.Starred):
        yield from names_in_target(target.value)


def names_in_match(node: ast.Match) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
            yield part.name
        elif isinstance(part, ast.MatchMapping) and part.rest:
            yield part.rest
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
