"""Questions whether a device is CUDA's: which of them a test expects, and the neutral ones that are offered instead."""

from __future__ import annotations

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.assertions import is_asserted, is_test
from cudafix.syntax.expressions import last_name, sides

ANY_MAY_BE_MEANT = "which is meant, any accelerator, this one or CUDA itself, only who knows the code can say"


def is_expected(node: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether a test asserts it, which is a finding of its own."""
    parts = sides(node) if isinstance(node, cst.Comparison) else [node]
    return is_test(context) and any(is_asserted(literal_in(one), context) for one in parts)


def literal_in(side: cst.BaseExpression) -> cst.BaseExpression:
    """Return the name in `torch.device("cuda")`, `torch.device("cuda", 0)` or the `type` of those; else `side`."""
    call = side.value if isinstance(side, cst.Attribute) and side.attr.value == "type" else side
    is_device = isinstance(call, cst.Call) and last_name(call.func) == "device" and bool(call.args)
    return call.args[0].value if is_device else side  # type: ignore[attr-defined]


def offer(device_type: str, negated: bool) -> str:
    """Return the neutral questions in words: for any accelerator, and for the active one."""
    any_one, active = ("==", "!=") if negated else ("!=", "==")
    return (
        f'`{device_type} {any_one} "cpu"` asks for any accelerator, `{active} current_device_type()` for the active one'
    )
