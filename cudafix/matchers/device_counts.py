"""A number of devices → what it is asked for: whether there is one (`device_count() > 0`), a loop, or others' use."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.catalogue.symbols import look_up
from cudafix.catalogue.table import ANYWHERE
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
    if reference.symbol.row.name != "device_count" or reference.call is None:
        return False
    if any(isinstance(one, (cst.Decorator, cst.Param)) for one in file.tree.ancestors(reference.node)):
        return True
    return any(goes_on(one, file) for one in reads_of(reference.call, file))


def is_loop_over_devices(reference: Reference, file: File) -> bool:
    """Whether `for i in range(device_count())` does more than any device can: synchronize, empty, seed, print."""
    if reference.symbol.row.name != "device_count" or reference.call is None:
        return False
    for number in reads_of(reference.call, file):
        loop = file.tree.parents.get(file.tree.call_around(number) or number)
        if isinstance(loop, cst.CompFor):
            return True
        if isinstance(loop, cst.For) and not all(is_for_any_device(one, file) for one in calls_in(loop.body)):
            return True
    return False


def is_for_any_device(call: cst.Call, file: File) -> bool:
    meaning = file.names.resolve(call.func)
    symbol = look_up(meaning.path) if meaning is not None else None
    if symbol is not None:
        return symbol.row.name in ANYWHERE
    return isinstance(call.func, cst.Name) and file.names.is_builtin(call.func)


def calls_in(node: cst.CSTNode) -> Iterator[cst.Call]:
    """Yield the calls in some code."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, cst.Call):
            yield part
        pending += part.children


def goes_on(number: cst.CSTNode, file: File) -> bool:
    """Whether a number is passed to a function other than `range` or `print`, kept, returned, or worked with."""
    parent = file.tree.parents.get(number)
    if isinstance(parent, cst.Arg):
        call = file.tree.parents.get(parent)
        name = call.func.value if isinstance(call, cst.Call) and isinstance(call.func, cst.Name) else ""
        if name == "range":
            return isinstance(file.tree.parents.get(call), (cst.Arg, cst.Assign, cst.Return))  # type: ignore[arg-type]
        return name not in ("print", "bool", "enumerate")
    if isinstance(parent, cst.Assign):
        return not all(isinstance(one.target, cst.Name) for one in parent.targets)
    kinds = (cst.Return, cst.DictElement, cst.Element, cst.AnnAssign, cst.Lambda, cst.BinaryOperation)
    return isinstance(parent, kinds)


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
