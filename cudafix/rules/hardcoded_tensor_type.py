"""A tensor type of one backend.

## What it does
Finds `torch.cuda.FloatTensor`, `torch.cuda.HalfStorage` and the like.

## Why is this bad?
The legacy types exist for CUDA only; a dtype and a device say the same for every backend.

## Example
```python
import torch

x = torch.cuda.FloatTensor([1.0])
```

## Use instead
```python
import torch

x = torch.tensor([1.0], dtype=torch.float32, device=device)
```

## Fix safety
There is no fix yet: whether the arguments are sizes or data decides what is meant.
"""

from cudafix.rule import Rule

rule = Rule("CFX205", __name__, __doc__, default=False)
