"""The model case: what SGLang's authors did by hand to `IdleSleeper.maybe_sleep` between 0.5.11 and 0.5.12."""

from __future__ import annotations

import ast
import shutil

import pytest
from tools import cudafix
from trees import tree

pytestmark = pytest.mark.corpus

SCHEDULER = "sglang/srt/managers/scheduler.py"


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The file before and after `cudafix fix`."""
    before = tree("sglang==0.5.11") / SCHEDULER
    copy = tmp_path_factory.mktemp("sglang") / "scheduler.py"
    shutil.copy(before, copy)
    cudafix("fix", "--isolated", "--select", "CFX101", str(copy))
    return before.read_text(encoding="utf-8"), copy.read_text(encoding="utf-8")


def method(source: str, name: str) -> str:
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name == name]
    return ast.unparse(found[0])


def test_the_idle_sleeper_empties_the_cache_of_whatever_device_there_is(scheduler: tuple[str, str]) -> None:
    by_hand = (tree("sglang==0.5.12") / SCHEDULER).read_text(encoding="utf-8")
    assert method(scheduler[1], "maybe_sleep") == method(by_hand, "maybe_sleep")


def test_the_import_stands_right_behind_the_plain_imports_of_torchs_section(scheduler: tuple[str, str]) -> None:
    lines = scheduler[1].split("\n")
    place = lines.index("from cudafix.runtime import empty_device_cache  # noqa: E402")
    assert lines[place - 3 : place] == ["import torch", "import torch.distributed", "import zmq"]
    assert lines[place + 1].startswith("from torch.")


def test_nothing_else_changes(scheduler: tuple[str, str]) -> None:
    before, after = (text.split("\n") for text in scheduler)
    gone = [line.strip() for line in before if line not in after]
    new = [line.strip() for line in after if line not in before]
    assert set(gone) <= {"torch.cuda.empty_cache()"}
    assert set(new) == {"from cudafix.runtime import empty_device_cache  # noqa: E402", "empty_device_cache()"}
