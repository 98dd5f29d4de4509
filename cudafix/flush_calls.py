"""File → the calls that flush a cache in the methods of its classes; and whether a block is about such a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from cudafix.alike import nodes_in
from cudafix.attributes import first_parameter
from cudafix.block import Block
from cudafix.inspection import Inspection
from cudafix.local_names import COMPOUND, Method, variables_in
from cudafix.neutral import is_scripted

CLASS_BY_NATURE = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
CLEANERS = frozenset({
    "collect", "synchronize", "ipc_collect", "empty_cache", "malloc_trim", "barrier", "reset_peak_memory_stats",
    "reset_max_memory_allocated", "reset_max_memory_reserved", "reset_max_memory_cached",
})  # fmt: skip
"""What is called beside a flush: `gc.collect()`, `torch.accelerator.synchronize()`."""
LOGGERS = frozenset({"logger", "logging", "log", "print", "warnings"})
SHARE = 3
"""One in so many of the statements of a compound one must be about the cache."""


@dataclass(frozen=True, eq=False)
class Site:
    """A statement around a call that flushes a cache, in its block; the same call has several, from the inside out."""

    method: Method
    suite: cst.IndentedBlock
    index: int

    @property
    def statement(self) -> cst.BaseStatement:
        return self.suite.body[self.index]  # type: ignore[return-value]


def find_calls(inspection: Inspection) -> dict[cst.ClassDef, list[Site]]:
    """Return where caches are flushed in each class."""
    found: dict[cst.ClassDef, list[Site]] = {}
    methods: dict[cst.FunctionDef, Method | None] = {}
    scopes = {scope.node: scope for scope in inspection.file.names.scopes}
    for call in [one for one in inspection.file.names.parents if isinstance(one, cst.Call)]:
        function, owner = method_around(call, inspection) if flushed_by(call, inspection) else (None, None)
        if function is None or owner is None:
            continue
        if function not in methods:
            first = first_parameter(function)
            fits = fits_in(function, first) and len(scopes[function].bindings[first]) == 1
            is_class = is_decorated(function, "classmethod")
            methods[function] = Method(function, scopes[function], first, is_class) if fits else None
        method = methods[function]
        if method is not None and not is_scripted(call, inspection.file):
            found.setdefault(owner, []).extend(sites_of(call, method, inspection))
    return found


def flushed_by(call: cst.Call, inspection: Inspection) -> str:
    """Return the name of what `call` flushes a cache with: a flush method, `empty_cache`; else ""."""
    function = call.func
    if isinstance(function, cst.Attribute) and isinstance(function.value, cst.Name):
        name = function.attr.value
        if name in inspection.options.flush_methods and function.value.value == own_name(call, inspection):
            return name
    reference = inspection.calls.get(function)
    name = reference.symbol.row.name if reference is not None else inspection.neutral_call(call)
    return "empty_cache" if name == "empty_cache" else ""


def own_name(call: cst.Call, inspection: Inspection) -> str:
    function, _ = method_around(call, inspection)
    return first_parameter(function) if function is not None else ""


def method_around(call: cst.Call, inspection: Inspection) -> tuple[cst.FunctionDef | None, cst.ClassDef | None]:
    """Return the method that `call` is in, not deeper, and its class."""
    parents = inspection.file.names.parents
    for node in inspection.file.names.ancestors(call):
        if isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Lambda)):
            suite = parents.get(node)
            owner = parents.get(suite) if isinstance(suite, cst.IndentedBlock) else None
            is_method = isinstance(node, cst.FunctionDef) and isinstance(owner, cst.ClassDef)
            return (node, owner) if is_method else (None, None)  # type: ignore[return-value]
    return None, None


def fits_in(function: cst.FunctionDef, first: str) -> bool:
    return bool(first) and isinstance(function.body, cst.IndentedBlock) and function.name.value not in CLASS_BY_NATURE


def is_decorated(function: cst.FunctionDef, name: str) -> bool:
    return any(isinstance(one.decorator, cst.Name) and one.decorator.value == name for one in function.decorators)


def sites_of(call: cst.Call, method: Method, inspection: Inspection) -> Iterator[Site]:
    node: cst.CSTNode = call
    for parent in inspection.file.names.ancestors(call):
        if isinstance(parent, cst.IndentedBlock):
            yield Site(method, parent, [*parent.body].index(node))  # type: ignore[arg-type]
        if parent is method.node:
            return
        node = parent


# Whether a block is about the cache


def is_about_cache(block: Block) -> bool:
    """Whether a block is there for the flush: all it does frees memory, prepares the flush, or looks at what it gave."""
    small = [one for one in nodes_in(block.moved) if isinstance(one, cst.BaseSmallStatement)]
    related = {one for one in small if is_cleaning(one, block.inspection)}
    grown = True
    while grown:
        links = [one for one in small if one not in related and is_linked(one, related, block)]
        related.update(links)
        grown = bool(links)
    return all(is_covered(one, related, block) for one in block.moved)


def is_cleaning(statement: cst.BaseSmallStatement, inspection: Inspection) -> bool:
    if isinstance(statement, (cst.Assert, cst.Raise, cst.Pass, cst.Del, cst.Import, cst.ImportFrom)):
        return True
    if isinstance(statement, cst.Assign) and isinstance(statement.value, cst.Name) and statement.value.value == "None":
        return True
    if next(inspection.references_in(statement), None) is not None:
        return True
    calls = [one for one in nodes_in([statement]) if isinstance(one, cst.Call)]
    return any(flushed_by(one, inspection) or is_cleaner(one) for one in calls)


def is_cleaner(call: cst.Call) -> bool:
    function = call.func
    last = function.attr if isinstance(function, cst.Attribute) else function
    first = function
    while isinstance(first, cst.Attribute):
        first = first.value
    names = [one.value for one in (first, last) if isinstance(one, cst.Name)]
    return names[-1:] != [] and (names[-1] in CLEANERS or names[0] in LOGGERS)


def is_linked(statement: cst.CSTNode, related: set[cst.BaseSmallStatement], block: Block) -> bool:
    """Whether a local goes from one of the `related` statements to `statement`, or back."""
    bound = {one.name for one in block.bound}
    own = {one.value for one in variables_in(statement)} & bound
    return any(not own.isdisjoint(one.value for one in variables_in(other)) for other in related)


def is_covered(statement: cst.CSTNode, related: set[cst.BaseSmallStatement], block: Block) -> bool:
    """Whether a statement belongs to those that are `related`; a compound one by its header or by what it holds."""
    if not isinstance(statement, COMPOUND):
        return all(one in related for one in nodes_in([statement]) if isinstance(one, cst.BaseSmallStatement))
    small = [one for one in nodes_in([statement]) if isinstance(one, cst.BaseSmallStatement)]
    held = sum(one in related for one in small)
    header = getattr(statement, "test", None)
    return held * SHARE >= len(small) or (header is not None and is_linked(header, related, block))
