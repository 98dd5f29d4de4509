"""The files of a run → what some of them do with the names of others: replace them for a test, or read through them.

A rewrite that takes `import torch` out of `spec.py` breaks `mock.patch("spec.torch.cuda.synchronize")` and `spec.torch`
in other files, and no look at `spec.py` alone tells. Only files that may do so are parsed, and by Python's own parser.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from cudafix.files.ordinary import read_ordinary
from cudafix.files.source import HUGE, OutsideUse
from cudafix.syntax.python_parser import parse_quietly

SUFFIXES = (".py", ".pyi")
PATCHERS = frozenset(("patch", "object", "setattr", "delattr", "spy", "multiple", "dict"))
"""The last names of the functions that replace what their first arguments name."""

QUOTED_PATH = re.compile(rb"""["']((?:\w+\.)+\w+)["']""")
BEFORE_NAME = (b"patch.object(", b"setattr(", b"delattr(", b".spy(")
QUOTED_NAME = [re.compile(re.escape(one) + rb"""\s*[\w.]+,\s*["'](\w+)["']""") for one in BEFORE_NAME]
READ = re.compile(rb"\.torch\b")
LAST_WORD = re.compile(rb"\w*\Z")
LONGEST_NAME = 80

IMPORTED = re.compile(rb"from [\w.]+ import (?:\w+, )*torch\b")


def find_outside_uses(paths: Sequence[str]) -> Mapping[str, tuple[OutsideUse, ...]]:
    """Return, by its path, what other files do with the names of a module; one that cannot be read does nothing."""
    modules = by_last_name(paths)
    if sum(len(same) for same in modules.values()) < 2:
        return {}
    found: dict[str, list[OutsideUse]] = {}
    for path in paths:
        if path.endswith(SUFFIXES):
            for dotted, replaces, row in uses_in(path, modules):
                for module, name in meant(dotted, modules):
                    if module != path:
                        found.setdefault(module, []).append(OutsideUse(name, replaces, path, row))
    return {path: tuple(uses) for path, uses in found.items()}


def by_last_name(paths: Iterable[str]) -> dict[str, list[tuple[str, list[str]]]]:
    """Return the modules by the last part of their dotted names: (path, all parts that the path has)."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for path in paths:
        stem, suffix = os.path.splitext(os.path.abspath(path))
        parts = stem.split(os.sep)
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if suffix in SUFFIXES and parts:
            found.setdefault(parts[-1], []).append((path, parts))
    return found


def meant(dotted: str, modules: Mapping[str, Sequence[tuple[str, list[str]]]]) -> Iterator[tuple[str, str]]:
    """Yield the modules that the longest beginning of a dotted name may stand for, each with the rest of the name."""
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        candidates = modules.get(parts[length - 1], ())
        same = [path for path, known in candidates if known[-length:] == parts[:length]]
        if same:
            yield from ((path, ".".join(parts[length:])) for path in same)
            return


def uses_in(path: str, modules: Mapping[str, object]) -> Iterator[tuple[str, bool, int]]:
    """Yield the dotted names that a file uses through a module: (name, whether it is replaced, row)."""
    try:
        data = read_ordinary(path, HUGE)
        if not may_use(data, modules):
            return
        tree = parse_quietly(data)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    meanings = dict(meanings_in(tree))
    for node in ast.walk(tree):
        yield from uses_of(node, meanings)


def may_use(data: bytes, modules: Mapping[str, object]) -> bool:
    """Whether a file may replace or read what a module imports of torch."""
    if b"patch" in data or b"attr(" in data or b".spy(" in data:
        if any(says_torch(one[1].decode(errors="replace")) for one in QUOTED_PATH.finditer(data)):
            return True
        found = (one[1].decode(errors="replace") for pattern in QUOTED_NAME for one in pattern.finditer(data))
        if b"patch.multiple(" in data or any(one in names_of_torch() for one in found):
            return True
    if any(may_be_module(word_before(one.start(), data), data, modules) for one in READ.finditer(data)):
        return True
    return IMPORTED.search(data) is not None


def word_before(end: int, data: bytes) -> bytes:
    found = LAST_WORD.search(data, max(0, end - LONGEST_NAME), end)
    return found[0] if found else b""


def may_be_module(word: bytes, data: bytes, modules: Mapping[str, object]) -> bool:
    return word.decode(errors="replace") in modules or b" as " + word in data


def says_torch(dotted: str) -> bool:
    """Whether a dotted name may be what a module has imported: torch, a part of it, or a function of a backend."""
    parts = dotted.split(".")
    return "torch" in parts[1:] or (not is_torch(dotted) and parts[-1] in names_of_torch())


def is_torch(dotted: str) -> bool:
    return dotted.partition(".")[0] in ("torch", "torch_npu")


@cache
def names_of_torch() -> frozenset[str]:
    """Return what a module may import of torch that a fix takes out."""
    from cudafix.catalogue.table import ROWS  # not at the top: most hooks have no need of it

    return frozenset(("torch", "cuda", "amp", *(name.rpartition(".")[2] for name in ROWS)))


def meanings_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that a file imports, wherever, and what they stand for; of a relative import without the dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.asname, one.name) for one in node.names if one.asname)
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}" if node.module else one.name


def uses_of(node: ast.AST, meanings: Mapping[str, str]) -> Iterator[tuple[str, bool, int]]:
    if isinstance(node, ast.Call):
        yield from ((dotted, True, node.lineno) for dotted in replaced_by(node, meanings))
    elif isinstance(node, ast.Attribute) and (dotted := dotted_name(node, meanings)) and ".torch." in f"{dotted}.":
        yield dotted, isinstance(node.ctx, (ast.Store, ast.Del)), node.lineno
    elif isinstance(node, ast.ImportFrom) and node.module and not is_torch(node.module):
        for one in node.names:
            if one.name == "torch" or one.name in names_of_torch():
                yield f"{node.module}.{one.name}", False, node.lineno


def replaced_by(call: ast.Call, meanings: Mapping[str, str]) -> Iterator[str]:
    """Yield what `patch("spec.torch.cuda.synchronize")` and `setattr(spec.torch.cuda, "synchronize", …)` replace."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function not in PATCHERS or not call.args:
        return
    first = call.args[0]
    target = first.value if isinstance(first, ast.Constant) else dotted_name(first, meanings)
    if not isinstance(target, str) or not target:
        return
    second = call.args[1] if len(call.args) > 1 and not isinstance(first, ast.Constant) else None
    names = [second.value] if isinstance(second, ast.Constant) and isinstance(second.value, str) else []
    names += [one.arg for one in call.keywords if one.arg] if function == "multiple" else []
    yield from (one for one in ([f"{target}.{name}" for name in names] or [target]) if says_torch(one))


def dotted_name(node: ast.expr, meanings: Mapping[str, str]) -> str:
    """Return the dotted name that an expression is, from the import on; "" for every other expression."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([meanings.get(node.id, node.id), *reversed(names)])
