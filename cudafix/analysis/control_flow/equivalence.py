"""Whether branches do the same, each on its own backend; and what code does on a machine without an accelerator.

Branches are compared in a normal form: a backend's function is replaced by its name in the catalogue, the name of the
backend's device by a mark, layout and comments are left out. The form is a text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from textwrap import dedent
from typing import Any

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.catalogue.backends import OTHERS, family
from cudafix.catalogue.table import CONTEXTS, ON_MPS, WITHOUT_ACCELERATOR
from cudafix.matchers.conditions import DEVICE
from cudafix.matchers.references import Reference
from cudafix.replacements.replacement import Replacement
from cudafix.syntax.expressions import dotted_name
from cudafix.syntax.python_parser import parse_quietly
from cudafix.syntax.quiet import without_warnings

SIDE_EFFECT_FREE = (
    cst.Name, cst.Attribute, cst.BaseNumber, cst.SimpleString, cst.Tuple, cst.List,
    cst.Comparison, cst.BooleanOperation, cst.UnaryOperation, cst.BinaryOperation,
)  # fmt: skip
"""The expressions that do nothing but give a value, as far as their parts do no more."""

ORDERINGS = (cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual)
PURE = {"abs": abs, "bool": bool, "float": float, "int": int, "max": max, "min": min, "round": round}
"""The functions of numbers that `Folder` works out."""


def normal_form(
    parts: Iterable[cst.CSTNode],
    backends: frozenset[str],
    context: RuleContext,
    device: str = "",
    names: frozenset[str] = frozenset(),
) -> str:
    """Return what `parts` do, in words that are the same for every backend.

    `device`, given to a function, counts as nothing: the neutral form is given it anyhow. `names` are the functions
    that the other branches call: a function of MPS may stand for one of several.
    """
    parts = tuple(parts)
    replacements: dict[cst.CSTNode, cst.CSTNode] = {}
    for reference in context.references_in(*parts):
        if reference.symbol.backend in backends:
            name = cst.Name(f"NEUTRAL_{neutral_name(reference, names)}")
            replacements[reference.node] = name
            if device and reference.call is not None and is_given(reference.call, device, context):
                replacements[reference.call] = cst.Call(name)
    for node in unknown_backends(parts, backends, context):
        replacements[node] = cst.Name(f"NEUTRAL_{dotted_name(node).split('.', 2)[2].replace('.', '_')}")
    for literal in device_literals(parts, backends):
        replacements[literal] = marked(literal)
    return ast.dump(parsed(parts, replacements, context))


def neutral_name(reference: Reference, names: frozenset[str]) -> str:
    name = ".".join((reference.symbol.row.name, *reference.symbol.rest))
    meanings = ON_MPS.get(name, (name,)) if reference.symbol.backend == "mps" else (name,)
    return next((one for one in meanings if one in names), meanings[0]).replace(".", "_")


def is_given(call: cst.Call, device: str, context: RuleContext) -> bool:
    """Whether `device` is all that `call` passes."""
    only = call.args[0] if len(call.args) == 1 else None
    is_device = only is not None and only.star == "" and (only.keyword is None or only.keyword.value == "device")
    return is_device and only is not None and context.file.code(only.value) == device


def unknown_backends(
    parts: Iterable[cst.CSTNode], backends: frozenset[str], context: RuleContext
) -> list[cst.Attribute]:
    """Return the functions of backends that the catalogue does not know: `torch.sdaa.empty_cache`."""
    wanted = tuple(f"torch.{one}." for one in backends & set(OTHERS))
    found = []
    for node in nodes_in(parts) if wanted else ():
        if isinstance(node, cst.Attribute) and not isinstance(context.parent(node), cst.Attribute):
            meaning = context.file.names.resolve(node)
            if meaning is not None and meaning.path.startswith(wanted) and dotted_name(node).count(".") > 1:
                found.append(node)
    return found


def device_literals(
    parts: Iterable[cst.CSTNode], backends: frozenset[str]
) -> list[cst.SimpleString | cst.FormattedStringText]:
    """Return the strings that name a device of `backends`: `"cuda"`, `"cuda:0"`, the beginning of `f"cuda:{i}"`."""
    found: list[cst.SimpleString | cst.FormattedStringText] = []
    for node in nodes_in(parts):
        if isinstance(node, cst.SimpleString):
            text = node.evaluated_value
            if isinstance(text, str) and names_device(text, backends):
                found.append(node)
        elif isinstance(node, cst.FormattedString) and node.parts:
            first = node.parts[0]
            text = first.value if isinstance(first, cst.FormattedStringText) else ""
            if isinstance(first, cst.FormattedStringText) and text.endswith(":") and names_device(text, backends):
                found.append(first)
    return found


def names_device(text: str, backends: frozenset[str]) -> bool:
    match = DEVICE.fullmatch(text)
    return match is not None and family(match["backend"]) in backends


def marked(literal: cst.SimpleString | cst.FormattedStringText) -> cst.CSTNode:
    if isinstance(literal, cst.FormattedStringText):
        return cst.FormattedStringText("DEVICE:")
    text = str(literal.evaluated_value)
    return cst.SimpleString(repr("DEVICE" + text[len(text.partition(":")[0]) :]))


def form_without_accelerator(parts: Iterable[cst.CSTNode], context: RuleContext) -> str:
    """Return what the neutral form of `parts` does where there is no accelerator: calls become their answers."""
    kept = tuple(
        part
        for part in parts
        if isinstance(part, cst.BaseExpression) or not does_nothing_without_accelerator(part, context)
    )
    replacements: dict[cst.CSTNode, cst.CSTNode] = {}
    for reference in context.references_in(*kept):
        answer = WITHOUT_ACCELERATOR.get(reference.symbol.row.name)
        if answer and reference.call is not None and has_side_effect_free_arguments(reference.call, context):
            replacements[reference.call] = cst.parse_expression(answer)
    return ast.dump(Folder().visit(parsed(kept, replacements, context)))


def canonical_form(parts: Iterable[cst.CSTNode], context: RuleContext) -> str:
    """Return what `parts` do as they stand."""
    return ast.dump(Folder().visit(parsed(tuple(parts), {}, context)))


class Folder(ast.NodeTransformer):
    """Works out expressions of numbers."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if not isinstance(node, (ast.BinOp, ast.Compare, ast.Call, ast.UnaryOp)) or not is_of_numbers(node):
            return node
        try:
            return ast.Constant(calculated(node))
        except (ArithmeticError, TypeError, ValueError):
            return node


