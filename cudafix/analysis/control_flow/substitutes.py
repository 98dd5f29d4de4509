"""The parts of a dispatch → what takes their place: of its tests, of a device that it names, of calls for one."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.dispatch import Branch, Dispatch
from cudafix.analysis.control_flow.equivalence import device_literals, is_given
from cudafix.catalogue.table import ROWS, TAKES_ANY_DEVICE
from cudafix.config.options import Options
from cudafix.config.settings import Route
from cudafix.fixes.operations import Place, Substitution, place_of, substitution_for
from cudafix.matchers.conditions import BackendCondition
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.native import of_torch
from cudafix.replacements.replacement import ImportedName, Replacement
from cudafix.syntax.assigned_values import assigned_value

AVAILABLE_FUNCTION = "is_accelerator_available"
DEVICE_TYPE_FUNCTION = "current_device_type"
NO_TORCH = "torch itself is not at hand here"
OTHER_DEVICES = "also chooses other accelerators: what expects CUDA or the CPU may follow"


def tests_of(condition: BackendCondition, context: RuleContext) -> list[Reference]:
    """Return the references to functions of torch behind a condition, those of its flags included."""
    values = [assigned_value(flag, context.file) for flag in condition.flags]
    behind_flags = [context.condition(one) for one in values if one is not None]
    tests = direct_tests(condition, context)
    for behind in behind_flags:
        tests += tests_of(behind, context) if behind is not None else []
    return tests


def direct_tests(condition: BackendCondition, context: RuleContext) -> list[Reference]:
    """Return the references to functions of torch in a condition itself."""
    return [context.references_by_node[one] for one in condition.tests if one in context.references_by_node]


def anchor(dispatch: Dispatch, context: RuleContext) -> Reference:
    """Return a reference whose import tells where that of a new name goes."""
    behind = [test for _, condition in dispatch.tested_branches for test in tests_of(condition, context)]
    return next(iter((*behind, *context.references_in(*dispatch.parts))))


def neutral_test(test: cst.BaseExpression, dispatch: Dispatch, context: RuleContext) -> Substitution:
    """Return the substitution that asks for any accelerator instead of `test`."""
    return Substitution(replace(place_of(anchor(dispatch, context)), node=test), accelerator_test(context.options))


def accelerator_test(options: Options) -> Replacement:
    """Return the call that asks for any accelerator: torch's own where the route prefers that."""
    native = ROWS["is_available"].native
    is_native = options.route in (Route.ACCELERATOR, Route.TORCH)
    if is_native and native is not None and native.since <= options.target_torch:
        return replace(of_torch(native), passed="")
    return Replacement(ImportedName(options.runtime_module, AVAILABLE_FUNCTION), passed="")


def device_name_substitutions(
    branch: Branch, backends: frozenset[str], dispatch: Dispatch, context: RuleContext
) -> list[Substitution]:
    """Return what takes the place of the names of the backends' devices in a branch."""
    imported = ImportedName(context.options.runtime_module, DEVICE_TYPE_FUNCTION)
    found = []
    for literal in device_literals(branch.parts, backends):
        replacement = Replacement(
            imported, passed="", template=template_of(literal), safety=Safety.UNSAFE, reason=OTHER_DEVICES
        )
        found.append(Substitution(replace(place_of(anchor(dispatch, context)), node=literal), replacement))
    return found


def template_of(literal: cst.CSTNode) -> str:
    """Return what stands around the device type: `f"{…}:0"` for `"cuda:0"`."""
    if isinstance(literal, cst.FormattedStringText):
        return "{{}}:"
    assert isinstance(literal, cst.SimpleString)
    text = str(literal.evaluated_value)
    index = text[len(text.partition(":")[0]) :]
    quote = literal.quote
    return f"f{quote}{{{{}}}}{index}{quote}" if index else "{}"


def substitution_on_device(
    reference: Reference, replacement: Replacement, device: str, context: RuleContext
) -> Substitution | None:
    """Return the neutral call for the device at hand, None where there is none such."""
    name, call, torch = reference.symbol.row.name, reference.call, name_of_torch(reference, context)
    if call is None or (call.args and not is_given(call, device, context)):
        return None
    if name == "empty_cache" and torch:
        return whole_call(reference, replacement, f"{torch}.get_device_module({device})")
    if name == "synchronize" and not call.args:
        module = Replacement(ImportedName("torch", "get_device_module"), (name,), on_module=True, module_of=device)
        return substitution_for(reference, module)
    if name not in TAKES_ANY_DEVICE:
        return None
    return substitution_for(reference, replacement) if call.args else whole_call(reference, replacement, device)


def whole_call(reference: Reference, replacement: Replacement, passed: str) -> Substitution:
    """Return the substitution of a call without arguments by one with `passed`."""
    return substitution_for(reference, replace(replacement, passed=passed, whole_call=True))


def torch_beside(place: Place) -> str:
    """Return what torch is called where a neutral form is imported; "" where only a part of torch is."""
    origin = place.origins[0]
    return origin.name if origin.target == "torch" else ""


def name_of_torch(reference: Reference, context: RuleContext) -> str:
    """Return what torch is called where `reference` stands; "" if only a part of it is known there."""
    root = reference.root.node if reference.root is not None else None
    meaning = context.file.names.resolve(root) if root is not None else None
    return root.value if root is not None and meaning is not None and meaning.path == "torch" else ""
