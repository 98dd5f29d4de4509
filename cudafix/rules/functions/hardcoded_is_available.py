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
one rung of a ladder over several backends; where an attribute or a constant named for GPUs keeps the answer, where it
is about pinned memory, quantisation or `map_location`, or is given as `gpu=`; and, unless the rules about devices are
selected as well (`--extend-select CFX2`), in a module of a package, which decides for the others. A test around calls
that have a neutral form is a matter of availability-guard and dispatch-ladder, where those rules are on.
"""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.widened_test import refine_test
from cudafix.analysis.match import Match
from cudafix.matchers.references import Reference
from cudafix.replacements.replacement import Refusal, Replacement


def refine(
    reference: Reference, replacement: Replacement, context: RuleContext, matches: Mapping[cst.CSTNode, Match]
) -> Replacement | Refusal:
    """Return what `is_available` becomes, by what depends on its answer."""
    if reference.symbol.row.name != "is_available":
        return replacement
    return refine_test(reference, replacement, context, matches)
