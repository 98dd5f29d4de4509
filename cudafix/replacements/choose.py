"""Reference → the neutral form that takes its place: which one, how far it can be trusted, and if none, why not."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable
from dataclasses import replace

import libcst as cst

from cudafix.catalogue.row import Native, Row
from cudafix.catalogue.symbols import look_up
from cudafix.catalogue.table import ANSWERS_WITHOUT_CUDA, MADE_ALIKE
from cudafix.config.options import Options
from cudafix.config.settings import Route
from cudafix.matchers.cuda_words import catches
from cudafix.matchers.device_counts import is_asked_whether_any, is_handed_on
from cudafix.matchers.device_properties import cuda_only_property
from cudafix.matchers.old_torch import is_for_old_torch
from cudafix.matchers.references import Reference, comes_from_star
from cudafix.model import Safety
from cudafix.replacements.native import ANSWER_OF_CPU, ASKS_THE_CPU, GET_MODULE, ON_CPU, native_form, of_torch
from cudafix.replacements.project_targets import find_entry, target_form
from cudafix.replacements.replacement import ImportedName, Refusal, Replacement, is_module
from cudafix.replacements.scripted import MAY_BE_SCRIPTED, find_reader, in_module
from cudafix.syntax.arguments import unknown_argument
from cudafix.syntax.assigned_values import reads_of
from cudafix.syntax.blocks import does_nothing
from cudafix.syntax.module import File
from cudafix.syntax.scopes import Binding

MODULE_FUNCTION = "device_module"
"""The function of the runtime that gives the active backend's module."""

HANDED_ON = "the count is handed on, where 0 may have stood for no GPU"
COMMON_BASE = "it names the common base class of all backends' own"

TYPE_FORMS = frozenset((*typing.__all__, "dict", "frozenset", "list", "set", "tuple", "type"))
"""What is followed by types in brackets."""


def find_replacement(reference: Reference, file: File, options: Options) -> Replacement | Refusal:
    """Choose the neutral form of `reference`, or say what stops it."""
    row = reference.symbol.row
    entry = find_entry(reference.symbol, file.path, options, reference.call is not None)
    if entry is None and not row.has_neutral_form:
        return Refusal(row.note)
    obstacle = find_obstacle(reference, file)
    if obstacle:
        return Refusal(obstacle)
    if entry is not None and not has_ancestor(reference.node, file, is_in_annotation):
        form = target_form(reference, entry, file, options)
    else:
        form = find_form(reference, file, options)
    if isinstance(form, Refusal):
        return form
    if is_module(file.path, form.imported.module) and form.imported.name not in file.names.root.bindings:
        return Refusal(f"this file is {form.imported.module} itself, where the neutral function comes from")
    if form.on_module and form.attributes and is_uncaught(reference, file):
        return Refusal("where a backend lacks it, that is an AttributeError, which is not caught here")
    doubts = find_doubts(reference, file, form)
    if not doubts:
        return form
    return replace(form, safety=Safety.UNSAFE, reason="; ".join(filter(None, [form.reason, *doubts])))


