"""A device chosen or counted on one backend.

## What it does
Finds `torch.cuda.set_device`, `current_device`, `device_count`, `device` (the context manager) and `device_of`.

## Why is this bad?
A rank that cannot set its device, or counts none, does not start on another accelerator.

## Example
```python
import torch

torch.cuda.set_device(rank)
world = torch.cuda.device_count()
```

## Use instead
```python
from cudafix.runtime import count_devices, set_device_index

set_device_index(rank)
world = count_devices()
```

## Fix safety
Safe for calls. `torch.cuda.device` as a class (a base class, `isinstance`) has no fix.
"""
