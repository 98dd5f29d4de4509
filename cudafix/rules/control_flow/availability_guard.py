"""A guard on CUDA around what has a neutral form.

## What it does
Finds `if torch.cuda.is_available():`, and the same with `else`, `and`, an early return, a conditional expression, a
flag that was set from it, or `try: … except: pass`, where what it guards has a neutral form.

## Why is this bad?
Behind a guard on CUDA the neutral call does nothing on any other accelerator: the code is half migrated.

## Example
```python
import torch

if torch.cuda.is_available():
    torch.cuda.empty_cache()
```

## Use instead
```python
from cudafix.runtime import empty_device_cache

empty_device_cache()
```

## Fix safety
Safe where all that is guarded is neutral calls that do nothing on a machine without an accelerator, so that the guard
can go. Unsafe where the guard must stay and asks for any accelerator instead, where a device is chosen, where a device
at hand or a function of the project is asked, and where a comment would be lost. No fix where the guarded code names
CUDA itself, nor of a device that is chosen where the file stays on CUDA, works with float64 or asks the project's own
function, in a module of torch or, unless the rules about devices are selected as well (`--extend-select CFX2`), in a
module of a package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.collapse_edits import lost_comments, spliced
from cudafix.analysis.control_flow.equivalence import does_nothing_without_accelerator
from cudafix.analysis.control_flow.guards_and_ladders import dispatches, is_guard, is_ladder, match_dispatch
from cudafix.analysis.match import Match
from cudafix.fixes.operations import NodeChange, Operations, substitution_for
from cudafix.matchers.cuda_words import catches
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Replacement
from cudafix.syntax.blocks import does_nothing
from cudafix.syntax.tree import BLOCKS

NEVER_FAILS = frozenset((
    "empty_cache", "ipc_collect", "manual_seed", "manual_seed_all", "reset_accumulated_memory_stats",
    "reset_max_memory_allocated", "reset_max_memory_cached", "reset_peak_memory_stats", "seed", "seed_all",
))  # fmt: skip
"""The functions that raise for nothing but a backend that is missing; `synchronize` tells of errors on the device."""

SWALLOWED = "an error of the device is no longer ignored"


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each guard on one backend, and each `try`, around what has a neutral form."""
    yield from find_guards(context)
    yield from find_attempts(context)


def find_guards(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each guard on one backend that holds a function with a neutral form."""
    for dispatch in dispatches(context):
        if not is_ladder(dispatch, context) and is_guard(dispatch, context):
            yield match_dispatch(dispatch, message_for_guard, False, context)


def message_for_guard(named: Reference) -> str:
    return f"a guard on {named.symbol.backend.upper()} around what has a neutral form"


# Calls that are tried, and their errors ignored: `try: torch.cuda.empty_cache()` `except Exception: pass`


def find_attempts(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each `try` that is there for the calls in it alone, and ignores what they raise."""
    seen: set[cst.CSTNode] = set()
    for node in context.references_by_node:
        for parent in context.file.tree.ancestors(node):
            if isinstance(parent, cst.Try) and parent not in seen:
                seen.add(parent)
                if is_attempt(parent, context):
                    yield match_attempt(parent, context)


def is_attempt(node: cst.Try, context: RuleContext) -> bool:
    """Whether `node` tries neutral calls only, and does nothing when they fail."""
    ignores = all(catches(one, context.file) and does_nothing(one.body) for one in node.handlers)
    is_plain = node.orelse is None and node.finalbody is None and bool(node.handlers)
    in_block = isinstance(context.parent(node), BLOCKS)
    if not (ignores and is_plain and in_block):
        return False
    if any(one.symbol.row.name not in NEVER_FAILS for one in context.references_in(*node.body.body)):
        return False
    return all(does_nothing_without_accelerator(one, context) for one in node.body.body)


def match_attempt(node: cst.Try, context: RuleContext) -> Match:
    inside = list(context.references_in(*node.body.body))
    found = [(one, context.replacement(one)) for one in inside]
    substitutions = tuple(substitution_for(one, new) for one, new in found if isinstance(new, Replacement))
    change = NodeChange(node, body_of, tuple(node.body.body))
    lost = lost_comments([change], node.body)
    reason = f"{SWALLOWED}; a comment would be lost: {lost[0]}" if lost else SWALLOWED
    row = context.file.start(node).row
    name = inside[0].symbol.name
    return Match(
        inside[0].node, name, f"`{name}` is tried, in case there is no CUDA", Operations(substitutions, (change,)),
        safety=Safety.UNSAFE, reason=reason, reference=inside[0], rows=(row, row),
    )  # fmt: skip


def body_of(updated: Any) -> Sequence[cst.BaseStatement]:
    return spliced(updated, updated)
