"""A neutral call → the same with what is in scope for it: the module of its device, or of the backend that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from cudafix.catalogue.table import TAKES_MODULE
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Refusal, Replacement
from cudafix.syntax.assigned_values import enclosing_method, first_parameter, is_set_first, only_target, value_of
from cudafix.syntax.module import File
from cudafix.syntax.scopes import Binding, Scope


def with_module_in_scope(reference: Reference, replacement: Replacement, file: File) -> Replacement:
    """Pass on the device module that the function or class around the call got from `torch.get_device_module`."""
    call = reference.call
    if (
        reference.symbol.row.name != TAKES_MODULE
        or call is None
        or call.args
        or replacement.attributes
        or "#" in file.code(call)
    ):
        return replacement
    found = next(modules_in_scope(reference, file), None)
    if found is None:
        return replacement
    name, source, is_certain = found
    passed = replace(replacement, passed=name, whole_call=True)
    if not source.args and is_certain:
        return passed
    reason = f"empties the cache of `{name}`, whose device need not be the active one"
    return replace(passed, safety=Safety.UNSAFE, reason="; ".join(filter(None, [replacement.reason, reason])))


def modules_in_scope(reference: Reference, file: File) -> Iterator[tuple[str, cst.Call, bool]]:
    """Yield the names and attributes that hold a device module where the call stands, nearest first."""
    if "get_device_module" not in file.text:  # most files: their names are not gone through for each call
        return
    scope: Scope | None = reference.scope
    while scope is not None:
        for bindings in scope.bindings.values():
            source = device_module_call(bindings[0].value, file) if len(bindings) == 1 else None
            if source is not None and is_seen(bindings[0], scope, reference, file):
                yield bindings[0].name, source, True
        scope = scope.parent
    yield from attributes_in_scope(reference, file)


def is_seen(binding: Binding, scope: Scope, reference: Reference, file: File) -> bool:
    """Whether what `binding` of `scope` binds is certainly bound where the call stands."""
    in_time = scope is not reference.scope or binding.order < reference.order
    is_that_name = scope.encloses(reference.scope) and file.names.find_scope(binding.name, reference.scope) is scope
    return (
        in_time and is_that_name and file.names.dominated_region(binding.node) in {*file.tree.ancestors(reference.node)}
    )


def attributes_in_scope(reference: Reference, file: File) -> Iterator[tuple[str, cst.Call, bool]]:
    function, around = enclosing_method(reference.node, file)
    owner = first_parameter(function) if function is not None else ""
    seen = file.names.find_scope(owner, reference.scope) if owner else None
    if around is None or seen is None or seen.node is not function:
        return
    for name in file.attribute_writes:
        target = only_target(name, around, file)
        source = device_module_call(value_of(target, file), file) if target is not None else None
        if target is not None and source is not None:
            yield f"{owner}.{name}", source, is_set_first(target, file)


def device_module_call(value: cst.BaseExpression | None, file: File) -> cst.Call | None:
    """Return `value` if it is `torch.get_device_module(…)`."""
    if not isinstance(value, cst.Call):
        return None
    meaning = file.names.resolve(value.func)
    is_device_module = meaning is not None and meaning.doubt is None and meaning.path == "torch.get_device_module"
    return value if is_device_module else None


def meant_in_branch(backend: str) -> Refusal:
    return Refusal(f"it stands in a branch for {backend.upper()}, where it is meant")


def find_meant(reference: Reference, replacement: Replacement | Refusal, file: File) -> Replacement | Refusal:
    """Return the neutral form that keeps to the backend of `reference`: `empty_device_cache(torch.npu)`."""
    call = reference.call
    if reference.symbol.row.name != TAKES_MODULE or call is None:
        return meant_in_branch(reference.symbol.backend)
    if isinstance(replacement, Refusal):
        return replacement
    module = call.func.value if isinstance(call.func, cst.Attribute) else None
    if call.args or module is None or "#" in file.code(call) or replacement.imported.module == "torch":
        return Refusal("the backend's module is not at hand here")
    statement = isinstance(file.tree.parents.get(call), cst.Expr)
    reason = "" if statement else "the result may be used, and the neutral function returns whether a cache was emptied"
    safety = Safety.SAFE if statement else Safety.UNSAFE
    return replace(replacement, passed=file.code(module), whole_call=True, safety=safety, reason=reason)
