"""Devices of CUDA in a branch that was taken for CUDA → matches, without a fix (CFX305)."""

from __future__ import annotations

from collections.abc import Iterator

from cudafix.analysis.context import Inspection
from cudafix.analysis.devices.replace_literal import match_of
from cudafix.analysis.devices.uses import describe, match_unfixed, meant_methods, meant_texts
from cudafix.analysis.functions.classify import BACKEND_BRANCH
from cudafix.analysis.match import Match
from cudafix.replacements.module_in_scope import meant_in_branch


def find_meant_devices(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each name of a CUDA device, and each `x.cuda()`, that stands in a branch for CUDA."""
    meant = meant_in_branch("cuda")
    for text in meant_texts(inspection):
        yield match_of(BACKEND_BRANCH, text.whole, describe(text, inspection), meant, inspection)
    for call in meant_methods(inspection):
        yield match_unfixed(BACKEND_BRANCH, call, meant.reason, inspection.file)
