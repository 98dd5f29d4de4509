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

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.meant_device import find_meant_devices  # not at the top: rules are listed without loading libcst

    return find_meant_devices(inspection)


rule = Rule("CFX305", __name__, __doc__, default=False, find=find, needs_whole=True)
