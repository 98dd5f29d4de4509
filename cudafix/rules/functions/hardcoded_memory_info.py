"""Free or used device memory asked of one backend.

## What it does
Finds `torch.cuda.mem_get_info` and its kin (`device_memory_used`, `memory_usage`, `utilization`, `list_gpu_processes`).

## Why is this bad?
The numbers exist on every backend, but the call does not.

## Example
```python
import torch

free, total = torch.cuda.mem_get_info(0)
```

## Use instead
```python
from cudafix.runtime import device_memory_info

free, total = device_memory_info(0)
```

## Fix safety
Safe for `mem_get_info`. What only some backends offer is called on `device_module()` and is unsafe: where it is missing
the error is another one.
"""
