"""Mixed precision of one backend.

## What it does
Finds `torch.cuda.amp.autocast`, `GradScaler`, `custom_fwd` and `custom_bwd`.

## Why is this bad?
`torch.cuda.amp` is deprecated since torch 2.4 and switches itself off on every other accelerator.

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
Safe for `autocast`: the neutral function takes the old arguments in the old order and is off without an accelerator.
Unsafe for `GradScaler` (another class) and for the decorators, which decide at import.
"""

from cudafix.rule import Rule

rule = Rule("CFX110", __name__, __doc__)