def find_obstacle(reference: Reference, file: File) -> str:
    """Return what makes a rewrite impossible whatever the form, or ""."""
    doubt = reference.resolution.doubt
    if doubt is not None:
        return describe_doubt(doubt, reference, file)
    if any(origin.outer for origin in reference.resolution.origins):
        return (
            f"`{reference.resolution.origins[0].name}` is bound through `global`, where no import can stand beside it"
        )
    if not all(origin.scope.encloses(reference.scope) for origin in reference.resolution.origins):
        return "the import behind the alias cannot be seen from here"
    if reference.node in file.names.changed:
        return "the function itself is assigned or deleted here"
    if reference.call is None and is_patched_here(reference, file):
        return "it is kept here beside an assignment to it, and the neutral function would find what is assigned"
    if is_changed_below(reference.node, file):
        return "an attribute of the class itself is assigned or deleted here"
    if isinstance(file.tree.parents.get(reference.node), (cst.MatchValue, cst.MatchClass)):
        return "a pattern compares with a dotted name, and would bind a plain one"
    if isinstance(reference.node, cst.Call) and len(reference.node.args) > 2:
        return "`getattr` has a default here, which tells whether the function is there"
    if reference.symbol.backend != "cuda" and reference.symbol.row.name == "is_available":
        return f"it asks for {reference.symbol.backend.upper()} among the backends"
    if has_ancestor(reference.node, file, is_class_base):
        return "a base class"
    if reference.symbol.name == "torch.cuda.graph" and "CUDAGraph(" in file.text:
        return "it captures a torch.cuda.CUDAGraph of this file, and the neutral one does not take that elsewhere"
    if reference.symbol.row.name == "get_device_properties" and (attribute := cuda_only_property(reference, file)):
        return f"`{attribute}` is no property that all backends have: keep it behind a test for device.type == 'cuda'"
    if any(is_tried_import(one, file) for one in reference.resolution.origins):
        return "the import is tried, to find out whether torch has it"
    if is_in_fallback(reference.node, file):
        return "it is there for a torch that lacks the newer form"
    if is_function_itself(reference, file):
        return "what is asked is the function of torch.cuda itself"
    if is_passed_as_device(reference, file):
        return "it is passed on as a device, where the neutral form is a context: pass the index"
    if is_for_old_torch(reference.node, file):
        return "the branch is for a torch that the neutral function does not run with"
    return find_reader(reference.node, file)


def is_patched_here(reference: Reference, file: File) -> bool:
    """Whether the file puts another function in its place: `old = torch.cuda.set_stream` above such an assignment."""
    changed = [one for one in file.names.changed if isinstance(one, cst.Attribute)]
    meanings = [file.names.resolve(one) for one in changed]
    symbols = [look_up(one.path) for one in meanings if one is not None]
    return any(one is not None and one.name == reference.symbol.name for one in symbols)


def is_changed_below(node: cst.CSTNode, file: File) -> bool:
    """Whether an attribute of `node` is set: `torch.cuda.Stream.__deepcopy__ = …`."""
    parent = file.tree.parents.get(node)
    return isinstance(parent, cst.Attribute) and parent.value is node and parent in file.names.changed


def is_passed_as_device(reference: Reference, file: File) -> bool:
    """Whether `torch.cuda.device(i)` is given to a function of a backend, which takes a device."""
    if reference.symbol.row.name != "device" or reference.call is None:
        return False
    call = file.tree.call_around(reference.call)
    meaning = file.names.resolve(call.func) if call is not None else None
    return meaning is not None and look_up(meaning.path) is not None


def is_in_fallback(node: cst.CSTNode, file: File) -> bool:
    """Whether `node` stands in a handler of the error that a missing function or class makes."""
    for parent in file.tree.ancestors(node):
        if isinstance(parent, cst.ExceptHandler):
            caught = file.code(parent.type) if parent.type is not None else ""
            return re.search(r"\b(?:AttributeError|ImportError|ModuleNotFoundError|TypeError)\b", caught) is not None
        if isinstance(parent, cst.FunctionDef):
            return False
    return False


def is_tried_import(binding: Binding, file: File) -> bool:
    """Whether `try: from torch.cuda.amp import GradScaler` asks for the function itself."""
    if not isinstance(binding.node, cst.ImportFrom) or binding.alias is None or look_up(binding.target) is None:
        return False
    handlers = [handler for attempt in file.tree.attempts(binding.node)[:1] for handler in attempt.handlers]
    return any("Error" in file.code(one.type) for one in handlers if one.type is not None)


def is_function_itself(reference: Reference, file: File) -> bool:
    """Whether an attribute of the function is asked for: `torch.cuda.device_count.cache_clear()`, `hasattr(…, "…")`."""
    row, parent = reference.symbol.row, file.tree.parents.get(reference.node)
    if reference.symbol.is_module or reference.call is not None or row.class_like or not row.params:
        return False
    if isinstance(parent, cst.Attribute) and parent.value is reference.node:
        return True
    call = file.tree.call_around(reference.node)
    if call is None or call.args[0] is not parent:
        return False
    meaning = file.names.resolve(call.func)
    is_asked = isinstance(call.func, cst.Name) and call.func.value in ("hasattr", "getattr", "setattr", "delattr")
    return is_asked or (meaning is not None and meaning.path.startswith("inspect."))


