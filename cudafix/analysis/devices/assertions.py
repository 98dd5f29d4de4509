"""What a device is compared with, and what a test asserts of one.

In: the name of a device, `"cuda"`, or `x.is_cuda`. Out: whether it is what a device must be, or what it is asked for.
"""

from __future__ import annotations

from pathlib import PurePath

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.matchers.device_text import WHOLE
from cudafix.syntax.expressions import dotted_name, last_name, sides

EQUALITIES = frozenset(("assertEqual", "assertEquals", "assertIn"))
"""The methods of unittest that compare two values."""


def is_test(context: RuleContext) -> bool:
    """Whether a file is of tests: by its name, its folder, or what it imports."""
    by_name = is_named_as_test(context) or PurePath(context.file.path).stem == "testing_utils"
    by_folder = not {"test", "tests"}.isdisjoint(PurePath(context.path_without_suffix).parts[:-1])
    by_import = any(one in context.file.names.imports_by_target for one in ("pytest", "unittest"))
    return by_name or by_folder or by_import


def is_named_as_test(context: RuleContext) -> bool:
    """Whether pytest takes a file for one of tests, by its name."""
    path = PurePath(context.file.path)
    return path.name.startswith("test_") or path.stem.endswith("_test") or path.stem == "conftest"


def is_asserted(node: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether a test asserts that a device is CUDA's: `"cuda"` is what it must be, or `x.is_cuda` must hold."""
    if isinstance(node, cst.Attribute):
        return node.attr.value == "is_cuda" and must_hold(node, context)
    text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    if not isinstance(text, str) or not WHOLE.fullmatch(text):
        return False
    names, side = context.file.names, device_around(node, context)
    call, comparison = names.tree.call_around(side), names.tree.comparison_around(side)
    if call is not None:
        values = [one.value for one in call.args[:2]]
        is_equality = last_name(call.func) in EQUALITIES and side in values
        return is_equality and any(is_device(one) for one in values if one is not side)
    if comparison is None or len(comparison.comparisons) != 1:
        return False
    (other,) = (one for one in sides(comparison) if one is not side)
    is_same = isinstance(comparison.comparisons[0].operator, (cst.Equal, cst.In))
    return is_same and is_device(other) and must_hold(comparison, context)


def is_compared(literal: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether `torch.device("cuda")` is one of those that a device is compared with, and no place for data."""
    side = device_around(literal, context)
    element = context.parent(side)
    container = context.parent(element) if isinstance(element, cst.Element) else side
    is_side = isinstance(container, cst.BaseExpression) and context.file.tree.comparison_around(container)
    return side is not literal and (bool(is_side) or (is_test(context) and is_asserted(literal, context)))


def device_around(literal: cst.BaseExpression, context: RuleContext) -> cst.BaseExpression:
    """Return `torch.device("cuda")`, or `torch.device("cuda").type`, around the name of a device; else the name."""
    call = context.file.tree.call_around(literal)
    meaning = context.file.names.resolve(call.func) if call is not None and call.args[0].value is literal else None
    if call is None or meaning is None or meaning.path != "torch.device":
        return literal
    around = context.parent(call)
    return around if isinstance(around, cst.Attribute) and around.attr.value == "type" else call


def is_device(node: cst.BaseExpression) -> bool:
    """Whether an expression is the device of something, its type or its text: `x.device.type`, `str(x.device)`."""
    if isinstance(node, cst.Call) and dotted_name(node.func) == "str" and len(node.args) == 1:
        node = node.args[0].value
    names = []
    while isinstance(node, cst.Attribute):
        names.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        names.append(node.value)
    return bool(names) and (names[0] in ("device", "device_type") or names[:2] == ["type", "device"])


def must_hold(node: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether `node`, by itself or beside others, is asserted."""
    parent = context.parent(node)
    while isinstance(parent, cst.BooleanOperation) and isinstance(parent.operator, cst.And):
        node, parent = parent, context.parent(parent)
    if isinstance(parent, cst.Assert):
        return parent.test is node
    call = context.file.tree.call_around(node)
    return call is not None and call.args[0].value is node and last_name(call.func) == "assertTrue"
