"""The name of a CUDA device, as a node → the fix that says the active one in its place, and the match for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.analysis.control_flow.substitutes import DEVICE_TYPE_FUNCTION, template_of
from cudafix.analysis.devices.assertions import is_named_as_test
from cudafix.analysis.devices.device_in_scope import find_device_name
from cudafix.analysis.devices.frameworks import option_around
from cudafix.analysis.devices.late_field import late_field, late_option
from cudafix.analysis.devices.late_parameter import late_parameter
from cudafix.analysis.devices.uses import cuda_methods, device_texts, find_default_owner, find_obstacle
from cudafix.analysis.match import Match
from cudafix.files.source import LITERATE, NOTEBOOK, Source
from cudafix.fixes.cell_marks import is_between_cells
from cudafix.fixes.cells import Cells
from cudafix.fixes.operations import Constant, NodeChange, Operations, Place, Substitution, with_reason
from cudafix.model import Safety
from cudafix.replacements.index_as_device import is_taken_for_device
from cudafix.replacements.replacement import ImportedName, Refusal, Replacement
from cudafix.replacements.scripted import find_reader
from cudafix.syntax.blocks import is_import
from cudafix.syntax.expressions import last_name
from cudafix.syntax.scopes import Binding, BindingKind, Scope

MAIN = re.compile(r"^if\s+__name__\s*==", re.MULTILINE)
"""What a program ends with, and a module has not."""

ELSEWHERE = "names the accelerator that is active, and the CPU where there is none"
NOTHING_BESIDE = "the file imports nothing that a new import could stand beside"
DECIDED_AT_IMPORT = "; the device is decided at import"
ASKS_DRIVER = "it would ask the driver when the module is imported: work it out where it is used"
WORKED_OUT_AT_IMPORT = "it is worked out at import: make it None, and work it out where it is used"


@dataclass(frozen=True, eq=False)
class NeutralDevice:
    """What says the active device, and the constants of the file that it needs."""

    substitution: Substitution
    constants: tuple[Constant, ...] = ()


def match_with_fix(node: cst.CSTNode, message: str, fix: Operations | Refusal, context: RuleContext) -> Match:
    """Return the match for `node`, with its fix or with what stops one."""
    reader = find_reader(node, context.file) if isinstance(fix, Operations) else ""
    if reader:
        fix = Refusal(reader)
    operations, reason = with_reason(fix)
    owner = find_default_owner(node, context) if operations.changes else None
    words = help_for(operations.changes[-1].substitutions[-1].replacement, owner) if owner is not None else ""
    return Match(node, "", message, operations, reason=reason, help=words)


def help_for(replacement: Replacement, owner: cst.Param | cst.AnnAssign | cst.Assign) -> str:
    """Return what a default becomes, in words."""
    text = replacement.text(replacement.imported.name)
    if isinstance(owner, cst.Param):
        return f"make it None, and begin the function with `{owner.name.value} = {text}` for that"
    return f"have it made when it is needed, by `{text}`"


def without_literal(
    literal: cst.SimpleString | cst.FormattedStringText, string: cst.CSTNode, template: str, context: RuleContext,
    function: str = DEVICE_TYPE_FUNCTION, reason: str = ELSEWHERE,
) -> Operations | Refusal:  # fmt: skip
    """Return the fix that puts what a function of the runtime answers in the place of a string, or of a part of it.

    In a default, that is worked out when it is needed.
    """
    substitution = neutral_value(literal, string, template, context, function, reason)
    if substitution is None:
        return Refusal(NOTHING_BESIDE)
    if is_optional_here(string, context):
        return Refusal("torch is imported in a `try` alone, and may be missing here")
    if function == DEVICE_TYPE_FUNCTION:
        named = with_name(substitution, string, context, is_taken_for_device(string, context.file))
        if named is not None:
            return Operations((named.substitution,), constants=named.constants)
    owner = find_default_owner(string, context)
    option = option_around(string, context)
    if option is not None and isinstance(literal, cst.SimpleString):
        return Operations(changes=late_option(literal, option, substitution))
    if owner is None:
        is_free = not is_constant(string, context) or may_ask_at_import(context)
        return Operations((substitution,)) if is_free else Refusal(ASKS_DRIVER)
    if not isinstance(literal, cst.SimpleString):
        return Refusal(WORKED_OUT_AT_IMPORT)
    if isinstance(owner, (cst.AnnAssign, cst.Assign)):
        changes = late_field(literal, owner, substitution, context)
        if changes:
            return Operations(changes=changes)
        return Operations((substitution,)) if may_ask_at_import(context) else Refusal(ASKS_DRIVER)
    late = late_default(owner, literal, substitution, context)
    return late if isinstance(late, Refusal) else Operations(changes=late)


def is_constant(string: cst.CSTNode, context: RuleContext) -> bool:
    """Whether a module or a class is given a device as it is imported: `DEVICE = torch.device("cuda")`."""
    if not context.file.names.places[string][0].runs_at_import:
        return False
    whole = string
    call = context.file.tree.call_around(string)
    if call is not None and last_name(call.func) in ("device", "partial"):
        whole = call
    return isinstance(context.parent(whole), (cst.Assign, cst.AnnAssign))


@once
def may_ask_at_import(context: RuleContext) -> bool:
    """Whether the file is run, and not imported, or calls a function of a backend already when it is imported."""
    return is_script(context) or any(one.call is not None and one.scope.runs_at_import for one in context.references)


def is_optional_here(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether the file does without torch where that is missing, and `node` stands where nothing has found it."""
    file = context.file
    imports = [one for one in file.names.imports if f"{one.target}.".startswith("torch.")]
    attempts = [next((try_ for try_ in file.tree.attempts(one.node) if try_.handlers), None) for one in imports]
    if not imports or None in attempts:
        return False
    around = file.tree.ancestors(node)
    return not any(attempt in around for attempt in attempts) and all(
        file.tree.suite(attempt) is not file.module for attempt in attempts if attempt is not None
    )


