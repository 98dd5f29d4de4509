"""The model case: SGLang's pull request 24861, done by `cudafix fix` on the files of the release before it."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from tools import cudafix
from trees import tree

pytestmark = pytest.mark.corpus

COMMON = "sglang/srt/utils/common.py"
SCHEDULER = "sglang/srt/managers/scheduler.py"
WEIGHTS = "sglang/srt/managers/scheduler_update_weights_mixin.py"
STRUCTS = "sglang/srt/managers/io_struct.py"
BACKENDS = ("cuda", "xpu", "npu", "musa")
TARGETS = "[targets]\n" + "".join(
    f'"torch.{one}.empty_cache" = "sglang.srt.utils.common.empty_device_cache"\n' for one in BACKENDS
)
UPDATES = ("disk", "distributed", "tensor", "ipc")


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four files as of 0.5.11, after `cudafix fix` with SGLang's own helper as the target."""
    folder = tmp_path_factory.mktemp("sglang")
    for file in (COMMON, SCHEDULER, WEIGHTS, STRUCTS):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree("sglang==0.5.11") / file, folder / file)
    (folder / "cudafix.toml").write_text(TARGETS, encoding="utf-8")
    cudafix("fix", "--config", str(folder / "cudafix.toml"), "--select", "CFX", "--unsafe-fixes", str(folder))
    return folder


def by_hand(file: str) -> ast.Module:
    return parsed(tree("sglang==0.5.12") / file)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def function(module: ast.Module, name: str) -> ast.FunctionDef:
    found = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[0]


def statements(module: ast.Module, name: str) -> list[str]:
    """The statements of a function, without its docstring, as `ast` writes them."""
    body = function(module, name).body
    first = body[0]
    described = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return [ast.unparse(one) for one in body[described:]]


def branches(module: ast.Module) -> dict[str, list[str]]:
    """The branches of `get_available_gpu_memory`, by the backend that each asks for."""
    ladder = next(node for node in function(module, "get_available_gpu_memory").body if isinstance(node, ast.If))
    found: dict[str, list[str]] = {}
    while True:
        found[ast.unparse(ladder.test)] = [ast.unparse(one) for one in ladder.body]
        if len(ladder.orelse) != 1 or not isinstance(ladder.orelse[0], ast.If):
            return found
        ladder = ladder.orelse[0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_branch_of_the_memory_probe_empties_the_cache_of_its_own_backend(fixed: Path, backend: str) -> None:
    test = f"device == '{backend}'"
    before, after = (branches(parsed(folder / COMMON))[test] for folder in (tree("sglang==0.5.11"), fixed))
    helper = f"empty_device_cache(torch.{backend})"
    expected = [one.replace(f"torch.{backend}.empty_cache()", helper) for one in before]
    assert after == expected
    assert [one for one in branches(by_hand(COMMON))[test] if "empty_device_cache" in one] == [
        one for one in after if "empty_device_cache" in one
    ]


@pytest.mark.parametrize("backend", ["cuda", "xpu", "musa"])
def test_the_branch_is_the_one_that_the_authors_wrote(fixed: Path, backend: str) -> None:
    test = f"device == '{backend}'"
    assert branches(parsed(fixed / COMMON))[test] == branches(by_hand(COMMON))[test]


@pytest.mark.parametrize("name", ["flush_cache", "maybe_sleep"])
def test_a_method_of_the_scheduler_is_the_one_that_the_authors_wrote(fixed: Path, name: str) -> None:
    assert statements(parsed(fixed / SCHEDULER), name) == statements(by_hand(SCHEDULER), name)


@pytest.mark.parametrize("source", UPDATES)
def test_a_method_that_updates_weights_is_the_one_that_the_authors_wrote(fixed: Path, source: str) -> None:
    name = f"update_weights_from_{source}"
    assert statements(parsed(fixed / WEIGHTS), name) == statements(by_hand(WEIGHTS), name)


def test_the_new_method_is_the_one_that_the_authors_wrote_but_for_its_docstring(fixed: Path) -> None:
    name = "flush_cache_after_weight_update"
    ours, theirs = function(parsed(fixed / WEIGHTS), name), function(by_hand(WEIGHTS), name)
    assert ast.unparse(ours.args) == ast.unparse(theirs.args)
    assert ast.unparse(ours.returns or ours) == ast.unparse(theirs.returns or theirs)
    assert statements(parsed(fixed / WEIGHTS), name) == statements(by_hand(WEIGHTS), name)


def test_the_new_method_stands_before_the_first_that_calls_it(fixed: Path) -> None:
    methods = [node.name for node in ast.walk(parsed(fixed / WEIGHTS)) if isinstance(node, ast.FunctionDef)]
    assert methods.index("flush_cache_after_weight_update") + 1 == methods.index("update_weights_from_disk")


def test_the_comments_that_name_the_old_call_follow(fixed: Path) -> None:
    text = (fixed / STRUCTS).read_text(encoding="utf-8")
    assert "torch.cuda.empty_cache" not in text
    assert "# Whether to call empty_device_cache() during flush" in text


def test_the_helper_is_imported_where_it_is_called(fixed: Path) -> None:
    names = [
        (node.module, alias.name)
        for node in ast.walk(parsed(fixed / SCHEDULER))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert ("sglang.srt.utils.common", "empty_device_cache") in names
