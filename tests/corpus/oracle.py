"""Source text in, every reference to `torch.cuda` or below out: what recall and precision are measured against.

Independent of cudafix on purpose: the standard library's `ast` and Python's scoping rules, no line in common.
Flow-insensitive: a name means whatever its scope ever binds it to, and is uncertain where that is more than torch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SUBMODULES = """
amp amp.autocast_mode amp.common amp.grad_scaler comm gds graphs green_contexts jiterator memory nccl nvtx profiler
random sparse streams tunable
"""
MODULES = {"torch", "torch.cuda"} | {f"torch.cuda.{name}" for name in SUBMODULES.split()}
REEXPORTED = re.compile(
    r"^(torch\.cuda)\.(?:memory|random|streams|graphs)\.(?=[^_])"
    r"|^(torch\.cuda\.amp)\.(?:autocast_mode|grad_scaler|common)\."
)

Found = tuple[ast.expr | ast.alias, str, bool]  # node, canonical path, certain


@dataclass(frozen=True, order=True)
class Reference:
    """`symbol` ends at the first name that is no module, `path` is the whole chain; both are canonical."""

    row: int
    column: int
    symbol: str
    certain: bool
    path: str

    def is_named(self, reported: str) -> bool:
        """Whether `reported` is the symbol, the path, or anything between the two."""
        return f"{self.path}.".startswith(f"{reported}.") and f"{reported}.".startswith(f"{self.symbol}.")


def references(source: str) -> list[Reference]:
    """Raises SyntaxError where Python itself would not parse."""
    collector = Collector()
    collector.visit(ast.parse(source))
    collector.settle_nonlocals()
    lines = re.split(r"\r\n|\r|\n", source)
    found = [*collector.imports, *used(collector.expressions)]
    return sorted(reference(node, path, certain, lines) for node, path, certain in found)


@dataclass(frozen=True)
class Binding:
    """One way in which a name gets its value: an import (`path`), a plain assignment (`value`), or anything else."""

    path: str | None = None
    value: ast.expr | None = None
    scope: Scope | None = None


OPAQUE = Binding()


@dataclass(eq=False)
class Scope:
    kind: str  # "module", "class", "function", "comprehension" or "type parameters" (of each signature, if only none)
    parent: Scope | None = None
    node: ast.AST | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)

    @property
    def module(self) -> Scope:
        return self.parent.module if self.parent else self

    def bind(self, name: str, *bindings: Binding) -> None:
        owner = self.module if name in self.globals else self
        owner.bindings.setdefault(name, []).extend(bindings)

    def owner(self, name: str) -> Scope | None:
        """The scope that a use of the name, here, refers to; None for builtins and unknown names."""
        for scope in self.visible():
            if name in scope.globals:
                return self.module if name in self.module.bindings else None
            if name in scope.bindings and name not in scope.nonlocals:
                return scope
        return None

    def visible(self) -> Iterator[Scope]:
        """Itself and the scopes around it; a class body is seen from itself, and from signatures in it, only."""
        sees_class = True
        scope: Scope | None = self
        while scope:
            if sees_class or scope.kind != "class":
                yield scope
            sees_class = sees_class and scope.kind == "type parameters"
            scope = scope.parent


@dataclass(frozen=True)
class Meaning:
    """The dotted paths that an expression may stand for, and whether that is all it may stand for."""

    paths: frozenset[str] = frozenset()
    certain: bool = False

    def extended(self, name: str) -> Meaning:
        return Meaning(frozenset(canonical(f"{path}.{name}") for path in self.paths), self.certain)


class Collector(ast.NodeVisitor):
    """Builds the scopes, and keeps what may be a reference with the scope in which it is evaluated."""

    def __init__(self) -> None:
        self.scope = Scope("module")
        self.scopes = [self.scope]
        self.expressions: list[tuple[ast.expr, Scope]] = []
        self.imports: list[Found] = []

    @contextmanager
    def inside(self, kind: str, node: ast.AST) -> Iterator[None]:
        outer, self.scope = self.scope, Scope(kind, self.scope, node)
        self.scopes.append(self.scope)
        yield
        self.scope = outer

    def visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in filter(None, nodes):
            self.visit(node)

    def settle_nonlocals(self) -> None:
        for scope in self.scopes:
            for name in scope.nonlocals & scope.bindings.keys():
                if owner := scope.owner(name):
                    owner.bindings[name] += scope.bindings[name]

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.scope.bind(alias.asname or top, Binding(path=canonical(alias.name if alias.asname else top)))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            path = None if node.level else canonical(f"{node.module}.{alias.name}")
            self.scope.bind(alias.asname or alias.name, Binding(path=path))
            if path and path.startswith("torch.cuda."):
                self.imports.append((alias, path.removesuffix(".*"), alias.name != "*"))

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.assign(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit_all([node.annotation, node.value])
        self.assign(node.target, node.value)

    def assign(self, target: ast.expr, value: ast.expr | None) -> None:
        if not isinstance(target, ast.Name):
            self.visit(target)
        elif value is None or (isinstance(value, ast.Constant) and value.value is None):
            self.scope.bind(target.id)  # the name is local, no more: `x: int` binds nothing, None is a placeholder
        else:
            self.scope.bind(target.id, Binding(value=value, scope=self.scope))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Not a plain assignment, so uncertain."""
        self.visit(node.value)
        scope = self.scope
        while scope.kind in {"comprehension", "type parameters"} and scope.parent:
            scope = scope.parent
        scope.bind(node.target.id, Binding(value=node.value, scope=self.scope), OPAQUE)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.expressions.append((node, self.scope))
        else:
            self.scope.bind(node.id, OPAQUE)

    def visit_Attribute(self, node: ast.Attribute | ast.Call) -> None:
        self.expressions.append((node, self.scope))
        self.generic_visit(node)

    visit_Call = visit_Attribute

    def visit_Global(self, node: ast.Global) -> None:
        self.scope.globals.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals.update(node.names)

    def visit_arg(self, node: ast.arg) -> None:
        self.scope.bind(node.arg, OPAQUE)

    def visit_ExceptHandler(self, node: ast.AST) -> None:
        """Also the match captures and type parameters: whatever may name its target by a plain string."""
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if name:
            self.scope.bind(name, OPAQUE)
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = visit_MatchMapping = visit_ExceptHandler
    visit_TypeVar = visit_ParamSpec = visit_TypeVarTuple = visit_ExceptHandler

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.bind(node.name, OPAQUE)
        self.visit_all([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults])
        with self.inside("type parameters", node):
            annotations = [argument.annotation for argument in arguments(node.args)]
            self.visit_all([*getattr(node, "type_params", []), *annotations, node.returns])
            with self.inside("function", node):
                self.visit_all([*arguments(node.args), *node.body])

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit_all([*node.args.defaults, *node.args.kw_defaults])
        with self.inside("function", node):
            self.visit_all([*arguments(node.args), node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.bind(node.name, OPAQUE)
        self.visit_all(node.decorator_list)
        with self.inside("type parameters", node):
            self.visit_all([*getattr(node, "type_params", []), *node.bases, *node.keywords])
            with self.inside("class", node):
                self.visit_all(node.body)

    def visit_TypeAlias(self, node: ast.stmt) -> None:
        name, *inner = ast.iter_child_nodes(node)
        self.visit(name)
        with self.inside("type parameters", node):
            self.visit_all(inner)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        first, *others = node.generators
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self.visit(first.iter)
        with self.inside("comprehension", node):
            self.visit_all([first.target, *first.ifs, *others, *results])

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp


def arguments(node: ast.arguments) -> list[ast.arg]:
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.arg)]


