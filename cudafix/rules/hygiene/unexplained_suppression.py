"""A suppression that does not say why.

## What it does
Finds `# cudafix: ignore[…]`, `file-ignore` and `disable`, and `# noqa: CFX…`, with no words behind them. It is on when
`require-reason = true` is set, or when it is selected.

## Why is this bad?
Whoever comes next cannot tell what is CUDA's own from what nobody had the time to mend.

## Example
```python
import torch

torch.cuda.synchronize()  # cudafix: ignore[CFX104]
```

## Use instead
```python
import torch

torch.cuda.synchronize()  # cudafix: ignore[CFX104] the kernel above is CUDA's own
```

## Fix safety
There is no fix: only who knows the code can say why.
"""

from __future__ import annotations

from collections.abc import Iterator

from cudafix.model import Finding
from cudafix.registry import BY_NAME
from cudafix.suppressions.comments import Suppressions
from cudafix.syntax.module import File

RULE = BY_NAME["unexplained-suppression"]


def check_comments(file: File, suppressions: Suppressions, active: frozenset[str]) -> Iterator[Finding]:
    """Yield a finding for each suppression without a reason; another one can silence it."""
    for directive in suppressions.directives:
        if directive.reason or suppressions.silence(RULE.code, directive.start.row, directive.end.row, directive):
            continue
        message = f"`{directive.text}` does not say why"
        place = directive.start, directive.end
        yield Finding(RULE.code, RULE.name, message, "", file.path, *place, help="put the reason behind it")
