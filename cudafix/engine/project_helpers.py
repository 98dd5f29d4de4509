"""Functions of the project that already do one thing on whatever device there is, and could be what fixes call.

In: the references of one file. Out: the functions of the module, short and with no more to do than to call the same
function of several backends: `def clear_cache(): if is_xpu(): torch.xpu.empty_cache() …`.
"""

from __future__ import annotations

import re

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.model import Helper
from cudafix.replacements.project_targets import find_entry

LONGEST = 60
"""Rows. A function that is longer has more to do."""

ASKS = frozenset(("is_available", "device_count"))
"""What a helper may call to ask which backends there are."""

HELPER_NAMES = {
    "empty_cache": re.compile(r"(?:empty|clear|free|flush|release)_(?:\w+_)?(?:cache|memory|mem)s?"),
    "synchronize": re.compile(r"(?:sync|synchronize)(?:_(?:device|accelerator|backend|gpu|torch)s?)?"),
    "manual_seed_all": re.compile(r"(?:manual_)?seed_(?:all|devices?|accelerators?)(?:_\w+)?"),
}
"""How a helper is called that does this and no more."""


def find_helpers(context: RuleContext) -> tuple[Helper, ...]:
    """Return the helpers that a file defines and no target names yet."""
    return tuple(
        helper
        for node in context.file.module.body
        if isinstance(node, cst.FunctionDef) and (helper := helper_of(node, context)) is not None
    )


def helper_of(node: cst.FunctionDef, context: RuleContext) -> Helper | None:
    inside = list(context.references_in(node.body))
    calls = [one for one in inside if one.symbol.row.name not in ASKS]
    names = {one.symbol.row.name for one in calls}
    backends = {one.symbol.backend for one in calls}
    if len(names) != 1 or len(backends) < 2 or "cuda" not in backends or node.decorators or node.asynchronous:
        return None
    row = calls[0].symbol.row
    if row.name not in HELPER_NAMES or not HELPER_NAMES[row.name].fullmatch(node.name.value):
        return None
    symbol = f"torch.cuda.{row.name}"
    first, last = context.file.rows(node)
    is_plain = all(one.call is not None and not one.call.args for one in calls)
    if not is_plain or last - first > LONGEST or not takes_nothing(node.params):
        return None
    if find_entry(calls[0].symbol, "", context.options, is_called=True) is not None:
        return None
    return Helper(node.name.value, symbol, len(backends), first)


def takes_nothing(params: cst.Parameters) -> bool:
    """Whether a function can be called without arguments."""
    return all(one.default is not None for one in (*params.posonly_params, *params.params, *params.kwonly_params))
