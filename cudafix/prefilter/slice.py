"""Source → the part of it that the rules can have something to say about, before libcst reads it.

What stays stands word by word on the rows where it was: the statements that hold a needle, the heads of the blocks
around them, the conditions on the way that may ask for a backend, what binds the names in such conditions, what reads
a name that holds an answer or a function of a backend, and the imports. What goes leaves a tuple that fills the same
rows. The findings are those of the whole file: `tests/prefilter/test_slice.py` and the real trees hold it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from cudafix.catalogue.backends import BACKENDS, WORDS
from cudafix.catalogue.table import BY_RUNTIME, OF_ONE_BACKEND
from cudafix.prefilter.fill import fill
from cudafix.prefilter.segments import Unparsed
from cudafix.prefilter.statements import (
    FUNCTIONS,
    IMPORTS,
    Block,
    Path,
    Statements,
    bound_names,
    first_row,
    innermost,
    last_row,
    names_in,
    outermost_function,
    statements_in,
)
from cudafix.syntax.scopes import FRAME_READERS

LIBRARIES = "(?:[A-Z]+_)*(?:CUDA|NCCL|CUBLAS|CUDNN|NVTE|NVIDIA)_"
NEEDLES = tuple(
    re.compile(pattern.encode())
    for pattern in (
        rf"\.[\s\\]*(?:{'|'.join(BACKENDS)})\b(?!\s*\()", rf'"(?:{WORDS})\b', rf"'(?:{WORDS})\b",
        rf'"{LIBRARIES}', rf"'{LIBRARIES}", "autocast", "CUDA",
    )
)  # fmt: skip
NEEDLE_WORDS = (
    *BACKENDS, *BY_RUNTIME, *FRAME_READERS, "current_device_type", "current_device", "GradScaler", "custom_fwd",
    "custom_bwd", "cudnn", "ProcessGroupNCCL", "is_nccl_available", "ProfilerActivity", "get_device_module",
    "device_module", "jit", "getsource", "getsourcelines", "globals", "global", "nonlocal", "__all__",
)  # fmt: skip
"""What a rule of those that are on by default may report, or what its findings hang on wherever it stands."""

NAMES_BACKEND = re.compile(rf"(?i:(?<![a-z])(?:{WORDS})(?![a-z]))".encode())
ASKS = re.compile(NAMES_BACKEND.pattern + rb"|is_available|device_count|accelerator|cpu")
"""What a condition says that may ask for a backend."""

ANSWERS = frozenset((
    *BY_RUNTIME, "is_available", "device_count", "get_device_properties", "get_device_module", "current_device",
    "getattr", "hasattr", "bool", "is_built", "current_device_type",
    *(one.rpartition(".")[2] for one in OF_ONE_BACKEND),
))  # fmt: skip
"""The functions whose results rules follow to where they are read."""

EMPTIES = (".empty_cache", "empty_cache", ".empty_device_cache", "empty_device_cache")
"""What empties a cache, beside the methods that the options name."""

LEAVES = re.compile(rb"\b(?:return|raise|continue|break)\b")
COOKIE = re.compile(rb"[ \t]*#.*?coding[:=][ \t]*([-\w.]+)")
STAR = re.compile(rb"\bimport(?:\s*\()?\s*\*")
SMALL = 30
"""Rows. A block of so many, between imports, stays as a whole."""

Function = ast.stmt | None
"""The outermost function around a statement; None where there is none."""

Value = ast.expr | None


def cut(data: bytes, words: Iterable[str] = (), flush_methods: Iterable[str] = ()) -> bytes | None:
    """Return the slice of a file, with as many rows; None where the whole must be looked at.

    `words` are those of the options that rules ask about as well: names of predicates, of functions.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: where Python cannot read it.
    """
    if not is_plain(data) or STAR.search(data):
        return None
    empties = (*EMPTIES, *(f".{one}" for one in flush_methods))
    return Slicer(Statements(data), words, empties).cut()


def is_plain(data: bytes) -> bool:
    """Whether rows are what `\\n` or `\\r\\n` ends, and the text is UTF-8."""
    cookies = [COOKIE.match(line) for line in data.split(b"\n", 2)[:2]]
    is_utf8 = all(one is None or one[1].lower() in (b"utf-8", b"utf8") for one in cookies)
    returns = data.count(b"\r")
    is_even = not returns or returns == data.count(b"\r\n") == data.count(b"\n")
    return is_even and is_utf8 and b"\f" not in data and not data.startswith(b"\xef\xbb\xbf")


class Slicer:
    """What stays of one file: `stays` as a whole, `ways` with their heads only."""

    def __init__(self, file: Statements, words: Iterable[str], empties: Iterable[str]) -> None:
        self.file = file
        self.empties = empties
        self.stays: set[ast.stmt] = set()
        self.ways: set[ast.stmt] = set()
        self.needles = set(self.rows_with_needles([one.encode() for one in (*words, *NEEDLE_WORDS)]))
        self.exits: dict[int, int] = {}
        self.flags: dict[tuple[str, Function], tuple[bool, int]] = {}
        """Whether a name may be given what asks for a backend, and how far that was followed."""
        self.bindings: set[tuple[str, Function]] = set()
        """The names of which each binding stays."""
        self.read: set[tuple[str, Function]] = set()
        """The names of which each reader stays."""

    def rows_with_needles(self, words: Iterable[bytes]) -> Iterator[int]:
        for needle in NEEDLES:
            for match in needle.finditer(self.file.data):
                yield from range(self.file.row(match.start()), self.file.row(match.end() - 1) + 1)
        for word in words:
            yield from map(self.file.row, self.file.words.get(word, ()))

    def cut(self) -> bytes | None:
        self.keep_imports(self.file.body)
        for row in sorted(self.needles):
            self.keep_path(self.file.path(row))
        for word in self.file.words:
            if NAMES_BACKEND.search(word):
                self.keep_bindings(word.decode(), None)
        self.keep_repeated()
        return fill(self.file, self.stays, self.ways)

    # What stays

    def keep_imports(self, block: Block) -> bool:
        """Keep the imports outside of functions, and what stands between them. Return whether there are any."""
        for index, node in enumerate(block):
            if isinstance(node, Unparsed) and self.file.names_said(node, "import"):
                self.file.statement(block, index)
        last = max((index for index, node in enumerate(block) if isinstance(node, IMPORTS)), default=-2)
        has_imports = last >= 0
        for index, node in enumerate(block):
            if isinstance(node, Unparsed):
                if index > last + 1 or self.file.is_definition(node):
                    continue
                node = self.file.statement(block, index)
            is_simple = not self.file.blocks(node)
            is_small = last_row(node) - first_row(node) < SMALL and not self.file.is_definition(node)
            if index <= last + 1 and (is_simple or is_small):
                self.keep(node, None)
            elif not is_simple and not isinstance(node, FUNCTIONS) and self.keep_imports_in(node):
                self.ways.add(node)
                has_imports = True
        return has_imports

    def keep_imports_in(self, node: ast.stmt) -> bool:
        for block in self.file.blocks(node):
            self.file.parents.update((one, node) for one in block)
        found = [self.keep_imports(block) for block in self.file.blocks(node)]  # of all: `any` alone would stop
        return any(found)

    def keep_path(self, path: Path) -> None:
        """Keep the statement at the end of a path, and on the way to it all that may ask for a backend."""
        function = outermost_function(path)
        for depth, (block, index) in enumerate(path):
            node, rest = block[index], path[depth + 1 :]
            self.keep_exits(block, index, function)
            if isinstance(node, ast.If) and not self.file.is_elif(node):
                is_in_head = not rest or (len(rest) == 1 and self.file.is_elif(innermost(rest)))
                if is_in_head or self.asks(node, function):
                    self.keep_near(block, index, function)
                    return
            if isinstance(node, (ast.Match, ast.While)) or (not rest and not self.file.blocks(node)):
                self.keep(node, function)
                return
            self.go_to(node, function)
            for handler in getattr(node, "handlers", ()):  # what is done when a call fails
                for inner in handler.body:
                    self.keep(inner, function)

    def keep_exits(self, block: Block, index: int, function: Function) -> None:
        """Keep what stands above in the block, may ask for a backend, and leave."""
        done = self.exits.get(id(block), 0)
        self.exits[id(block)] = max(done, index)
        for place in range(done, index):
            node = block[place]
            if not isinstance(node, ast.If) or node in self.stays or not self.may_leave(node):
                continue
            if self.asks(node, function):
                self.keep_near(block, place, function)

    def keep_near(self, block: Block, index: int, function: Function) -> None:
        """Keep a choice with its neighbours, and all that follows one that may leave the block."""
        first, last = max(0, index - 1), index + 2
        while first > 0 and isinstance(block[first], ast.If):
            first -= 1
        while last < len(block) and isinstance(block[last - 1], ast.If):
            last += 1
        for place in range(first, len(block) if self.may_leave(block[index]) else min(last, len(block))):
            self.keep(self.file.statement(block, place), function)

    def keep(self, node: ast.stmt, function: Function) -> None:
        if node in self.stays:
            return
        self.stays.add(node)
        self.go_up(node, function)
        if is_of_backend(node):
            self.follow_readers(node, function)
        has_needle = not self.needles.isdisjoint(range(first_row(node), last_row(node) + 1))
        if has_needle or ASKS.search(self.file.text_of(node)):
            self.follow_conditions(node, function)
        if has_needle:
            self.follow_answers(node, node if isinstance(node, FUNCTIONS) and function is None else function)

    def go_to(self, node: ast.stmt, function: Function) -> None:
        """Keep the head of a compound statement; of a function, its imports as well."""
        if node in self.ways or node in self.stays:
            return
        self.ways.add(node)
        self.go_up(node, function)
        if node is function:
            for path in list(self.file.paths_of("import", function)):
                if isinstance(innermost(path), IMPORTS):
                    self.keep(innermost(path), function)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            self.follow_conditions(node, function)

    def go_up(self, node: ast.stmt, function: Function) -> None:
        parent = self.file.parents.get(node)
        if parent is not None:
            self.go_to(parent, function)

    def keep_repeated(self) -> None:
        """Keep the classes of which two methods empty a cache: the rule about that compares all they do."""
        seen: dict[ast.stmt, ast.stmt] = {}
        for path in (path for word in self.empties for path in self.file.paths_of(word)):
            nodes = [block[index] for block, index in path]
            place = next((number for number, one in enumerate(nodes) if isinstance(one, ast.ClassDef)), len(nodes))
            method = nodes[place + 1 : place + 2]
            if method and seen.setdefault(nodes[place], method[0]) is not method[0]:
                self.keep(nodes[place], None)

    # Conditions

    def asks(self, node: ast.If, function: Function) -> bool:
        """Whether a condition of an `if … elif …` may ask for a backend."""
        rungs = [one for one in node.orelse if isinstance(one, ast.If) and self.file.is_elif(one)]
        return self.may_ask(node.test, function, 3) or any(self.asks(one, function) for one in rungs)

    def may_ask(self, test: ast.expr, function: Function, depth: int) -> bool:
        """Whether an expression says so, or a name in it is given one that does."""
        if ASKS.search(self.file.text(test.lineno, test.end_lineno or test.lineno)):
            return True
        return depth > 0 and any(self.may_be_flag(name, function, depth - 1) for name in dict.fromkeys(names_in(test)))

    def may_be_flag(self, name: str, function: Function, depth: int) -> bool:
        answer, known = self.flags.get((name, function), (False, -1))
        if not answer and known < depth:
            self.flags[name, function] = False, depth  # for a name that is given itself
            places = dict.fromkeys((None, None if name.startswith(".") else function))
            paths = [path for place in places for path in self.file.paths_of(name, place)]
            given = [(value, path) for path in paths for value in values_given(innermost(path), name)]
            answer = any(self.may_ask(value, outermost_function(path), depth) for value, path in given)
            self.flags[name, function] = answer, depth
        return answer

    def may_leave(self, node: ast.stmt) -> bool:
        return LEAVES.search(self.file.text_of(node)) is not None

    # Names

    def follow_conditions(self, node: ast.stmt, function: Function) -> None:
        """Keep what binds the names that the conditions in a statement read."""
        for name in dict.fromkeys(names_in_conditions(node)):
            self.keep_bindings(name, function)
            self.keep_bindings(name, None)

    def keep_bindings(self, name: str, function: Function) -> None:
        if (name, function) in self.bindings:
            return
        self.bindings.add((name, function))
        for path in self.file.paths_of(name, function):
            for depth, (block, index) in enumerate(path):  # `def torch(): ...` binds it, and not what is in it
                if name in self.file.bound(block[index]):
                    self.keep_binding(block[index], outermost_function(path[: depth + 1]))

    def keep_binding(self, node: ast.stmt, function: Function) -> None:
        if self.file.blocks(node):
            self.go_to(node, function)
        else:
            self.keep(node, function)

    def follow_answers(self, node: ast.stmt, function: Function) -> None:
        """Keep what reads the names to which a statement with a needle gives an answer, or a function."""
        for inner in statements_in(node):
            if holds_answer(inner) and not self.needles.isdisjoint(range(first_row(inner), last_row(inner) + 1)):
                self.follow_readers(inner, function)

    def follow_readers(self, node: ast.stmt, function: Function) -> None:
        """Keep what reads a name that a statement binds."""
        for name in self.file.bound(node):
            place = None if name.startswith(".") else function
            if (name, place) not in self.read:
                self.read.add((name, place))
                for path in self.file.paths_of(name, place):
                    self.keep_path(path)


def is_of_backend(node: ast.stmt) -> bool:
    """Whether an import binds a backend's module, or what is in it, to a name of its own."""
    if isinstance(node, ast.Import):  # `import torch.cuda` binds no more than `torch`
        return any(one.asname and not set(one.name.split(".")).isdisjoint(BACKENDS) for one in node.names)
    if not isinstance(node, ast.ImportFrom):
        return False
    module = node.module or ""
    words = {*module.split("."), *(one.name for one in node.names)}
    return module.startswith("torch_") or (module.startswith("torch") and not words.isdisjoint(BACKENDS))


