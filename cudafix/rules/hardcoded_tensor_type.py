"""A tensor type of one backend.

## What it does
Finds `torch.cuda.FloatTensor`, `torch.cuda.HalfStorage` and the like, also in strings that name one.

## Why is this bad?
The legacy types exist for CUDA only; a dtype and a device say the same for every backend.

## Example
```python
import torch

x = torch.cuda.FloatTensor([1.0])
y = x.type("torch.cuda.HalfTensor")
```

## Use instead
```python
import torch
from cudafix.runtime import current_device_type

x = torch.tensor([1.0], dtype=torch.float32, device=current_device_type())
y = x.to(current_device_type(), torch.float16)
```

## Fix safety
Unsafe: the tensor is on another accelerator, or on the CPU, where the program failed before. Sizes become
`torch.empty(…)`, a list, a tuple or an array `torch.tensor(…)`; `x.type(…)` becomes `x.to(…)`, and
`torch.set_default_tensor_type(…)` two statements, for the device and the dtype. No fix where sizes cannot be told from
data, where the type itself is passed on or compared with, and for storages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.tensor_types import find_tensor_types  # not at the top: rules are listed without loading libcst

    return find_tensor_types(inspection)


rule = Rule("CFX205", __name__, __doc__, default=False, find=find, needs_whole=True)
