"""Availability asked of one backend.

## What it does
Finds `torch.cuda.is_available`, `is_initialized` and `init`.

## Why is this bad?
A machine with another accelerator falls through to the CPU.

## Example
```python
import torch

if torch.cuda.is_available():
    prepare()
```

## Use instead
```python
from cudafix.runtime import is_accelerator_available

if is_accelerator_available():
    prepare()
```

## Fix safety
Unsafe: behind the test may stand code that works on CUDA only and would now run on every accelerator. Safe where the
test guards nothing but calls that are neutral after the fix. No fix where the guarded code names CUDA itself, and for
one rung of a ladder over several backends. A test around calls that have a neutral form is a matter of
availability-guard and dispatch-ladder, where those rules are on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.availability import (
    NAMES_CUDA,
    depends_on_cuda,
    guard_around,
    ladder_tests,
    refine_flag,
    whole_condition,
)
from cudafix.analysis.match import Match
from cudafix.matchers.cuda_words import names_backend, names_cuda
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Refusal, Replacement


def refine(
    reference: Reference, replacement: Replacement, context: RuleContext, matches: Mapping[cst.CSTNode, Match]
) -> Replacement | Refusal:
    """Return what `is_available` becomes, by what depends on its answer."""
    if reference.symbol.row.name != "is_available":
        return replacement
    file = context.file
    if names_cuda(file.code(whole_condition(reference, file))):
        return Refusal("the rest of the condition is about CUDA itself")
    guard = guard_around(reference.node, file)
    if guard is None:
        return refine_flag(reference, replacement, file)
    if isinstance(guard, cst.If) and any(names_backend(file.code(test)) for test in ladder_tests(guard, file)):
        return Refusal("it is one rung of a ladder over backends")
    if depends_on_cuda(guard, file):
        return Refusal(f"the code that depends on it {NAMES_CUDA}")
    is_whole_test = guard.test is reference.call and guard.orelse is None
    if is_whole_test and isinstance(guard, cst.If) and all(is_neutral(one, matches) for one in guard.body.body):
        return replace(replacement, safety=Safety.SAFE, reason="")
    return replacement


def is_neutral(statement: cst.CSTNode, matches: Mapping[cst.CSTNode, Match]) -> bool:
    """Whether `statement` is a line of calls whose fixes are safe, without arguments that could name a device."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    return all(is_neutral_call(one, matches) for one in statement.body)


def is_neutral_call(node: cst.BaseSmallStatement, matches: Mapping[cst.CSTNode, Match]) -> bool:
    call = node.value if isinstance(node, cst.Expr) else None
    if not isinstance(call, cst.Call) or call.args:
        return False
    match = matches.get(call.func)
    return match is not None and match.trust is Safety.SAFE
