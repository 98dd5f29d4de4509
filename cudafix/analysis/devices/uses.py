"""Where a file uses a CUDA device in another shape than a function's: names in device positions, and `x.cuda()`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.analysis.control_flow.collapse_decision import chooses_device
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends
from cudafix.analysis.control_flow.guards_and_ladders import reported_dispatches
from cudafix.analysis.devices.assertions import is_compared
from cudafix.analysis.devices.frameworks import CHOSEN, why_shown
from cudafix.analysis.functions.amp_calls import is_told_of_cuda
from cudafix.analysis.match import Match
from cudafix.catalogue.backends import family
from cudafix.fixes.operations import Operations
from cudafix.matchers.conditions import DEVICE
from cudafix.matchers.device_position import is_device_position
from cudafix.matchers.device_text import DeviceText, find_device_texts
from cudafix.syntax.expressions import last_name
from cudafix.syntax.module import File
from cudafix.syntax.scopes import grouped

CONTAINERS = (
    cst.IfExp, cst.BooleanOperation, cst.List, cst.Tuple, cst.Element, cst.ListComp, cst.GeneratorExp,
)  # fmt: skip
"""What the value of an expression goes through on its way to what takes it."""

TAKES_CHOICES = frozenset(("add_argument", "add_option", "option", "Option", "Choice"))
"""The functions that a list of what a user may choose is given to."""


@once
def device_texts(context: RuleContext) -> list[DeviceText]:
    """Return the names of CUDA devices that are taken for a device, and are not one of several branches."""
    found = [one for one in taken_texts(context) if not is_in_cuda_branch(one.whole, context)]
    return [one for one in found if not is_for_amp(one.whole, context)]


def texts_in_cuda_branch(context: RuleContext) -> list[DeviceText]:
    """Return the names of CUDA devices that are taken for a device in a branch for CUDA."""
    return [one for one in taken_texts(context) if is_in_cuda_branch(one.whole, context)]


@once
def taken_texts(context: RuleContext) -> list[DeviceText]:
    """Return the names of CUDA devices that are taken for a device, those left out that a choice of devices names."""
    names = context.file.names
    choices = [one for one in reported_dispatches(context) if chooses_device(one)]
    chosen = {part for choice in choices for part in choice.parts}
    return [
        text
        for text in find_device_texts(context.file)
        if chosen.isdisjoint([text.whole, *names.tree.ancestors(text.whole)])
        and not is_compared(text.whole, context)
        and is_device(text, context)
    ]


def is_in_cuda_branch(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether `node` stands in a branch that was taken for CUDA."""
    return "cuda" in find_branch_backends(node, context)


def is_device(text: DeviceText, context: RuleContext) -> bool:
    """Whether the name of a device is taken for one, and not for a word of a vocabulary."""
    if is_vocabulary(text.whole, context):
        return False
    return is_device_position(text.whole, context.file) or (":" in text.text and is_returned(text, context))


def is_returned(text: DeviceText, context: RuleContext) -> bool:
    """Whether a function returns the name, alone or among others; one with an index can be nothing but a device."""
    around = context.file.tree.ancestors(text.whole)
    taker = next((one for one in around if not isinstance(one, CONTAINERS)), None)
    return isinstance(taker, cst.Return)