def describe_doubt(doubt: Binding, reference: Reference, file: File) -> str:
    name = reference.root.node.value if reference.root else doubt.name
    if doubt in reference.resolution.origins:
        return f"`{name}` comes from a star import"
    row = file.start(doubt.node).row if doubt.node in file.positions else 1
    return f"`{name}` may be something else here: it is also bound on line {row}"


def is_class_base(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    return isinstance(parent, cst.ClassDef) and isinstance(node, cst.Arg) and node in (*parent.bases, *parent.keywords)


def is_in_annotation(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    """Whether a node is an annotation, or a part of what one could be: of `Union[…]`, of `… | None`."""
    if isinstance(node, cst.Annotation):
        return True
    if isinstance(parent, cst.Subscript) and isinstance(node, cst.SubscriptElement):
        last = parent.value.attr if isinstance(parent.value, cst.Attribute) else parent.value
        return isinstance(last, cst.Name) and last.value in TYPE_FORMS
    is_either = isinstance(parent, cst.BinaryOperation) and isinstance(parent.operator, cst.BitOr)
    return is_either and any(isinstance(one, cst.Name) and one.value == "None" for one in parent.children)


def is_printed_as_text(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    return isinstance(parent, cst.FormattedStringExpression) and parent.equal is not None


def has_ancestor(node: cst.CSTNode, file: File, wanted: Callable[[cst.CSTNode, cst.CSTNode], bool]) -> bool:
    """Whether going outwards inside the statement meets a (node, parent) pair that `wanted` accepts."""
    current = node
    for parent in file.tree.ancestors(node):
        if wanted(current, parent):
            return True
        if isinstance(parent, (cst.BaseSmallStatement, cst.BaseSuite)):
            return False
        current = parent
    return False


def find_form(reference: Reference, file: File, options: Options) -> Replacement | Refusal:
    row, call = reference.symbol.row, reference.call
    if row.alias_of is not None:
        return torch_form(row.alias_of, Safety.SAFE, "", options)
    if has_ancestor(reference.node, file, is_in_annotation):
        if not row.annotation:
            return Refusal("an annotation needs a type, not a function")
        return torch_form(Native(row.annotation, (2, 4)), Safety.UNSAFE, COMMON_BASE, options)
    if options.route in (Route.ACCELERATOR, Route.TORCH) and reference.symbol.backend == "cuda":
        form = native_form(reference, options.target_torch)
        if form is not None:
            return form
    if row.class_like and call is None:
        if row.name in MADE_ALIKE:
            return torch_form(Native(row.annotation, (2, 4)), Safety.UNSAFE, COMMON_BASE, options)
        if row.annotation:
            return on_module(row, options)
        return Refusal(f"the class itself is meant here, and the runtime's {row.runtime} is a function")
    if call is not None:
        unknown = unknown_argument(call, row.parameters)
        if unknown and (reference.symbol.backend != "cuda" or not any(arg.star for arg in call.args)):
            return Refusal(f"the neutral function has no argument {unknown}")
    return runtime_form(row, options)


def torch_form(native: Native, safety: Safety, reason: str, options: Options) -> Replacement | Refusal:
    if native.since > max(options.target_torch, (2, 4)):
        return Refusal(f"torch.{native.name} came with torch {native.since[0]}.{native.since[1]}: see target-torch")
    return replace(of_torch(native), safety=safety, reason=reason)


def runtime_form(row: Row, options: Options) -> Replacement | Refusal:
    if row.runtime == "." or options.route is Route.TORCH:
        return on_module(row, options)
    reason = row.note if row.safety is not Safety.SAFE else ""
    imported = ImportedName(options.runtime_module, row.runtime)
    return Replacement(imported, on_module=row.runtime == MODULE_FUNCTION, safety=row.safety, reason=reason)


def on_module(row: Row, options: Options) -> Replacement | Refusal:
    """Return the same name on the active backend's module."""
    if options.route is Route.TORCH:
        if row.name in ASKS_THE_CPU:
            return Refusal(ANSWER_OF_CPU)
        names = tuple(row.name.split(".")) if row.name else ()
        imported = ImportedName("torch", GET_MODULE)
        return Replacement(imported, names, on_module=True, safety=Safety.UNSAFE, reason=ON_CPU, fails_idle=True)
    reason = row.note if row.safety is not Safety.SAFE else ""
    imported = ImportedName(options.runtime_module, MODULE_FUNCTION)
    return Replacement(imported, tuple(row.name.split(".")), on_module=True, safety=row.safety, reason=reason)


def find_doubts(reference: Reference, file: File, form: Replacement) -> list[str]:
    """Return what makes this place less safe than the row says."""
    row = reference.symbol.row
    found = []
    if comes_from_star(reference.resolution, file.names):
        found.append("`torch` comes from a star import")
    if reference.symbol.backend != "cuda":
        found.append(f"calls whatever backend is active, where torch.{reference.symbol.backend} alone was meant")
    if form.on_module and reference.call is None and form.attributes:
        found.append("the backend is decided where the name is read, not where it is used")
    elif (form.on_module or row.annotation) and reference.scope.runs_at_import:
        found.append("the backend is decided at import")
    if row.returns_other and form.imported.module != "torch" and not is_statement(reference, file):
        found.append(f"the result may be used, and the neutral function {row.note}")
    if is_asked_whether_any(reference, file):
        found.append("it asks whether there is CUDA at all, and the neutral count speaks of any accelerator")
    if is_handed_on(reference, file):
        found.append(HANDED_ON)
    if row.name == "get_device_name" and is_compared(reference, file):
        found.append("the name is compared with names of NVIDIA's products")
    if row.name == "amp.autocast" and in_module(reference.node, file):
        found.append(MAY_BE_SCRIPTED)
    if has_ancestor(reference.node, file, is_printed_as_text):
        found.append("the f-string prints the text of the expression")
    if has_comment(reference.node, file):
        found.append("a comment inside the expression would be lost")
    if row.name not in ANSWERS_WITHOUT_CUDA and any(
        tells_by_error(attempt, reference.node, file) for attempt in file.tree.attempts(reference.node)
    ):
        found.append("an error here tells that there is no CUDA, and the neutral call may raise none")
    return found


def is_uncaught(reference: Reference, file: File) -> bool:
    """Whether what is tried is expected to fail, but not with an AttributeError."""
    handlers = [handler for attempt in file.tree.attempts(reference.node) for handler in attempt.handlers]
    caught = " ".join(file.code(one.type) if one.type is not None else "Exception" for one in handlers)
    return bool(handlers) and not re.search(r"\b(?:AttributeError|Exception|BaseException)\b", caught)


def is_compared(reference: Reference, file: File) -> bool:
    """Whether what a call answers, or a name that is given it, is compared with something."""
    holders = reads_of(reference.call, file) if reference.call is not None else ()
    around = [parent for one in holders for parent in file.tree.ancestors(one)[:4]]
    return any(isinstance(one, cst.Comparison) for one in around)


def tells_by_error(statement: cst.Try, node: cst.CSTNode, file: File) -> bool:
    """Whether it matters that what is tried fails where CUDA is missing: more is done then, or skipped, than that."""
    if not any(catches(handler, file) for handler in statement.handlers):
        return False
    body = statement.body.body
    is_alone = len(body) == 1 and isinstance(body[0], cst.SimpleStatementLine) and len(body[0].body) == 1
    only = body[0].body[0] if is_alone and isinstance(body[0], cst.SimpleStatementLine) else None
    is_call = isinstance(only, cst.Expr) and isinstance(only.value, cst.Call) and only.value.func is node
    passes = all(does_nothing(handler.body) for handler in statement.handlers)
    return not (is_call and passes and statement.orelse is None)


def is_statement(reference: Reference, file: File) -> bool:
    return reference.call is not None and isinstance(file.tree.parents.get(reference.call), cst.Expr)


def has_comment(node: cst.CSTNode, file: File) -> bool:
    own = getattr(node, "lpar", ()), getattr(node, "rpar", ())
    inner = node.with_changes(lpar=(), rpar=()) if any(own) else node
    return "#" in file.code(inner)
