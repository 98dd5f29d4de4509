"""A test that replaces a backend's function.

## What it does
Finds `mock.patch("torch.cuda.empty_cache")`, `patch.object(torch.cuda, "empty_cache")`, `patch.multiple`, the same of
`mocker`, and `monkeypatch.setattr` and `delattr`, where what they replace has a neutral form.

## Why is this bad?
Once the code under test calls the neutral function, it no longer meets the stand-in: the test runs the real function,
or fails, and a search for `torch.cuda` in the code does not tell.

## Example
```python
from unittest import mock

with mock.patch("torch.cuda.empty_cache") as empty:
    flush()
```

## Use instead
```python
from unittest import mock

with mock.patch("package.module.empty_device_cache") as empty:
    flush()
```

## Fix safety
There is no fix: which module looks the function up, only who knows the test can say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.patched import find_patched  # not at the top: rules are listed without loading libcst

    return find_patched(inspection)


rule = Rule("CFX602", __name__, __doc__, default=False, find=find, needs_whole=True)
