"""Questions whether a device is CUDA's → matches: `x.is_cuda` (CFX203), `device.type == "cuda"` (CFX204).

What is meant only a person can say, so that the finding offers the neutral questions. One is certain: a choice between
the names `"cuda"` and `"cpu"` by a device at hand asks for nothing but the type of that device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import Inspection
from cudafix.analysis.control_flow.substitutes import NO_TORCH, torch_beside
from cudafix.analysis.devices.assertions import is_asserted, is_test
from cudafix.analysis.devices.replace_literal import NOTHING_BESIDE, at_place, match_of
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Rewrites
from cudafix.matchers.conditions import Asks, backend_of, device_of
from cudafix.matchers.device_position import is_device_name
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Need, Neutral, Refusal
from cudafix.syntax.expressions import dotted_name, last_name, sides
from cudafix.syntax.scopes import BindingKind

ATTRIBUTE, COMPARISON = "CFX203", "CFX204"
ASKS = "which is meant, any accelerator, this one or CUDA itself, only who knows the code can say"
TELLS_APART = "also gives the type of other devices, which were taken for the CPU"


def find_questions(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each `x.is_cuda` that is read."""
    file = inspection.file
    for node in file.names.places:
        if isinstance(node, cst.Attribute) and node.attr.value == "is_cuda" and node not in file.names.changed:
            meaning = file.names.resolve(node)
            is_import = meaning is not None and any(one.kind is BindingKind.IMPORT for one in meaning.origins)
            if not is_import and not is_expected(node, inspection):
                match = match_of(ATTRIBUTE, node, "`is_cuda` asks for CUDA", Refusal(ASKS), inspection)
                words = offer(f"{file.code(node.value)}.device.type", negated=False)
                yield replace(match, span=(file.start(node.attr), file.end(node)), help=words)


