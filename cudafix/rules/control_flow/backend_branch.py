"""A backend's function where this backend is meant.

## What it does
Finds `torch.npu.empty_cache()`, and the other functions that have a neutral form, in a branch that was taken for that
backend: below `if device == "npu":`, `elif is_npu():`, `case "npu":`, after `if device.type != "npu": return`, in a
class like `NPUAccelerator`, in a method that is called `npu`, in a file like `npu/graphs.py`. The rules for calls do
not report these. For CUDA, finds the name of its device (`x.to("cuda")`) and `x.cuda()` in such a branch as well.

## Why is this bad?
It is not: the branch says which backend is meant. A project that wants every cache emptied through one function,
which knows what a backend lacks, can ask for it.

## Example
```python
import torch

if device == "npu":
    torch.npu.empty_cache()
```

## Use instead
```python
import torch
from cudafix.runtime import empty_device_cache

if device == "npu":
    empty_device_cache(torch.npu)
```

## Fix safety
Safe as a statement of its own: the same function of the same backend is called. Unsafe where the result may be used.
Only `empty_cache` has a fix.
"""

from __future__ import annotations

from collections.abc import Iterator

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.replace_literal import match_with_fix
from cudafix.analysis.devices.uses import (
    match_cuda_method,
    message_for_text,
    methods_in_cuda_branch,
    texts_in_cuda_branch,
)
from cudafix.analysis.match import Match
from cudafix.replacements.module_in_scope import meant_in_branch


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each name of a CUDA device, and each `x.cuda()`, that stands in a branch for CUDA."""
    meant = meant_in_branch("cuda")
    for text in texts_in_cuda_branch(context):
        yield match_with_fix(text.whole, message_for_text(text, context), meant, context)
    for call in methods_in_cuda_branch(context):
        yield match_cuda_method(call, meant.reason, context.file)