def canonical(path: str) -> str:
    return REEXPORTED.sub(lambda match: f"{match[1] or match[2]}.", path)


def meaning(node: ast.expr, scope: Scope, seen: frozenset[ast.expr] = frozenset()) -> Meaning:
    if isinstance(node, ast.Name):
        return meaning_of_name(node.id, scope, seen)
    if isinstance(node, ast.Attribute):
        return meaning(node.value, scope, seen).extended(node.attr)
    match node:
        case ast.Call(ast.Name("getattr"), [owner, ast.Constant(str(name)), *_]) if not scope.owner("getattr"):
            return meaning(owner, scope, seen).extended(name)
    return Meaning()


def meaning_of_name(name: str, scope: Scope, seen: frozenset[ast.expr]) -> Meaning:
    owner = scope.owner(name)
    meanings = [meaning_of_binding(binding, seen) for binding in (owner.bindings[name] if owner else [])]
    paths = frozenset().union(*(one.paths for one in meanings))
    return Meaning(paths, len(paths) == 1 and all(one.certain for one in meanings))


def meaning_of_binding(binding: Binding, seen: frozenset[ast.expr]) -> Meaning:
    if binding.path:
        return Meaning(frozenset({binding.path}), certain=True)
    if not binding.value or not binding.scope or binding.value in seen:
        return Meaning()
    one = meaning(binding.value, binding.scope, seen | {binding.value})
    is_alias = isinstance(binding.value, (ast.Name, ast.Attribute)) and one.paths <= MODULES
    return Meaning(one.paths, one.certain and is_alias)


def used(expressions: Iterable[tuple[ast.expr, Scope]]) -> Iterator[Found]:
    """The maximal ones: an outer expression comes before its parts, and a reference's parts are no references."""
    parts: set[ast.AST] = set()
    for node, scope in expressions:
        one = meaning(node, scope)
        below = [path for path in one.paths if f"{path}.".startswith("torch.cuda.")]
        for path in below if node not in parts else ():
            yield node, path, one.certain
        if below or node in parts:
            parts.update(node.args[:1] if isinstance(node, ast.Call) else ast.iter_child_nodes(node))


def reference(node: ast.expr | ast.alias, path: str, certain: bool, lines: list[str]) -> Reference:
    before = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    symbol = path
    while symbol.rpartition(".")[0] not in MODULES:
        symbol = symbol.rpartition(".")[0]
    return Reference(node.lineno, len(before) + 1, symbol, certain, path)
