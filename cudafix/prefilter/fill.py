"""Statements that stay → the text of a slice: what goes leaves a tuple that fills the same rows.

The tuple is none of the things that a rule passes over, such as `pass` or a string. It names what is imported of torch
and used in what goes, so that an import which is needed there is not taken for one that nobody uses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from functools import cached_property
from itertools import pairwise

from cudafix.prefilter.segments import Unparsed, parsed
from cudafix.prefilter.statements import (
    FUNCTIONS,
    Block,
    Statements,
    bound_names,
    first_row,
    innermost,
    last_row,
    outermost_function,
)

TEXT = re.compile(rb"[rRuU]?[\"']")
TYPE = re.compile(r"[\w.\[\]|, '\"]*")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

ScopedName = tuple[str, ast.stmt | None]
"""A name, and the function that imports it; None for what the module imports."""


class Whole(Exception):
    """Nothing can be left out for certain."""


def fill(file: Statements, stays: Set[ast.stmt], ways: Set[ast.stmt]) -> bytes | None:
    """Return the text with what stays, and fillers for all else; None where nothing can be left out."""
    filler = Filler(file, stays, ways)
    try:
        filler.write(file.body, None)
    except Whole:
        return None
    return None if filler.unsure - filler.named else b"\n".join(filler.rows)


class Filler:
    def __init__(self, file: Statements, stays: Set[ast.stmt], ways: Set[ast.stmt]) -> None:
        self.file = file
        self.stays = stays
        self.ways = ways
        self.rows = list(file.lines)
        self.named: set[ScopedName] = set()
        """What a filler has named."""
        self.unsure: set[ScopedName] = set()
        """What is named in strings that may be types, and perhaps nowhere else."""

    def write(self, block: Block, function: ast.stmt | None) -> None:
        if any(last_row(one) >= other.lineno for one, other in pairwise(block)):
            raise Whole  # several statements on a row
        going: Block = []
        for index, node in enumerate(block):
            if isinstance(node, Unparsed) and TEXT.match(self.file.text_of(node)):
                node = self.file.statement(block, index)
            is_way = node in self.ways or self.file.is_elif(node)
            if node not in self.stays and not is_way and not is_text(node):
                going.append(node)
                continue
            self.fill(going, function)
            going = []
            if node not in self.stays:
                for inner in self.file.blocks(node):
                    self.write(inner, function or (node if isinstance(node, FUNCTIONS) else None))
        self.fill(going, function)

    def fill(self, nodes: Block, function: ast.stmt | None) -> None:
        """Put a tuple in the place of statements."""
        if not nodes:
            return
        first, last = first_row(nodes[0]), last_row(nodes[-1])
        line = self.rows[first - 1]
        indent = line[: nodes[0].col_offset]
        if indent.strip():
            raise Whole  # behind `:` on one row
        names = "".join(f"{name}, " for name in self.imports_used(nodes, self.file.text(first, last), function))
        end = b"\r" if line.endswith(b"\r") else b""
        if first == last:
            self.rows[first - 1] = indent + f'({names}"",)'.encode() + end
            return
        self.rows[first - 1] = indent + f'({names}"""'.encode() + end
        self.rows[first : last - 1] = [end] * (last - 1 - first)
        self.rows[last - 1] = b'""",)' + end

    def imports_used(self, nodes: Block, text: bytes, function: ast.stmt | None) -> list[str]:
        """Return the names of imports that statements use, and that no filler has named yet."""
        if self.imported is None:
            return []
        found = []
        for name in sorted({one.decode() for one in self.imported.findall(text)}):
            scoped = name, function if (name, function) in self.local else None
            if scoped in self.named:
                continue
            trees = list(self.trees(nodes, name))
            if any(reads(one, name) for one in trees):
                self.named.add(scoped)
                found.append(name)
            elif b"# type:" in text or any(may_be_type(node, name) for tree in trees for node in ast.walk(tree)):
                self.unsure.add(scoped)
        return found

    def trees(self, nodes: Block, name: str) -> Iterator[ast.AST]:
        """Yield statements, those left out that nobody has parsed and that do not say a name."""
        for node in nodes:
            if not isinstance(node, Unparsed):
                yield node
            elif self.file.names_said(node, name):
                yield parsed(node, self.file.text_of(node))

    @cached_property
    def imported(self) -> re.Pattern[bytes] | None:
        """The names of torch, and of what is imported of it."""
        names = {name for node in self.file.imports if is_of_torch(node) for name in bound_names(node)}
        return re.compile(rb"(?<![\w.])(?:%s)\b" % "|".join(sorted(map(re.escape, names))).encode()) if names else None

    @cached_property
    def local(self) -> set[ScopedName]:
        """The names that functions import for themselves."""
        found = [(innermost(path), outermost_function(path)) for path in self.file.paths_of("import")]
        imports = [(node, function) for node, function in found if node in self.file.imports]
        return {(name, function) for node, function in imports for name in bound_names(node)}


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a string, a docstring for one: that costs little, and stays."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def reads(node: ast.AST, name: str) -> bool:
    """Whether code reads a name that is not its own: a parameter's, or a comprehension's."""
    if isinstance(node, ast.Name):
        return node.id == name
    if isinstance(node, COMPREHENSIONS):
        bound = [part for generator in node.generators for part in ast.walk(generator.target)]
        if any(isinstance(one, ast.Name) and one.id == name for one in bound):
            return reads(node.generators[0].iter, name)
    if isinstance(node, (*FUNCTIONS, ast.Lambda)):
        own = [one for one in ast.walk(node.args) if isinstance(one, ast.arg)]
        if any(one.arg == name for one in own):
            outside = [getattr(node, "decorator_list", ()), node.args.defaults, node.args.kw_defaults]
            types = [getattr(node, "returns", None), *(one.annotation for one in own)]
            return any(part is not None and reads(part, name) for group in (*outside, types) for part in group)
    return any(reads(one, name) for one in ast.iter_child_nodes(node))


def may_be_type(node: ast.AST, name: str) -> bool:
    """Whether a string with a name in it may be a type in quotes."""
    text = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(text, str) or not re.search(rf"(?<![\w.]){re.escape(name)}\b", text):
        return False
    return TYPE.fullmatch(text) is not None


def is_of_torch(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return any(one.name.startswith("torch") for one in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch")
