"""Mixed precision on CUDA by name → matches: `torch.autocast("cuda")`, `torch.amp.GradScaler("cuda")` (CFX110).

The neutral functions know the device. Their arguments are given by name, since the old ones stand in another order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import libcst as cst

from cudafix.arguments import comma, keyword_argument, with_keyword
from cudafix.branch import find_branch
from cudafix.change import Change, Rewrites, told
from cudafix.inspection import Inspection
from cudafix.model import Safety
from cudafix.names import Resolution
from cudafix.neutral import SCRIPTED, is_scripted
from cudafix.neutral_form import Need, Neutral, Refusal
from cudafix.question import backend_of
from cudafix.references import Reference
from cudafix.rule import Match
from cudafix.substitutes import DEVICE_TYPE
from cudafix.symbols import look_up
from cudafix.target_form import find_entry, find_stop, plain_form

AMP = "CFX110"
AT_IMPORT = "the backend is decided when the decorator runs, which is mostly at import"
CACHE = "the cache is on, where an autocast around this one may have switched it off"
OTHER_ANSWER = "also speaks of other accelerators, and of the CPU where there is none"


@dataclass(frozen=True)
class Function:
    """A function of torch.amp, and what takes its place.

    Attributes:
        neutral: the function of the runtime, without the device.
        symbol: the function of torch.cuda that is the same.
        params: the parameters in their order.
        device: the name of the one that takes the device.
        asks_always: whether the device is CUDA where none is given.
        added: what is said where the argument is left out.
        reason: why the fix is not safe.
    """

    neutral: str
    symbol: str
    params: tuple[str, ...]
    device: str = "device_type"
    asks_always: bool = False
    added: tuple[str, str] | None = None
    reason: str = ""


AUTOCAST = Function(
    "device_autocast", "torch.cuda.amp.autocast", ("device_type", "dtype", "enabled", "cache_enabled"),
    added=("dtype", "None"),
)  # fmt: skip
SCALER = Function(
    "device_grad_scaler", "torch.cuda.amp.GradScaler",
    ("device", "init_scale", "growth_factor", "backoff_factor", "growth_interval", "enabled"),
    device="device", asks_always=True,
)  # fmt: skip
FORWARD = Function("amp_custom_fwd", "torch.cuda.amp.custom_fwd", ("fwd",), reason=AT_IMPORT)
BACKWARD = Function("amp_custom_bwd", "torch.cuda.amp.custom_bwd", ("bwd",), reason=AT_IMPORT)

FUNCTIONS = {
    "torch.autocast": AUTOCAST, "torch.amp.autocast": AUTOCAST, "torch.amp.autocast_mode.autocast": AUTOCAST,
    "torch.GradScaler": SCALER, "torch.amp.GradScaler": SCALER, "torch.amp.grad_scaler.GradScaler": SCALER,
    "torch.amp.custom_fwd": FORWARD, "torch.amp.autocast_mode.custom_fwd": FORWARD,
    "torch.amp.custom_bwd": BACKWARD, "torch.amp.autocast_mode.custom_bwd": BACKWARD,
}  # fmt: skip

SETTINGS = {
    "torch.get_autocast_gpu_dtype": ("get_autocast_dtype", 0),
    "torch.set_autocast_gpu_dtype": ("set_autocast_dtype", 1),
    "torch.is_autocast_enabled": ("is_autocast_enabled", 0),
    "torch.set_autocast_enabled": ("set_autocast_enabled", 1),
}
"""The functions that speak of CUDA's autocast without a word, by their number of arguments; what takes the device."""


