"""The model case: the flush block that four methods of SGLang 0.5.11 repeat, and the method of 0.5.12 in its place."""

from __future__ import annotations

import ast
import shutil

import pytest
from tools import cudafix
from trees import tree

pytestmark = pytest.mark.corpus

MIXIN = "sglang/srt/managers/scheduler_update_weights_mixin.py"
USERS = (
    "update_weights_from_disk",
    "update_weights_from_distributed",
    "update_weights_from_tensor",
    "update_weights_from_ipc",
)
NEW = "flush_cache_after_weight_update"


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> str:
    copy = tmp_path_factory.mktemp("sglang") / "scheduler_update_weights_mixin.py"
    shutil.copy(tree("sglang==0.5.11") / MIXIN, copy)
    cudafix("fix", "--isolated", "--unsafe-fixes", str(copy))
    return copy.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def by_hand() -> str:
    return (tree("sglang==0.5.12") / MIXIN).read_text(encoding="utf-8")


def methods(source: str) -> dict[str, ast.FunctionDef]:
    (mixin,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {node.name: node for node in mixin.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", USERS)
def test_a_method_that_flushed_by_itself_is_what_its_authors_made_of_it(fixed: str, by_hand: str, name: str) -> None:
    assert ast.unparse(methods(fixed)[name]) == ast.unparse(methods(by_hand)[name])


def test_the_new_method_is_theirs_and_has_a_docstring(fixed: str, by_hand: str) -> None:
    mine, theirs = methods(fixed)[NEW], methods(by_hand)[NEW]
    assert ast.get_docstring(mine) == "Flush the cache after a weight update."
    del mine.body[0]
    assert ast.unparse(mine) == ast.unparse(theirs)


def test_the_methods_stand_in_their_order(fixed: str, by_hand: str) -> None:
    assert list(methods(fixed)) == list(methods(by_hand))


def test_nothing_else_changes(fixed: str) -> None:
    before = methods((tree("sglang==0.5.11") / MIXIN).read_text(encoding="utf-8"))
    after = methods(fixed)
    others = before.keys() - set(USERS)
    assert {name: ast.unparse(after[name]) for name in others} == {name: ast.unparse(before[name]) for name in others}


def test_the_fix_needs_leave() -> None:
    diff = cudafix("fix", "--isolated", "--diff", "--select", "CFX304", str(tree("sglang==0.5.11") / MIXIN))
    assert diff == ""


def test_the_method_can_be_given_another_name() -> None:
    options = ("--isolated", "--unsafe-fixes", "--diff", "--select", "CFX304", "--helper-name", "flush_if_asked")
    diff = cudafix("fix", *options, str(tree("sglang==0.5.11") / MIXIN))
    assert diff.count("self.flush_if_asked(recv_req)") == 4
