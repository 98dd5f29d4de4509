"""A name in scope that stands for the device: `device = "cuda" if torch.cuda.is_available() else "cpu"`, `self.device`.

In: a place. Out: the name that people would say there, where all that it ever holds is the device of the program; else
`x.device`, of the tensor or the model that meets what is made there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.analysis.control_flow.collapse_decision import chooses_device
from cudafix.analysis.control_flow.dispatch import Dispatch
from cudafix.analysis.control_flow.guards_and_ladders import dispatches
from cudafix.analysis.control_flow.substitutes import DEVICE_TYPE_FUNCTION
from cudafix.matchers.device_position import is_device_name
from cudafix.matchers.tensor_operands import find_met
from cudafix.syntax.assigned_values import enclosing_method, first_parameter, is_set_first, only_target, value_of
from cudafix.syntax.scopes import Binding, Scope, ScopeKind, grouped

CUDA_AND_CPU = frozenset(("cuda", "cpu"))
"""What is chosen from at least, where a name is the device of the program."""


class Holds(Enum):
    """What a name holds."""

    TYPE = "a string: the type of the device"
    DEVICE = "a torch.device"


@dataclass(frozen=True)
class DeviceName:
    """A name for the device, as it is written at the place."""

    name: str
    holds: Holds
    met: str = ""
    """The tensor, or the model, that what is made there meets: the device is that one's."""

    @property
    def reason(self) -> str:
        """What else the name may stand for than the device of CUDA."""
        if self.met:
            return f"`{self.met}` may be on another device than CUDA's"
        return f"`{self.name}` is the device of the program, which may be another one than CUDA's"

    def said(self, template: str, takes_device: bool) -> str:
        """Return what takes the place of a device's name: this name, or the type that it has."""
        as_it_is = self.holds is Holds.TYPE or (takes_device and template == "{}")
        return self.name if as_it_is else f"{self.name}.type"


@dataclass(frozen=True)
class Holder:
    """A name that is given the device once: by `statement`, after `order` in the order of things."""

    name: str
    holds: Holds
    statement: cst.CSTNode
    order: int


def find_device_name(placed: cst.CSTNode, context: RuleContext) -> DeviceName | None:
    """Return the innermost name that stands for the device where `placed` is: a local one, an attribute, a global.

    Where there is none, the device of what the tensor that is made there meets.
    """
    scope: Scope | None = context.file.names.places[placed][0]
    while scope is not None:
        in_scope = attribute_at(placed, context) if scope.parent is None else None
        found = in_scope or next(device_names_in(scope, placed, context), None)
        if found is not None:
            return found
        scope = scope.parent
    met = find_met(placed, context.file)
    return DeviceName(f"{met}.device", Holds.DEVICE, met) if met else None


def device_names_in(scope: Scope, placed: cst.CSTNode, context: RuleContext) -> Iterator[DeviceName]:
    """Yield the names of a scope that are bound before `placed` in all cases."""
    names = context.file.names
    inner, order = names.places[placed]
    around = names.tree.ancestors(placed)
    for holder in device_holders(context).get(scope, ()):
        is_before = holder.order < order and holder.statement not in around
        is_certain = names.dominated_region(holder.statement) in around
        if is_before and is_certain and names.find_scope(holder.name, inner) is scope:
            yield DeviceName(holder.name, holder.holds)


@once
def device_holders(context: RuleContext) -> Mapping[Scope, Sequence[Holder]]:
    """Return the names that are given the device, once and for all in their scope."""
    found = []
    for scope in context.file.names.scopes:
        for name, bindings in scope.bindings.items():
            is_fit = scope.kind is not ScopeKind.CLASS and is_device_name(name)
            holder = holder_of(bindings, context) if is_fit else None
            if holder is not None:
                found.append((scope, holder))
    return grouped(found)


