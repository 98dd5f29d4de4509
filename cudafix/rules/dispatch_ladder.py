"""A ladder over backends that is one neutral call.

## What it does
Finds `if … elif …` over several backends, and the same as a chain of `if`s, early returns, nested conditional
expressions, a `match` or a dictionary of functions, in which a function with a neutral form is called.

## Why is this bad?
Each new backend needs a branch at every such place, and a backend that has none falls through.

## Example
```python
import torch

if torch.cuda.is_available():
    torch.cuda.empty_cache()
elif torch.xpu.is_available():
    torch.xpu.empty_cache()
```

## Use instead
```python
from cudafix.runtime import empty_device_cache

empty_device_cache()
```

## Fix safety
Safe where torch itself is asked which backend there is, CUDA is among them, and all branches do the same and nothing
on a machine without an accelerator. Unsafe where a device is chosen, where a device at hand or a function of the
project is asked (`backend-predicates` names such functions), where an `else` raises, and where a comment would be
lost. No fix where the branches differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.analysis.control_flow.guards_and_ladders import (
        find_ladders,  # not at the top: rules are listed without loading libcst
    )
    from cudafix.table import find_tables

    return [*find_ladders(inspection), *find_tables(inspection)]


rule = Rule("CFX302", __name__, __doc__, find=find)