def is_of_numbers(node: ast.expr) -> bool:
    """Whether all that `node` is made of, one level down, are numbers."""
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in PURE and not node.keywords
        return known and all(isinstance(one, ast.Constant) for one in node.args)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Pow, ast.LShift)) and not has_small_value(node):
        return False
    parts = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
    return all(isinstance(one, ast.Constant) and isinstance(one.value, (int, float)) for one in parts)


def has_small_value(node: ast.BinOp) -> bool:
    """Whether a power or a shift takes no time: both its numbers are small, though one be a power itself."""
    return is_below(node.left, 1 << 64) and is_below(node.right, 101)


def is_below(node: ast.expr, limit: int) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and abs(node.value) < limit


def calculated(node: ast.expr) -> Any:
    with without_warnings():
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "<numbers>", "eval")
    return eval(code, {"__builtins__": {}}, PURE)


def parsed(
    parts: Iterable[cst.CSTNode], replacements: Mapping[cst.CSTNode, cst.CSTNode], context: RuleContext
) -> ast.Module:
    """Return `parts`, with `replacements`, as Python's own syntax tree, without layout and comments."""
    pieces = []
    for part in parts:
        new = replacements.get(part) or part.visit(Replacer(replacements))
        assert isinstance(new, cst.CSTNode)
        code = dedent(context.file.module.code_for_node(new)).strip("\\ \t\r\n")  # it may end in a joined line
        pieces.append(f"({code})" if isinstance(new, cst.BaseExpression) else code)
    code = "".join(indented(piece) for piece in pieces if piece)
    return parse_quietly(f"async def f():\n for _ in ():\n  pass\n{code}")


class Replacer(cst.CSTTransformer):
    """Puts other expressions in the place of some."""

    def __init__(self, replacements: Mapping[cst.CSTNode, cst.CSTNode]) -> None:
        super().__init__()
        self.replacements = replacements

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self.replacements

    def on_leave(self, original_node, updated_node):  # type: ignore[no-untyped-def]
        return self.replacements.get(original_node, updated_node)


def indented(code: str) -> str:
    return "".join(f"  {line}\n" for line in code.split("\n"))


