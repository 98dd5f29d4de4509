"""A cache emptied on one backend only.

## What it does
Finds `torch.cuda.empty_cache`, and the same below `torch.xpu`, `torch.npu`, `torch.mps` and the others, under any
alias, called or not.

## Why is this bad?
On another accelerator the cache is not emptied and nothing says so; `torch.mps.empty_cache()` raises where there is no
MPS, and so does the native `torch.accelerator.empty_cache()` on a CPU-only machine.

## Example
```python
import torch

torch.cuda.empty_cache()
```

## Use instead
```python
from cudafix.runtime import empty_device_cache

empty_device_cache()
```

## Fix safety
Safe as a statement of its own. Unsafe where the result may be used (a callback, an expression): the neutral function
returns whether it emptied a cache, `torch.cuda.empty_cache` returns None; and in a file where what handles a device
stays.
"""
