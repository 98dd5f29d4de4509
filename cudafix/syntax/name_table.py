"""What a local name means: scopes, bindings and aliases of one module.

In: what the visitor comes by, bindings (`bind`) and `uses`. Out: `resolve`, the dotted path that a use of a name stands
for, the import that brought it in, and whether something else may be bound to the name as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cached_property

import libcst as cst

from cudafix.syntax.expressions import attribute_step, imported_module
from cudafix.syntax.scopes import (
    BUILTINS,
    Binding,
    BindingKind,
    Definition,
    History,
    Resolution,
    Scope,
    ScopeKind,
    Use,
    grouped,
)
from cudafix.syntax.tree import SUITES, Tree

COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)
LOOPS = (cst.For, cst.While, *COMPREHENSIONS)
REGIONS = (*SUITES, *COMPREHENSIONS, cst.For, cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase)
"""What may be left out, or left early, as a whole: a name bound inside may be unbound after it."""

RUNS_IN_PLACE = (ScopeKind.COMPREHENSION, ScopeKind.CLASS, ScopeKind.TYPE_PARAMETERS)
"""Scopes whose code runs where it stands, not later."""


class NameTable:
    """The names of one module."""

    def __init__(self, module: cst.Module, tree: Tree, brought_by_stars: Set[str] = frozenset()) -> None:
        """Make an empty table; `brought_by_stars` are packages that any star import is taken to bring."""
        self.tree = tree
        self.brought_by_stars = brought_by_stars
        self.brought: dict[str, Binding] = {}
        """Those of them that were asked for: not certain, and nothing else they could well be."""
        self.root = Scope(ScopeKind.MODULE, module)
        self.uses: dict[cst.Name, Use] = {}
        self.places: dict[cst.CSTNode, tuple[Scope, int]] = {}
        """Where strings, calls, comparisons and attributes stand: the scope, and the place in the order of things."""
        self.scopes: list[Scope] = [self.root]
        self.stars: list[tuple[str, cst.ImportFrom]] = []
        self.exported: set[str] = set()
        self.changed: set[cst.CSTNode] = set()
        """Attributes and items that are assigned to or deleted: `package.function = fake`."""
        self.nonlocal_bindings: list[Binding] = []
        self.resolved: dict[Binding, Resolution | None] = {}
        self.histories: dict[tuple[Scope, str], History] = {}

    def bind(self, binding: Binding) -> None:
        scope = binding.scope
        if binding.name in scope.nonlocals:
            self.nonlocal_bindings.append(binding)
            return
        if binding.name in scope.globals:
            scope, binding.outer = scope.module, True
        scope.bindings.setdefault(binding.name, []).append(binding)

    def settle_nonlocals(self) -> None:
        """Give each `nonlocal` name to the function that binds it, which may do so further down."""
        for binding in self.nonlocal_bindings:
            binding.outer = True
            scope = self.find_scope(binding.name, binding.scope) or self.root
            scope.bindings.setdefault(binding.name, []).append(binding)

    def find_scope(self, name: str, scope: Scope) -> Scope | None:
        """Return the scope in which `name`, read in `scope`, is bound; None for builtins and unknown names."""
        current: Scope | None = scope
        sees_class = True
        while current is not None:
            if name in current.globals:
                return self.root if name in self.root.bindings else None
            visible = sees_class or current.kind is not ScopeKind.CLASS
            if visible and name in current.bindings:
                return current
            sees_class = sees_class and current.kind is ScopeKind.TYPE_PARAMETERS
            current = current.parent
        return None

    def is_builtin(self, node: cst.BaseExpression) -> bool:
        """Whether `node` is a name that nothing in the module binds."""
        use = self.uses.get(node) if isinstance(node, cst.Name) else None
        return use is not None and self.find_scope(use.node.value, use.scope) is None

    @cached_property
    def unknown_names(self) -> frozenset[str]:
        """The names that are read but bound nowhere: a NameError, or what a star import brought."""
        known = {name for scope in self.scopes for name in scope.bindings} | BUILTINS
        return frozenset(
            use.node.value
            for use in self.uses.values()
            if use.node.value not in known or (use.node.value not in BUILTINS and self.is_builtin(use.node))
        )

    @cached_property
    def uses_by_name(self) -> Mapping[str, Sequence[Use]]:
        return grouped((use.node.value, use) for use in self.uses.values())

    @cached_property
    def imports_by_target(self) -> Mapping[str, Sequence[Binding]]:
        """The imports of each dotted path, wherever they stand."""
        return grouped((one.target, one) for one in self.imports)

    @cached_property
    def imports_by_module(self) -> Mapping[str, Sequence[Binding]]:
        """What each `from` import of a module binds, in the order of the file."""
        froms = [(imported_module(one.node), one) for one in self.imports if isinstance(one.node, cst.ImportFrom)]
        return grouped(sorted(froms, key=lambda pair: pair[1].order))

    @cached_property
    def strings(self) -> Sequence[cst.SimpleString]:
        return [node for node in self.tree.parents if isinstance(node, cst.SimpleString)]

    @cached_property
    def strings_by_value(self) -> Mapping[str | bytes, Sequence[cst.SimpleString]]:
        return grouped((node.evaluated_value, node) for node in self.strings)

    @property
    def imports(self) -> Iterator[Binding]:
        for scope in self.scopes:
            for bindings in scope.bindings.values():
                yield from (one for one in bindings if one.kind is BindingKind.IMPORT)

    def resolve(self, node: cst.BaseExpression) -> Resolution | None:
        """Return what `node` (a name, an attribute chain, a `getattr` with a literal) stands for."""
        attributes: list[str] = []
        while not isinstance(node, cst.Name):
            step = attribute_step(node)
            if step is None or (isinstance(node, cst.Call) and not self.is_builtin(node.func)):
                return None
            node, attribute = step
            attributes.append(attribute)
        use = self.uses.get(node)
        resolution = self.resolve_use(use) if use is not None else None
        return resolution.below(tuple(reversed(attributes))) if resolution else None

    def resolve_use(self, use: Use) -> Resolution | None:
        found: Resolution | None = None
        doubt: Binding | None = None
        for binding in self.reaching_definitions(use):
            if binding.kind is BindingKind.PLACEHOLDER:
                continue
            resolution = self.resolve_binding(binding)
            if resolution is None:
                doubt = doubt or binding
            elif found is None:
                found = resolution
            elif found.path == resolution.path:
                new = [one for one in resolution.origins if one not in found.origins]
                if new or (resolution.doubt and not found.doubt):
                    both = (*found.origins, *new)
                    found = Resolution(found.path, both, found.through, found.doubt or resolution.doubt)
            else:
                doubt = doubt or binding
        if found is None:
            return self.resolve_star(use) if doubt is None else None
        return Resolution(found.path, found.origins, found.through, found.doubt or doubt)

    def resolve_star(self, use: Use) -> Resolution | None:
        """Give a name that nothing binds to the module's only star import; one that any may bring, to the first."""
        name = use.node.value
        if name in BUILTINS or self.find_scope(name, use.scope) is not None:
            return None
        if name in self.brought_by_stars and self.stars:
            if name not in self.brought:
                self.brought[name] = Binding(name, BindingKind.IMPORT, self.stars[0][1], self.root, 0, name)
            return Resolution(name, (self.brought[name],))
        if len(self.stars) != 1:
            return None
        module, statement = self.stars[0]
        origin = Binding(name, BindingKind.IMPORT, statement, self.root, 0, f"{module}.{name}")
        return Resolution(origin.target, (origin,), doubt=origin)

    def resolve_binding(self, binding: Binding) -> Resolution | None:
        if binding.kind is BindingKind.IMPORT:
            return Resolution(binding.target, (binding,))
        if binding.kind is not BindingKind.ALIAS or binding.value is None:
            return None
        if binding not in self.resolved:
            self.resolved[binding] = None  # what an alias of itself, in a loop, stands for
            resolution = self.resolve(binding.value)
            if resolution is not None:
                through = (binding, *resolution.through)
                self.resolved[binding] = Resolution(resolution.path, resolution.origins, through, resolution.doubt)
        return self.resolved[binding]

    def reaching_definitions(self, use: Use) -> list[Binding]:
        """Return the bindings that may be in force where `use` stands."""
        scope = self.find_scope(use.node.value, use.scope)
        if scope is None:
            return []
        live = self.reaching_definitions_of(scope, use)
        if scope.kind is ScopeKind.CLASS and not self.is_replaced(live, use):
            return self.reaching_definitions_of(self.root, use) + live  # a class body falls back on the module's name
        return live

    def reaching_definitions_of(self, scope: Scope, use: Use) -> list[Binding]:
        """Return the bindings of `scope` that may be in force where `use` stands.

        A binding counts until one that certainly runs before `use` replaces it. Those further down count in a loop
        that runs again; for a nested function, which runs nobody knows when, they count anyway.
        """
        history = self.history(scope, use.node.value)
        around = set(self.tree.ancestors(use.node))
        loops = self.loops(use.node, scope)
        in_place = is_inside(use.scope, scope)
        if in_place and not loops and history.is_of_one_scope:
            return history.last_before(use.order, around)
        live: list[Definition] = []
        for definition in history.definitions:
            is_before = definition.binding.order < use.order
            if is_before and definition.dominated_region in around:
                live = [one for one in live if one.binding.outer or (not in_place and loops & one.loops)]
                live.append(definition)
            elif is_before or definition.binding.outer or not in_place or loops & definition.loops:
                live.append(definition)
        return [one.binding for one in live]

    def history(self, scope: Scope, name: str) -> History:
        """Return the bindings of a name in the order of the file, with what is asked of each again and again."""
        bindings = scope.bindings.get(name, ())
        known = self.histories.get((scope, name))
        if known is None or len(known.definitions) != len(bindings):
            ordered = sorted(bindings, key=lambda one: one.order)
            known = History([self.definition(one, scope) for one in ordered])
            self.histories[scope, name] = known
        return known

    def definition(self, binding: Binding, scope: Scope) -> Definition:
        return Definition(binding, self.dominated_region(binding.node), self.loops(binding.node, scope))

    def is_replaced(self, live: list[Binding], use: Use) -> bool:
        """Whether one of the bindings certainly ran before `use`."""
        around = set(self.tree.ancestors(use.node))
        return any(one.order < use.order and self.dominated_region(one.node) in around for one in live)

    def dominated_region(self, node: cst.CSTNode) -> cst.CSTNode:
        """Return the node in all of which, once `node` ran, its binding is in force."""
        while node in self.tree.parents and not isinstance(node, REGIONS):
            parent = self.tree.parents[node]
            if is_conditional(node, parent):
                break
            node = parent
        return node

    def loops(self, node: cst.CSTNode, scope: Scope) -> set[cst.CSTNode]:
        found: set[cst.CSTNode] = set()
        for ancestor in self.tree.ancestors(node):
            if ancestor is scope.node:
                break
            if isinstance(ancestor, LOOPS):
                found.add(ancestor)
        return found


def is_inside(scope: Scope, outer: Scope) -> bool:
    """Whether no function stands between `scope` and `outer`, so that both run in one go."""
    current: Scope | None = scope
    while current is not None and current is not outer and current.kind in RUNS_IN_PLACE:
        current = current.parent
    return current is outer


def is_conditional(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    """Whether `parent` may leave `node` out: what follows `and`, `a` or `c` of `a if b else c`, an `elif`."""
    if isinstance(parent, cst.BooleanOperation):
        return parent.right is node
    if isinstance(parent, cst.IfExp):
        return parent.test is not node
    return isinstance(parent, cst.If) and isinstance(node, cst.If)
