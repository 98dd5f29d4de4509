"""An error of one backend.

## What it does
Finds `torch.cuda.OutOfMemoryError` and `torch.cuda.AcceleratorError`.

## Why is this bad?
torch has the same classes under neutral names, which every backend raises.

## Example
```python
import torch

try:
    step()
except torch.cuda.OutOfMemoryError:
    retry()
```

## Use instead
```python
import torch

try:
    step()
except torch.OutOfMemoryError:
    retry()
```

## Fix safety
Safe: it is the very same class, since torch 2.4 (`AcceleratorError`: 2.8).
"""
