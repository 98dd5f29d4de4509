"""References to a backend's functions in one module: every expression and import that the name table resolves to one.

In: the name table. Out: `Reference`s in the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

import libcst as cst

from cudafix.catalogue.symbols import Symbol, find_row, look_up
from cudafix.files.source import Source
from cudafix.syntax.expressions import getattr_name, imported_module, leftmost
from cudafix.syntax.module import File
from cudafix.syntax.name_table import NameTable
from cudafix.syntax.scopes import Binding, BindingKind, Resolution, Scope, Use

BROUGHT_BY_STARS = frozenset({"torch"})
"""What any star import is taken to bring: who says `torch` means torch."""


@dataclass(frozen=True, eq=False)
class Reference:
    """One place that names a backend's function.

    `node` is the expression that stands for the symbol, or the `ImportAlias` that brings it in; `root` is the name
    at its left end, None for an import.
    """

    node: cst.CSTNode
    symbol: Symbol
    resolution: Resolution
    scope: Scope
    order: int
    root: Use | None = None
    call: cst.Call | None = None

    @property
    def is_import(self) -> bool:
        return self.root is None


def parse(source: Source, shown: bytes | None = None) -> File:
    """Return a module as the rules read it; of a slice of it, where `shown` is given.

    Raises:
        ParserSyntaxError, SyntaxError, UnicodeError, LookupError: for what is no Python, or cannot be decoded.
    """
    return File(source, shown, BROUGHT_BY_STARS)


def torch_names(names: NameTable) -> frozenset[str]:
    """Return the names that may stand for torch or a part of it, so that the others need no resolving."""
    bindings = [binding for scope in names.scopes for same in scope.bindings.values() for binding in same]
    found = {one.name for one in bindings if one.kind is BindingKind.IMPORT and one.target.startswith("torch")}
    aliases = [(one.name, leftmost(one.value)) for one in bindings if one.kind is BindingKind.ALIAS]
    count = -1
    while count != len(found):
        count = len(found)
        found.update(name for name, root in aliases if root is not None and root.value in found)
    return frozenset(found)


def comes_from_star(resolution: Resolution, names: NameTable) -> bool:
    """Whether torch itself may be what a star import brings."""
    return any(origin in names.brought.values() for origin in resolution.origins)


def find_references(names: NameTable, possible: Set[str]) -> list[Reference]:
    """Return the references to functions of backends; `possible` are the names that may stand for torch."""
    uses = [use for use in names.uses.values() if names.stars or use.node.value in possible]
    found = [reference for use in uses if (reference := find_reference(names, use)) is not None]
    return sorted([*found, *find_imports(names)], key=lambda one: one.order)


def find_reference(names: NameTable, use: Use) -> Reference | None:
    resolution = names.resolve_use(use)
    if resolution is None or not resolution.path.startswith("torch"):
        return None
    nodes, attributes = chain(names, use.node)
    symbol = look_up(resolution.below(attributes).path)
    if symbol is None or is_reported_at_its_alias(resolution, attributes) or is_wild_guess(resolution, symbol):
        return None
    node = nodes[len(nodes) - 1 - len(symbol.rest)] if len(symbol.rest) < len(nodes) else use.node
    parent = names.tree.parents.get(node)
    if isinstance(parent, cst.Del) and node is use.node:
        return None  # the name goes, not the function
    call = parent if isinstance(parent, cst.Call) and parent.func is node else None
    return Reference(node, symbol, resolution, use.scope, use.order, use, call)


def is_reported_at_its_alias(resolution: Resolution, attributes: tuple[str, ...]) -> bool:
    """Whether the place that made the alias (`sync = torch.cuda.synchronize`) is the finding, not this use of it."""
    if not resolution.through:
        return False
    aliased = look_up(resolution.path)
    return aliased is not None and (not attributes or not aliased.is_module)


def is_wild_guess(resolution: Resolution, symbol: Symbol) -> bool:
    """Whether only a star import could have brought the name, and the module has none that is called so."""
    return resolution.doubt in resolution.origins and find_row(symbol.backend, symbol.row.name) is None


def chain(names: NameTable, name: cst.Name) -> tuple[list[cst.CSTNode], tuple[str, ...]]:
    """Return the expressions `a`, `a.b`, `a.b.c` that start with `name`, and the attributes on the way."""
    nodes: list[cst.CSTNode] = [name]
    attributes: list[str] = []
    while True:
        node = nodes[-1]
        parent = names.tree.parents.get(node)
        if isinstance(parent, cst.Attribute) and parent.value is node:
            nodes.append(parent)
            attributes.append(parent.attr.value)
            continue
        call = names.tree.parents.get(parent) if isinstance(parent, cst.Arg) else None
        literal = getattr_name(call) if isinstance(call, cst.Call) else None
        if isinstance(call, cst.Call) and call.args[0] is parent and literal and names.is_builtin(call.func):
            nodes.append(call)
            attributes.append(literal)
            continue
        return nodes, tuple(attributes)


def find_imports(names: NameTable) -> Iterator[Reference]:
    """Yield what `from torch.cuda import X` names; `import torch.cuda` names no function."""
    for scope in names.scopes:
        for bindings in scope.bindings.values():
            for binding in bindings:
                symbol = imported_symbol(binding)
                if symbol is not None and binding.alias is not None:
                    resolution = Resolution(binding.target, (binding,))
                    yield Reference(binding.alias, symbol, resolution, binding.scope, binding.order)


def imported_symbol(binding: Binding) -> Symbol | None:
    if binding.kind is not BindingKind.IMPORT or not isinstance(binding.node, cst.ImportFrom):
        return None
    return look_up(binding.target) if look_up(imported_module(binding.node)) is not None else None
