"""Name, properties or capability of one backend's device.

## What it does
Finds `torch.cuda.get_device_name`, `get_device_properties`, `get_device_capability`, `is_bf16_supported` and their kin.

## Why is this bad?
Other accelerators have names and properties too. Compute capability is a notion of CUDA: a test for it must stay behind
a test for CUDA.

## Example
```python
import torch

name = torch.cuda.get_device_name(0)
```

## Use instead
```python
from cudafix.runtime import get_device_name

name = get_device_name(0)
```

## Fix safety
Safe for names and properties. Unsafe for a name that is compared, looked up or handed on. No fix where an attribute is
read that not all backends have (only `name` and `total_memory` are), nor for `get_device_capability`.
"""
