"""A function of the project, or of a library, that is for one backend and for which the configuration names another.

## What it does
Finds the names that `[tool.cudafix.targets]`, or a preset, gives another for, and that are no functions of torch:
`transformers.testing_utils.require_torch_gpu`, a helper that only counts CUDA's devices.

## Why is this bad?
A name that hides `torch.cuda` is as tied to CUDA as `torch.cuda` is; nobody who searches for that finds it.

## Example
```toml
[tool.cudafix.targets]
"accelerate.test_utils.require_cuda" = "accelerate.test_utils.require_non_cpu"
```
```python
from accelerate.test_utils import require_cuda


@require_cuda
def test_trains(): ...
```

## Use instead
```python
from accelerate.test_utils import require_non_cpu


@require_non_cpu
def test_trains(): ...
```

## Fix safety
Safe: the configuration says that one takes the place of the other. The import is exchanged, in the same statement.
No fix in the module of the target itself, nor in one that this imports.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.exchange import find_replaced  # not at the top: rules are listed without loading libcst

    return find_replaced(inspection)


rule = Rule("CFX114", __name__, __doc__, find=find)
