"""Which files of a project a module imports before it is done: what those import from it may not be there yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cudafix.config.targets import module_file
from cudafix.files.ordinary import read_ordinary
from cudafix.files.source import LARGEST
from cudafix.syntax.python_parser import parse

LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
"""What runs when it is called."""

MOST = 2_000
"""Files. A project in which a module imports more than this at once is given the benefit of the doubt."""


def imports_at_once(module: str, path: str, root: Path) -> bool:
    """Whether importing `module` runs the file at `path`, below the project's folder `root`, on the way."""
    return Path(path).resolve() in reached(module, root)


@cache
def reached(module: str, root: Path) -> frozenset[Path]:
    """Return the files that run while `module` does. Its own packages have begun before, and count as done."""
    first = module_file(module, root)
    if first is None:
        return frozenset()
    begun = {".".join(module.split(".")[:length]) for length in range(1, module.count(".") + 2)}
    found: dict[Path, None] = {}
    waiting = [(module, first)]
    while waiting and len(found) < MOST:
        name, file = waiting.pop()
        for other in imported(name, file, root):
            place = module_file(other, root) if other not in begun else None
            if place is not None:
                begun.add(other)
                found[place.resolve()] = None
                waiting.append((other, place))
    return frozenset(found)


def imported(module: str, file: Path, root: Path) -> Iterator[str]:
    """Yield the modules that a file imports when it runs, and the packages around them."""
    try:
        tree = parse(read_ordinary(file, LARGEST))
    except OSError:
        return
    if tree is None:
        return
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in at_once(tree):
        for name in named_modules(node, package, root):
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def at_once(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is imported: none inside functions, none for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, LATER):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from (inner for statement in node.orelse for inner in (statement, *at_once(statement)))
            continue
        yield node
        yield from at_once(node)


def named_modules(node: ast.AST, package: str, root: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        module = ".".join([*above, *filter(None, [node.module])])
        if module:
            yield module
            yield from (full for one in node.names if module_file(full := f"{module}.{one.name}", root) is not None)
