"""A vendored copy of the runtime passes the tests of the original: they run where it stands in the original's place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tools import ROOT, cudafix

pytest.importorskip("torch")

pytestmark = pytest.mark.corpus

OF_THE_ORIGINAL = "test_it_says_that_cudafix_does_not_lint_it"
"""Its head is another; `tests/commands/test_vendor.py` says which."""


def test_a_vendored_copy_passes_the_tests_of_the_original(tmp_path: Path) -> None:
    for folder in ("cudafix", "tests", "docs", "fixtures"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    copy = tmp_path / "cudafix" / "runtime.py"
    copy.unlink()
    cudafix("vendor", str(copy))
    assert "cudafix-sha256" in copy.read_text(encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        "-k",
        f"not {OF_THE_ORIGINAL}",
    ]
    done = subprocess.run(
        [*command, "tests/runtime"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
