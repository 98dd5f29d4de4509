"""An environment variable of CUDA.

## What it does
Finds `CUDA_VISIBLE_DEVICES`, `PYTORCH_CUDA_ALLOC_CONF`, `NCCL_DEBUG` and the like where they are read or set.

## Why is this bad?
Other backends do not hear it: a program that hides devices with it uses all of them elsewhere. It is counted apart and
never fails a run unless it is selected.

## Example
```python
import os

os.environ["CUDA_VISIBLE_DEVICES"] = "0"
```

## Use instead
```python
import os

for name in ("CUDA_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "ASCEND_RT_VISIBLE_DEVICES"):
    os.environ[name] = "0"
```

## Fix safety
There is no fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.replace_literal import match_with_fix
from cudafix.analysis.match import Match
from cudafix.catalogue.cuda_settings import advice_on
from cudafix.prefilter.needles import VARIABLE_NAME
from cudafix.replacements.replacement import Refusal
from cudafix.syntax.expressions import dotted_name, sides

VARIABLE = re.compile(VARIABLE_NAME)


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each environment variable of CUDA or its libraries that is read or set."""
    for node in context.file.names.places:
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        if isinstance(text, str) and VARIABLE.fullmatch(text) and is_variable(node, context):
            yield match_with_fix(node, f"`{text}` is of CUDA by nature", Refusal(advice_on(text)), context)


def is_variable(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether a string is the name of an environment variable: a key of what is called so, or of a mapping."""
    names, parent = context.file.names, context.parent(node)
    if isinstance(parent, cst.DictElement):
        return parent.key is node
    if isinstance(parent, cst.Index):
        element = context.parent(parent)
        subscript = context.parent(element) if element is not None else None
        return isinstance(subscript, cst.Subscript) and speaks_of_environment(subscript.value)
    comparison, call = names.tree.comparison_around(node), names.tree.call_around(node)
    if comparison is not None:
        return speaks_of_environment(sides(comparison)[-1])
    return call is not None and call.args[0].value is node and speaks_of_environment(call.func)


def speaks_of_environment(node: cst.BaseExpression) -> bool:
    return "env" in dotted_name(node).lower()
