"""A function → what the project's own code has in its place, as `[tool.cudafix.targets]` tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

import libcst as cst

from cudafix.catalogue.symbols import Symbol
from cudafix.catalogue.table import ROWS
from cudafix.config.options import Options
from cudafix.config.settings import OLDEST_TORCH
from cudafix.config.targets import REST, Entry, Target, located
from cudafix.files.globs import matches_glob
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.import_cycles import imports_at_once
from cudafix.replacements.module_paths import as_written
from cudafix.replacements.native import ANSWER_OF_CPU, ASKS_THE_CPU, GET_MODULE, native_form
from cudafix.replacements.replacement import ImportedName, Refusal, Replacement, is_module
from cudafix.syntax.module import File

IS_AVAILABLE = "is_available"
NATIVE_SINCE = {row.native.name: row.native.since for row in ROWS.values() if row.native is not None}
"""Since which torch its own neutral functions are there, by their names below `torch`."""


def find_entry(symbol: Symbol, path: str, options: Options, is_called: bool) -> Entry | None:
    """Return what stands for a backend's function in the file at `path`; None where no target does."""
    if symbol.rest or not options.targets:
        return None
    keys = [symbol.name, f"torch.cuda.{symbol.row.name}"]
    if symbol.row.has_neutral_form and not symbol.is_module:
        keys += [f"torch.{symbol.backend}.*", "torch.cuda.*"]
    return named(first_target(keys, path, options, is_called), symbol.row.name, options)


def find_other(name: str, path: str, options: Options, is_called: bool) -> Entry | None:
    """Return what stands for any other dotted name in the file at `path`."""
    return named(first_target([name], path, options, is_called), name, options)


def first_target(keys: Sequence[str], path: str, options: Options, is_called: bool) -> Entry | None:
    """Return the target of the first key that has one in the file at `path`; one for a call fits calls only."""
    entries = (entry for key in keys for entry in options.targets_by_symbol.get(key, ()))
    return next((one for one in entries if (is_called or not one.is_call) and holds_for(path, one, options)), None)


def holds_for(path: str, entry: Entry, options: Options) -> bool:
    return not entry.glob or matches_glob(PurePath(path), entry.glob, options.root)


def named(entry: Entry | None, name: str, options: Options) -> Entry | None:
    if entry is None:
        return None
    return replace(entry, target=located(entry.target.named(name.rpartition(".")[2]), options.root))


def target_form(reference: Reference, entry: Entry, file: File, options: Options) -> Replacement | Refusal:
    """Use the project's own; in its own module, where it is not there yet, the runtime's stands in for it."""
    form = native(reference, entry.target, options) or form_of(entry, reference.call, file, options)
    if isinstance(form, Replacement) and reference.symbol.row.name == IS_AVAILABLE:
        form = replace(form, safety=Safety.UNSAFE, reason=reference.symbol.row.note)
    stop = find_stop(entry.target, reference.node, file, options)
    if not stop or isinstance(form, Refusal):
        return form
    row = reference.symbol.row
    is_missing = is_module(file.path, entry.target.module) and not bindings_of(entry.target, file)
    if not is_missing or row.runtime in ("", ".") or not options.route.has_runtime:
        return Refusal(stop)
    reason = f"{entry.target.module} has no {entry.target.name} yet: it is imported from {options.runtime_module}"
    return Replacement(ImportedName(options.runtime_module, row.runtime), safety=Safety.UNSAFE, reason=reason)


def native(reference: Reference, target: Target, options: Options) -> Replacement | Refusal | None:
    """Return torch's own form, with all that is known of it, where that is the target."""
    row = reference.symbol.row
    is_wide = target.module == "torch" and target.name == GET_MODULE and row.name in ASKS_THE_CPU
    is_target = row.native is not None and target.path == f"torch.{row.native.name}" and target.arguments is None
    if is_wide:
        return native_form(reference, options.target_torch) or Refusal(ANSWER_OF_CPU)
    return native_form(reference, None) if is_target else None


def form_of(entry: Entry, call: cst.Call | None, file: File, options: Options) -> Replacement | Refusal:
    """Return the target as what takes the place of a name, or of the whole call."""
    target = entry.target
    form = plain_form(target, file, options)
    if target.module == "torch":
        reason = f"torch's own `{target.text}` may raise"
        form = replace(form, safety=Safety.UNSAFE, reason=reason, fails_idle=True)
    if not entry.replaces_call:
        return form
    if call is None:
        return Refusal(f"`{target.text}` stands for a call, and here the function itself is meant")
    if call.args and REST not in (target.arguments or ""):
        return Refusal(f"`{target.text}` takes none of the arguments here")
    if "#" in file.code(call):
        return Refusal("a comment inside the call would be lost")
    return replace(form, passed=passed(target, call, file), whole_call=True, also=others_of(target, form))


def plain_form(target: Target, file: File, options: Options) -> Replacement:
    """Return the target as what takes the place of a name, whatever is known of it."""
    imported = ImportedName(as_written(target.module, file, options.root), target.name)
    since = NATIVE_SINCE.get(".".join((target.name, *target.attributes)), OLDEST_TORCH)
    return Replacement(imported, target.attributes, on_module=target.is_called, since=since)


def others_of(target: Target, form: Replacement) -> tuple[ImportedName, ...]:
    """Return what the arguments of a target need, from the module that its own name comes from."""
    return tuple(ImportedName(form.imported.module, name) for name in target.imported_arguments)


def passed(target: Target, call: cst.Call, file: File) -> str | None:
    """Return what stands between the parentheses of the new call; None where it is none."""
    if target.arguments is None:
        return None
    own = ", ".join(file.code(one.with_changes(comma=cst.MaybeSentinel.DEFAULT)).strip() for one in call.args)
    parts = [own if one.strip() == REST else one.strip() for one in target.arguments.split(",")]
    return ", ".join(one for one in parts if one)


def find_stop(target: Target, node: cst.CSTNode, file: File, options: Options) -> str:
    """Return why a file cannot import a target: it is made of this very file, or imports it."""
    if target.module == "torch":
        return ""
    if is_module(file.path, target.module):
        own = bindings_of(target, file)
        around = file.tree.ancestors(node)
        if any(one in around for one in own):
            return f"this is {target.module}.{target.name} itself, which other code calls"
        return "" if own else f"{target.module} does not define {target.name} yet"
    if is_part_of(file.path, target.module):
        return f"this file is a part of {target.module}, which {target.name} comes from"
    if imports_at_once(target.module, file.path, options.root):
        return f"{target.module} imports this file: it cannot import {target.name} from there"
    return ""


def bindings_of(target: Target, file: File) -> list[cst.CSTNode]:
    return [one.node for one in file.names.root.bindings.get(target.name, [])]


def is_part_of(path: str, module: str) -> bool:
    """Whether the file at `path` lies in the folder of the package that `module` names."""
    parts, names = PurePath(path).parts[:-1], tuple(module.split("."))
    return any(parts[start : start + len(names)] == names for start in range(len(parts) - len(names) + 1))