def values_given(node: ast.stmt, name: str) -> list[ast.expr]:
    """Return what a statement gives to a name."""
    value = getattr(node, "value", None)
    return [value] if isinstance(value, ast.expr) and name in bound_names(node) else []


def holds_answer(node: ast.stmt) -> bool:
    """Whether a statement gives a name to a function of a backend, to a table of such, or to an answer about one."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").startswith("torch")
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return any(isinstance(one, ast.Call) and is_answer(one) for one in ast.walk(node.iter))
    value: Value = (
        getattr(node, "value", None) if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) else None
    )
    values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    return any(is_answer(one) for one in values) or any(isinstance(one, ast.NamedExpr) for one in ast.walk(node))


def is_answer(value: Value) -> bool:
    if isinstance(value, ast.Call):
        func = value.func
        return getattr(func, "attr", getattr(func, "id", "")) in ANSWERS
    return isinstance(value, (ast.Name, ast.Attribute, ast.Dict, ast.IfExp, ast.BoolOp, ast.Compare, ast.UnaryOp))


def names_in_conditions(node: ast.stmt) -> Iterator[str]:
    """Yield the names in what a statement, or another one in it, decides by."""
    for part in ast.walk(node):
        if isinstance(part, (ast.If, ast.While, ast.IfExp, ast.Assert)):
            yield from names_in(part.test)
        elif isinstance(part, (ast.BoolOp, ast.Compare)):
            yield from names_in(part)
        elif isinstance(part, ast.Match):
            yield from names_in(part.subject)
        elif isinstance(getattr(part, "value", None), (ast.Name, ast.Attribute, ast.UnaryOp)):
            yield from names_in(part.value)  # type: ignore[attr-defined]
