"""Names of CUDA devices in device positions → matches, with the neutral name in their place (CFX201)."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.analysis.context import Inspection
from cudafix.analysis.control_flow.substitutes import template_of
from cudafix.analysis.devices.replace_literal import match_of, without_literal
from cudafix.analysis.devices.uses import describe, device_texts, find_obstacle
from cudafix.analysis.match import Match
from cudafix.matchers.device_text import BEGINNING, WHOLE, DeviceText
from cudafix.replacements.replacement import Refusal

LITERAL = "CFX201"


def find_literals(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each name of a CUDA device that is taken for a device, and is not one of several branches."""
    for text in device_texts(inspection):
        yield match_text(text, inspection)


def match_text(text: DeviceText, inspection: Inspection) -> Match:
    stop = find_obstacle(text.whole, inspection)
    fix = Refusal(stop) if stop else without_literal(text.literal, text.string, inspection, template(text))
    return match_of(LITERAL, text.whole, describe(text, inspection), fix, inspection)


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