def is_for_amp(whole: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether a name of a device is given to a function of torch.amp, which has a neutral form that needs none."""
    call = context.file.tree.call_around(whole)
    return call is not None and is_told_of_cuda(call, context)


@once
def cuda_methods(context: RuleContext) -> list[cst.Call]:
    """Return the calls of a method `cuda`, of what may be a tensor or a module, outside of branches for CUDA."""
    return [one for one in all_cuda_methods(context) if not is_in_cuda_branch(one, context)]


def methods_in_cuda_branch(context: RuleContext) -> list[cst.Call]:
    """Return the calls of a method `cuda`, of what may be a tensor or a module, in branches for CUDA."""
    return [one for one in all_cuda_methods(context) if is_in_cuda_branch(one, context)]


@once
def all_cuda_methods(context: RuleContext) -> list[cst.Call]:
    calls = [one for one in context.file.names.places if isinstance(one, cst.Call)]
    return [one for one in calls if is_cuda_method(one.func) and is_own_method(one.func.value, context)]


def is_cuda_method(func: cst.BaseExpression) -> TypeGuard[cst.Attribute]:
    return isinstance(func, cst.Attribute) and func.attr.value == "cuda"


def is_own_method(receiver: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether `cuda` may be the method of a tensor or a module: of no import, and not where it is defined."""
    names = context.file.names
    meaning = names.resolve(receiver)
    if meaning is not None and any(isinstance(one.node, cst.Import) for one in meaning.origins):
        return False
    if meaning is not None and meaning.path.startswith("torch."):
        return False
    around = next((one for one in names.tree.ancestors(receiver) if isinstance(one, cst.FunctionDef)), None)
    return around is None or around.name.value != "cuda"


def find_default_owner(node: cst.CSTNode, context: RuleContext) -> cst.Param | cst.AnnAssign | cst.Assign | None:
    """Return the parameter, or the statement for a field of a class, whose default `node` is a part of."""
    around = context.file.tree.ancestors(node)
    for parent in around:
        if isinstance(parent, cst.Param):
            return parent
        if isinstance(parent, cst.Lambda):
            return None  # it is worked out when it is needed
        if isinstance(parent, (cst.BaseSmallStatement, cst.BaseSuite)):
            scope = next((one for one in around if isinstance(one, (cst.ClassDef, cst.FunctionDef))), None)
            is_field = isinstance(parent, cst.AnnAssign) or is_old_field(parent)
            return parent if is_field and isinstance(scope, cst.ClassDef) else None  # type: ignore[return-value]
    return None


def is_old_field(statement: cst.CSTNode) -> bool:
    """Whether a statement is `x = attr.ib(…)`."""
    value = statement.value if isinstance(statement, cst.Assign) else None
    return isinstance(value, cst.Call) and last_name(value.func) in ("ib", "attrib")


def find_obstacle(node: cst.CSTNode, context: RuleContext) -> str:
    """Return why the name of a device or a backend must stay, or ""."""
    owner = find_default_owner(node, context)
    asked = own_words(owner, context) if owner is not None else None
    if asked is not None:
        row = context.file.start(asked).row
        return f"line {row} asks the same name for words of the project's own, of which the active device may be none"
    shown = why_shown(owner, node, context)
    if shown:
        return shown
    for parent in context.file.tree.ancestors(node):
        if isinstance(parent, (cst.List, cst.Tuple, cst.Set)) and offers_choice(parent, context):
            return CHOSEN
        if isinstance(parent, (cst.BaseSmallStatement, cst.BaseSuite)):
            return ""
    return ""


def own_words(owner: cst.Param | cst.AnnAssign | cst.Assign, context: RuleContext) -> cst.Comparison | None:
    """Return a comparison of what a default is given to with words that are no devices, or a list without `cpu`."""
    name = last_name(name_of(owner))
    for comparison in comparisons(context).get(name, ()):
        operator, right = comparison.comparisons[0].operator, comparison.comparisons[0].comparator
        items = [one.value for one in right.elements] if isinstance(right, (cst.List, cst.Tuple, cst.Set)) else [right]
        texts = [one.evaluated_value for one in items if isinstance(one, cst.SimpleString)]
        words = [one for one in texts if isinstance(one, str)]
        is_list = isinstance(operator, (cst.In, cst.NotIn)) and not isinstance(right, cst.SimpleString)
        is_own = any(DEVICE.fullmatch(one) is None or family(one) != one for one in words if one.isalpha())
        if words and is_device_or_gpu(words) and (is_own or (is_list and len(words) > 1 and "cpu" not in words)):
            return comparison
    return None


def name_of(owner: cst.Param | cst.AnnAssign | cst.Assign) -> cst.BaseExpression:
    """Return what a default is given to."""
    if isinstance(owner, cst.Param):
        return owner.name
    return owner.target if isinstance(owner, cst.AnnAssign) else owner.targets[0].target


def is_device_or_gpu(words: Sequence[str]) -> bool:
    """Whether words are those that devices are called by, one of them at least."""
    return any(DEVICE.fullmatch(one) is not None or one == "gpu" for one in words)


@once
def comparisons(context: RuleContext) -> Mapping[str, Sequence[cst.Comparison]]:
    """Return the comparisons of a file by the last name of what is compared."""
    found = [one for one in context.file.names.places if isinstance(one, cst.Comparison)]
    return grouped((last_name(one.left), one) for one in found if len(one.comparisons) == 1)


def offers_choice(container: cst.List | cst.Tuple | cst.Set, context: RuleContext) -> bool:
    """Whether a list is of what a user may choose, or of several backends."""
    call = next((one for one in context.file.tree.ancestors(container) if isinstance(one, cst.Call)), None)
    is_offered = call is not None and last_name(call.func) in TAKES_CHOICES
    return names_others(container, context) or is_offered


def is_vocabulary(whole: cst.BaseExpression, context: RuleContext) -> bool:
    """Whether a name stands in a list of several backends' devices: those that are known, not where data goes."""
    element = context.parent(whole)
    container = context.parent(element) if isinstance(element, cst.Element) else None
    return isinstance(container, (cst.List, cst.Tuple, cst.Set)) and names_others(container, context)


@once
def names_others(container: cst.List | cst.Tuple | cst.Set, context: RuleContext) -> bool:
    """Whether a list names devices of other backends than CUDA and the CPU; it is asked for each element."""
    texts = [one.value.evaluated_value for one in container.elements if isinstance(one.value, cst.SimpleString)]
    found = [DEVICE.fullmatch(one) for one in texts if isinstance(one, str)]
    return bool({family(one["backend"]) for one in found if one is not None} - {"cuda", "cpu"})


def message_for_text(text: DeviceText, context: RuleContext) -> str:
    """Return what is said of the name of a device."""
    code = " ".join(context.file.code(text.whole).split())
    return f"`{code}` is a device of CUDA"


def match_cuda_method(call: cst.Call, reason: str, file: File) -> Match:
    """Return the match for `x.cuda()`, without a fix."""
    assert isinstance(call.func, cst.Attribute)
    start, end = file.start(call.func.attr), file.end(call)
    message = f"`.cuda({'…' if call.args else ''})` moves to CUDA"
    return Match(call, "", message, Operations(), reason=reason, rows=(start.row, end.row), span=(start, end))
