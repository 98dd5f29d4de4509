"""The name of NCCL, written out where a backend of torch.distributed is expected.

## What it does
Finds `"nccl"` as the first argument of `init_process_group`, as an argument, a variable, a field or an option whose
name says that it is a backend, and in comparisons with one.

## Why is this bad?
NCCL is CUDA's: other accelerators have xccl, hccl, mccl and others, the CPU gloo.

## Example
```python
import torch.distributed as dist

dist.init_process_group("nccl")
```

## Use instead
```python
import torch.distributed as dist
from cudafix.runtime import distributed_backend

dist.init_process_group(distributed_backend())
```

## Fix safety
Unsafe: elsewhere the group is made with another backend, where it failed before. No fix in a default argument or a
field of a class, which are worked out at import, in a list of what may be chosen, and in a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends
from cudafix.analysis.devices.replace_literal import NOTHING_BESIDE, match_with_fix, neutral_value, without_literal
from cudafix.analysis.devices.uses import find_obstacle
from cudafix.analysis.match import Match
from cudafix.fixes.operations import NodeChange, Operations
from cudafix.matchers.conditions import Certainty
from cudafix.matchers.device_position import is_backend_name, is_backend_position
from cudafix.replacements.replacement import Refusal
from cudafix.syntax.expressions import dotted_name, sides

BACKEND_FUNCTION = "distributed_backend"
ELSEWHERE = "names the backend of the accelerator that is active, and gloo where there is none"

NCCL = re.compile(r"(?:\w+:\w+,)*(?:cuda:)?nccl(?:,\w+:\w+)*")
"""`nccl`, `cuda:nccl`, and `cpu:gloo,cuda:nccl`: a backend for each type of device."""

BY_DEVICE = "pass no backend: torch then takes one for the CPU and the default one for the accelerator"
ABOUT_NCCL = "what depends on the answer may be about NCCL itself"


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each `"nccl"` that is taken for a backend, or compared with one."""
    names = context.file.names
    for node in names.places:
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        if not isinstance(node, cst.SimpleString) or not isinstance(text, str) or not NCCL.fullmatch(text):
            continue
        if "cuda" in find_branch_backends(node, context):
            continue
        message = f"{node.value} is the backend of CUDA"
        if is_backend_position(node, context.file):
            obstacle = BY_DEVICE if "," in text else find_obstacle(node, context)
            choice = None if obstacle else choice_around(node, context)
            if choice is not None:
                yield match_with_fix(node, message, instead_of_choice(choice, node, context), context)
                continue
            fix: Operations | Refusal = Refusal(obstacle)
            if not obstacle:
                fix = without_literal(node, node, "{}", context, BACKEND_FUNCTION, ELSEWHERE)
            yield match_with_fix(node, message, fix, context)
        elif is_compared(node, context):
            yield match_with_fix(node, message, Refusal(ABOUT_NCCL), context)


def choice_around(node: cst.SimpleString, context: RuleContext) -> cst.IfExp | None:
    """Return `"nccl" if torch.cuda.is_available() else "gloo"`, or by what torch.distributed has, around `node`."""
    choice = context.parent(node)
    if not isinstance(choice, cst.IfExp) or choice.body is not node:
        return None
    is_gloo = isinstance(choice.orelse, cst.SimpleString) and choice.orelse.evaluated_value == "gloo"
    meaning = context.file.names.resolve(choice.test.func) if isinstance(choice.test, cst.Call) else None
    condition = context.condition(choice.test)
    is_by_nccl = meaning is not None and meaning.path == "torch.distributed.is_nccl_available"
    is_by_torch = condition is not None and condition.certainty is Certainty.MACHINE and bool(condition.tests)
    is_bare = condition is None or not condition.rest
    return choice if is_gloo and (is_by_nccl or (is_by_torch and is_bare)) else None


def instead_of_choice(choice: cst.IfExp, node: cst.SimpleString, context: RuleContext) -> Operations | Refusal:
    """Return the fix that makes the choice itself: the neutral backend is gloo where there is no accelerator."""
    substitution = neutral_value(choice, node, "{}", context, BACKEND_FUNCTION, ELSEWHERE)
    if substitution is None:
        return Refusal(NOTHING_BESIDE)
    return Operations(changes=(NodeChange(choice, chosen, substitutions=(substitution,)),))


def chosen(updated: cst.IfExp, text: str) -> cst.BaseExpression:
    return cst.parse_expression(text).with_changes(lpar=updated.lpar, rpar=updated.rpar)


def is_compared(node: cst.SimpleString, context: RuleContext) -> bool:
    """Whether a backend is compared with `node`."""
    comparison = context.file.tree.comparison_around(node)
    compared = sides(comparison) if comparison is not None else []
    names = [dotted_name(one.func) if isinstance(one, cst.Call) else dotted_name(one) for one in compared]
    return any(map(is_backend_name, names))
