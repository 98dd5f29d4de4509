"""A neutral form → the current device, where its index is taken for one: `x.to(torch.cuda.current_device())`.

An index means a device of CUDA in torch up to 2.4, and no device at all on a machine without an accelerator: what
takes a device gets one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import libcst as cst

from cudafix.catalogue.symbols import look_up
from cudafix.config.options import Options
from cudafix.matchers.references import Reference
from cudafix.replacements.replacement import ImportedName, Replacement
from cudafix.syntax.module import File
from cudafix.syntax.scopes import Use

DEVICE = "current_device"
"""What gives the index in torch.cuda, and the device itself in the runtime."""

KEYWORD_METHODS = frozenset(("to", "to_empty", "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros"))
"""The methods of tensors that take `device=`."""


def as_device(
    reference: Reference, replacement: Replacement, file: File, options: Options, references: Iterable[Reference]
) -> Replacement:
    """Return the neutral form that gives the current device where its index is taken for one; else `replacement`."""
    is_ours = replacement.imported.module in ("torch", options.runtime_module)
    if reference.symbol.row.name != DEVICE or reference.call is None or not is_ours:
        return replacement
    same = [one for one in references if one.symbol.row.name == DEVICE and not one.is_import]
    if is_taken_by_backend(reference.call, file):
        needs_index = (one.call is not None and not is_taken_for_device(one.call, file) for one in same)
        if replacement.imported.module == "torch" or any(needs_index):
            return replacement  # what takes it takes an index as well: one name for one function in a file
    if not is_taken_for_device(reference.call, file):
        return replacement
    return replace(replacement, imported=ImportedName(options.runtime_module, DEVICE), attributes=(), arguments=())


def is_taken_by_backend(index: cst.CSTNode, file: File) -> bool:
    """Whether a function of torch.cuda takes an index itself."""
    call = file.tree.call_around(index)
    meaning = file.names.resolve(call.func) if call is not None else None
    return meaning is not None and look_up(meaning.path) is not None


def is_taken_for_device(node: cst.CSTNode, file: File) -> bool:
    """Whether what takes the value of `node` takes devices: a method or a function of torch, or a name for those."""
    parent = file.tree.parents.get(node)
    if isinstance(parent, cst.IfExp) and parent.test is not node:
        return is_taken_for_device(parent, file)
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        return is_name_of_device(parent, file)
    call = file.tree.parents.get(parent) if isinstance(parent, cst.Arg) else None
    if not isinstance(parent, cst.Arg) or not isinstance(call, cst.Call) or parent.star:
        return False
    method = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
    meaning = file.names.resolve(call.func)
    path = meaning.path if meaning is not None else ""
    if parent.keyword is None:
        known = look_up(path)
        if known is not None:
            return call.args.index(parent) in known.row.device_places
        is_device = path == "torch.device" and len(call.args) == 1
        return call.args[0] is parent and (is_device or (method == "to" and not path))
    symbol = look_up(path)
    if symbol is not None:
        return parent.keyword.value == "device" and bool(symbol.row.device_places)
    is_torch = path.startswith("torch.")
    return parent.keyword.value in ("device", "map_location") and (is_torch or (method in KEYWORD_METHODS and not path))


def is_name_of_device(statement: cst.Assign, file: File) -> bool:
    """Whether all that an assigned name is used for takes a device."""
    target = statement.targets[0].target
    if not isinstance(target, cst.Name):
        return False
    uses = [use for use in file.names.uses_by_name.get(target.value, ()) if is_bound_by(use, statement, file)]
    return bool(uses) and all(is_taken_for_device(use.node, file) for use in uses)


def is_bound_by(use: Use, statement: cst.Assign, file: File) -> bool:
    return any(one.value is statement.value for one in file.names.reaching_definitions(use))
