"""Allocator statistics of one backend.

## What it does
Finds `torch.cuda.memory_allocated`, `max_memory_allocated`, `memory_reserved`, `memory_stats`,
`reset_peak_memory_stats`, `set_per_process_memory_fraction`, memory pools and their kin.

## Why is this bad?
A log or a limit that reads 0 on every other accelerator is wrong in silence. The native `torch.accelerator` functions
raise on a CPU-only machine, where `torch.cuda` answers 0.

## Example
```python
import torch

peak = torch.cuda.max_memory_allocated()
```

## Use instead
```python
from cudafix.runtime import max_device_memory_allocated

peak = max_device_memory_allocated()
```

## Fix safety
Safe for the statistics, but for a difference of two (it is nothing where a backend counts nothing). Memory pools and
allocators are called on `device_module()`, which is unsafe.
"""
