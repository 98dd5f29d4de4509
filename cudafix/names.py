"""What a local name means: scopes, bindings and aliases of one module (design D4).

In: the events of one walk (`bind`, `use`). Out: `resolve`, the dotted path that a use of a name stands for,
the import that brought it in, and whether something else may be bound to the name as well.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from enum import Enum, auto

import libcst as cst

BUILTINS = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__path__", "__package__", "__spec__", "__loader__", "__builtins__",
    "__class__", "__annotations__", "__module__", "__qualname__", "__debug__", "WindowsError", "reveal_type",
}  # fmt: skip


class ScopeKind(Enum):
    MODULE = auto()
    FUNCTION = auto()
    CLASS = auto()
    COMPREHENSION = auto()


class BindingKind(Enum):
    IMPORT = auto()
    ALIAS = auto()
    PLACEHOLDER = auto()
    """`torch = None`, the other half of an optional import."""
    OTHER = auto()
    DELETED = auto()


@dataclass(eq=False)
class Scope:
    kind: ScopeKind
    node: cst.CSTNode
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)

    @property
    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def runs_at_import(self) -> bool:
        """Whether the code of this scope runs while the module is imported."""
        scope: Scope | None = self
        while scope is not None:
            if scope.kind is ScopeKind.FUNCTION:
                return False
            scope = scope.parent
        return True

    def encloses(self, other: Scope) -> bool:
        """Whether a name bound here can be seen from `other`."""
        scope: Scope | None = other
        while scope is not None and scope is not self:
            scope = scope.parent
        return scope is self and (self.kind is not ScopeKind.CLASS or other is self)


@dataclass(eq=False)
class Binding:
    """One place that gives a name a meaning; `scope` is where the statement stands, not always what it binds in."""

    name: str
    kind: BindingKind
    node: cst.CSTNode
    scope: Scope
    order: int
    target: str = ""
    value: cst.BaseExpression | None = None
    alias: cst.ImportAlias | None = None
    outer: bool = False
    """Bound through `global` or `nonlocal`."""


@dataclass(eq=False)
class Use:
    """A name that is read."""

    node: cst.Name
    scope: Scope
    order: int


@dataclass(frozen=True)
class Resolution:
    """The dotted path that an expression stands for, and the import statements behind it.

    There are several where each branch of an `if` or `try` imports the same thing.
    """

    path: str
    origins: tuple[Binding, ...]
    through: tuple[Binding, ...] = ()
    """The aliases on the way (`cuda = torch.cuda`), outermost first."""
    doubt: Binding | None = None
    """Something else that the name may be bound to at this place."""

    def below(self, attributes: tuple[str, ...]) -> Resolution:
        path = ".".join((self.path, *attributes))
        return Resolution(path, self.origins, self.through, self.doubt)


SUITES = (cst.Module, cst.IndentedBlock, cst.SimpleStatementSuite)
LOOPS = (cst.For, cst.While)


class NameTable:
    """The names of one module."""

    def __init__(self, module: cst.Module) -> None:
        self.root = Scope(ScopeKind.MODULE, module)
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self.uses: dict[cst.Name, Use] = {}
        self.scopes: list[Scope] = [self.root]
        self.stars: list[tuple[str, cst.ImportFrom]] = []
        self.exported: set[str] = set()
        self.resolving: set[Binding] = set()

    def bind(self, binding: Binding) -> None:
        scope = binding.scope
        if binding.name in scope.globals:
            scope, binding.outer = scope.module, True
        elif binding.name in scope.nonlocals and scope.parent is not None:
            outer = self.find_scope(binding.name, scope.parent)
            scope, binding.outer = outer or scope, True
        scope.bindings.setdefault(binding.name, []).append(binding)

    def find_scope(self, name: str, scope: Scope) -> Scope | None:
        """Return the scope in which `name`, read in `scope`, is bound; None for builtins and unknown names."""
        current: Scope | None = scope
        while current is not None:
            if name in current.globals:
                return self.root if name in self.root.bindings else None
            visible = current is scope or current.kind is not ScopeKind.CLASS
            if visible and name in current.bindings and name not in current.nonlocals:
                return current
            current = current.parent
        return None

    def is_bound_anywhere(self, name: str) -> bool:
        return any(name in scope.bindings for scope in self.scopes)

    def unknown_names(self) -> set[str]:
        """Return the names that are read but bound nowhere: a NameError, or what a star import brought."""
        return {
            use.node.value
            for use in self.uses.values()
            if use.node.value not in BUILTINS and self.find_scope(use.node.value, use.scope) is None
        }

    def resolve(self, node: cst.BaseExpression) -> Resolution | None:
        """Return what `node` (a name, an attribute chain, a `getattr` with a literal) stands for."""
        attributes: list[str] = []
        while not isinstance(node, cst.Name):
            step = attribute_step(node)
            if step is None:
                return None
            node, attribute = step
            attributes.append(attribute)
        use = self.uses.get(node)
        resolution = self.resolve_use(use) if use is not None else None
        return resolution.below(tuple(reversed(attributes))) if resolution else None

    def resolve_use(self, use: Use) -> Resolution | None:
        found: Resolution | None = None
        doubt: Binding | None = None
        for binding in self.reaching(use):
            if binding.kind is BindingKind.PLACEHOLDER:
                continue
            resolution = self.resolve_binding(binding)
            if resolution is None:
                doubt = doubt or binding
            elif found is None:
                found = resolution
            elif found.path == resolution.path:
                found = Resolution(found.path, found.origins + resolution.origins, found.through, found.doubt)
            else:
                doubt = doubt or binding
        if found is None:
            return self.resolve_star(use) if doubt is None else None
        return Resolution(found.path, found.origins, found.through, found.doubt or doubt)

    def resolve_star(self, use: Use) -> Resolution | None:
        """Give a name that nothing binds to the module's only star import."""
        name = use.node.value
        if len(self.stars) != 1 or name in BUILTINS or self.find_scope(name, use.scope) is not None:
            return None
        module, statement = self.stars[0]
        origin = Binding(name, BindingKind.IMPORT, statement, self.root, 0, f"{module}.{name}")
        return Resolution(origin.target, (origin,), doubt=origin)

    def resolve_binding(self, binding: Binding) -> Resolution | None:
        if binding.kind is BindingKind.IMPORT:
            return Resolution(binding.target, (binding,))
        if binding.kind is not BindingKind.ALIAS or binding.value is None or binding in self.resolving:
            return None
        self.resolving.add(binding)
        resolution = self.resolve(binding.value)
        self.resolving.discard(binding)
        if resolution is None:
            return None
        through = (binding, *resolution.through)
        return Resolution(resolution.path, resolution.origins, through, resolution.doubt)

    def reaching(self, use: Use) -> list[Binding]:
        """Return the bindings that may be in force where `use` stands.

        In the scope of the binding the order of the statements counts; seen from a nested scope, which runs later,
        every binding does, but for those that a later one in the scope's own block replaces.
        """
        scope = self.find_scope(use.node.value, use.scope)
        if scope is None:
            return []
        bindings = sorted(scope.bindings[use.node.value], key=lambda one: one.order)
        same = scope is use.scope or (use.scope.kind is ScopeKind.COMPREHENSION and is_inside(use.scope, scope))
        suites = self.suites(use.node) if same else {own_suite(scope.node)}
        live: list[Binding] = []
        later: list[Binding] = []
        for binding in bindings:
            if same and binding.order > use.order:
                later.append(binding)
                continue
            if self.replaces(binding, suites):
                live.clear()
            live.append(binding)
        loops = self.loops(use.node, scope) if later else set()
        return live + [binding for binding in later if loops & self.loops(binding.node, scope)]

    def replaces(self, binding: Binding, suites: set[cst.CSTNode]) -> bool:
        if binding.kind is BindingKind.PLACEHOLDER or binding.outer:
            return False
        return self.suite(binding.node) in suites

    def suite(self, node: cst.CSTNode) -> cst.CSTNode:
        while not isinstance(node, SUITES) and node in self.parents:
            node = self.parents[node]
        return node

    def suites(self, node: cst.CSTNode) -> set[cst.CSTNode]:
        return {one for one in self.ancestors(node) if isinstance(one, SUITES)}

    def loops(self, node: cst.CSTNode, scope: Scope) -> set[cst.CSTNode]:
        found: set[cst.CSTNode] = set()
        for one in self.ancestors(node):
            if one is scope.node:
                break
            if isinstance(one, LOOPS):
                found.add(one)
        return found

    def ancestors(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        """Return the nodes around `node`, innermost first."""
        found = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return found


def is_inside(scope: Scope, outer: Scope) -> bool:
    """Whether only comprehensions stand between `scope` and `outer`."""
    current: Scope | None = scope
    while current is not None and current is not outer and current.kind is ScopeKind.COMPREHENSION:
        current = current.parent
    return current is outer


def own_suite(node: cst.CSTNode) -> cst.CSTNode:
    body = getattr(node, "body", None)
    return body if isinstance(body, cst.CSTNode) else node


def attribute_step(node: cst.BaseExpression) -> tuple[cst.BaseExpression, str] | None:
    """Split `x.name`, or `getattr(x, "name")`, into `x` and `name`."""
    if isinstance(node, cst.Attribute):
        return node.value, node.attr.value
    if isinstance(node, cst.Call):
        name = getattr_name(node)
        return (node.args[0].value, name) if name else None
    return None


def getattr_name(call: cst.Call) -> str | None:
    """Return the attribute's name when `call` is `getattr` with a literal name, with or without a default."""
    if not (isinstance(call.func, cst.Name) and call.func.value == "getattr" and len(call.args) in (2, 3)):
        return None
    if any(arg.keyword or arg.star for arg in call.args):
        return None
    literal = call.args[1].value
    value = literal.evaluated_value if isinstance(literal, cst.SimpleString) else None
    return value if isinstance(value, str) and value.isidentifier() else None


def dotted(node: cst.BaseExpression | None) -> str:
    """Return the dotted name written in an import statement."""
    if isinstance(node, cst.Attribute):
        return f"{dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def imported_module(statement: cst.ImportFrom) -> str:
    """Return the module of a `from` import, with its leading dots."""
    return "." * len(statement.relative) + dotted(statement.module)
