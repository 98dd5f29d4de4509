"""A number of devices → whether that is asked for no more than whether there is one: `device_count() > 0`."""

from __future__ import annotations

import libcst as cst

from cudafix.matchers.conditions import NO_DEVICE
from cudafix.matchers.references import Reference
from cudafix.syntax.assigned_values import reads_of
from cudafix.syntax.module import File


def is_asked_whether_any(reference: Reference, file: File) -> bool:
    """Whether a count of devices, or a name that is given it, is the test for there being one."""
    if reference.symbol.row.name != "device_count" or reference.call is None:
        return False
    return any(is_test(one, file) for one in reads_of(reference.call, file))


def is_handed_on(reference: Reference, file: File) -> bool:
    """Whether a count of devices goes where nobody sees whether 0 stands for something: to a function, an attribute."""
    if reference.call is None:
        return False
    if reference.symbol.row.name == "current_device":
        return any(is_given_to_others(one, file) for one in reads_of(reference.call, file))
    if reference.symbol.row.name != "device_count":
        return False
    if any(isinstance(one, (cst.Decorator, cst.Param)) for one in file.tree.ancestors(reference.node)):
        return True
    return any(goes_on(one, file) for one in reads_of(reference.call, file))


def is_given_to_others(index: cst.CSTNode, file: File) -> bool:
    """Whether an index is passed by its place to a function that another module than torch has."""
    parent = file.tree.parents.get(index)
    call = file.tree.parents.get(parent) if isinstance(parent, cst.Arg) and parent.keyword is None else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Name):
        return False
    meaning = file.names.resolve(call.func)
    return meaning is not None and not meaning.path.startswith("torch")


def goes_on(number: cst.CSTNode, file: File) -> bool:
    """Whether a number is passed to a function other than `range` or `print`, kept in an attribute, or returned."""
    parent = file.tree.parents.get(number)
    if isinstance(parent, cst.Arg):
        call = file.tree.parents.get(parent)
        name = call.func.value if isinstance(call, cst.Call) and isinstance(call.func, cst.Name) else ""
        return name not in ("range", "print", "str", "bool", "min", "max", "enumerate")
    if isinstance(parent, cst.Assign):
        return not all(isinstance(one.target, cst.Name) for one in parent.targets)
    return isinstance(parent, (cst.Return, cst.DictElement, cst.Element, cst.AnnAssign, cst.Lambda))


def is_test(number: cst.CSTNode, file: File) -> bool:
    """Whether a number is compared with none, or its truth is asked."""
    parent = file.tree.parents.get(number)
    if isinstance(parent, cst.Comparison) and parent.left is number and len(parent.comparisons) == 1:
        operator, right = parent.comparisons[0].operator, parent.comparisons[0].comparator
        return isinstance(right, cst.Integer) and (type(operator), right.value) in NO_DEVICE
    if isinstance(parent, cst.Arg):
        call = file.tree.parents.get(parent)
        is_bool = isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "bool"
        return is_bool and file.names.is_builtin(call.func)  # type: ignore[union-attr]
    if isinstance(parent, cst.UnaryOperation):
        return isinstance(parent.operator, cst.Not)
    while isinstance(parent, cst.BooleanOperation):
        number, parent = parent, file.tree.parents.get(parent)
    return isinstance(parent, (cst.If, cst.IfExp, cst.While, cst.Assert)) and parent.test is number
