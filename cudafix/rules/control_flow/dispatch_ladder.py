"""A ladder over backends that is one neutral call.

## What it does
Finds `if … elif …` over several backends, and the same as a chain of `if`s, early returns, nested conditional
expressions, a `match` or a dictionary of functions, in which a function with a neutral form is called.

## Why is this bad?
Each new backend needs a branch at every such place, and a backend that has none falls through.

## Example
```python
import torch

if torch.cuda.is_available():
    torch.cuda.empty_cache()
elif torch.xpu.is_available():
    torch.xpu.empty_cache()
```

## Use instead
```python
from cudafix.runtime import empty_device_cache

empty_device_cache()
```

## Fix safety
Safe where torch itself is asked which backend there is, CUDA is among them, and all branches do the same and nothing
on a machine without an accelerator. Unsafe where a device is chosen, where a device at hand or a function of the
project is asked (`backend-predicates` names such functions), where an `else` raises, and where a comment would be
lost. No fix where the branches differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.dispatch import Dispatch
from cudafix.analysis.control_flow.guards_and_ladders import dispatches, is_ladder, match_dispatch
from cudafix.analysis.control_flow.substitutes import NO_TORCH, name_of_torch, substitution_on_device
from cudafix.analysis.match import Match
from cudafix.catalogue.backends import family
from cudafix.fixes.operations import Operations, Substitution
from cudafix.matchers.conditions import backend_of, device_of
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Refusal
from cudafix.syntax.assigned_values import only_binding
from cudafix.syntax.scopes import Binding


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each ladder, and each table, over several backends."""
    yield from find_ladders(context)
    yield from find_tables(context)


def find_ladders(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each ladder over several backends that holds a function with a neutral form."""
    for dispatch in dispatches(context):
        if is_ladder(dispatch, context):
            yield match_dispatch(dispatch, partial(message_for_ladder, dispatch), True, context)


def message_for_ladder(dispatch: Dispatch, named: Reference) -> str:
    names = sorted(one.upper() for one in dispatch.backends)
    return f"a ladder over {', '.join(names)} for what has a neutral form"


# Tables of functions by device type: `{"cuda": torch.cuda.empty_cache, "xpu": …}[device.type]()`


@dataclass(frozen=True, eq=False)
class Table:
    """A dictionary from device types to the functions of their backends, and the calls that look one up in it."""

    node: cst.Dict
    functions: tuple[Reference, ...]
    calls: tuple[cst.Call, ...]
    binding: Binding | None = None


def find_tables(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each table over several backends."""
    for table in tables(context):
        substitutions = find_substitutions(table, context)
        first = table.functions[0]
        names = ", ".join(sorted({one.symbol.backend.upper() for one in table.functions}))
        fix, reason = Operations(), "the device at hand decides"
        if isinstance(substitutions, Refusal):
            reason = substitutions.reason
        else:
            removable = () if table.binding is None else (table.binding,)
            fix = Operations(tuple(substitutions), removable_assignments=removable)
        yield Match(
            table.node, first.symbol.name, f"a table over {names} for what has a neutral form", fix,
            safety=Safety.UNSAFE, reason=reason, reference=first,
            covers=table.functions if fix else (),
        )  # fmt: skip


def tables(context: RuleContext) -> Iterator[Table]:
    """Yield the dictionaries that hold the functions of several backends."""
    seen: set[cst.CSTNode] = set()
    for reference in context.references_by_node.values():
        element = context.parent(reference.node)
        node = context.parent(element) if isinstance(element, cst.DictElement) else None
        if isinstance(node, cst.Dict) and node not in seen:
            seen.add(node)
            functions = functions_of(node, context)
            if len({one.symbol.backend for one in functions}) > 1:
                yield with_calls(node, functions, context)


def functions_of(node: cst.Dict, context: RuleContext) -> tuple[Reference, ...]:
    """Return the backends' functions in a table whose keys name those backends; none where they do not."""
    found = []
    for element in node.elements:
        reference = context.references_by_node.get(element.value)
        if not isinstance(element, cst.DictElement):
            return ()
        if reference is not None:
            if family(backend_of(element.key)) != reference.symbol.backend or reference.symbol.is_module:
                return ()
            found.append(reference)
    return tuple(found)


def with_calls(node: cst.Dict, functions: tuple[Reference, ...], context: RuleContext) -> Table:
    """Return the table with the calls that look a function up in it; without any where it is used otherwise."""
    call = lookup_call(node, context)
    if call is not None:
        return Table(node, functions, (call,))
    assign = context.parent(node)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if not isinstance(target, cst.Name):
        return Table(node, functions, ())
    names = context.file.names
    uses = [use.node for use in names.uses_by_name.get(target.value, ())]
    bindings = [(use, only_binding(use, context.file)) for use in uses]
    own = [(use, one) for use, one in bindings if one is not None and one.value is node]
    calls = [lookup_call(use, context) for use, _ in own]
    known = tuple(one for one in calls if one is not None)
    return Table(node, functions, known if len(known) == len(calls) else (), own[0][1] if own else None)


def lookup_call(table: cst.CSTNode, context: RuleContext) -> cst.Call | None:
    """Return the call `TABLE[device.type]()`, or `TABLE.get(device.type, other)()`, around a table."""
    parent = context.parent(table)
    if isinstance(parent, cst.Attribute) and parent.value is table and parent.attr.value == "get":
        parent = context.parent(parent)
    outer = context.parent(parent) if isinstance(parent, (cst.Subscript, cst.Call)) else None
    return outer if isinstance(outer, cst.Call) and outer.func is parent else None


def device_looked_up(call: cst.Call) -> cst.BaseExpression | None:
    """Return the device that `call` looks a function up for."""
    if isinstance(call.func, cst.Subscript):
        index = call.func.slice[0].slice if len(call.func.slice) == 1 else None
        return device_of(index.value) if isinstance(index, cst.Index) else None
    return device_of(call.func.args[0].value) if isinstance(call.func, cst.Call) and call.func.args else None


def find_substitutions(table: Table, context: RuleContext) -> list[Substitution] | Refusal:
    """Return the neutral calls that take the place of the lookups, or why there are none."""
    names = {one.symbol.row.name for one in table.functions}
    if not table.calls:
        return Refusal("the table is used otherwise than to call what it holds")
    if len(names) > 1 or not names <= {"empty_cache", "synchronize"}:
        return Refusal("what it does depends on the device at hand")
    if not name_of_torch(table.functions[0], context):
        return Refusal(NO_TORCH)
    replacement = context.replacement(table.functions[0])
    if isinstance(replacement, Refusal):
        return replacement
    devices = [device_looked_up(call) for call in table.calls]
    if any(call.args for call in table.calls) or any(one is None for one in devices):
        return Refusal("what it does depends on the device at hand")
    lookups = [(replace(table.functions[0], node=call.func, call=call), replacement) for call in table.calls]
    codes = [context.file.code(one) for one in devices if one is not None]
    found = [substitution_on_device(*one, code, context) for one, code in zip(lookups, codes, strict=True)]
    return [one for one in found if one is not None]
