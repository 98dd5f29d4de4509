"""An entry of the baseline that fits no finding any more.

## What it does
Finds entries of the file that `--baseline` names for which nothing is found: in a file that was checked, or in one that
is gone. Renamed files are followed as far as git knows them.

## Why is this bad?
A baseline shrinks, or it hides the next violation that looks like one that was mended.

## Example
`cudafix-baseline.json` knows of the last line, which somebody has mended meanwhile:
```python
import torch

torch.cuda.empty_cache()
```

## Use instead
`cudafix baseline prune` takes the entry for it out of the file, and never adds one:
```python
from cudafix.runtime import empty_device_cache

empty_device_cache()
```

## Fix safety
There is no fix: what the baseline holds is for its own commands to change.
"""
