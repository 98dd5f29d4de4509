"""A device chosen or counted on one backend.

## What it does
Finds `torch.cuda.set_device`, `current_device`, `device_count`, `device` (the context manager) and `device_of`.

## Why is this bad?
A rank that cannot set its device, or counts none, does not start on another accelerator.

## Example
```python
import torch

torch.cuda.set_device(rank)
world = torch.cuda.device_count()
```

## Use instead
```python
from cudafix.runtime import count_devices, set_device_index

set_device_index(rank)
world = count_devices()
```

## Fix safety
Safe for calls whose index stays with the backend. Unsafe where an index is handed on without one (what gets it may
take it for one of CUDA), where a count may be of CUDA, for `set_device` (the device of a process goes with that of its
model and with the backend of its group), and where what goes with it stays on CUDA. `torch.cuda.device` as a class (a
base class, `isinstance`) has no fix. `device_count()` that is asked for no more than whether there is a device (`if
torch.cuda.device_count():`, `> 0`) is a test for CUDA, as `is_available()` is: unsafe, and without a fix where the
code behind it names CUDA itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.widened_test import refine_test
from cudafix.analysis.match import Match
from cudafix.matchers.device_counts import is_asked_whether_any
from cudafix.matchers.references import Reference
from cudafix.replacements.replacement import Refusal, Replacement


def refine(
    reference: Reference, replacement: Replacement, context: RuleContext, matches: Mapping[cst.CSTNode, Match]
) -> Replacement | Refusal:
    """Return what a count of devices becomes, where it is a test for there being one."""
    if not is_asked_whether_any(reference, context.file):
        return replacement
    return refine_test(reference, replacement, context, matches)
