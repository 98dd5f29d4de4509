"""A setting of torch that is about CUDA.

## What it does
Finds `torch.backends.cudnn` and `torch.backends.cuda`, `torch.version.cuda`, `ProcessGroupNCCL` and the like.

## Why is this bad?
Mostly it is not bad in itself: elsewhere it does nothing. The finding says what does the same for every backend. It is
counted apart and never fails a run unless it is selected.

## Example
```python
import torch

torch.backends.cuda.matmul.allow_tf32 = True
```

## Use instead
```python
import torch

torch.set_float32_matmul_precision("high")
```

## Fix safety
There is no fix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.cuda_only import find_settings  # not at the top: rules are listed without loading libcst

    return find_settings(inspection)


rule = Rule("CFX403", __name__, __doc__, default=False, find=find)