def late_default(
    owner: cst.Param, literal: cst.SimpleString, substitution: Substitution, context: RuleContext
) -> tuple[NodeChange, ...] | Refusal:
    """Return the changes for the default of a parameter: the same ones for each device that it names."""
    if substitution.replacement.imported.name != DEVICE_TYPE_FUNCTION:
        return late_parameter(owner, {literal: substitution}, context)
    known = context.remembered.get((late_default, owner))
    if known is None:
        inside = [one.string for one in device_texts(context) if owner in context.file.tree.ancestors(one.string)]
        others = [one for one in inside if isinstance(one, cst.SimpleString) and one is not literal]
        found = [(one, neutral_value(one, one, template_of(one), context)) for one in others]
        together = {one: made for one, made in [(literal, substitution), *found] if made is not None}
        known = late_parameter(owner, together, context)
        context.remembered[late_default, owner] = known
    return known


def neutral_device(
    node: cst.CSTNode, context: RuleContext, template: str = "{}", takes_device: bool = True
) -> NeutralDevice | None:
    """Return what says the active device for `node`; None where nothing is imported.

    `takes_device`: a torch.device will do; else it is the type.
    """
    substitution = neutral_value(node, node, template, context)
    if substitution is None:
        return None
    return with_name(substitution, node, context, takes_device) or NeutralDevice(substitution)


def with_name(
    substitution: Substitution, placed: cst.CSTNode, context: RuleContext, takes_device: bool
) -> NeutralDevice | None:
    """Return what says a name for the device instead, or the file's constant; None where there is neither."""
    place, replacement = substitution
    in_scope = find_device_name(placed, context)
    if in_scope is not None:
        imported = ImportedName("", in_scope.said(replacement.template, takes_device))
        named = replace(replacement, imported=imported, passed=None, reason=in_scope.reason)
        return NeutralDevice(Substitution(place, named))
    name, constant = find_constant(context)
    if not name or not has_value(name, placed, place.scope, constant, context):
        return None
    named = replace(replacement, imported=ImportedName("", name), passed=None, reason=ELSEWHERE + DECIDED_AT_IMPORT)
    return NeutralDevice(Substitution(place, named), (constant,) if constant is not None else ())


def neutral_value(
    node: cst.CSTNode, placed: cst.CSTNode, template: str, context: RuleContext,
    function: str = DEVICE_TYPE_FUNCTION, reason: str = ELSEWHERE,
) -> Substitution | None:  # fmt: skip
    """Return the substitution of `node` by what a function of the runtime answers.

    `placed` is `node`, or what around it, or in it, the name table knows the place of.
    """
    place = find_place(node, placed, context)
    if place is None:
        return None
    imported = ImportedName(context.options.runtime_module, function)
    reason += DECIDED_AT_IMPORT if place.scope.runs_at_import else ""
    replacement = Replacement(imported, passed="", template=template, safety=Safety.UNSAFE, reason=reason)
    return Substitution(place, replacement)


def find_place(node: cst.CSTNode, placed: cst.CSTNode, context: RuleContext) -> Place | None:
    """Return the place for what is new in the place of `node`; None where no import is there to stand beside."""
    scope, order = context.file.names.places[placed]
    origin = find_origin(placed, scope, context)
    return Place(node, scope, order, (origin,)) if origin is not None else None


# One constant for many uses


