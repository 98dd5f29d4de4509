"""A fix that changes nothing on CUDA → what a reviewer would ask all the same, for what other code may count on.

A kernel on the stream, an index that is taken for one of CUDA, figures that a backend does not count, a helper of the
project that does the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from cudafix.analysis.context import RuleContext, found_in_file
from cudafix.analysis.match import Match
from cudafix.catalogue.amp import TURNS_ON
from cudafix.matchers.device_counts import is_loop_over_devices
from cudafix.matchers.references import Reference
from cudafix.registry import code_of
from cudafix.replacements.index_as_device import DEVICE, is_taken_by_backend
from cudafix.syntax.arguments import is_false, keyword_argument
from cudafix.syntax.assigned_values import reads_of
from cudafix.syntax.module import File

AMP = code_of("hardcoded-amp")
TYPE_OF_TENSOR = re.compile(r"\b(?:device_type\s*=|autocast\()\s*[\w.]{1,80}\.type\b")
STREAMS = code_of("hardcoded-stream")
KERNELS = "what runs on the stream may be a kernel of CUDA alone"
BARE_INDEX = "an index does not say of which backend: what gets it may take it for one of CUDA"
NOTHING_COUNTED = "a difference of figures is nothing where a backend counts nothing"
STARTS = frozenset(("init", "is_initialized"))
STARTED = "what follows may need CUDA itself to be started"
SET = "the device of a process is chosen together with that of its model, and with the backend of its group"
NAME = "who reads the name may know the names of NVIDIA's devices alone"
OWN_TYPE = "the file takes the type from a tensor elsewhere"
NEEDLESS = "nothing uses the index: the line only makes CUDA start"
ENOUGH = "what needs so many devices may need them of CUDA"
EMPTY_LOOP = "without CUDA the loop did nothing"

FIGURES = frozenset(("max_memory_allocated", "max_memory_reserved", "memory_allocated", "memory_reserved"))
IMPORTS = r"^[ \t]*from[ \t]+(?!torch\b)\S+[ \t]+import\b(?:[ \t]*\([^)]{{0,2000}}?|[^\n(]{{0,200}}?)\b({})\b"
OWN_LAYER = re.compile(IMPORTS.format("get_accelerator|current_platform|current_omni_platform"), re.MULTILINE)
"""What DeepSpeed, vLLM and vLLM-Omni have for all backends."""

HELPERS = {
    name: re.compile(IMPORTS.format(names), re.MULTILINE)
    for name, names in {
        "empty_cache": r"(?:\w+_)?empty_(?:\w+_)?cache|(?:clear|free|flush|release)_(?:device|gpu|torch|vram)(?:_\w+)?",
        "synchronize": r"(?:\w+_)?sync(?:hronize)?(?:_(?:device|accelerator|backend|gpu|torch)s?)?",
    }.items()
}
"""Where a project's own helper is imported that does the work of a function on all backends, by its name."""


TELLS = re.compile(r"\b(?:print|str|repr|len|\w*log\w*|info|debug|warning|write|echo|append|format)$")
"""The end of the name of a function that tells what it is given."""


def question(match: Match, changed: Iterable[Reference], context: RuleContext) -> str:
    """Return what is asked of a fix, which changes some references, in words; "" where nothing is."""
    flag = flag_kept(match, context)
    if flag:
        return f"`{flag}` still decides elsewhere"
    if match.code == AMP and found_in_file(TYPE_OF_TENSOR, context):
        return OWN_TYPE
    asked = (question_of(one, match, context) for one in changed if is_ours(match, context))
    return next(filter(None, asked), "")


def question_of(reference: Reference, match: Match, context: RuleContext) -> str:
    """Return what is asked of the fix of a reference, in words; "" where nothing is."""
    row, file = reference.symbol.row, context.file
    if row.code == STREAMS and reference.call is not None and row.name != "Event":
        return KERNELS
    if row.name == "amp.autocast" and (reference.call is None or not is_switched_off(reference.call)):
        return TURNS_ON
    if row.name in FIGURES and is_subtracted(reference, file):
        return NOTHING_COUNTED
    if row.name in STARTS:
        return STARTED
    if row.name == "set_device":
        return SET
    if row.name == "get_device_name" and is_key(reference, file):
        return NAME
    if row.name == DEVICE and reference.call is not None and isinstance(context.parent(reference.call), cst.Expr):
        return NEEDLESS
    if row.name == DEVICE and gives_index(match) and not is_told(reference, file):
        return BARE_INDEX
    if is_loop_over_devices(reference, file):
        return EMPTY_LOOP
    if row.name == "device_count" and is_compared(reference, file):
        return ENOUGH
    helper = own_helper(row.name, context)
    return f"the file has `{helper}` for it, of the project's own" if helper else ""


