"""Mixed precision of one backend.

## What it does
Finds `torch.cuda.amp.autocast`, `GradScaler`, `custom_fwd` and `custom_bwd`, the same functions of `torch.amp` that are
given `"cuda"`, and those that speak of CUDA without a word, such as `torch.get_autocast_gpu_dtype()`.

## Why is this bad?
`torch.cuda.amp` is deprecated since torch 2.4 and switches itself off on every other accelerator, as
`torch.autocast("cuda")` does.

## Example
```python
import torch

with torch.cuda.amp.autocast():
    step()
```

## Use instead
```python
from cudafix.runtime import device_autocast

with device_autocast():
    step()
```

## Fix safety
Safe for `autocast(enabled=False)`, else unsafe: another accelerator begins to compute in lower precision. The neutral
function takes the arguments of `torch.cuda`'s in their order; `torch.autocast` stays and is given
`autocast_device_type()`, which is `"cuda"` where the backend has no autocast. Unsafe for `GradScaler`, which begins to
scale (and of `torch.cuda`'s is another class), for the decorators, which decide at import, and for what is asked of or
said to CUDA's autocast without a word. No fix that turns lower precision on in a class that stays on CUDA, beside a
scaler that is made elsewhere or, unless the rules about devices are selected as well, in a module of a package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends
from cudafix.analysis.control_flow.substitutes import DEVICE_TYPE_FUNCTION
from cudafix.analysis.functions.amp_calls import argument_of, is_for_cuda
from cudafix.analysis.match import Match
from cudafix.catalogue.amp import AUTOCAST, BACKWARD, FORWARD, FUNCTIONS, SETTINGS, TURNS_ON, AmpFunction
from cudafix.catalogue.symbols import look_up
from cudafix.fixes.operations import NodeChange, Operations, Place, Substitution, with_reason
from cudafix.model import Safety
from cudafix.replacements.project_targets import find_entry, find_stop, plain_form
from cudafix.replacements.replacement import ImportedName, Refusal, Replacement
from cudafix.replacements.scripted import MAY_BE_SCRIPTED, find_reader, in_module
from cudafix.syntax.arguments import comma, is_false, with_keyword
from cudafix.syntax.scopes import Resolution

AUTOCAST_TYPE = "autocast_device_type"
OTHER_ANSWER = "also speaks of other accelerators, and of the CPU where there is none"


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each call of torch.amp that is told to work on CUDA."""
    names = context.file.names
    for node in names.places:
        if not isinstance(node, cst.Call) or not context.may_be_torch(node.func):
            continue
        meaning = names.resolve(node.func)
        if meaning is None or meaning.doubt is not None:
            continue
        function, setting = FUNCTIONS.get(meaning.path), SETTINGS.get(meaning.path)
        if function is not None and is_for_cuda(node, function):
            message, words = f"`{meaning.path}` works on CUDA here", ""
            fix = neutral_call(node, function, meaning, context)
        elif setting is not None and len(node.args) == setting[1] and not any(one.star for one in node.args):
            message = f"`{meaning.path}` speaks of CUDA's autocast"
            words = f"use `torch.{setting[0]}({DEVICE_TYPE_FUNCTION}(){', …' if node.args else ''})`"
            fix = with_device(node, setting[0], meaning, context)
        else:
            continue
        if "cuda" not in find_branch_backends(node, context):
            operations, reason = with_reason(fix)
            yield Match(node, "", message, operations, reason=reason, help=words)


