"""A module's tree → its name table, which every rule asks: the one visitor that goes over all nodes.

From the module on, the visitor goes to the children by itself: libcst's own way makes a new node of each one that is
visited, which takes more time than all that is done here. Python's order of evaluation and scoping decides where a
child is visited: defaults, decorators and annotations belong to the scope around a function, a class body is not seen
from its methods, a comprehension has a scope of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

import libcst as cst

from cudafix.syntax.expressions import attribute_step, dotted, imported_module
from cudafix.syntax.name_table import NameTable
from cudafix.syntax.scopes import Binding, BindingKind, Scope, ScopeKind, Use
from cudafix.syntax.tree import Tree

SILENT = (
    cst.SimpleWhitespace, cst.ParenthesizedWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comment, cst.Newline,
    cst.Comma, cst.Dot, cst.AssignEqual, cst.Semicolon, cst.LeftParen, cst.RightParen, cst.LeftSquareBracket,
    cst.RightSquareBracket, cst.LeftCurlyBrace, cst.RightCurlyBrace, cst.Integer, cst.Float, cst.Imaginary,
    cst.BaseUnaryOp, cst.BaseBinaryOp, cst.BaseBooleanOp, cst.BaseCompOp, cst.BaseAugOp,
    cst.Pass, cst.Break, cst.Continue,
)  # fmt: skip
"""The nodes that are not visited: they name nothing, and nothing stands in them."""

LAYOUT = frozenset((
    "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "leading_lines", "lines_after_decorators",
    "trailing_whitespace", "header", "footer", "comma", "semicolon", "operator", "equal",
))  # fmt: skip
"""The fields that hold nothing but silent nodes; so do those that are called `whitespace…`."""

PLACED = frozenset((cst.SimpleString, cst.FormattedString, cst.Call, cst.Comparison, cst.Attribute))
"""What may be a device in another shape than a name."""


def build_name_table(module: cst.Module, brought_by_stars: Set[str] = frozenset()) -> NameTable:
    """Visit `module` once and return its names."""
    visitor = ScopeVisitor(module, brought_by_stars)
    module.visit(visitor)
    visitor.names.settle_nonlocals()
    return visitor.names


class ScopeVisitor(cst.CSTVisitor):
    def __init__(self, module: cst.Module, brought_by_stars: Set[str]) -> None:
        super().__init__()
        self.tree = Tree()
        self.names = NameTable(module, self.tree, brought_by_stars)
        self.scope = self.names.root
        self.stack: list[cst.CSTNode] = []
        self.order = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.visit(node)
        return False

    def visit(self, node: cst.CSTNode) -> None:
        plan = PLANS.get(type(node)) or make_plan(node)
        if plan.is_silent:
            return
        if self.stack:
            self.tree.parents[node] = self.stack[-1]
        self.order += 1
        if plan.is_placed:
            self.names.places[node] = (self.scope, self.order)
        self.stack.append(node)
        if plan.handler is not None:
            plan.handler(self, node)
        else:
            self.visit_fields(node, plan.fields)
        self.stack.pop()

    def visit_fields(self, node: cst.CSTNode, fields: Sequence[str]) -> None:
        for field in fields:
            child = getattr(node, field)
            if type(child) in PLANS:
                self.visit(child)
            elif isinstance(child, (tuple, list)):
                for part in child:
                    self.visit(part)
            elif isinstance(child, cst.CSTNode):
                self.visit(child)

    def visit_all(self, *nodes: cst.CSTNode | None) -> None:
        for node in nodes:
            if isinstance(node, cst.CSTNode):
                self.visit(node)

    def visit_each(self, nodes: Iterable[cst.CSTNode]) -> None:
        for node in nodes:
            self.visit(node)

    def bind(self, name: str, kind: BindingKind, node: cst.CSTNode, **details: object) -> None:
        self.order += 1
        self.names.bind(Binding(name, kind, node, self.scope, self.order, **details))  # type: ignore[arg-type]

    def within(self, kind: ScopeKind, node: cst.CSTNode, work: Callable[[], None]) -> None:
        outer = self.scope
        self.scope = Scope(kind, node, outer)
        self.names.scopes.append(self.scope)
        work()
        self.scope = outer

    # Names that are read

    def name(self, node: cst.Name) -> None:
        self.names.uses[node] = Use(node, self.scope, self.order)

    def attribute(self, node: cst.Attribute) -> None:
        self.visit(node.value)

    def argument(self, node: cst.Arg) -> None:
        self.visit(node.value)

    # Names that are bound

    def import_plain(self, node: cst.Import) -> None:
        for alias in node.names:
            path = dotted(alias.name)
            name, target = (dotted(as_name(alias)), path) if alias.asname else (path.partition(".")[0],) * 2
            self.bind(name, BindingKind.IMPORT, node, target=target, alias=alias)

    def import_from(self, node: cst.ImportFrom) -> None:
        module = imported_module(node)
        if isinstance(node.names, cst.ImportStar):
            self.names.stars.append((module, node))
            return
        for alias in node.names:
            name = dotted(as_name(alias)) if alias.asname else dotted(alias.name)
            target = f"{module}.{dotted(alias.name)}"
            self.bind(name, BindingKind.IMPORT, node, target=target, alias=alias)

    def bind_target(self, target: cst.CSTNode, value: cst.BaseExpression | None = None) -> None:
        """Bind the names of an assignment's target; attributes and items in it are visited as expressions."""
        if isinstance(target, cst.Name):
            self.bind_value(target, value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            values = matching_elements(target, value)
            for element, part in zip(target.elements, values, strict=True):
                self.bind_target(element.value, part)
        else:
            self.change(target)

    def change(self, target: cst.CSTNode) -> None:
        self.names.changed.add(target)
        self.visit(target)

    def bind_value(self, target: cst.Name, value: cst.BaseExpression | None) -> None:
        if self.scope is self.names.root and target.value == "__all__":
            self.names.exported.update(strings_in(value))
        if isinstance(value, cst.Name) and value.value in ("None", "False"):
            self.bind(target.value, BindingKind.PLACEHOLDER, self.stack[-1])
        elif isinstance(value, cst.Name) or (value is not None and attribute_step(value)):
            self.bind(target.value, BindingKind.ALIAS, self.stack[-1], value=value)
        else:
            self.bind(target.value, BindingKind.OTHER, self.stack[-1], value=value)

    def assign(self, node: cst.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.tree.parents[target] = node
            self.stack.append(target)
            self.bind_target(target.target, node.value)
            self.stack.pop()

    def annotated_assign(self, node: cst.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is None:
            if not isinstance(node.target, cst.Name):
                self.change(node.target)
            elif self.scope.kind is ScopeKind.FUNCTION:
                self.scope.bindings.setdefault(node.target.value, [])  # local from here on, though bound to nothing
            return
        self.visit(node.value)
        self.bind_target(node.target, node.value)

    def augmented_assign(self, node: cst.AugAssign) -> None:
        self.visit(node.value)
        self.change(node.target)
        if isinstance(node.target, cst.Name):
            if self.scope is self.names.root and node.target.value == "__all__":
                self.names.exported.update(strings_in(node.value))
            self.bind(node.target.value, BindingKind.OTHER, node)

    def walrus(self, node: cst.NamedExpr) -> None:
        self.visit(node.value)
        inner = self.scope
        while self.scope.kind is ScopeKind.COMPREHENSION and self.scope.parent is not None:
            self.scope = self.scope.parent
        self.bind_target(node.target, node.value)
        self.scope = inner

    def delete(self, node: cst.Del) -> None:
        self.delete_target(node.target)

    def delete_target(self, target: cst.BaseExpression) -> None:
        if isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self.delete_target(element.value)
            return
        self.change(target)
        if isinstance(target, cst.Name):
            self.bind(target.value, BindingKind.DELETED, self.stack[-1])

    def loop(self, node: cst.For) -> None:
        self.visit(node.iter)
        self.bind_target(node.target)
        self.visit_all(node.body, node.orelse)

    def with_item(self, node: cst.WithItem) -> None:
        self.visit(node.item)
        if node.asname is not None:
            self.bind_target(node.asname.name)

    def handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> None:
        self.visit_all(node.type)
        if node.name is not None:
            self.bind_target(node.name.name)
        self.visit(node.body)

    def outer_names(self, node: cst.Global | cst.Nonlocal) -> None:
        if self.scope is self.names.root:
            return  # `global` says nothing new there
        declared = self.scope.globals if isinstance(node, cst.Global) else self.scope.nonlocals
        declared.update(item.name.value for item in node.names)

    def capture(self, node: cst.MatchAs | cst.MatchStar) -> None:
        if isinstance(node, cst.MatchAs):
            self.visit_all(node.pattern)
        if node.name is not None:
            self.bind(node.name.value, BindingKind.OTHER, node)

    def capture_rest(self, node: cst.MatchMapping) -> None:
        self.visit_each(node.elements)
        if node.rest is not None:
            self.bind(node.rest.value, BindingKind.OTHER, node)

    def keyword_pattern(self, node: cst.MatchKeywordElement) -> None:
        self.visit(node.pattern)

    def type_alias(self, node: cst.TypeAlias) -> None:
        self.bind(node.name.value, BindingKind.OTHER, node)
        self.within(ScopeKind.TYPE_PARAMETERS, node, lambda: self.visit_all(node.type_parameters, node.value))

    def type_parameter(self, node: cst.TypeVar | cst.TypeVarTuple | cst.ParamSpec) -> None:
        self.bind(node.name.value, BindingKind.OTHER, node)
        self.visit_all(getattr(node, "bound", None))

    # Scopes

    def function(self, node: cst.FunctionDef) -> None:
        self.visit_each(node.decorators)
        self.parameters_outside(node.params, "default")

        def inside() -> None:
            self.parameters_inside(node.params)
            self.visit(node.body)

        def signature() -> None:
            self.parameters_outside(node.params, "annotation")
            self.visit_all(node.returns)
            self.within(ScopeKind.FUNCTION, node, inside)

        self.with_type_parameters(node, signature)
        self.bind(node.name.value, BindingKind.OTHER, node)

    def anonymous(self, node: cst.Lambda) -> None:
        self.parameters_outside(node.params, "default")

        def inside() -> None:
            self.parameters_inside(node.params)
            self.visit(node.body)

        self.within(ScopeKind.FUNCTION, node, inside)

    def with_type_parameters(self, node: cst.FunctionDef | cst.ClassDef, work: Callable[[], None]) -> None:
        """Do `work` in the scope of the type parameters, where there are any: `def f[T](x: T)`."""

        def inside() -> None:
            self.visit_all(node.type_parameters)
            work()

        if node.type_parameters is None:
            work()
        else:
            self.within(ScopeKind.TYPE_PARAMETERS, node, inside)

    def parameters_outside(self, params: cst.Parameters, part: str) -> None:
        for param in all_parameters(params):
            self.tree.parents[param] = self.stack[-1]
            self.stack.append(param)
            self.visit_all(getattr(param, part))
            self.stack.pop()

    def parameters_inside(self, params: cst.Parameters) -> None:
        for param in all_parameters(params):
            self.bind(param.name.value, BindingKind.OTHER, own_body(self.stack[-1]))

    def class_(self, node: cst.ClassDef) -> None:
        self.visit_each(node.decorators)

        def inside() -> None:
            self.visit_each((*node.bases, *node.keywords))
            self.within(ScopeKind.CLASS, node, lambda: self.visit_all(node.body))

        self.with_type_parameters(node, inside)
        self.bind(node.name.value, BindingKind.OTHER, node)

    def comprehension(self, node: cst.BaseSimpleComp | cst.DictComp) -> None:
        self.visit(node.for_in.iter)

        def inside() -> None:
            self.generator(node.for_in, first=True)
            if isinstance(node, cst.DictComp):
                self.visit_all(node.key, node.value)
            elif isinstance(node, cst.BaseSimpleComp):
                self.visit(node.elt)

        self.within(ScopeKind.COMPREHENSION, node, inside)

    def generator(self, node: cst.CompFor, first: bool) -> None:
        if not first:
            self.visit(node.iter)
        self.bind_target(node.target)
        self.visit_each(node.ifs)
        if node.inner_for_in is not None:
            self.generator(node.inner_for_in, first=False)


HANDLERS: dict[type[cst.CSTNode], Callable[..., None]] = {
    cst.Name: ScopeVisitor.name,
    cst.Attribute: ScopeVisitor.attribute,
    cst.Arg: ScopeVisitor.argument,
    cst.Import: ScopeVisitor.import_plain,
    cst.ImportFrom: ScopeVisitor.import_from,
    cst.Assign: ScopeVisitor.assign,
    cst.AnnAssign: ScopeVisitor.annotated_assign,
    cst.AugAssign: ScopeVisitor.augmented_assign,
    cst.NamedExpr: ScopeVisitor.walrus,
    cst.Del: ScopeVisitor.delete,
    cst.For: ScopeVisitor.loop,
    cst.WithItem: ScopeVisitor.with_item,
    cst.ExceptHandler: ScopeVisitor.handler,
    cst.ExceptStarHandler: ScopeVisitor.handler,
    cst.Global: ScopeVisitor.outer_names,
    cst.Nonlocal: ScopeVisitor.outer_names,
    cst.MatchAs: ScopeVisitor.capture,
    cst.MatchStar: ScopeVisitor.capture,
    cst.MatchMapping: ScopeVisitor.capture_rest,
    cst.MatchKeywordElement: ScopeVisitor.keyword_pattern,
    cst.TypeAlias: ScopeVisitor.type_alias,
    cst.TypeVar: ScopeVisitor.type_parameter,
    cst.TypeVarTuple: ScopeVisitor.type_parameter,
    cst.ParamSpec: ScopeVisitor.type_parameter,
    cst.FunctionDef: ScopeVisitor.function,
    cst.Lambda: ScopeVisitor.anonymous,
    cst.ClassDef: ScopeVisitor.class_,
    cst.ListComp: ScopeVisitor.comprehension,
    cst.SetComp: ScopeVisitor.comprehension,
    cst.GeneratorExp: ScopeVisitor.comprehension,
    cst.DictComp: ScopeVisitor.comprehension,
}


@dataclass(frozen=True)
class Plan:
    """What is done with the nodes of one type: nothing, what its handler does, or a visit of what `fields` hold."""

    is_silent: bool
    is_placed: bool
    handler: Callable[..., None] | None
    fields: tuple[str, ...]


PLANS: dict[type[cst.CSTNode], Plan] = {}
"""The plans that were made, by type."""


def make_plan(node: cst.CSTNode) -> Plan:
    """Make the plan for the type of `node`, once."""
    kind = type(node)
    order = FieldOrder(node)
    if not isinstance(node, SILENT) and kind not in HANDLERS:
        node.visit(order)
        order.fields += [one.name for one in dataclasses.fields(node) if one.name not in order.fields]
    nodes = [one for one in order.fields if not isinstance(getattr(node, one), (str, bool))]
    fields = tuple(one for one in nodes if not one.startswith("whitespace") and one not in LAYOUT)
    PLANS[kind] = Plan(isinstance(node, SILENT), kind in PLACED, HANDLERS.get(kind), fields)
    return PLANS[kind]


class FieldOrder(cst.CSTVisitor):
    """The fields of a node in the order in which libcst visits them: that of the source.

    Of those that are None it does not tell all.
    """

    def __init__(self, node: cst.CSTNode) -> None:
        super().__init__()
        self.node = node
        self.fields: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node is self.node

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        if node is self.node:
            self.fields.append(attribute)


def as_name(alias: cst.ImportAlias) -> cst.BaseExpression | None:
    name = alias.asname.name if alias.asname else None
    return name if isinstance(name, cst.Name) else None


def own_body(node: cst.CSTNode) -> cst.CSTNode:
    """Return what counts as the place of a parameter's binding: the body it is seen in."""
    body = getattr(node, "body", None)
    return body if isinstance(body, cst.CSTNode) else node


def all_parameters(params: cst.Parameters) -> list[cst.Param]:
    stars = [one for one in (params.star_arg, params.star_kwarg) if isinstance(one, cst.Param)]
    return [*params.posonly_params, *params.params, *params.kwonly_params, *stars]


def matching_elements(
    target: cst.Tuple | cst.List, value: cst.BaseExpression | None
) -> list[cst.BaseExpression | None]:
    """Pair `a, b = x, y` element by element; None where that cannot be told."""
    count = len(target.elements)
    if isinstance(value, (cst.Tuple, cst.List)) and len(value.elements) == count:
        elements = (*target.elements, *value.elements)
        if not any(isinstance(element, cst.StarredElement) for element in elements):
            return [element.value for element in value.elements]
    return [None] * count


def strings_in(value: cst.BaseExpression | None) -> list[str]:
    if not isinstance(value, (cst.List, cst.Tuple, cst.Set)):
        return []
    literals = [one.value for one in value.elements if isinstance(one.value, cst.SimpleString)]
    return [text for one in literals if isinstance(text := one.evaluated_value, str)]
