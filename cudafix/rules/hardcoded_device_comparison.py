"""A comparison of a device with CUDA's name.

## What it does
Finds `device.type == "cuda"`, `device != "cuda:0"`, `"cuda" in str(device)`, `device.startswith("cuda")`.

## Why is this bad?
On another accelerator the code takes the way that is meant for the CPU.

## Example
```python
if x.device.type == "cuda":
    copy(x)
```

## Use instead
```python
if x.device.type != "cpu":
    copy(x)
```

## Fix safety
There is no fix: any accelerator may be meant, the active one, or CUDA itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.rule import Rule

if TYPE_CHECKING:
    from cudafix.inspection import Inspection
    from cudafix.rule import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.device_methods import find_comparisons  # not at the top: rules are listed without loading libcst

    return find_comparisons(inspection)


rule = Rule("CFX204", __name__, __doc__, default=False, find=find)