def flag_kept(match: Match, context: RuleContext) -> str:
    """Return the flag of CUDA's name that the fix no longer asks and that still decides elsewhere; "" for none."""
    test = match.node.test if isinstance(match.node, cst.If) else match.node
    flag = test.value if isinstance(test, cst.Name) and match.operations.changes else ""
    is_of_cuda = re.search("cuda", flag, re.IGNORECASE) is not None
    return flag if is_of_cuda and len(context.file.names.uses_by_name.get(flag, ())) > 1 else ""


def is_ours(match: Match, context: RuleContext) -> bool:
    """Whether a fix calls the runtime or torch, and nothing that the project has named for it."""
    modules = {one.replacement.imported.module for one in match.operations.all_substitutions}
    return modules <= {"torch", context.options.runtime_module}


def gives_index(match: Match) -> bool:
    return any(one.replacement.imported.name != DEVICE for one in match.operations.substitutions)


def is_compared(reference: Reference, file: File) -> bool:
    """Whether a count is compared with how many are needed, and that is no number."""
    parent = file.tree.parents.get(reference.call) if reference.call is not None else None
    whole = file.tree.parents.get(parent) if isinstance(parent, cst.ComparisonTarget) else parent
    sides = [whole.left, *(one.comparator for one in whole.comparisons)] if isinstance(whole, cst.Comparison) else []
    return any(one is not reference.call and not isinstance(one, cst.Integer) for one in sides)


def is_key(reference: Reference, file: File) -> bool:
    """Whether the name of a device is compared, or looked up, or given to a function that is not there to tell it."""
    for read in reads_of(reference.call, file) if reference.call is not None else ():
        parent = file.tree.parents.get(read)
        call = file.tree.parents.get(parent) if isinstance(parent, cst.Arg) else None
        if isinstance(parent, (cst.Comparison, cst.ComparisonTarget, cst.Index)) or (
            isinstance(call, cst.Call) and not TELLS.search(file.code(call.func))
        ):
            return True
    return False


def is_told(reference: Reference, file: File) -> bool:
    """Whether an index is only printed, put into a text, or given to a function of the backend itself."""
    index = reference.call
    if index is None or is_taken_by_backend(index, file):
        return index is not None
    parent = file.tree.parents.get(index)
    if isinstance(parent, cst.FormattedStringExpression):
        return True
    call = file.tree.call_around(index)
    name = call.func.value if call is not None and isinstance(call.func, cst.Name) else ""
    return name in ("print", "str", "repr")


def is_subtracted(reference: Reference, file: File) -> bool:
    """Whether a figure, or a name that is given it, is a side of a difference."""
    figure: cst.CSTNode | None = reference.call
    while isinstance(parent := file.tree.parents.get(figure) if figure is not None else None, cst.BinaryOperation):
        if isinstance(parent.operator, cst.Subtract):
            return True
        figure = parent  # in other units
    sides = reads_of(figure, file) if figure is not None else ()
    parents = [file.tree.parents.get(one) for one in sides]
    return any(isinstance(one, cst.BinaryOperation) and isinstance(one.operator, cst.Subtract) for one in parents)


def own_helper(name: str, context: RuleContext) -> str:
    """Return what the file imports that does the same by its name, and is not torch's; by its text, slices included."""
    found = found_in_file(OWN_LAYER, context) or (found_in_file(HELPERS[name], context) if name in HELPERS else None)
    return found[1] if found is not None else ""


def is_switched_off(call: cst.Call) -> bool:
    """Whether a call is `autocast(False)` or `autocast(enabled=False)`."""
    first = call.args[0] if call.args and call.args[0].keyword is None else None
    return is_false(first or keyword_argument(call, "enabled"))
