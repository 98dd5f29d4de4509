"""File → the calls that flush a cache in the methods of its classes; and whether a block is about such a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.equivalence import nodes_in
from cudafix.analysis.repetition.local_names import COMPOUND, Method
from cudafix.analysis.repetition.statement_run import Block
from cudafix.prefilter.needles import EMPTIES_CACHE
from cudafix.replacements.scripted import is_scripted
from cudafix.syntax.assigned_values import first_parameter
from cudafix.syntax.expressions import dotted_name, last_name
from cudafix.syntax.scopes import Scope

CLASS_BY_NATURE = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
"""The methods that are given a class without a decorator."""

CLEANERS = frozenset({
    "collect", "synchronize", "ipc_collect", "empty_cache", "malloc_trim", "barrier", "reset_peak_memory_stats",
    "reset_max_memory_allocated", "reset_max_memory_reserved", "reset_max_memory_cached",
})  # fmt: skip
"""What is called beside a flush: `gc.collect()`, `torch.accelerator.synchronize()`."""

LOGGERS = frozenset({"logger", "logging", "log", "print", "warnings"})
"""What the calls of a log, or of a program that speaks, begin with."""

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
        return self.suite.body[self.index]


def find_calls(context: RuleContext) -> dict[cst.ClassDef, list[Site]]:
    """Return where caches are flushed in each class."""
    found: dict[cst.ClassDef, list[Site]] = {}
    methods: dict[cst.FunctionDef, Method | None] = {}
    scopes: dict[cst.CSTNode, Scope] = {}
    for call in flushing_calls(context):
        function, owner = method_around(call, context)
        if function is None or owner is None:
            continue
        scopes = scopes or {scope.node: scope for scope in context.file.names.scopes}
        if function not in methods:
            methods[function] = read_method(function, scopes[function])
        method = methods[function]
        if method is not None and not is_scripted(call, context.file):
            found.setdefault(owner, []).extend(sites_of(call, method, context))
    return found


def flushing_calls(context: RuleContext) -> Iterator[cst.Call]:
    """Yield the calls that flush a cache; all calls are looked at only where the text may have one."""
    text = context.file.text
    emptying = any(one.symbol.row.name == "empty_cache" for one in context.references_by_node.values())
    if emptying or any(f".{name}(" in text for name in context.options.flush_methods) or EMPTIES_CACHE in text:
        for node in [*context.file.tree.parents]:
            if isinstance(node, cst.Call) and flushed_by(node, context):
                yield node


def flushed_by(call: cst.Call, context: RuleContext) -> str:
    """Return the name of what `call` flushes a cache with: a flush method, `empty_cache`; else ""."""
    function = call.func
    if isinstance(function, cst.Attribute) and isinstance(function.value, cst.Name):
        name = function.attr.value
        if name in context.options.flush_methods and function.value.value == own_name(call, context):
            return name
    reference = context.references_by_node.get(function)
    if reference is not None:
        return "empty_cache" if reference.symbol.row.name == "empty_cache" else ""
    is_neutral = EMPTIES_CACHE in context.file.text and context.neutral_function(call) == "empty_cache"
    return "empty_cache" if is_neutral else ""


def own_name(call: cst.Call, context: RuleContext) -> str:
    """Return what the method that `call` is in calls its object."""
    function, _ = method_around(call, context)
    return first_parameter(function) if function is not None else ""


def method_around(call: cst.Call, context: RuleContext) -> tuple[cst.FunctionDef | None, cst.ClassDef | None]:
    """Return the method that `call` is in, not deeper, and its class."""
    parents = context.file.tree.parents
    for node in context.file.tree.ancestors(call):
        if isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Lambda)):
            suite = parents.get(node)
            owner = parents.get(suite) if isinstance(suite, cst.IndentedBlock) else None
            if isinstance(node, cst.FunctionDef) and isinstance(owner, cst.ClassDef):
                return node, owner
            return None, None
    return None, None


def read_method(function: cst.FunctionDef, scope: Scope) -> Method | None:
    """Return the method that a function is; None for one that has no object to call another method of."""
    first = first_parameter(function)
    if not first or not isinstance(function.body, cst.IndentedBlock) or len(scope.bindings[first]) != 1:
        return None
    if function.name.value in CLASS_BY_NATURE:
        return None
    decorators = [one.decorator for one in function.decorators]
    is_class = any(isinstance(one, cst.Name) and one.value == "classmethod" for one in decorators)
    return Method(function, scope, first, is_class)


def sites_of(call: cst.Call, method: Method, context: RuleContext) -> Iterator[Site]:
    """Yield the statements around `call`, from the inside out."""
    node: cst.CSTNode = call
    for parent in context.file.tree.ancestors(call):
        if isinstance(parent, cst.IndentedBlock):
            yield Site(method, parent, [*parent.body].index(node))  # type: ignore[arg-type]
        if parent is method.node:
            return
        node = parent


# What a block has to do with the cache


def flush_of(block: Block) -> str:
    """Return the name of what the block flushes a cache with, a flush method if it calls one."""
    calls = [one for one in nodes_in(block.roots) if isinstance(one, cst.Call)]
    names = {flushed_by(one, block.context) for one in calls}
    return next((one for one in block.context.options.flush_methods if one in names), "empty_cache")


def is_about_cache(block: Block) -> bool:
    """Whether a block is there for the flush: it frees memory, prepares the flush, or looks at what that gave."""
    small = small_statements(*block.moved)
    core = {one for one in small if is_cleaning(one, block.context)}
    grown = True
    while grown:
        links = [one for one in small if one not in core and is_linked(one, core, block)]
        core.update(links)
        grown = bool(links)
    reaches_to_edges = all(is_in_core(block.moved[edge], core, block) for edge in (0, -1))
    return reaches_to_edges and all(is_covered(one, core, block) for one in block.moved)


def small_statements(*nodes: cst.CSTNode) -> list[cst.BaseSmallStatement]:
    return [one for one in nodes_in(nodes) if isinstance(one, cst.BaseSmallStatement)]


def is_cleaning(statement: cst.BaseSmallStatement, context: RuleContext) -> bool:
    if isinstance(statement, cst.Del):
        return True
    if isinstance(statement, cst.Assign) and isinstance(statement.value, cst.Name) and statement.value.value == "None":
        return True
    if next(context.references_in(statement), None) is not None:
        return True
    calls = [one for one in nodes_in([statement]) if isinstance(one, cst.Call)]
    if any(last_name(one.func) in CLEANERS for one in calls):
        return True
    return any(flushed_by(one, context) or context.neutral_function(one) for one in calls)


def is_linked(node: cst.CSTNode, core: set[cst.BaseSmallStatement], block: Block) -> bool:
    """Whether a name that the block binds goes from a statement of `core` to `node`, or back."""
    own = names_in(node) & {one.name for one in block.bound}
    return any(not own.isdisjoint(names_in(other)) for other in core)


def names_in(node: cst.CSTNode) -> set[str]:
    return {one.value for one in nodes_in([node]) if isinstance(one, cst.Name)}


def is_aside(statement: cst.BaseSmallStatement) -> bool:
    """Whether a statement says something, or stops."""
    if isinstance(statement, (cst.Assert, cst.Raise, cst.Pass)):
        return True
    call = statement.value if isinstance(statement, cst.Expr) else None
    return isinstance(call, cst.Call) and dotted_name(call.func).partition(".")[0] in LOGGERS


def is_in_core(statement: cst.CSTNode, core: set[cst.BaseSmallStatement], block: Block) -> bool:
    header = getattr(statement, "test", None)
    is_asked = header is not None and is_linked(header, core, block)
    return is_asked or any(one in core for one in small_statements(statement))


def is_covered(statement: cst.CSTNode, core: set[cst.BaseSmallStatement], block: Block) -> bool:
    """Whether a statement does little that is not in `core`, and each of its branches something that is."""
    small = small_statements(statement)
    others = [one for one in small if one not in core and not is_aside(one)]
    if not isinstance(statement, COMPOUND):
        return not others
    if isinstance(statement, cst.If) and is_linked(statement.test, core, block):
        return True
    branches = branches_of(statement) if isinstance(statement, cst.If) else [statement]
    is_everywhere = all(is_in_core(one, core, block) for one in branches)
    return is_everywhere and len(others) * SHARE <= len(small) * (SHARE - 1)


def branches_of(node: cst.If | cst.Else | None) -> list[cst.CSTNode]:
    if node is None:
        return []
    return [node.body, *(branches_of(node.orelse) if isinstance(node, cst.If) else [])]
