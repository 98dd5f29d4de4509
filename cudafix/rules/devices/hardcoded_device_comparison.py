"""A comparison of a device with CUDA's name.

## What it does
Finds `device.type == "cuda"`, `device != torch.device("cuda:0")`, `"cuda" in str(device)`,
`device.startswith("cuda")`, and choices such as `"cuda" if "cuda" in device else "cpu"`.

## Why is this bad?
On another accelerator the code takes the way that is meant for the CPU.

## Example
```python
import torch

device_type = "cuda" if "cuda" in device else "cpu"
```

## Use instead
```python
import torch

device_type = torch.device(device).type
```

## Fix safety
A choice between `"cuda"` and `"cpu"` by a device becomes the type of that device, `torch.device(device).type`: unsafe,
since other devices were taken for the CPU. A comparison has no fix: any accelerator may be meant, the active one, or
CUDA itself; the finding says the neutral question for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.substitutes import NO_TORCH, torch_beside
from cudafix.analysis.devices.cuda_questions import ANY_MAY_BE_MEANT, is_expected, literal_in, offer
from cudafix.analysis.devices.replace_literal import NOTHING_BESIDE, find_place, match_with_fix
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Operations, Place, Substitution
from cudafix.matchers.conditions import Certainty, backend_of, device_of
from cudafix.matchers.device_position import is_device_name
from cudafix.model import Safety
from cudafix.replacements.replacement import ImportedName, Refusal, Replacement
from cudafix.syntax.expressions import dotted_name, last_name, sides

TELLS_APART = "also gives the type of other devices, which were taken for the CPU"


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each comparison of a device with the name of CUDA's."""
    file = context.file
    for node in file.names.places:
        asked, named = compared(node)
        if not isinstance(node, (cst.Comparison, cst.Call)) or not any(map(is_asked, asked)):
            continue
        choice = find_choice(node, context)
        if (choice is None and not any(map(names_cuda, named))) or is_expected(node, context):
            continue
        if choice is not None:
            yield match_choice(choice, node, context)
            continue
        code = " ".join(file.code(node).split()) if isinstance(node, cst.Comparison) else "startswith"
        match = match_with_fix(node, f"`{code}` asks for CUDA", Refusal(ANY_MAY_BE_MEANT), context)
        yield replace(match, help=offer_for(node, context))


def compared(node: cst.CSTNode) -> tuple[Sequence[cst.BaseExpression], Sequence[cst.BaseExpression]]:
    """Return what may be asked in a comparison, or in `device.startswith("cuda")`, and what may be named there."""
    if isinstance(node, cst.Comparison):
        return sides(node), sides(node)
    func = node.func if isinstance(node, cst.Call) and len(node.args) == 1 else None
    if isinstance(node, cst.Call) and isinstance(func, cst.Attribute) and func.attr.value == "startswith":
        return [func.value], [node.args[0].value]
    return (), ()


def is_asked(side: cst.BaseExpression) -> bool:
    """Whether an expression is a device, its type or its text, or several of which one is made there."""
    if isinstance(side, cst.Call) and dotted_name(side.func) == "str" and len(side.args) == 1:
        return is_asked(side.args[0].value)
    if isinstance(side, (cst.Tuple, cst.List, cst.Set)):
        return any(literal_in(one.value) is not one.value for one in side.elements)
    if (isinstance(side, cst.Attribute) and side.attr.value == "device") or literal_in(side) is not side:
        return True
    if isinstance(side, cst.Call):
        return is_device_name(last_name(side.func))
    device = device_of(side)
    is_type = isinstance(side, cst.Attribute) and side.attr.value == "type"
    if is_type and device is None:
        return is_asked(side.value)  # type: ignore[attr-defined]
    return is_device_name(dotted_name(side)) or (
        device is not None and (is_type or is_device_name(dotted_name(device)))
    )


def names_cuda(side: cst.BaseExpression) -> bool:
    """Whether an expression is the name of a CUDA device, `torch.device("cuda")`, or several with one such."""
    if isinstance(side, (cst.Tuple, cst.List, cst.Set)):
        return any(names_cuda(one.value) for one in side.elements)
    return backend_of(literal_in(side)) == "cuda"


# What is offered


def offer_for(node: cst.BaseExpression, context: RuleContext) -> str:
    condition = context.condition(node)
    if condition is None or not condition.devices or condition.backends != {"cuda"}:
        return ""
    device = context.file.code(condition.devices[0])
    text = f"{device}.type" if f"{device}.type" in context.file.code(node) else f"torch.device({device}).type"
    return offer(text, condition.negated)


# A choice between the names of devices by a device


def find_choice(test: cst.BaseExpression, context: RuleContext) -> cst.IfExp | None:
    """Return `"cuda" if "cuda" in device else "cpu"` around its test, or what says the same."""
    around = context.parent(test)
    outer: cst.BaseExpression = test
    if isinstance(around, cst.UnaryOperation) and isinstance(around.operator, cst.Not):
        outer, around = around, context.parent(around)
    if not isinstance(around, cst.IfExp) or around.test is not outer:
        return None
    condition = context.condition(outer)
    if (
        condition is None
        or condition.certainty is not Certainty.DEVICE
        or condition.rest
        or len(condition.devices) != 1
    ):
        return None
    asked = next(iter(condition.backends)) if len(condition.backends) == 1 else ""
    values = (around.orelse, around.body) if condition.negated else (around.body, around.orelse)
    first, second = (one.evaluated_value if isinstance(one, cst.SimpleString) else "" for one in values)
    return around if asked == first and {first, second} == {"cuda", "cpu"} else None


def match_choice(choice: cst.IfExp, test: cst.BaseExpression, context: RuleContext) -> Match:
    condition = context.condition(choice.test)
    assert condition is not None
    device = context.file.code(condition.devices[0])
    code = " ".join(context.file.code(choice).split())
    place = find_place(choice, test, context)
    fix = Refusal(NOTHING_BESIDE) if place is None else device_type(place, device, test, context)
    return match_with_fix(choice, f"`{code}` asks for CUDA", fix, context)


def device_type(place: Place, device: str, test: cst.BaseExpression, context: RuleContext) -> Operations | Refusal:
    """Return the fix that gives the type of a device."""
    torch = torch_beside(place)
    if f"{device}.type" in context.file.code(test):
        imported, passed, template = ImportedName("", f"{device}.type"), None, "{}"
    elif torch:
        imported, passed, template = ImportedName("", f"{torch}.device"), device, "{}.type"
    else:
        return Refusal(NO_TORCH)
    replacement = Replacement(imported, passed=passed, template=template, safety=Safety.UNSAFE, reason=TELLS_APART)
    return Operations((Substitution(place, replacement),))
