"""A question whether a tensor is on CUDA.

## What it does
Finds `x.is_cuda`.

## Why is this bad?
On another accelerator the answer is no, and the code takes the way that is meant for the CPU.

## Example
```python
if x.is_cuda:
    copy(x)
```

## Use instead
```python
if x.device.type != "cpu":
    copy(x)
```

## Fix safety
There is no fix: any accelerator may be meant, the active one, or CUDA itself. The finding says the question for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.device_questions import find_questions  # not at the top: rules are listed without loading libcst

    return find_questions(inspection)


rule = Rule("CFX203", __name__, __doc__, default=False, find=find, needs_whole=True)
