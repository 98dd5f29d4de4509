"""The memory probe against the function of SGLang 0.5.12 that it takes the place of, on the same recording backends."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache

import pytest
from machine import Machine
from trees import tree

pytest.importorskip("torch")

pytestmark = pytest.mark.corpus

OURS = "get_available_gpu_memory"
FUNCTIONS = {"empty_device_cache", OURS}

SURROUNDINGS = """
import psutil, torch
import cudafix.runtime
from types import SimpleNamespace
from typing import *

def print(*arguments):
    pass

class envs:
    SGLANG_ZBAL_LOCAL_MEM_SIZE = SimpleNamespace(get=lambda: 0)

def get_cpu_ids_by_node():
    return ["0"] * cudafix.runtime._count_numa_nodes()
"""

SAME = [
    *((kind, 0) for kind in ("cuda", "cuda integrated", "xpu", "hpu", "npu", "musa", "mps", "cpu")),
    *((kind, 1) for kind in ("cuda", "cuda integrated", "mps", "cpu")),
]
MENDED = [("xpu", 1, 13, 11), ("hpu", 1, 10, 7), ("npu", 1, 10, 7), ("musa", 1, 10, 7), ("musa integrated", 0, 10, 8)]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Machine]]:
    """Start a machine of a kind with SGLang's function in a module `theirs`."""
    source = (tree("sglang==0.5.12") / "sglang/srt/utils/common.py").read_text(encoding="utf-8")
    wanted = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS]
    folder = tmp_path_factory.mktemp("sglang")
    (folder / "theirs.py").write_text("\n".join([SURROUNDINGS, *map(ast.unparse, wanted)]), encoding="utf-8")

    @lru_cache
    def started(kind: str) -> Machine:
        machine = stack.enter_context(Machine("memory", kind))
        machine(f"sys.path.insert(0, {str(folder)!r})")
        return machine

    with ExitStack() as stack:
        yield started


def both(start: Callable[[str], Machine], device: str, gpu_id: int) -> tuple[object, object]:
    kind, *traits = device.split()
    machine = start(kind if kind in ("hpu", "npu", "musa") else "in-tree")
    if kind != "cpu":
        machine(f"lay_out{(kind, *traits)}")
    theirs = machine(f"__import__('theirs').{OURS}({kind!r}, {gpu_id})")
    ours = machine(f"{OURS}({kind!r}, {gpu_id})")
    assert (theirs.error, ours.error) == (None, None)
    return theirs.answer, ours.answer


@pytest.mark.parametrize(("device", "gpu_id"), SAME)
def test_the_probe_answers_what_sglang_answers(start: Callable[[str], Machine], device: str, gpu_id: int) -> None:
    theirs, ours = both(start, device, gpu_id)
    assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(("device", "gpu_id", "read", "there"), MENDED)
def test_the_probe_answers_for_the_device_that_is_asked_for(
    start: Callable[[str], Machine], device: str, gpu_id: int, read: int, there: int
) -> None:
    assert both(start, device, gpu_id) == (read, there)