def nodes_in(parts: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Yield `parts` and all nodes inside them; what a string is joined from names nothing by itself."""
    waiting = list(parts)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, cst.ConcatenatedString):
            waiting += node.children


# What may run where it did not run before


def does_nothing_without_accelerator(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether the neutral form of a statement does nothing on a machine without an accelerator."""
    if isinstance(node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
        return all(does_nothing_without_accelerator(one, context) for one in node.body)
    if isinstance(node, cst.Expr):
        is_text = isinstance(node.value, (cst.SimpleString, cst.Ellipsis))
        return is_text or does_nothing_without_accelerator(node.value, context)
    if isinstance(node, cst.Call):
        return is_call_that_does_nothing(node, context)
    if isinstance(node, cst.For):
        is_idle = all(does_nothing_in_loop(one, context) for one in node.body.body)
        return is_idle and node.orelse is None and is_empty_range(node.iter, context)
    return isinstance(node, cst.Pass)


def does_nothing_in_loop(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether a statement of a loop over all devices is neutral; `with torch.cuda.device(i):` runs for none there."""
    if not isinstance(node, cst.With):
        return does_nothing_without_accelerator(node, context)
    are_for_devices = all(function_called(one.item, context) in CONTEXTS and one.asname is None for one in node.items)
    return are_for_devices and all(does_nothing_without_accelerator(one, context) for one in node.body.body)


def is_call_that_does_nothing(node: cst.BaseExpression, context: RuleContext) -> bool:
    name = function_called(node, context)
    reference = context.references_by_node.get(node.func) if isinstance(node, cst.Call) else None
    replacement = context.replacement(reference) if reference is not None else None
    fails = isinstance(replacement, Replacement) and replacement.fails_idle
    return name in WITHOUT_ACCELERATOR and not fails and has_side_effect_free_arguments(node, context)


def is_empty_range(node: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether a loop goes over `range(torch.cuda.device_count())`."""
    if not isinstance(node, cst.Call) or len(node.args) != 1:
        return False
    is_range = isinstance(node.func, cst.Name) and node.func.value == "range"
    return is_range and function_called(node.args[0].value, context) == "device_count"


def function_called(node: cst.BaseExpression, context: RuleContext) -> str:
    """Return the catalogue's name of what `node` calls, if a neutral form takes its place or has done so."""
    if not isinstance(node, cst.Call):
        return ""
    reference = context.references_by_node.get(node.func)
    if reference is None:
        return context.neutral_function(node)
    stays = reference in context.silenced or not isinstance(context.replacement(reference), Replacement)
    return "" if stays else reference.symbol.row.name


def has_side_effect_free_arguments(node: cst.BaseExpression, context: RuleContext) -> bool:
    if not isinstance(node, cst.Call):
        return False
    return all(not one.star and is_side_effect_free(one.value, context) for one in node.args)


def is_side_effect_free(node: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether an expression may be worked out where it was not before: it calls nothing but what answers there.

    A device that it names is no device of the machine, there.
    """
    for part in nodes_in([node]):
        if isinstance(part, cst.SimpleString) and DEVICE.fullmatch(str(part.evaluated_value)):
            return False
        if isinstance(part, cst.Call):
            if function_called(part, context) not in WITHOUT_ACCELERATOR:
                return False
            continue
        is_unknown = isinstance(part, cst.BaseExpression) and not isinstance(part, SIDE_EFFECT_FREE)
        if is_unknown or may_fail(part, context):
            return False
    return True


def may_fail(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether working `node` out can raise where it was not worked out before: the guard may have seen to that."""
    if isinstance(node, cst.BinaryOperation):
        divides = isinstance(node.operator, (cst.Divide, cst.FloorDivide, cst.Modulo))
        return divides and not isinstance(node.right, cst.BaseNumber)
    if isinstance(node, cst.Comparison):
        ordered = any(isinstance(one.operator, ORDERINGS) for one in node.comparisons)
        sides = (node.left, *(one.comparator for one in node.comparisons))
        return ordered and not all(isinstance(one, (cst.BaseNumber, cst.Call)) for one in sides)
    if isinstance(node, cst.Attribute):
        return not isinstance(node.value, (cst.Name, cst.Call)) and node not in context.references_inside
    return isinstance(node, cst.Name) and is_bound_in_guards(node, context)


def is_bound_in_guards(node: cst.Name, context: RuleContext) -> bool:
    """Whether a name is bound nowhere but below conditions about backends."""
    names = context.file.names
    use = names.uses.get(node)
    scope = names.find_scope(node.value, use.scope) if use is not None else None
    bindings = scope.bindings[node.value] if scope is not None else []
    around = [names.tree.ancestors(one.node) for one in bindings]
    guards = [[parent for parent in parents if isinstance(parent, cst.If)] for parents in around]
    return bool(guards) and all(any(context.condition(guard.test) for guard in same) for same in guards)
