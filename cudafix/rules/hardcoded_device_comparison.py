"""A comparison of a device with CUDA's name.

## What it does
Finds `device.type == "cuda"`, `device != torch.device("cuda:0")`, `"cuda" in str(device)`,
`device.startswith("cuda")`, and choices such as `"cuda" if "cuda" in device else "cpu"`.

## Why is this bad?
On another accelerator the code takes the way that is meant for the CPU.

## Example
```python
import torch

device_type = "cuda" if "cuda" in device else "cpu"
```

## Use instead
```python
import torch

device_type = torch.device(device).type
```

## Fix safety
A choice between `"cuda"` and `"cpu"` by a device becomes the type of that device, `torch.device(device).type`: unsafe,
since other devices were taken for the CPU. A comparison has no fix: any accelerator may be meant, the active one, or
CUDA itself; the finding says the neutral question for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.device_questions import find_comparisons  # not at the top: rules are listed without loading libcst

    return find_comparisons(inspection)


rule = Rule("CFX204", __name__, __doc__, default=False, find=find, needs_whole=True)
