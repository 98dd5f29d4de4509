"""A wait for one backend.

## What it does
Finds `torch.cuda.synchronize` and the settings of its debug mode.

## Why is this bad?
Without the wait a timing is wrong and a buffer may be read too early; on a machine without CUDA the call raises.

## Example
```python
import torch

torch.cuda.synchronize()
```

## Use instead
```python
from cudafix.runtime import synchronize_device

synchronize_device()
```

## Fix safety
Safe: without an accelerator it does nothing, where `torch.cuda.synchronize` raised.
"""
