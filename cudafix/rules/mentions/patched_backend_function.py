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

from collections.abc import Iterator

from cudafix.analysis.context import RuleContext
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Operations
from cudafix.matchers.patches import Patched, find_patched
from cudafix.replacements.in_words import neutral_words


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each replaced function that has a neutral form."""
    for patched in find_patched(context.file):
        if patched.symbol.row.has_neutral_form and not patched.symbol.rest:
            yield match_patched(patched, context)


def match_patched(patched: Patched, context: RuleContext) -> Match:
    file, name = context.file, patched.symbol.name
    words = neutral_words(patched.symbol, True, context.file.path, context.options).replace("()", "", 1)
    first, *rest = words.split(".") if not words.startswith("torch.") else (words,)
    way_out = f"replace `{first}`" + (f", by what returns a module with `{'.'.join(rest)}`," if rest else "")
    return Match(
        patched.node, name, f"`{name}` is replaced by something else", Operations(),
        reason=f"code that calls `{words}` does not meet it",
        help=f"{way_out} in the module that looks it up",
        rows=file.rows(patched.call),
    )  # fmt: skip
