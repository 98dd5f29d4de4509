"""Seeds and random state of one backend.

## What it does
Finds `torch.cuda.manual_seed_all`, `manual_seed`, `get_rng_state`, `set_rng_state` and their kin.

## Why is this bad?
On another accelerator the generator keeps its old state: the run is not reproducible and nothing says so.

## Example
```python
import torch

torch.cuda.manual_seed_all(seed)
```

## Use instead
```python
from cudafix.runtime import manual_seed_all

manual_seed_all(seed)
```

## Fix safety
Safe, but in a file where what handles a device stays. The CPU generator is left alone, as it was: `torch.manual_seed`
would reseed it. `default_generators` is unsafe.
"""
