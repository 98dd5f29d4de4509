"""A guard on CUDA around what has a neutral form.

## What it does
Finds `if torch.cuda.is_available():`, and the same with `else`, `and`, an early return, a conditional expression, a
flag that was set from it, or `try: … except: pass`, where what it guards has a neutral form.

## Why is this bad?
Behind a guard on CUDA the neutral call does nothing on any other accelerator: the code is half migrated.

## Example
```python
import torch

if torch.cuda.is_available():
    torch.cuda.empty_cache()
```

## Use instead
```python
from cudafix.runtime import empty_device_cache

empty_device_cache()
```

## Fix safety
Safe where all that is guarded is neutral calls that do nothing on a machine without an accelerator, so that the guard
can go. Unsafe where the guard must stay and asks for any accelerator instead, where a device is chosen, where a
device at hand or a function of the project is asked, and where a comment would be lost. No fix where the guarded code
names CUDA itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.analysis.control_flow.guards_and_ladders import find_guards
    from cudafix.attempt import find_attempts  # not at the top: rules are listed without loading libcst

    return [*find_guards(inspection), *find_attempts(inspection)]


rule = Rule("CFX301", __name__, __doc__, find=find)
