"""A name at hand that stands for the device: `device = "cuda" if torch.cuda.is_available() else "cpu"`, `self.device`.

In: a place. Out: the name that people would say there, where all that it ever holds is the device of the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import libcst as cst

from cudafix.attributes import enclosing_method, first_parameter, is_set_first, only_target, value_of
from cudafix.device_position import is_device_name
from cudafix.guard import dispatches
from cudafix.inspection import Inspection
from cudafix.judge import chooses_device
from cudafix.names import Binding, Scope, ScopeKind, grouped
from cudafix.substitutes import DEVICE_TYPE

TYPES = frozenset(("cuda", "cpu"))


class Holds(Enum):
    """What a name holds."""

    TYPE = "a string: the type of the device"
    DEVICE = "a torch.device"


@dataclass(frozen=True)
class DeviceName:
    """A name for the device, as it is written at the place."""

    name: str
    holds: Holds

    def said(self, template: str, takes_device: bool) -> str:
        """Return what takes the place of a device's name: this name, or the type that it has."""
        as_it_is = self.holds is Holds.TYPE or (takes_device and template == "{}")
        return self.name if as_it_is else f"{self.name}.type"


def find_device_name(placed: cst.CSTNode, inspection: Inspection) -> DeviceName | None:
    """Return the innermost name that stands for the device where `placed` is: a local one, an attribute, a global."""
    scope: Scope | None = inspection.file.names.places[placed][0]
    while scope is not None:
        at_hand = attribute_at(placed, inspection) if scope.parent is None else None
        found = at_hand or next(names_in(scope, placed, inspection), None)
        if found is not None:
            return found
        scope = scope.parent
    return None


def names_in(scope: Scope, placed: cst.CSTNode, inspection: Inspection) -> Iterator[DeviceName]:
    """Yield the names of a scope that are bound before `placed` in all cases."""
    names = inspection.file.names
    inner, order = names.places[placed]
    around = names.ancestors(placed)
    for binding, holds in device_bindings(inspection).get(scope, ()):
        is_before = binding.order < order and names.region(binding.node) in around and binding.node not in around
        if is_before and names.find_scope(binding.name, inner) is scope:
            yield DeviceName(binding.name, holds)


@lru_cache(maxsize=1)
def device_bindings(inspection: Inspection) -> Mapping[Scope, Sequence[tuple[Binding, Holds]]]:
    """Return what binds a name to the device, once and for all in its scope."""
    found = []
    for scope in inspection.file.names.scopes:
        for name, bindings in scope.bindings.items():
            binding = bindings[0]
            is_only = len(bindings) == 1 and not binding.outer and scope.kind is not ScopeKind.CLASS
            if not is_only or binding.value is None or not is_device_name(name):
                continue
            holds = held(binding.value, inspection)
            if holds is not None:
                found.append((scope, (binding, holds)))
    return grouped(found)


def attribute_at(placed: cst.CSTNode, inspection: Inspection) -> DeviceName | None:
    """Return `self.device`, where `__init__` of the class around gives it the device, and this is another method."""
    file = inspection.file
    function, around = enclosing_method(placed, file)
    if function is None or around is None or function.name.value == "__init__" or not first_parameter(function):
        return None
    for name in file.attributes:
        target = only_target(name, around, file) if is_device_name(name) else None
        value = value_of(target, file) if target is not None and is_set_first(target, file) else None
        holds = held(value, inspection) if value is not None else None
        if holds is not None:
            return DeviceName(f"{first_parameter(function)}.{name}", holds)
    return None


def held(value: cst.BaseExpression, inspection: Inspection) -> Holds | None:
    """Return what a name holds that is given `value`; None where that is not the device of the program."""
    if isinstance(value, cst.Call):
        meaning = inspection.file.names.resolve(value.func)
        path = meaning.path if meaning is not None else ""
        if path == "torch.device" and len(value.args) == 1:
            return Holds.DEVICE if held(value.args[0].value, inspection) is Holds.TYPE else None
        runtime = inspection.options.runtime_module
        return {f"{runtime}.{DEVICE_TYPE}": Holds.TYPE, f"{runtime}.current_device": Holds.DEVICE}.get(path)
    if not isinstance(value, cst.IfExp):
        return None
    chosen = [one for one in dispatches(inspection) if value in one.nodes and chooses_device(one, inspection)]
    arms = [device_type(one, inspection) for one in (value.body, value.orelse)]
    kinds = {kind for _, kind in arms}
    is_plain = bool(chosen) and {text for text, _ in arms} == TYPES and len(kinds) == 1
    return kinds.pop() if is_plain else None


def device_type(arm: cst.BaseExpression, inspection: Inspection) -> tuple[str, Holds]:
    """Return the type that `"cuda"` or `torch.device("cuda")` names, and what it is."""
    if isinstance(arm, cst.Call) and len(arm.args) == 1:
        meaning = inspection.file.names.resolve(arm.func)
        if meaning is not None and meaning.path == "torch.device":
            return device_type(arm.args[0].value, inspection)[0], Holds.DEVICE
    text = arm.evaluated_value if isinstance(arm, cst.SimpleString) else ""
    return text if isinstance(text, str) else "", Holds.TYPE
