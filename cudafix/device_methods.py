"""Methods and questions that name CUDA → matches: `x.cuda()` (CFX202), `x.is_cuda` (CFX203), `d == "cuda"` (CFX204)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import libcst as cst

from cudafix.change import Change, Rewrites
from cudafix.device_position import is_device_name
from cudafix.device_uses import cuda_methods
from cudafix.inspection import Inspection
from cudafix.model import Safety
from cudafix.names import BindingKind
from cudafix.neutral import Refusal
from cudafix.neutral_device import NOTHING_BESIDE, match_of, neutral_device
from cudafix.question import backend_of, device_of, dotted_name
from cudafix.rule import Match

METHOD, ATTRIBUTE, COMPARISON = "CFX202", "CFX203", "CFX204"
ANY_DEVICE = "also moves to what is no device of CUDA, where it failed"
ASKS = "which is meant, any accelerator, this one or CUDA itself, only who knows the code can say"


def find_methods(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each call of a method `cuda`, of what may be a tensor or a module."""
    for call in cuda_methods(inspection):
        yield match_method(call, inspection)


def match_method(call: cst.Call, inspection: Inspection) -> Match:
    file = inspection.file
    assert isinstance(call.func, cst.Attribute)
    start, end = file.start(call.func.attr), file.end(call)
    message = f"`.cuda({'…' if call.args else ''})` moves to CUDA"
    match = Match(METHOD, call, "", message, Rewrites(), rows=(start.row, end.row), span=(start, end))
    passed = first_argument(call)
    if any(one.star for one in call.args):
        return replace(match, reason="what it is given cannot be seen")
    if passed is not None and is_device(passed, inspection):
        change = Change(call, renamed, (call.func.value, *call.args))
        return replace(
            match, rewrites=Rewrites(changes=(change,)), safety=Safety.UNSAFE, reason=ANY_DEVICE, help="use `.to(…)`"
        )
    template = template_for(passed, inspection)
    if not template:
        return replace(match, reason="what it is given may be a number, a device or something else")
    neutral = neutral_device(call, call, inspection, template)
    if neutral is None:
        return replace(match, reason=NOTHING_BESIDE)
    needs, constants = neutral
    change = Change(call, partial(moved, rest=int(passed is not None)), (call.func.value, *call.args), needs=(needs,))
    text = needs[1].text(needs[1].need.name)
    rewrites = Rewrites(changes=(change,), constants=constants)
    return replace(match, rewrites=rewrites, reason=needs[1].reason, help=f"use `.to({text})`")


def first_argument(call: cst.Call) -> cst.BaseExpression | None:
    """Return the device that a call is given."""
    named_so = [one.value for one in call.args if one.keyword is not None and one.keyword.value == "device"]
    first = call.args[0] if call.args and call.args[0].keyword is None else None
    return first.value if first is not None else next(iter(named_so), None)


def is_device(value: cst.BaseExpression, inspection: Inspection) -> bool:
    """Whether `to` takes it as it is: a name that says so, a device, a string."""
    if isinstance(value, (cst.SimpleString, cst.FormattedString)) or is_device_name(dotted_name(value)):
        return True
    meaning = inspection.file.names.resolve(value.func) if isinstance(value, cst.Call) else None
    return meaning is not None and meaning.path == "torch.device"


def template_for(value: cst.BaseExpression | None, inspection: Inspection) -> str:
    """Return what stands around the device type for the number that is passed; "" where that may be something else."""
    if value is None or (isinstance(value, cst.Name) and value.value == "None"):
        return "{}"
    code = inspection.file.code(value)
    if isinstance(value, cst.Integer):
        return f'f"{{{{}}}}:{code}"'
    is_number = isinstance(value, (cst.Name, cst.Attribute)) or is_index_call(value, inspection)
    return f'f"{{{{}}}}:{{{code}}}"' if is_number and not any(one in code for one in "\"'\\\n{}#") else ""


