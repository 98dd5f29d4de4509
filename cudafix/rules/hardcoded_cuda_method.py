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

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.device_methods import find_methods  # not at the top: rules are listed without loading libcst

    return find_methods(inspection)


rule = Rule("CFX202", __name__, __doc__, default=False, find=find, needs_whole=True)
