"""A comment or a docstring that names a backend's function.

## What it does
Finds comments, docstrings and the strings below an assignment that name a function of a backend which has a neutral
form: `torch.cuda.empty_cache()`, `torch.cuda.memory.mem_get_info`, `torch.npu.synchronize`. Examples, links and what
compares with the function are found and stay; addresses, suppression comments and all other strings are left alone.

## Why is this bad?
A text that names a call which the code no longer makes misleads its reader, and whoever searches for what is left of
`torch.cuda`.

## Example
```python
import torch


def flush():
    # Wait for torch.cuda.synchronize() to return.
    torch.cuda.synchronize()
```

## Use instead
```python
from cudafix.runtime import synchronize_device


def flush():
    # Wait for synchronize_device() to return.
    synchronize_device()
```

## Fix safety
Safe for a comment where all code of the file that calls the function is rewritten safely in the same run, or where the
file has no such code and the comment says that the function is called. Unsafe where the code's own fix is, where only
the comment can tell what is meant, and in docstrings, which the program can read. No fix where code keeps the function,
in examples, in links to torch's documentation, and where the text compares with the function or with other backends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def follow(inspection: Inspection, matches: Sequence[Match]) -> Iterable[Match]:
    from cudafix.wording import find_mentions  # not at the top: rules are listed without loading libcst

    return find_mentions(inspection, matches)


rule = Rule("CFX601", __name__, __doc__, default=False, follow=follow, needs_whole=True)
