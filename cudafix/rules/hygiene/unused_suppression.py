"""A suppression comment that silences nothing.

## What it does
Finds `# cudafix: ignore[…]` and `# noqa: CFX…` comments, and single codes in them, that no finding needs any more.

## Why is this bad?
A comment that outlives its reason hides the next finding on its line.

## Example
```python
import torch

x = 1  # cudafix: ignore[CFX101] CUDA only
```

## Use instead
```python
import torch

x = 1
```

## Fix safety
Safe: a comment goes, with the reason in it. No fix for `disable`, which `enable` belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator

from cudafix.model import Finding, Fix, Safety
from cudafix.registry import BY_NAME
from cudafix.suppressions.comments import Suppressions
from cudafix.suppressions.removal import removal
from cudafix.syntax.module import File

RULE = BY_NAME["unused-suppression"]


def check_comments(file: File, suppressions: Suppressions, active: frozenset[str]) -> Iterator[Finding]:
    """Yield a finding for each suppression with codes whose rules were on and which silenced nothing."""
    for directive, idle in suppressions.unused(active):
        if suppressions.silence(RULE.code, directive.start.row, directive.end.row):
            continue
        codes = ", ".join(idle)
        message = f"unused suppression of {codes}"
        help_text = f"remove {codes} from `{directive.text}`"
        edits = removal(directive, idle, file.lines)
        fix = Fix(Safety.SAFE, help_text[0].upper() + help_text[1:], edits) if edits else None
        place = directive.start, directive.end
        yield Finding(RULE.code, RULE.name, message, "", file.path, *place, fix, help=help_text)