def is_index_call(value: cst.BaseExpression, inspection: Inspection) -> bool:
    """Whether a call gives the number of a device: `torch.cuda.current_device()`, `int(x)`, `dist.get_rank()`."""
    if not isinstance(value, cst.Call):
        return False
    meaning = inspection.file.names.resolve(value.func)
    path = meaning.path if meaning is not None else dotted_name(value.func)
    return path.rpartition(".")[2] in ("current_device", "int", "get_rank", "get_local_rank", "current_device_index")


def moved(updated: cst.Call, text: str, rest: int) -> cst.Call:
    """Return `x.to(DEVICE, …)` for `x.cuda(…)`."""
    others = [named(one) for one in updated.args[rest:]]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")) if others else cst.MaybeSentinel.DEFAULT
    return renamed(updated.with_changes(args=[cst.Arg(cst.parse_expression(text), comma=comma), *others]))


def renamed(updated: cst.Call) -> cst.Call:
    assert isinstance(updated.func, cst.Attribute)
    first, *others = updated.args
    new = updated.func.with_changes(attr=cst.Name("to"))
    return updated.with_changes(func=new, args=[first, *(named(one) for one in others)])


def named(argument: cst.Arg) -> cst.Arg:
    """Return `non_blocking=x` for a second argument without a name, which is another one of `to`."""
    if argument.keyword is not None or argument.star:
        return argument
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return argument.with_changes(keyword=cst.Name("non_blocking"), equal=equal)


def find_questions(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each `x.is_cuda` that is read."""
    file = inspection.file
    for node in file.names.places:
        if isinstance(node, cst.Attribute) and node.attr.value == "is_cuda" and node not in file.names.changed:
            meaning = file.names.resolve(node)
            if meaning is None or not any(one.kind is BindingKind.IMPORT for one in meaning.origins):
                match = match_of(ATTRIBUTE, node, "`is_cuda` asks for CUDA", Refusal(ASKS), inspection)
                yield replace(match, span=(file.start(node.attr), file.end(node)))


def find_comparisons(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each comparison of a device with the name of CUDA's."""
    file = inspection.file
    for node in file.names.places:
        if isinstance(node, cst.Comparison) and is_about_cuda(node, inspection):
            code = " ".join(file.code(node).split())
        elif isinstance(node, cst.Call) and is_prefix_test(node, inspection):
            code = "startswith"
        else:
            continue
        yield match_of(COMPARISON, node, f"`{code}` asks for CUDA", Refusal(ASKS), inspection)


def is_about_cuda(node: cst.Comparison, inspection: Inspection) -> bool:
    """Whether a comparison asks a device, and CUDA's name is among what it is compared with."""
    sides = [node.left, *(one.comparator for one in node.comparisons)]
    return any(map(is_asked, sides)) and any(names_cuda_device(one, inspection) for one in sides)


def is_asked(side: cst.BaseExpression) -> bool:
    """Whether an expression is a device, its type or its text."""
    device = device_of(side)
    is_type = isinstance(side, cst.Attribute) and side.attr.value == "type"
    return is_device_name(dotted_name(side)) or (
        device is not None and (is_type or is_device_name(dotted_name(device)))
    )


def names_cuda_device(side: cst.BaseExpression, inspection: Inspection) -> bool:
    """Whether an expression is the name of a CUDA device, `torch.device("cuda")`, or several among which one is."""
    if isinstance(side, (cst.Tuple, cst.List, cst.Set)):
        return any(names_cuda_device(one.value, inspection) for one in side.elements)
    return backend_of(side) == "cuda"


def is_prefix_test(node: cst.Call, inspection: Inspection) -> bool:
    """Whether a call is `device.startswith("cuda")`."""
    func = node.func
    if not isinstance(func, cst.Attribute) or func.attr.value != "startswith" or len(node.args) != 1:
        return False
    return is_asked(func.value) and names_cuda_device(node.args[0].value, inspection)
