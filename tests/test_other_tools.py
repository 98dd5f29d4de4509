"""The same findings and fixes by other roads: LibCST's codemod tool, flake8, and many repositories at once on Dask."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, NEUTRAL, UNSAFE

SCAN = Path(__file__).parent.parent / "integrations" / "scan_with_dask.py"


def python(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def codemod(folder: Path, *arguments: str) -> None:
    done = python(
        *("-m", "libcst.tool", "codemod", "--no-format", "-x", "cudafix.codemod.MakeDeviceNeutral"), *arguments, ".",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_codemod_makes_the_safe_fixes(tmp_path: Path) -> None:
    for name, source in (("clean.py", CLEAN), ("hard.py", HARDCODED), ("unsafe.py", UNSAFE)):
        (tmp_path / name).write_text(source)
    codemod(tmp_path)
    assert [(tmp_path / f"{name}.py").read_text() for name in ("clean", "hard", "unsafe")] == [CLEAN, NEUTRAL, UNSAFE]


def test_the_codemod_makes_the_others_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(UNSAFE)
    codemod(tmp_path, "--unsafe-fixes")
    assert "y = empty_device_cache()" in (tmp_path / "a.py").read_text()


def test_the_codemod_reads_the_configuration_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    (tmp_path / "a.py").write_text(HARDCODED)
    codemod(tmp_path)
    assert (tmp_path / "a.py").read_text() == HARDCODED


def test_flake8_says_nothing_where_the_plugin_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert python("-m", "flake8", "a.py", cwd=tmp_path).stdout == ""


def test_flake8_reports_our_codes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED + "torch.cuda.synchronize()  # noqa: CFX104\n")
    done = python("-m", "flake8", "--enable-extensions", "CFX", "a.py", cwd=tmp_path)
    assert done.stdout == "a.py:4:1: CFX101 `torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`\n"


def test_flake8_reports_as_the_project_has_configured(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    (tmp_path / "a.py").write_text(HARDCODED)
    assert python("-m", "flake8", "--enable-extensions", "CFX", "a.py", cwd=tmp_path).stdout == ""


PROGRAM = """
import sys

import cudafix
from scan_with_dask import scan_all

if __name__ == "__main__":
    for folder, checked in scan_all(sys.argv[1:]):
        alone = cudafix.check_paths([folder])
        print(folder, checked == alone, len(checked.findings), checked.files)
"""


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")
def test_a_cluster_finds_what_one_process_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        folder = tmp_path / f"repository{number}"
        folder.mkdir()
        for file in range(number):
            (folder / f"{file}.py").write_text(HARDCODED)
        (folder / "clean.py").write_text(CLEAN)
    (tmp_path / "repository3" / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(SCAN.parent))
    done = python("program.py", *(f"repository{number}" for number in range(4)), cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "repository0 True 0 1", "repository1 True 1 2", "repository2 True 2 3", "repository3 True 0 4"
    ], done.stderr  # fmt: skip


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")
def test_the_example_tells_what_is_found_in_each_repository(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "a.py").write_text(HARDCODED)
    assert python(SCAN, "repository", cwd=tmp_path).stdout == "repository: 1 findings in 1 files\n"
