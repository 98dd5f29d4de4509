"""A branch for one backend that calls another.

## What it does
Finds a call of one backend's function in a branch that was taken for another one, `is_available()` as a statement in
such a branch, and `torch.mps.empty_cache()` where nothing around it asks for MPS.

## Why is this bad?
It is a slip of the pen: the branch was copied and half adapted. It crashes, or does nothing, on the backend it is
for; `torch.mps.empty_cache()` raises on every machine without MPS.

## Example
```python
import torch

if device.type == "xpu":
    torch.cuda.empty_cache()
```

## Use instead
```python
from cudafix.runtime import empty_device_cache

empty_device_cache()
```

## Fix safety
There is no fix: only who knows the code can say which backend is meant.
"""