def neutral_call(
    call: cst.Call, function: AmpFunction, meaning: Resolution, context: RuleContext
) -> Operations | Refusal:
    """Return the fix that calls the neutral function, which needs no device."""
    symbol = look_up(function.symbol)
    assert symbol is not None
    if any(one.star for one in call.args):
        return Refusal("what it is given cannot be seen")
    reader = find_reader(call, context.file)
    if reader:
        return Refusal(reader)
    reason = function.reason
    if function is AUTOCAST:
        may_be_scripted = MAY_BE_SCRIPTED if in_module(call, context.file) else ""
        reason = may_be_scripted or ("" if is_false(argument_of(call, function, "enabled")) else TURNS_ON)
    safety = Safety.UNSAFE if reason else Safety.SAFE
    entry = find_entry(symbol, context.file.path, context.options, is_called=False)
    replacement = Replacement(ImportedName(context.options.runtime_module, function.replacement))
    if entry is not None and not entry.replaces_call:
        obstacle = find_stop(entry.target, call, context.file, context.options)
        if obstacle:
            return Refusal(obstacle)
        replacement = plain_form(entry.target, context.file, context.options)
    elif function is AUTOCAST:
        return with_type(call, meaning, safety, reason, context)
    scope, order = context.file.names.places[call]
    place = Place(call.func, scope, order, meaning.origins)
    device = argument_of(call, function, function.device)
    kept = tuple(one for one in call.args if one is not device)
    change = NodeChange(
        call, partial(called, original=call, function=function), kept=kept,
        substitutions=(Substitution(place, replace(replacement, safety=safety, reason=reason)),),
    )  # fmt: skip
    return Operations(changes=(change,))


def with_type(
    call: cst.Call, meaning: Resolution, safety: Safety, reason: str, context: RuleContext
) -> Operations | Refusal:
    """Return the fix that gives `torch.autocast` the type that it works on, and changes nothing else."""
    device = argument_of(call, AUTOCAST, AUTOCAST.device)
    assert device is not None
    scope, order = context.file.names.places[call]
    imported = ImportedName(context.options.runtime_module, AUTOCAST_TYPE)
    replacement = Replacement(imported, passed="", safety=safety, reason=reason)
    return Operations((Substitution(Place(device.value, scope, order, meaning.origins), replacement),))


def called(updated: cst.Call, text: str, original: cst.Call, function: AmpFunction) -> cst.BaseExpression:
    """Return `device_autocast(dtype=…, enabled=…)` for `torch.autocast("cuda", …)`."""
    name = cst.parse_expression(text)
    device = argument_of(original, function, function.device)
    given = [argument_of(original, function, one) for one in function.params]
    arguments: list[cst.Arg] = []
    for old, new in zip(original.args, updated.args, strict=True):
        if old is not device:
            index = next((number for number, one in enumerate(given) if one is old), 0)
            arguments.append(new if new.keyword is not None else with_keyword(new, function.params[index]))
        elif arguments and old is original.args[-1]:
            arguments[-1] = arguments[-1].with_changes(comma=new.comma)
    if not arguments and function in (FORWARD, BACKWARD):
        return name.with_changes(lpar=updated.lpar, rpar=updated.rpar)
    return updated.with_changes(func=name, args=arguments)


def with_device(call: cst.Call, name: str, meaning: Resolution, context: RuleContext) -> Operations | Refusal:
    """Return the fix that passes the active device to the function that takes one."""
    if name == "is_autocast_enabled":
        return Refusal(
            "of the CPU it is another question, and torch 2.4 has no answer for MPS: give the type of a tensor"
        )
    torch = meaning.origins[0]
    if torch.target != "torch" or meaning.through:
        return Refusal(f"`torch.{name}` takes the device")
    reader = find_reader(call, context.file)
    if reader:
        return Refusal(reader)
    if any(isinstance(one, (cst.ExceptHandler, cst.ExceptStarHandler)) for one in context.file.tree.ancestors(call)):
        return Refusal("it is there for a torch that takes no device")
    scope, order = context.file.names.places[call]
    place = Place(call.func, scope, order, meaning.origins)
    imported = ImportedName(context.options.runtime_module, DEVICE_TYPE_FUNCTION)
    replacement = Replacement(imported, passed="", safety=Safety.UNSAFE, reason=OTHER_ANSWER)
    build = partial(passing, function=f"{torch.name}.{name}")
    substitutions = (Substitution(place, replacement),)
    return Operations(changes=(NodeChange(call, build, kept=(call.func, *call.args), substitutions=substitutions),))


def passing(updated: cst.Call, text: str, function: str) -> cst.Call:
    """Return `torch.set_autocast_dtype(current_device_type(), dtype)`."""
    others = [one.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for one in updated.args]
    first = cst.Arg(cst.parse_expression(text), comma=comma() if others else cst.MaybeSentinel.DEFAULT)
    return updated.with_changes(func=cst.parse_expression(function), args=[first, *others])
