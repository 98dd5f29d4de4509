"""An environment variable of CUDA.

## What it does
Finds `CUDA_VISIBLE_DEVICES`, `PYTORCH_CUDA_ALLOC_CONF`, `NCCL_DEBUG` and the like where they are read or set.

## Why is this bad?
Other backends do not hear it: a program that hides devices with it uses all of them elsewhere. It is counted apart and
never fails a run unless it is selected.

## Example
```python
import os

os.environ["CUDA_VISIBLE_DEVICES"] = "0"
```

## Use instead
```python
import os

for name in ("CUDA_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "ASCEND_RT_VISIBLE_DEVICES"):
    os.environ[name] = "0"
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
    from cudafix.cuda_only import find_variables  # not at the top: rules are listed without loading libcst

    return find_variables(inspection)


rule = Rule("CFX402", __name__, __doc__, default=False, find=find)
