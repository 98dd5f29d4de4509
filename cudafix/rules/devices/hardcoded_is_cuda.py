"""A question whether a tensor is on CUDA.

## What it does
Finds `x.is_cuda`.

## Why is this bad?
On another accelerator the answer is no, and the code takes the way that is meant for the CPU.

## Example
```python
if x.is_cuda:
    copy(x)
```

## Use instead
```python
if x.device.type != "cpu":
    copy(x)
```

## Fix safety
There is no fix: any accelerator may be meant, the active one, or CUDA itself. The finding says the question for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.cuda_questions import ANY_MAY_BE_MEANT, is_expected, offer
from cudafix.analysis.devices.replace_literal import match_with_fix
from cudafix.analysis.match import Match
from cudafix.replacements.replacement import Refusal
from cudafix.syntax.scopes import BindingKind


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each `x.is_cuda` that is read."""
    file = context.file
    for node in file.names.places:
        if isinstance(node, cst.Attribute) and node.attr.value == "is_cuda" and node not in file.names.changed:
            meaning = file.names.resolve(node)
            is_import = meaning is not None and any(one.kind is BindingKind.IMPORT for one in meaning.origins)
            if not is_import and not is_expected(node, context):
                match = match_with_fix(node, "`is_cuda` asks for CUDA", Refusal(ANY_MAY_BE_MEANT), context)
                words = offer(f"{file.code(node.value)}.device.type", negated=False)
                yield replace(match, span=(file.start(node.attr), file.end(node)), help=words)
