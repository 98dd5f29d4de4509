"""A function that only one backend has.

## What it does
Finds what is CUDA only by nature: NVTX, NCCL, the CUDA runtime, `CUDAGraph`, cuBLAS handles, private functions.

## Why is this bad?
It is not bad in itself; it marks the code that needs a counterpart on each backend. It is counted apart and never fails
a run unless it is selected.

## Example
```python
import torch

torch.cuda.nvtx.range_push("step")
```

## Use instead
```python
import torch

with torch.profiler.record_function("step"):
    step()
```

## Fix safety
There is no fix.
"""
