"""Real trees in patches: each applies alone, all in any order, and together they are the whole fix."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from trees import chosen, tree

from cudafix.syntax.python_parser import find_complaint

pytestmark = pytest.mark.corpus

OWNERS = "* @all\n*/utils/ @utils\n**/distributed/ @distributed @lead\n*/test_utils/ @tests\n**/prototype/ @prototype\n"
ORDERS = 3


def git(*arguments: object, cwd: Path) -> None:
    subprocess.run(["git", *map(str, arguments)], cwd=cwd, check=True, capture_output=True)


def cudafix(*arguments: object, cwd: Path) -> int:
    flags = ["--isolated", "--no-cache", "--unsafe-fixes", "--extend-select", "CFX2", "-q"]
    command = [sys.executable, "-m", "cudafix", "fix", *flags]
    return subprocess.run([*command, *map(str, arguments), "."], cwd=cwd, capture_output=True, check=False).returncode


def content(root: Path) -> dict[str, bytes]:
    return {str(one.relative_to(root)): one.read_bytes() for one in root.rglob("*.py")}


@pytest.mark.parametrize("by", ["dir", "rule", "owner"])
@pytest.mark.parametrize("requirement", chosen("accelerate==1.15.0", "diffusers==0.42.1", "torchao==0.18.0"))
def test_patches_apply_alone_and_in_any_order(requirement: str, by: str, tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    shutil.copytree(tree(requirement), root)
    (root / "CODEOWNERS").write_text(OWNERS, encoding="utf-8")
    git("init", "-q", cwd=root)
    assert cudafix("--patches", out, "--split-by", by, cwd=root) == 1
    before = content(root)
    patches = sorted(out.iterdir())
    assert len(patches) > 1
    for patch in patches:
        git("apply", patch, cwd=root)
        changed = {name: data for name, data in content(root).items() if data != before[name]}
        assert changed
        assert [name for name, data in changed.items() if find_complaint(data) is not None] == []
        git("apply", "-R", patch, cwd=root)
    results = []
    for seed in range(ORDERS):
        order = random.Random(seed).sample(patches, len(patches))
        for patch in order:
            git("apply", patch, cwd=root)
        results.append(content(root))
        for patch in reversed(order):
            git("apply", "-R", patch, cwd=root)
    assert content(root) == before
    cudafix(cwd=root)
    assert all(one == content(root) for one in results)
