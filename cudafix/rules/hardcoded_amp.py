"""Mixed precision of one backend.

## What it does
Finds `torch.cuda.amp.autocast`, `GradScaler`, `custom_fwd` and `custom_bwd`, the same functions of `torch.amp` that are
given `"cuda"`, and those that speak of CUDA without a word, such as `torch.get_autocast_gpu_dtype()`.

## Why is this bad?
`torch.cuda.amp` is deprecated since torch 2.4 and switches itself off on every other accelerator, as
`torch.autocast("cuda")` does.

## Example
```python
import torch

with torch.cuda.amp.autocast():
    step()
```

## Use instead
```python
from cudafix.runtime import device_autocast

with device_autocast():
    step()
```

## Fix safety
Safe for `autocast`: the neutral function is off without an accelerator, and takes the arguments of `torch.cuda`'s in
their order; those of `torch.autocast`, which stand in another one, are given by name. Safe for `torch.amp.GradScaler`,
unsafe for `torch.cuda`'s (another class). Unsafe for the decorators, which decide at import, for what is asked of or
said to CUDA's autocast without a word, and in files that switch the cache of autocast.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.mixed_precision import find_amp  # not at the top: rules are listed without loading libcst

    return find_amp(inspection)


rule = Rule("CFX110", __name__, __doc__, find=find)
