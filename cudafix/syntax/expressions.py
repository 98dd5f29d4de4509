"""Expressions and imports as they are written: dotted names, operands, sides. Nothing here asks what a name means."""

from __future__ import annotations

import libcst as cst


def leftmost(node: cst.BaseExpression | None) -> cst.Name | None:
    """Return the name that a chain of attributes begins with; None for what begins otherwise."""
    while node is not None and not isinstance(node, cst.Name):
        step = attribute_step(node)
        node = step[0] if step else None
    return node


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


def operands(node: cst.BooleanOperation) -> list[cst.BaseExpression]:
    """Return the operands of `a and b and c`, in their order."""
    kind = type(node.operator)
    found: list[cst.BaseExpression] = []
    current: cst.BaseExpression = node
    while isinstance(current, cst.BooleanOperation) and isinstance(current.operator, kind):
        found.append(current.right)
        current = current.left
    return [current, *reversed(found)]


def operators(node: cst.BooleanOperation) -> list[cst.BaseBooleanOp]:
    """Return the operators between the operands of `a and b and c`, in their order."""
    inner = node.left
    goes_on = isinstance(inner, cst.BooleanOperation) and isinstance(inner.operator, type(node.operator))
    return [*(operators(inner) if goes_on else ()), node.operator]  # type: ignore[arg-type]


def is_plain(node: cst.BaseExpression) -> bool:
    """Whether reading `node` again costs nothing and does nothing: a name, or an attribute of one."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


def sides(comparison: cst.Comparison) -> list[cst.BaseExpression]:
    """Return what is compared with each other."""
    return [comparison.left, *(one.comparator for one in comparison.comparisons)]


def last_name(node: cst.BaseExpression) -> str:
    """Return `c` of `a.b.c`; "" for what is no chain of names."""
    return dotted_name(node).rpartition(".")[2]


def dotted_name(node: cst.BaseExpression) -> str:
    """Return `a.b.c` as it is written; "" for what is no chain of names."""
    names: list[str] = []
    while not isinstance(node, cst.Name):
        step = attribute_step(node)
        if step is None:
            return ""
        node, attribute = step
        names.append(attribute)
    return ".".join([node.value, *reversed(names)])
