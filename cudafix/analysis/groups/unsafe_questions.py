"""A fix that was asked for, unsafe as it may be → what a person would send it back for all the same.

On another accelerator it fails, or finds nothing to do: the answer is read by who knows CUDA alone, the device is
chosen for what stays on CUDA, or MPS has no such thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import libcst as cst

from cudafix.analysis.context import RuleContext, found_in_file, once
from cudafix.analysis.control_flow.availability import Guard, dependent_parts, guards_of, whole_condition
from cudafix.analysis.control_flow.substitutes import AVAILABLE_FUNCTION, DEVICE_TYPE_FUNCTION
from cudafix.analysis.groups.kin import AMP, TESTS
from cudafix.analysis.groups.questions import IMPORTS, is_told
from cudafix.analysis.groups.said_of_cuda import devices_said, words_in
from cudafix.analysis.groups.surroundings import Surroundings, enclosing, has_scaler_of_others
from cudafix.analysis.match import Match
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.registry import code_of
from cudafix.syntax.assigned_values import reads_of
from cudafix.syntax.expressions import last_name

MODULES = code_of("hardcoded-device-module")
ANSWERS = frozenset((AVAILABLE_FUNCTION, "is_available", "count_devices", "device_count"))
"""What tells whether there is a device, or how many there are."""

ALONE = (
    "a module of a package chooses no device for the others: with the rules about devices selected (CFX2) they all do"
)
OF_GPU = re.compile(r"gpu|cuda|nvidia", re.IGNORECASE)
HELD_BY_OTHERS = re.compile(r"(?!self\.)[\w.]+\.(?!is_cuda$)\w*(?:gpu|cuda)\w*", re.IGNORECASE)
"""A flag of another object: `mode.has_cuda`."""

GPU_ARGUMENT = re.compile(r"(?:use_)?(?:gpu|cuda)s?")
QUANTISED = re.compile(r"bitsandbytes|\bbnb|quanti[sz]|[48]_?-?bit\b|\bpaged\b", re.IGNORECASE)
"""What libraries of CUDA are needed for."""

PINNED = re.compile(r"\.pin_memory\(|pinned")
FIGURES_OF_DEVICE = "get_device_properties"
DOUBLE = re.compile(r"(?<!np\.)(?<!numpy\.)\bfloat64\b|\.double\(\)")
AS_SAVED = ({"None", '"cpu"'}, {"None", "'cpu'"})
"""The two sides of `map_location = None if torch.cuda.is_available() else "cpu"`."""

GIVEN_INDEX = re.compile(r"\.get\(")
OWN_DEVICE = re.compile(
    IMPORTS.format(
        r"(?:get|select|choose|find|infer|pick|resolve|auto|best|default)_(?:\w+_)?device(?:_type|_name|_str)?"
    ),
    re.MULTILINE,
)
"""A function of the project, or of another library, that chooses the device for the file."""


def unsafe_question(
    match: Match, changed: Sequence[Reference], surroundings: Surroundings, moves: bool, context: RuleContext
) -> str:
    """Return why a fix is none even for who asks for unsafe ones, in words; "" where nothing speaks against it.

    `changed`: the references that the match is about; `moves`: whether devices that are written out change as well.
    """
    names = {one.replacement.imported.name for one in match.operations.all_substitutions}
    if match.code == MODULES and isinstance(context.parent(match.node), cst.IfExp):
        return "what is read of the module may be of CUDA and the CPU alone"
    if (
        match.reference is None
        and isinstance(match.node, cst.Attribute)
        and HELD_BY_OTHERS.fullmatch(context.file.code(match.node))
    ):
        return f"`{match.node.attr.value}` is set elsewhere, of what is on CUDA"
    alone = not moves and is_module_of_package(context)
    if DEVICE_TYPE_FUNCTION in names:
        found = said_of_choice(match, surroundings, context)
    elif names & ANSWERS:
        found = (said for one in changed for said in said_of_answer(one, context))
        alone = alone and any(is_for_others(one, context) for one in changed)
    elif match.code == AMP and match.trust is not Safety.SAFE:
        found = said_of_autocast(match, surroundings, context)
    else:
        return ""
    return next(filter(None, found), ALONE if alone else "")


@once
def is_module_of_package(context: RuleContext) -> bool:
    return Path(context.file.path).with_name("__init__.py").is_file()


def is_for_others(reference: Reference, context: RuleContext) -> bool:
    """Whether an answer decides about more than neutral calls beside it, or a count is more than told."""
    name = reference.symbol.row.name
    if name == "device_count":
        return not is_told(reference, context.file)
    guards = guards_of(reference, context.file) if name == "is_available" else []
    return name == "is_available" and not (guards and all(guards_neutral_code(one, context) for one in guards))


def guards_neutral_code(guard: Guard, context: RuleContext) -> bool:
    inside = context.references_in(*dependent_parts(guard, context.file))
    return any(one.symbol.row.has_neutral_form and one.symbol.row.name not in TESTS for one in inside)


def said_of_choice(match: Match, surroundings: Surroundings, context: RuleContext) -> Iterator[str]:
    """Yield what speaks against choosing any accelerator for what follows."""
    file = context.file
    row = surroundings.first_left(devices_said(context))
    yield f"line {row} of the file still says CUDA, and this chooses the device" if row else ""
    yield said_of_own_device(context)
    yield "the file works with float64, which MPS does not have" if found_in_file(DOUBLE, context) else ""
    function, owner = enclosing(file.tree.ancestors(match.node))
    is_in_module = owner is not None and function is not None and "forward" in methods_of(owner)
    yield "a module works where its parameters are, and others move it there" if is_in_module else ""


def said_of_answer(reference: Reference, context: RuleContext) -> Iterator[str]:
    """Yield what speaks against asking for any accelerator."""
    file = context.file
    kept = names_kept(reference, context)
    name = next(filter(OF_GPU.search, kept), "")
    yield f"`{name}` is read elsewhere as well, where CUDA may be meant" if name else ""
    yield "MPS has no pinned memory" if any(map(PINNED.search, kept)) else ""
    library = next((one for one in keywords_given(reference, context) if GPU_ARGUMENT.fullmatch(one)), "")
    yield f"what is given as `{library}=` may be about devices of CUDA" if library else ""
    yield said_of_own_device(context)
    for guard in guards_of(reference, file):
        if isinstance(guard, cst.IfExp) and {file.code(guard.body), file.code(guard.orelse)} in AS_SAVED:
            yield "what was saved on CUDA does not load on another device"
        code = file.code(guard.test) + "".join(file.code(one) for one in dependent_parts(guard, file))
        is_choice = isinstance(guard, cst.IfExp) and GIVEN_INDEX.search(code) is not None
        yield "what the index is may be None" if is_choice else ""
        words = QUANTISED.search(code)
        yield f"`{words[0]}` is of libraries for CUDA" if words else ""
        yield "MPS has no pinned memory" if PINNED.search(code) else ""
        yield f"MPS has no `{FIGURES_OF_DEVICE}`" if FIGURES_OF_DEVICE in code else ""


def said_of_autocast(match: Match, surroundings: Surroundings, context: RuleContext) -> Iterator[str]:
    """Yield what speaks against computing in lower precision on any accelerator."""
    elsewhere = has_scaler_of_others(context)
    yield "the scaler that goes with it is made elsewhere, and may be CUDA's" if elsewhere else ""
    _, owner = enclosing(context.file.tree.ancestors(match.node))
    row = surroundings.first_left(words_in(owner, context)) if owner is not None else 0
    yield f"line {row} of the class around it still says CUDA" if row else ""
    yield said_of_own_device(context)


@once
def said_of_own_device(context: RuleContext) -> str:
    found = found_in_file(OWN_DEVICE, context)
    return f"`{found[1]}` chooses the device here, and may know CUDA alone" if found is not None else ""


def names_kept(reference: Reference, context: RuleContext) -> list[str]:
    """Return what an answer is kept as that others read: by a class, an object or a module."""
    around = context.file.tree.ancestors(whole_condition(reference, context.file))
    statement = next(
        (one for one in around if isinstance(one, (cst.BaseSmallStatement, cst.BaseCompoundStatement))), None
    )
    targets: list[cst.BaseExpression] = []
    if isinstance(statement, cst.Assign):
        targets = [one.target for one in statement.targets]
    elif isinstance(statement, cst.AnnAssign):
        targets = [statement.target]
    is_shared = not any(isinstance(one, cst.FunctionDef) for one in around)
    return [
        last_name(one) for one in targets if isinstance(one, cst.Attribute) or (is_shared and is_constant(one, around))
    ]


def is_constant(target: cst.BaseExpression, around: list[cst.CSTNode]) -> bool:
    """Whether a name outside of functions is one of a class, or is written as a constant of a module."""
    is_in_class = any(isinstance(one, cst.ClassDef) for one in around)
    return isinstance(target, cst.Name) and (is_in_class or target.value.isupper())


def keywords_given(reference: Reference, context: RuleContext) -> Iterator[str]:
    """Yield the keywords that an answer, or a name that holds it, is given to functions by."""
    for read in reads_of(whole_condition(reference, context.file), context.file):
        parent = context.parent(read)
        if isinstance(parent, cst.Arg) and parent.keyword is not None:
            yield parent.keyword.value


def methods_of(owner: cst.ClassDef) -> set[str]:
    body = owner.body.body if isinstance(owner.body, cst.IndentedBlock) else ()
    return {one.name.value for one in body if isinstance(one, cst.FunctionDef)}
