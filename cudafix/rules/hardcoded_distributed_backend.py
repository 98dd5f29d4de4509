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

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.communication import find_backends  # not at the top: rules are listed without loading libcst

    return find_backends(inspection)


rule = Rule("CFX206", __name__, __doc__, default=False, find=find, needs_whole=True)