@once
def find_constant(context: RuleContext) -> tuple[str, Constant | None]:
    """Return the name that holds the type of the active device, and the statement that makes it, if it is a new one."""
    names, wanted = context.file.names, context.options.device_constant
    for name, bindings in names.root.bindings.items():
        value = bindings[0].value
        if len(bindings) == 1 and isinstance(value, cst.Call) and is_device_type(value, context):
            return name, None
    uses = [text.string for text in device_texts(context) if not find_obstacle(text.whole, context)]
    unnamed = [one for one in (*uses, *cuda_methods(context)) if find_device_name(one, context) is None]
    is_free = not any(wanted in scope.bindings for scope in names.scopes) and wanted not in names.unknown_names
    is_apart = Cells(context.file).differ or Source(context.file.path, context.file.data).is_marimo
    if len(unnamed) < 2 or not is_script(context) or not is_free or names.stars or is_apart:
        return "", None
    first = min(unnamed, key=lambda one: names.places[one][1])
    origin = find_origin(first, names.root, context)
    if origin is None or names.tree.suite(origin.node) is not context.file.module:
        return "", None
    index = after_imports(context.file.module, names.tree.position(names.tree.parents[origin.node]))
    if index is None:
        return "", None
    place = Place(context.file.module, names.root, 0, (origin,))
    replacement = Replacement(
        ImportedName(context.options.runtime_module, DEVICE_TYPE_FUNCTION), passed="", safety=Safety.UNSAFE
    )
    return wanted, Constant(wanted, Substitution(place, replacement), index)


def is_device_type(call: cst.Call, context: RuleContext) -> bool:
    meaning = context.file.names.resolve(call.func)
    return meaning is not None and meaning.path == f"{context.options.runtime_module}.{DEVICE_TYPE_FUNCTION}"


def is_script(context: RuleContext) -> bool:
    """Whether a file is run, and not imported by others: a program, a notebook or a test."""
    if context.file.path.endswith((NOTEBOOK, *LITERATE)):
        return True
    return is_named_as_test(context) or MAIN.search(context.file.text) is not None


def after_imports(module: cst.Module, start: int) -> int | None:
    """Return the place after the imports at the top: before the first definition, or the first line of the program.

    It is behind statement number `start`, an import, and in its cell.
    """
    last = None
    for index, statement in enumerate(module.body):
        if index < start and is_between_cells(statement):
            last = None
            continue
        if is_import(statement) or imports_in_block(statement):
            last = index
        elif isinstance(statement, (cst.FunctionDef, cst.ClassDef)) or (
            last is not None and is_between_cells(statement)
        ):
            break
    return last + 1 if last is not None and last + 1 < len(module.body) else None


def imports_in_block(statement: cst.CSTNode) -> bool:
    """Whether a statement is `try: import …`, or `if …: import …`."""
    body = statement.body.body if isinstance(statement, (cst.Try, cst.If)) else ()
    return bool(body) and is_import(body[0])


def has_value(name: str, node: cst.CSTNode, scope: Scope, constant: Constant | None, context: RuleContext) -> bool:
    """Whether the constant `name`, a new one where `constant` is given, has its value where `node` stands."""
    names, module = context.file.names, context.file.module
    if names.find_scope(name, scope) not in (None, names.root):
        return False
    around = {node, *names.tree.ancestors(node)}
    index = next((number for number, one in enumerate(module.body) if one in around), 0)
    if constant is not None:
        return index >= constant.index
    binding = names.root.bindings[name][0]
    first = next((number for number, one in enumerate(module.body) if one in names.tree.ancestors(binding.node)), -1)
    return 0 <= first < index


def find_origin(node: cst.CSTNode, scope: Scope, context: RuleContext) -> Binding | None:
    """Return the import that a new one stands beside: of torch if it is seen here, else another at the top."""
    names = context.file.names
    suites = names.tree.suites(node)
    if Source(context.file.path, context.file.data).is_marimo:
        return origin_in_cells(suites, context)
    around: Scope | None = scope
    while around is not None:
        for bindings in around.bindings.values():
            for binding in bindings:
                is_torch = binding.kind is BindingKind.IMPORT and f"{binding.target}.".startswith("torch.")
                if is_torch and not binding.outer and names.tree.suite(binding.node) in suites:
                    return binding
        around = around.parent
    at_the_top = [one for one in names.imports if names.tree.suite(one.node) is context.file.module]
    return next((one for one in at_the_top if not one.target.startswith("__future__.")), None)


def origin_in_cells(suites: set[cst.CSTNode], context: RuleContext) -> Binding | None:
    """Return the import of torch in a cell of marimo, the own one first: no cell sees what stands outside of them."""
    names, module = context.file.names, context.file.module
    found = [one for one in names.imports if f"{one.target}.".startswith("torch.")]
    placed = [(one, names.tree.suite(one.node)) for one in found if not one.outer]
    own = [one for one, suite in placed if suite in suites and suite is not module]
    shared = [one for one, suite in placed if not one.name.startswith("_") and suite is not module]
    return next(iter([*own, *shared]), None)
