"""A setting of torch that is about CUDA.

## What it does
Finds `torch.backends.cudnn` and `torch.backends.cuda`, `torch.version.cuda`, `ProcessGroupNCCL` and the like.

## Why is this bad?
Mostly it is not bad in itself: elsewhere it does nothing. The finding says what does the same for every backend. It is
counted apart and never fails a run unless it is selected.

## Example
```python
import torch

torch.backends.cuda.matmul.allow_tf32 = True
```

## Use instead
```python
import torch

torch.set_float32_matmul_precision("high")
```

## Fix safety
There is no fix.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.replace_literal import match_with_fix
from cudafix.analysis.match import Match
from cudafix.catalogue.cuda_settings import SETTINGS, setting_of
from cudafix.replacements.replacement import Refusal


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each attribute of torch that is of CUDA by nature, and no function of `torch.cuda`."""
    names = context.file.names
    for node in names.places:
        if not isinstance(node, cst.Attribute) or isinstance(names.tree.parents.get(node), cst.Attribute):
            continue
        meaning = names.resolve(node) if context.may_be_torch(node) else None
        known = setting_of(meaning.path) if meaning is not None and meaning.doubt is None else ""
        if meaning is not None and known:
            yield match_with_fix(node, f"`{meaning.path}` is of CUDA by nature", Refusal(SETTINGS[known]), context)
