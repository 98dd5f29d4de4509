"""The module of one backend as a value.

## What it does
Finds `torch.cuda` itself where it is stored, passed on or asked for its attributes.

## Why is this bad?
Whoever receives the module works on CUDA only, out of sight of every search for `torch.cuda.`.

## Example
```python
import torch

backend = torch.cuda
```

## Use instead
```python
from cudafix.runtime import device_module

backend = device_module()
```

## Fix safety
Unsafe: the backend is the one that is active when the line runs, and `torch.cpu` where there is none.
"""
