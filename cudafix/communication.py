"""The name of NCCL where a backend of torch.distributed is expected → matches, with the neutral backend (CFX206)."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.branch import find_branch
from cudafix.change import Rewrites
from cudafix.device_position import is_backend_name, is_backend_position
from cudafix.device_uses import find_obstacle
from cudafix.inspection import Inspection
from cudafix.neutral_device import neutral_value
from cudafix.question import dotted_name
from cudafix.rule import Match

BACKEND = "CFX206"
FUNCTION = "distributed_backend"
ELSEWHERE = "names the backend of the accelerator that is active, and gloo where there is none"


def find_backends(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each `"nccl"` that is taken for a backend, or compared with one."""
    names = inspection.file.names
    for node in names.places:
        if not isinstance(node, cst.SimpleString) or node.evaluated_value not in ("nccl", "cuda:nccl"):
            continue
        if "cuda" in find_branch(node, inspection):
            continue
        if is_backend_position(node, inspection.file):
            yield match_of(node, inspection)
        elif is_compared(node, inspection):
            reason = "what depends on the answer may be about NCCL itself"
            yield Match(BACKEND, node, "", f"{node.value} is the backend of CUDA", Rewrites(), reason=reason,
                        rows=rows_of(node, inspection))  # fmt: skip


def match_of(node: cst.SimpleString, inspection: Inspection) -> Match:
    message, rows = f"{node.value} is the backend of CUDA", rows_of(node, inspection)
    stop = find_obstacle(node, inspection)
    choice = None if stop else neutral_value(node, node, inspection, FUNCTION, ELSEWHERE)
    if choice is None:
        reason = stop or "the file imports nothing that a new import could stand beside"
        return Match(BACKEND, node, "", message, Rewrites(), reason=reason, rows=rows)
    return Match(BACKEND, node, "", message, Rewrites((choice,)), reason=choice[1].reason, rows=rows)


def rows_of(node: cst.CSTNode, inspection: Inspection) -> tuple[int, int]:
    return inspection.file.start(node).row, inspection.file.end(node).row


def is_compared(node: cst.SimpleString, inspection: Inspection) -> bool:
    """Whether a backend is compared with `node`."""
    parent = inspection.parent(node)
    comparison = inspection.parent(parent) if isinstance(parent, cst.ComparisonTarget) else parent
    if not isinstance(comparison, cst.Comparison):
        return False
    sides = [comparison.left, *(one.comparator for one in comparison.comparisons)]
    names = [dotted_name(one.func) if isinstance(one, cst.Call) else dotted_name(one) for one in sides]
    return any(map(is_backend_name, names))
