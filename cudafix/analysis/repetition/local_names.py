"""Statements of a method → the names of locals in them, and what they do up to those names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from cudafix.analysis.control_flow.equivalence import Replacer, nodes_in
from cudafix.syntax.name_table import NameTable
from cudafix.syntax.python_parser import parse_quietly
from cudafix.syntax.scopes import BindingKind, Scope

COMPOUND = (cst.If, cst.For, cst.While, cst.With, cst.Try, cst.TryStar, cst.Match)

BOUND_TO_ITS_PLACE = (
    cst.Return, cst.Yield, cst.Await, cst.Asynchronous, cst.FunctionDef, cst.ClassDef, cst.Lambda, cst.Global,
    cst.Nonlocal, cst.ImportStar,
)  # fmt: skip
"""What means something else, or nothing, in another function."""


@dataclass(frozen=True, eq=False)
class Method:
    """A method; `first` is what it calls its object, or its class."""

    node: cst.FunctionDef
    scope: Scope
    first: str
    is_class: bool

    @property
    def name(self) -> str:
        return self.node.name.value


def is_local(name: cst.Name, method: Method, names: NameTable) -> bool:
    use = names.uses.get(name)
    if use is None:
        return name.value in method.scope.bindings
    return names.find_scope(name.value, use.scope) is method.scope


def is_imported(name: str, method: Method) -> bool:
    return any(one.kind is BindingKind.IMPORT for one in method.scope.bindings[name])


def loose_form(statement: cst.BaseStatement, method: Method, names: NameTable) -> str:
    """Return what a statement does, with all locals alike; "" for one that cannot leave its method."""
    if is_bound_to_its_place(statement):
        return ""
    renamed = [one for one in variables_in(statement) if is_local(one, method, names)]
    return renamed_form([statement], {one: cst.Name("LOCAL") for one in renamed if not is_imported(one.value, method)})


def renamed_form(statements: Sequence[cst.BaseStatement], new_names: dict[cst.CSTNode, cst.CSTNode]) -> str:
    """Return what statements do once some of their names are exchanged, as a text."""
    new = [one.visit(Replacer(new_names)) for one in statements]
    return ast.dump(parse_quietly(cst.Module(new).code))  # type: ignore[arg-type]


def is_bound_to_its_place(statement: cst.BaseStatement) -> bool:
    """Whether a statement means something else in another function: it leaves this one, waits in it, or adds to it."""
    waiting: list[tuple[cst.CSTNode, bool]] = [(statement, False)]
    while waiting:
        node, in_loop = waiting.pop()
        if isinstance(node, BOUND_TO_ITS_PLACE):
            return True
        if isinstance(node, (cst.Break, cst.Continue)) and not in_loop:
            return True
        if isinstance(node, cst.Expr) and isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)):
            return True
        waiting += [(one, in_loop or isinstance(node, (cst.For, cst.While))) for one in node.children]
    return False


def weight(statements: Sequence[cst.CSTNode]) -> int:
    """Count the simple statements and the headers of compound ones."""
    return sum(isinstance(one, (cst.BaseSmallStatement, *COMPOUND)) for one in nodes_in(statements))


def variables_in(node: cst.CSTNode) -> Iterator[cst.Name]:
    """Yield the names of variables, not those of attributes, arguments and comprehensions' own."""
    finder = VariableFinder()
    node.visit(finder)
    yield from finder.found


class VariableFinder(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.Name] = []

    def visit_Name(self, node: cst.Name) -> None:
        self.found.append(node)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False

    def visit_ImportAlias(self, node: cst.ImportAlias) -> bool:
        return False

    def visit_MatchKeywordElement(self, node: cst.MatchKeywordElement) -> bool:
        node.pattern.visit(self)
        return False

    def visit_CompFor(self, node: cst.CompFor) -> bool:
        for part in (node.iter, *node.ifs, node.inner_for_in):
            if part is not None:
                part.visit(self)
        return False
