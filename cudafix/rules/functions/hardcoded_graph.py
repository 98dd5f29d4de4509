"""Graph capture of one backend.

## What it does
Finds `torch.cuda.graph`, `make_graphed_callables`, `graph_pool_handle` and `is_current_stream_capturing`.

## Why is this bad?
XPU, NPU and MTIA capture graphs under the same names in their own modules. `torch.cuda.CUDAGraph` itself is CUDA only
(CFX401): `torch.accelerator.Graph` is not implemented for CUDA up to torch 2.15.

## Example
```python
import torch

if torch.cuda.is_current_stream_capturing():
    skip()
```

## Use instead
```python
from cudafix.runtime import is_stream_capturing

if is_stream_capturing():
    skip()
```

## Fix safety
Safe for `is_current_stream_capturing`, unsafe for the others. No fix for `torch.cuda.graph` in a file that makes a
`CUDAGraph`, which is what it captures.
"""
