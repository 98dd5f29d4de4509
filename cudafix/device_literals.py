"""Names of CUDA devices in device positions → matches, with the neutral name in their place (CFX201)."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.branch import find_branch
from cudafix.change import Choice, Rewrites
from cudafix.device_position import is_device_position
from cudafix.device_text import BEGINNING, WHOLE, DeviceText, find_device_texts
from cudafix.guard import dispatches
from cudafix.inspection import Inspection
from cudafix.judge import chooses_device
from cudafix.neutral_device import neutral_device
from cudafix.question import DEVICE, dotted_name, family
from cudafix.rule import Match
from cudafix.substitutes import template_of

LITERAL = "CFX201"
AT_IMPORT = "it is worked out at import: make it None, and work it out where it is used"
TAKES_CHOICES = frozenset(("add_argument", "add_option", "option", "Option", "parametrize", "Choice"))


def find_literals(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each name of a CUDA device that is taken for a device, and is not one of several branches."""
    file = inspection.file
    chosen = {part for one in dispatches(inspection) if chooses_device(one, inspection) for part in one.parts}
    for text in find_device_texts(file):
        around = [text.whole, *file.names.ancestors(text.whole)]
        if not chosen.isdisjoint(around) or "cuda" in find_branch(text.whole, inspection):
            continue
        if is_device_position(text.whole, file):
            yield match_of(text, inspection)


def match_of(text: DeviceText, inspection: Inspection) -> Match:
    file = inspection.file
    code = " ".join(file.code(text.whole).split())
    rows = (file.start(text.whole).row, file.end(text.whole).row)
    message = f"`{code}` is a device of CUDA"
    stop = find_obstacle(text, inspection)
    choice = None if stop else neutral_choice(text, inspection)
    if choice is None:
        reason = stop or "the file imports nothing that a new import could stand beside"
        return Match(LITERAL, text.whole, "", message, Rewrites(), reason=reason, rows=rows)
    return Match(LITERAL, text.whole, "", message, Rewrites((choice,)), reason=choice[1].reason, rows=rows)


def find_obstacle(text: DeviceText, inspection: Inspection) -> str:
    """Return why the name must stay, or ""."""
    for parent in inspection.file.names.ancestors(text.whole):
        if isinstance(parent, cst.Param) or (isinstance(parent, cst.AnnAssign) and is_field(parent, inspection)):
            return AT_IMPORT
        if isinstance(parent, (cst.List, cst.Tuple, cst.Set)) and is_choice(parent, inspection):
            return "it is one of the devices that may be chosen"
        if isinstance(parent, (cst.BaseSmallStatement, cst.BaseSuite)):
            return ""
    return ""


def is_field(statement: cst.AnnAssign, inspection: Inspection) -> bool:
    """Whether a statement is a field of a class."""
    around = inspection.file.names.ancestors(statement)
    scope = next((one for one in around if isinstance(one, (cst.ClassDef, cst.FunctionDef))), None)
    return isinstance(scope, cst.ClassDef)


def is_choice(container: cst.List | cst.Tuple | cst.Set, inspection: Inspection) -> bool:
    """Whether a list is of what a user or a test may choose, or of several backends."""
    texts = [one.value.evaluated_value for one in container.elements if isinstance(one.value, cst.SimpleString)]
    found = [DEVICE.fullmatch(one) for one in texts if isinstance(one, str)]
    others = {family(one["backend"]) for one in found if one is not None} - {"cuda", "cpu"}
    call = next((one for one in inspection.file.names.ancestors(container) if isinstance(one, cst.Call)), None)
    is_offered = call is not None and dotted_name(call.func).rpartition(".")[2] in TAKES_CHOICES
    return bool(others) or is_offered


def neutral_choice(text: DeviceText, inspection: Inspection) -> Choice | None:
    """Return the choice that puts the name of the active accelerator's device there."""
    return neutral_device(text.literal, text.string, inspection, template(text))


def template(text: DeviceText) -> str:
    """Return what stands around the device type."""
    if isinstance(text.literal, cst.FormattedStringText) or WHOLE.fullmatch(text.text):
        return template_of(text.literal)
    match = BEGINNING.fullmatch(text.text)
    field = match["field"] if match is not None else None
    if field is None:
        return f"{{}} + {text.literal.quote}:{text.literal.quote}"
    doubled = field.replace("{", "{{").replace("}", "}}")
    return f"f{text.literal.quote}{{{{}}}}:{doubled}{text.literal.quote}"
