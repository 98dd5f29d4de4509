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
There is no fix: the comment may give a reason worth keeping elsewhere.
"""

from collections.abc import Iterator

from cudafix.model import Finding
from cudafix.rule import Rule
from cudafix.suppress import Suppressions

rule = Rule("CFX002", __name__, __doc__)


def find_unused_suppressions(path: str, suppressions: Suppressions, active: frozenset[str]) -> Iterator[Finding]:
    """Yield a finding for each code of a suppression whose rules were on and which silenced nothing."""
    if rule.code not in active:
        return
    for directive, idle in suppressions.unused(active):
        if suppressions.silence(rule.code, directive.start.row, directive.end.row):
            continue
        codes = ", ".join(idle)
        message = f"unused suppression of {codes}"
        help_text = f"remove {codes} from `{directive.text}`"
        yield Finding(rule.code, rule.name, message, "", path, directive.start, directive.end, help=help_text)
