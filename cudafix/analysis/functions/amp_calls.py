"""The functions of torch.amp that take a device, and whether a call works on CUDA."""

from __future__ import annotations

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.catalogue.amp import FUNCTIONS, AmpFunction
from cudafix.matchers.conditions import backend_of
from cudafix.syntax.arguments import keyword_argument


def is_told_of_cuda(call: cst.Call, context: RuleContext) -> bool:
    """Whether `call` calls a function of torch.amp for CUDA."""
    meaning = context.file.names.resolve(call.func)
    function = FUNCTIONS.get(meaning.path) if meaning is not None else None
    return function is not None and is_for_cuda(call, function)


def is_for_cuda(call: cst.Call, function: AmpFunction) -> bool:
    argument = argument_of(call, function, function.device)
    if argument is None:
        return function.asks_always and not any(one.star for one in call.args)
    return isinstance(argument.value, cst.SimpleString) and backend_of(argument.value) == "cuda"


def argument_of(call: cst.Call, function: AmpFunction, name: str) -> cst.Arg | None:
    """Return the argument for a parameter of `function`, passed in its place or by its name."""
    index = function.params.index(name) if name in function.params else len(call.args)
    at_place = call.args[index] if index < len(call.args) else None
    is_by_place = at_place is not None and at_place.keyword is None and not at_place.star
    return at_place if is_by_place else keyword_argument(call, name)