def holder_of(bindings: Sequence[Binding], context: RuleContext) -> Holder | None:
    """Return what a name holds that is bound once, or once in each branch of what chooses the device."""
    values = [one.value for one in bindings if one.value is not None and not one.outer]
    last = bindings[-1]
    if len(values) < len(bindings):
        return None
    if len(values) == 1:
        holds, statement = held(values[0], context), last.node
    else:
        chosen = [one for one in device_choices(context) if is_made_by(one, bindings, context)]
        holds, statement = holds_of(values, context), chosen[0].nodes[-1] if chosen else last.node
        holds = holds if chosen else None
    return Holder(last.name, holds, statement, last.order) if holds is not None else None


def device_choices(context: RuleContext) -> Iterator[Dispatch]:
    """Return the dispatches that do no more than to choose a device."""
    return (one for one in dispatches(context) if chooses_device(one))


def is_made_by(dispatch: Dispatch, bindings: Sequence[Binding], context: RuleContext) -> bool:
    """Whether the branches of `dispatch` bind a name, each of them once, and nothing else does."""
    around = [[one.node, *context.file.tree.ancestors(one.node)] for one in bindings]
    parts = [[part for part in dispatch.parts if part in nodes] for nodes in around]
    if any(len(one) != 1 for one in parts):
        return False
    return {one[0] for one in parts} == set(dispatch.parts) and len(parts) == len(dispatch.parts)


def attribute_at(placed: cst.CSTNode, context: RuleContext) -> DeviceName | None:
    """Return `self.device`, where `__init__` of the class around gives it the device, and this is another method."""
    file = context.file
    function, around = enclosing_method(placed, file)
    if function is None or around is None or function.name.value == "__init__" or not first_parameter(function):
        return None
    for name in file.attribute_writes:
        target = only_target(name, around, file) if is_device_name(name) else None
        value = value_of(target, file) if target is not None and is_set_first(target, file) else None
        holds = held(value, context) if value is not None else None
        if holds is not None:
            return DeviceName(f"{first_parameter(function)}.{name}", holds)
    return None


def held(value: cst.BaseExpression, context: RuleContext) -> Holds | None:
    """Return what a name holds that is given `value`; None where that is not the device of the program."""
    if isinstance(value, cst.Call):
        meaning = context.file.names.resolve(value.func)
        path = meaning.path if meaning is not None else ""
        if path == "torch.device" and len(value.args) == 1:
            return Holds.DEVICE if held(value.args[0].value, context) is Holds.TYPE else None
        runtime = context.options.runtime_module
        return {f"{runtime}.{DEVICE_TYPE_FUNCTION}": Holds.TYPE, f"{runtime}.current_device": Holds.DEVICE}.get(path)
    if not isinstance(value, cst.IfExp) or not any(value in one.nodes for one in device_choices(context)):
        return None
    return holds_of(list(values_of(value)), context)


def values_of(value: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Yield what `a if … else b if … else c` chooses from."""
    if isinstance(value, cst.IfExp):
        yield value.body
        yield from values_of(value.orelse)
    else:
        yield value


def holds_of(values: Sequence[cst.BaseExpression], context: RuleContext) -> Holds | None:
    """Return what values are that name one device each, without an index, CUDA's and the CPU among them."""
    devices = [device_type(one, context) for one in values]
    kinds = {kind for _, kind in devices}
    texts = {text for text, _ in devices}
    is_plain = texts >= CUDA_AND_CPU and all(text.isalpha() for text in texts) and len(kinds) == 1
    return kinds.pop() if is_plain else None


def device_type(value: cst.BaseExpression, context: RuleContext) -> tuple[str, Holds]:
    """Return the type that `"cuda"` or `torch.device("cuda")` names, and what it is."""
    if isinstance(value, cst.Call) and len(value.args) == 1:
        meaning = context.file.names.resolve(value.func)
        if meaning is not None and meaning.path == "torch.device":
            return device_type(value.args[0].value, context)[0], Holds.DEVICE
    text = value.evaluated_value if isinstance(value, cst.SimpleString) else ""
    return text if isinstance(text, str) else "", Holds.TYPE
