"""Names of CUDA devices in device positions → matches, with the neutral name in their place (CFX201)."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.device_text import BEGINNING, WHOLE, DeviceText
from cudafix.device_uses import device_texts, find_obstacle
from cudafix.inspection import Inspection
from cudafix.neutral_device import neutral_device, replaced
from cudafix.rule import Match
from cudafix.substitutes import template_of

LITERAL = "CFX201"


def find_literals(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each name of a CUDA device that is taken for a device, and is not one of several branches."""
    for text in device_texts(inspection):
        yield match_of(text, inspection)


def match_of(text: DeviceText, inspection: Inspection) -> Match:
    code = " ".join(inspection.file.code(text.whole).split())
    message = f"`{code}` is a device of CUDA"
    stop = find_obstacle(text.whole, inspection)
    found = None if stop else neutral_device(text.literal, text.string, inspection, template(text))
    choice, constants = found or (None, ())
    return replaced(LITERAL, text.whole, message, stop, choice, inspection, constants)


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
