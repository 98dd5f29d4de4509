"""The name of NCCL where a backend of torch.distributed is expected → matches, with the neutral backend (CFX206)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from cudafix.branch import find_branch
from cudafix.device_position import is_backend_name, is_backend_position
from cudafix.device_uses import find_obstacle
from cudafix.inspection import Inspection
from cudafix.neutral import Refusal
from cudafix.neutral_device import match_of, without_literal
from cudafix.question import dotted_name
from cudafix.rule import Match

BACKEND = "CFX206"
FUNCTION = "distributed_backend"
ELSEWHERE = "names the backend of the accelerator that is active, and gloo where there is none"

NCCL = re.compile(r"(?:\w+:\w+,)*(?:cuda:)?nccl(?:,\w+:\w+)*")
"""`nccl`, `cuda:nccl`, and `cpu:gloo,cuda:nccl`: a backend for each type of device."""

BY_DEVICE = "pass no backend: torch then takes one for the CPU and the default one for the accelerator"
COMPARED = "what depends on the answer may be about NCCL itself"


def find_backends(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each `"nccl"` that is taken for a backend, or compared with one."""
    names = inspection.file.names
    for node in names.places:
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        if not isinstance(node, cst.SimpleString) or not isinstance(text, str) or not NCCL.fullmatch(text):
            continue
        if "cuda" in find_branch(node, inspection):
            continue
        message = f"{node.value} is the backend of CUDA"
        if is_backend_position(node, inspection.file):
            stop = BY_DEVICE if "," in text else find_obstacle(node, inspection)
            fix = Refusal(stop) if stop else without_literal(node, node, inspection, "{}", FUNCTION, ELSEWHERE)
            yield match_of(BACKEND, node, message, fix, inspection)
        elif is_compared(node, inspection):
            yield match_of(BACKEND, node, message, Refusal(COMPARED), inspection)


def is_compared(node: cst.SimpleString, inspection: Inspection) -> bool:
    """Whether a backend is compared with `node`."""
    parent = inspection.parent(node)
    comparison = inspection.parent(parent) if isinstance(parent, cst.ComparisonTarget) else parent
    if not isinstance(comparison, cst.Comparison):
        return False
    sides = [comparison.left, *(one.comparator for one in comparison.comparisons)]
    names = [dotted_name(one.func) if isinstance(one, cst.Call) else dotted_name(one) for one in sides]
    return any(map(is_backend_name, names))