def find_comparisons(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each comparison of a device with the name of CUDA's."""
    file = inspection.file
    for node in file.names.places:
        asked, named = compared(node)
        if not isinstance(node, (cst.Comparison, cst.Call)) or not any(map(is_asked, asked)):
            continue
        choice = find_choice(node, inspection)
        if (choice is None and not any(map(names_cuda, named))) or is_expected(node, inspection):
            continue
        if choice is not None:
            yield match_choice(choice, node, inspection)
            continue
        code = " ".join(file.code(node).split()) if isinstance(node, cst.Comparison) else "startswith"
        match = match_of(COMPARISON, node, f"`{code}` asks for CUDA", Refusal(ASKS), inspection)
        yield replace(match, help=offer_for(node, inspection))


def compared(node: cst.CSTNode) -> tuple[Sequence[cst.BaseExpression], Sequence[cst.BaseExpression]]:
    """Return what may be asked in a comparison, or in `device.startswith("cuda")`, and what may be named there."""
    if isinstance(node, cst.Comparison):
        return sides(node), sides(node)
    func = node.func if isinstance(node, cst.Call) and len(node.args) == 1 else None
    if isinstance(node, cst.Call) and isinstance(func, cst.Attribute) and func.attr.value == "startswith":
        return [func.value], [node.args[0].value]
    return (), ()


def is_expected(node: cst.BaseExpression, inspection: Inspection) -> bool:
    """Whether a test asserts it, which is a finding of its own."""
    parts = sides(node) if isinstance(node, cst.Comparison) else [node]
    return is_test(inspection) and any(is_asserted(literal_in(one), inspection) for one in parts)


def is_asked(side: cst.BaseExpression) -> bool:
    """Whether an expression is a device, its type or its text, or several of which one is made there."""
    if isinstance(side, cst.Call) and dotted_name(side.func) == "str" and len(side.args) == 1:
        return is_asked(side.args[0].value)
    if isinstance(side, (cst.Tuple, cst.List, cst.Set)):
        return any(literal_in(one.value) is not one.value for one in side.elements)
    if (isinstance(side, cst.Attribute) and side.attr.value == "device") or literal_in(side) is not side:
        return True
    if isinstance(side, cst.Call):
        return is_device_name(last_name(side.func))
    device = device_of(side)
    is_type = isinstance(side, cst.Attribute) and side.attr.value == "type"
    if is_type and device is None:
        return is_asked(side.value)  # type: ignore[attr-defined]
    return is_device_name(dotted_name(side)) or (
        device is not None and (is_type or is_device_name(dotted_name(device)))
    )


def names_cuda(side: cst.BaseExpression) -> bool:
    """Whether an expression is the name of a CUDA device, `torch.device("cuda")`, or several with one such."""
    if isinstance(side, (cst.Tuple, cst.List, cst.Set)):
        return any(names_cuda(one.value) for one in side.elements)
    return backend_of(literal_in(side)) == "cuda"


def literal_in(side: cst.BaseExpression) -> cst.BaseExpression:
    """Return the name in `torch.device("cuda")`, `torch.device("cuda", 0)` or the `type` of those; else `side`."""
    call = side.value if isinstance(side, cst.Attribute) and side.attr.value == "type" else side
    is_device = isinstance(call, cst.Call) and last_name(call.func) == "device" and bool(call.args)
    return call.args[0].value if is_device else side  # type: ignore[attr-defined]


# What is offered


def offer_for(node: cst.BaseExpression, inspection: Inspection) -> str:
    question = inspection.question(node)
    if question is None or not question.devices or question.backends != {"cuda"}:
        return ""
    device = inspection.file.code(question.devices[0])
    text = f"{device}.type" if f"{device}.type" in inspection.file.code(node) else f"torch.device({device}).type"
    return offer(text, question.negated)


def offer(device_type: str, negated: bool) -> str:
    """Return the neutral questions in words: for any accelerator, and for the active one."""
    any_one, active = ("==", "!=") if negated else ("!=", "==")
    return (
        f'`{device_type} {any_one} "cpu"` asks for any accelerator, `{active} current_device_type()` for the active one'
    )


# A choice between the names of devices by a device


def find_choice(test: cst.BaseExpression, inspection: Inspection) -> cst.IfExp | None:
    """Return `"cuda" if "cuda" in device else "cpu"` around its test, or what says the same."""
    around = inspection.parent(test)
    outer: cst.BaseExpression = test
    if isinstance(around, cst.UnaryOperation) and isinstance(around.operator, cst.Not):
        outer, around = around, inspection.parent(around)
    if not isinstance(around, cst.IfExp) or around.test is not outer:
        return None
    question = inspection.question(outer)
    if question is None or question.asks is not Asks.DEVICE or question.rest or len(question.devices) != 1:
        return None
    asked = next(iter(question.backends)) if len(question.backends) == 1 else ""
    arms = [one.evaluated_value if isinstance(one, cst.SimpleString) else "" for one in (around.body, around.orelse)]
    first, second = reversed(arms) if question.negated else arms
    return around if asked == first and {first, second} == {"cuda", "cpu"} else None


def match_choice(choice: cst.IfExp, test: cst.BaseExpression, inspection: Inspection) -> Match:
    question = inspection.question(choice.test)
    assert question is not None
    device = inspection.file.code(question.devices[0])
    code = " ".join(inspection.file.code(choice).split())
    reference = at_place(choice, test, inspection)
    fix = Refusal(NOTHING_BESIDE) if reference is None else device_type(reference, device, test, inspection)
    return match_of(COMPARISON, choice, f"`{code}` asks for CUDA", fix, inspection)


def device_type(
    reference: Reference, device: str, test: cst.BaseExpression, inspection: Inspection
) -> Rewrites | Refusal:
    """Return the fix that gives the type of a device."""
    torch = torch_beside(reference)
    if f"{device}.type" in inspection.file.code(test):
        need, passed, template = Need("", f"{device}.type"), None, "{}"
    elif torch:
        need, passed, template = Need("", f"{torch}.device"), device, "{}.type"
    else:
        return Refusal(NO_TORCH)
    neutral = Neutral(need, passed=passed, template=template, safety=Safety.UNSAFE, reason=TELLS_APART)
    return Rewrites(((reference, neutral),))