def find_amp(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each call of torch.amp that is told to work on CUDA."""
    names = inspection.file.names
    for node in names.places:
        if not isinstance(node, cst.Call) or not names.may_be_torch(node.func):
            continue
        meaning = names.resolve(node.func)
        if meaning is None or meaning.doubt is not None:
            continue
        function, setting = FUNCTIONS.get(meaning.path), SETTINGS.get(meaning.path)
        if function is not None and is_for_cuda(node, function):
            message, words = f"`{meaning.path}` works on CUDA here", ""
            fix = neutral_call(node, function, meaning, inspection)
        elif setting is not None and len(node.args) == setting[1] and not any(one.star for one in node.args):
            message = f"`{meaning.path}` speaks of CUDA's autocast"
            words = f"use `torch.{setting[0]}({DEVICE_TYPE}(){', …' if node.args else ''})`"
            fix = with_device(node, setting[0], meaning, inspection)
        else:
            continue
        if "cuda" not in find_branch(node, inspection):
            rewrites, reason = told(fix)
            yield Match(AMP, node, "", message, rewrites, reason=reason, help=words)


def is_told_of_cuda(call: cst.Call, inspection: Inspection) -> bool:
    """Whether `call` calls a function of torch.amp for CUDA."""
    meaning = inspection.file.names.resolve(call.func)
    function = FUNCTIONS.get(meaning.path) if meaning is not None else None
    return function is not None and is_for_cuda(call, function)


def is_for_cuda(call: cst.Call, function: Function) -> bool:
    argument = argument_of(call, function, function.device)
    if argument is None:
        return function.asks_always and not any(one.star for one in call.args)
    return isinstance(argument.value, cst.SimpleString) and backend_of(argument.value) == "cuda"


def neutral_call(call: cst.Call, function: Function, meaning: Resolution, inspection: Inspection) -> Rewrites | Refusal:
    """Return the fix that calls the neutral function, which needs no device."""
    symbol = look_up(function.symbol)
    assert symbol is not None
    if any(one.star for one in call.args):
        return Refusal("what it is given cannot be seen")
    if is_scripted(call, inspection.file):
        return Refusal(SCRIPTED)
    reason = function.reason
    if function is AUTOCAST and ("cache_enabled" in inspection.file.text or "autocast_cache" in inspection.file.text):
        reason = CACHE if argument_of(call, function, "cache_enabled") is None else ""
    safety = Safety.UNSAFE if reason else Safety.SAFE
    entry = find_entry(symbol, inspection.file.path, inspection.options, is_called=False)
    neutral = Neutral(Need(inspection.options.runtime_module, function.neutral))
    if entry is not None and not entry.replaces_call:
        stop = find_stop(entry.target, call, inspection.file, inspection.options)
        if stop:
            return Refusal(stop)
        neutral = plain_form(entry.target, inspection.file, inspection.options)
    scope, order = inspection.file.names.places[call]
    reference = Reference(call.func, symbol, meaning, scope, order)
    change = Change(
        call, partial(called, original=call, function=function), kept=tuple(call.args),
        needs=((reference, replace(neutral, safety=safety, reason=reason)),),
    )  # fmt: skip
    return Rewrites(changes=(change,))


def argument_of(call: cst.Call, function: Function, name: str) -> cst.Arg | None:
    """Return the argument for a parameter of `function`, passed in its place or by its name."""
    index = function.params.index(name) if name in function.params else len(call.args)
    at_place = call.args[index] if index < len(call.args) else None
    is_by_place = at_place is not None and at_place.keyword is None and not at_place.star
    return at_place if is_by_place else keyword_argument(call, name)


def called(updated: cst.Call, text: str, original: cst.Call, function: Function) -> cst.BaseExpression:
    """Return `device_autocast(dtype=…, enabled=…)` for `torch.autocast("cuda", …)`."""
    name = cst.parse_expression(text)
    device = argument_of(original, function, function.device)
    told = [argument_of(original, function, one) for one in function.params]
    arguments: list[cst.Arg] = []
    for old, new in zip(original.args, updated.args, strict=True):
        if old is not device:
            index = next((number for number, one in enumerate(told) if one is old), 0)
            arguments.append(new if new.keyword is not None else with_keyword(new, function.params[index]))
        elif function.added and argument_of(original, function, function.added[0]) is None:
            arguments.append(with_keyword(new, function.added[0]).with_changes(value=cst.Name(function.added[1])))
        elif arguments and old is original.args[-1]:
            arguments[-1] = arguments[-1].with_changes(comma=new.comma)
    if not arguments and function in (FORWARD, BACKWARD):
        return name.with_changes(lpar=updated.lpar, rpar=updated.rpar)
    return updated.with_changes(func=name, args=arguments)


def with_device(call: cst.Call, name: str, meaning: Resolution, inspection: Inspection) -> Rewrites | Refusal:
    """Return the fix that passes the active device to the function that takes one."""
    symbol, torch = look_up("torch.cuda"), meaning.origins[0]
    assert symbol is not None
    if torch.target != "torch" or meaning.through:
        return Refusal(f"`torch.{name}` takes the device")
    if is_scripted(call, inspection.file):
        return Refusal(SCRIPTED)
    if any(
        isinstance(one, (cst.ExceptHandler, cst.ExceptStarHandler)) for one in inspection.file.names.ancestors(call)
    ):
        return Refusal("it is there for a torch that takes no device")
    scope, order = inspection.file.names.places[call]
    reference = Reference(call.func, symbol, meaning, scope, order)
    need = Need(inspection.options.runtime_module, DEVICE_TYPE)
    neutral = Neutral(need, passed="", safety=Safety.UNSAFE, reason=OTHER_ANSWER)
    build = partial(passing, function=f"{torch.name}.{name}")
    return Rewrites(changes=(Change(call, build, kept=(call.func, *call.args), needs=((reference, neutral),)),))


def passing(updated: cst.Call, text: str, function: str) -> cst.Call:
    """Return `torch.set_autocast_dtype(current_device_type(), dtype)`."""
    others = [one.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for one in updated.args]
    first = cst.Arg(cst.parse_expression(text), comma=comma() if others else cst.MaybeSentinel.DEFAULT)
    return updated.with_changes(func=cst.parse_expression(function), args=[first, *others])
