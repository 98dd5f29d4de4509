"""The name of a CUDA device, written out where a device is expected.

## What it does
Finds `"cuda"`, `"cuda:0"`, `f"cuda:{i}"`, `"cuda:" + str(i)`, `"cuda:{}".format(i)` as the device of a torch function,
of `.to(…)`, of an argument, a variable, a field or an option whose name says that it is a device, and in a name that
ends up in one. A name of CUDA elsewhere (a text, a path, a key) is none, and one in a branch for CUDA is
left to CFX305.

## Why is this bad?
The program fails at this place on every machine without CUDA, whatever it calls elsewhere.

## Example
```python
import torch

x = torch.ones(1, device="cuda")
y = x.to(f"cuda:{index}")
```

## Use instead
```python
import torch
from cudafix.runtime import current_device_type

x = torch.ones(1, device=current_device_type())
y = x.to(f"{current_device_type()}:{index}")
```

Where a name in scope holds the device of the program (`device = "cuda" if torch.cuda.is_available() else "cpu"`,
`self.device`), that is said; else the device of a tensor, or of a pretrained model, that meets what is made (`x.device`
in `x * torch.ones(3, device="cuda")`, where `x` is a tensor for certain). Else, in a program or a test, the second use
makes one constant for all (`DEVICE_TYPE`; `device-constant` gives the name).

## Fix safety
Unsafe: the program runs on another accelerator, or the CPU, where it failed before. The type and the index are kept:
a string where a string was. A default argument becomes None, and the function begins with what that stands for; a
field of a dataclass gets a factory. No fix where None has another meaning already, nor in a list of what may be chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.device_literals import find_literals  # not at the top: rules are listed without loading libcst

    return find_literals(inspection)


rule = Rule("CFX201", __name__, __doc__, default=False, find=find, needs_whole=True)
