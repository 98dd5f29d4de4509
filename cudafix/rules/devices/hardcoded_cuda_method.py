"""A method that moves a tensor or a module to CUDA.

## What it does
Finds `x.cuda()`, `x.cuda(index)`, `x.cuda(non_blocking=True)`, of what is no import.

## Why is this bad?
The program fails at this place on every machine without CUDA, whatever it calls elsewhere.

## Example
```python
import torch

x = torch.ones(1).cuda()
```

## Use instead
```python
import torch
from cudafix.runtime import current_device_type

x = torch.ones(1).to(current_device_type())
```

## Fix safety
Unsafe: the program runs on another accelerator, or the CPU, where it failed before, and what `x` is cannot be seen. The
index and the other arguments are kept. No fix where what is passed may be a number or a device, nor for the storage
that a `map_location` is given, which has another `to`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.replace_literal import NOTHING_BESIDE, neutral_device
from cudafix.analysis.devices.uses import cuda_methods, match_cuda_method
from cudafix.analysis.match import Match
from cudafix.fixes.operations import NodeChange, Operations, Substitution, place_of
from cudafix.matchers.device_position import WORD, is_device_name
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.index_as_device import DEVICE
from cudafix.replacements.replacement import ImportedName, Replacement
from cudafix.syntax.arguments import comma, keyword_argument, with_keyword
from cudafix.syntax.expressions import dotted_name, last_name

INDEX = frozenset(("id", "idx", "index", "ordinal", "rank"))
"""What the name of a device ends with that is the number of one: `device_id`."""

STORAGE = "what `map_location` is given is a storage, not a tensor: let it be the device itself"
ANY_DEVICE = "also moves to what is no device of CUDA, where it failed"


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each call of a method `cuda`, of what may be a tensor or a module."""
    for call in cuda_methods(context):
        yield match_method(call, context)


def match_method(call: cst.Call, context: RuleContext) -> Match:
    match = match_cuda_method(call, "", context.file)
    assert isinstance(call.func, cst.Attribute)
    passed = first_argument(call)
    if any(one.star for one in call.args):
        return replace(match, reason="what it is given cannot be seen")
    if is_storage(call.func.value, context):
        return replace(match, reason=STORAGE)
    if passed is not None and is_device(passed, context):
        change = NodeChange(call, renamed, (call.func.value, *call.args))
        fix = Operations(changes=(change,))
        return replace(match, operations=fix, safety=Safety.UNSAFE, reason=ANY_DEVICE, help="use `.to(…)`")
    current = current_index(passed, context)
    if current is not None:
        return moved_to_current(match, call, current, context)
    template = template_for(passed, context)
    if not template:
        return replace(match, reason="what it is given may be a number, a device or something else")
    device = neutral_device(call, context, template)
    if device is None:
        return replace(match, reason=NOTHING_BESIDE)
    build = partial(moved, rest=int(passed is not None))
    change = NodeChange(call, build, (call.func.value, *call.args), substitutions=(device.substitution,))
    operations = Operations(changes=(change,), constants=device.constants)
    replacement = device.substitution.replacement
    text = replacement.text(replacement.imported.name)
    return replace(match, operations=operations, reason=replacement.reason, help=f"use `.to({text})`")


def first_argument(call: cst.Call) -> cst.BaseExpression | None:
    """Return the device that a call is given."""
    first = call.args[0] if call.args and call.args[0].keyword is None else keyword_argument(call, "device")
    return first.value if first is not None else None


def is_storage(receiver: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether `receiver` is what the `map_location` of `torch.load` is given as a lambda: it has another `to`."""
    around = next((one for one in context.file.tree.ancestors(receiver) if isinstance(one, cst.Lambda)), None)
    argument = context.parent(around) if around is not None else None
    if around is None or not isinstance(receiver, cst.Name) or not isinstance(argument, cst.Arg):
        return False
    is_mapped = argument.keyword is not None and argument.keyword.value == "map_location"
    return is_mapped and receiver.value in [one.name.value for one in around.params.params]


def is_device(value: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether `to` takes it as it is: a name that says so, a device, a string."""
    if is_device_name(dotted_name(value)):
        return WORD.findall(last_name(value))[-1].lower() not in INDEX
    if isinstance(value, (cst.SimpleString, cst.FormattedString)):
        return True
    meaning = context.file.names.resolve(value.func) if isinstance(value, cst.Call) else None
    return meaning is not None and meaning.path == "torch.device"


def current_index(value: cst.BaseExpression | None, context: RuleContext) -> Reference | None:
    """Return the reference in `x.cuda(torch.cuda.current_device())`, where the current device itself will do."""
    reference = context.references_by_node.get(value.func) if isinstance(value, cst.Call) and not value.args else None
    is_current = reference is not None and reference.symbol.name == "torch.cuda.current_device"
    return reference if is_current and reference not in context.silenced else None


def moved_to_current(match: Match, call: cst.Call, current: Reference, context: RuleContext) -> Match:
    assert isinstance(call.func, cst.Attribute)
    replacement = Replacement(ImportedName(context.options.runtime_module, DEVICE), passed="")
    substitutions = (Substitution(place_of(current), replacement),)
    fix = Operations(
        changes=(
            NodeChange(call, partial(moved, rest=1), (call.func.value, *call.args[1:]), substitutions=substitutions),
        )
    )
    return replace(match, operations=fix, safety=Safety.UNSAFE, reason=ANY_DEVICE, help=f"use `.to({DEVICE}())`")


def template_for(value: cst.BaseExpression | None, context: RuleContext) -> str:
    """Return what stands around the device type for the number that is passed; "" where that may be something else."""
    if value is None or (isinstance(value, cst.Name) and value.value == "None"):
        return "{}"
    code = context.file.code(value)
    if any(context.references_in(value)):
        return ""  # it is rewritten itself
    if isinstance(value, cst.Integer):
        return f'f"{{{{}}}}:{code}"'
    is_number = isinstance(value, (cst.Name, cst.Attribute)) or is_index_call(value, context)
    return f'f"{{{{}}}}:{{{code}}}"' if is_number and not any(one in code for one in "\"'\\\n{}#") else ""


def is_index_call(value: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether a call gives the number of a device: `torch.cuda.current_device()`, `int(x)`, `dist.get_rank()`."""
    if not isinstance(value, cst.Call):
        return False
    meaning = context.file.names.resolve(value.func)
    path = meaning.path if meaning is not None else dotted_name(value.func)
    return path.rpartition(".")[2] in ("current_device", "int", "get_rank", "get_local_rank", "current_device_index")


def moved(updated: cst.Call, text: str, rest: int) -> cst.Call:
    """Return `x.to(DEVICE, …)` for `x.cuda(…)`."""
    others = [named(one) for one in updated.args[rest:]]
    first = cst.Arg(cst.parse_expression(text), comma=comma() if others else cst.MaybeSentinel.DEFAULT)
    return renamed(updated.with_changes(args=[first, *others]))


def renamed(updated: cst.Call) -> cst.Call:
    assert isinstance(updated.func, cst.Attribute)
    first, *others = updated.args
    new = updated.func.with_changes(attr=cst.Name("to"))
    return updated.with_changes(func=new, args=[first, *(named(one) for one in others)])


def named(argument: cst.Arg) -> cst.Arg:
    """Return `non_blocking=x` for a second argument without a name, which is another one of `to`."""
    return argument if argument.keyword is not None or argument.star else with_keyword(argument, "non_blocking")
