"""The same findings and fixes by other roads: LibCST's codemod tool, flake8, and many repositories at once on Dask."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, NEUTRAL, UNSAFE

import cudafix

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


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")
def test_a_cluster_finds_what_one_process_finds(tmp_path: Path) -> None:
    names = [f"repository{number}" for number in range(6)]
    for number, name in enumerate(names):
        (tmp_path / name).mkdir()
        for file in range(number):
            (tmp_path / name / f"{file}.py").write_text(HARDCODED)
        (tmp_path / name / "clean.py").write_text(CLEAN)
    (tmp_path / names[-1] / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    done = python(SCAN, *names, cwd=tmp_path)
    alone = [cudafix.check_paths([tmp_path / name]) for name in names]
    expected = [
        f"{name}: {len(one.findings)} findings in {one.files} files" for name, one in zip(names, alone, strict=True)
    ]
    assert done.stdout.splitlines() == expected
    assert [len(one.findings) for one in alone] == [0, 1, 2, 3, 4, 0]
