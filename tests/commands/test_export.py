"""The catalogue as a table of names that ruff bans."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from command import invoke

from cudafix.catalogue.table import MODULE_NAMES, ROWS

pytestmark = pytest.mark.usefixtures("folder")


def ruff(source: str) -> list[str]:
    Path("a.py").write_text(source)
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--output-format", "concise", "a.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [one.partition("TID251 ")[2] for one in done.stdout.splitlines() if "TID251" in one]


def export(*arguments: str) -> str:
    result = invoke("export", "ruff", *arguments)
    assert result.exit_code == 0
    Path("pyproject.toml").write_text(result.stdout)
    return result.stdout


def test_ruff_bans_what_has_a_neutral_form_and_says_it() -> None:
    export()
    assert ruff("import torch\ntorch.cuda.empty_cache()\n") == [
        "`torch.cuda.empty_cache` is banned: CFX101: use `cudafix.runtime.empty_device_cache`"
    ]


def test_ruff_leaves_neutral_code_alone() -> None:
    export()
    assert ruff("import torch\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()\n") == []


def test_what_has_no_neutral_form_is_not_banned() -> None:
    export()
    assert ruff("import torch\ntorch.cuda.nvtx.mark(1)\ntorch.cuda.memory\n") == []


def test_each_name_of_the_catalogue_is_banned() -> None:
    export()
    names = [one.name for one in ROWS.values() if one.has_neutral_form and one.name not in MODULE_NAMES]
    found = ruff("import torch\n" + "".join(f"torch.cuda.{name}\n" for name in names))
    assert len(found) == len(names) > 50


def test_other_backends_are_banned_on_demand() -> None:
    assert "torch.npu" not in export()
    shown = export("--backend", "npu", "--backend", "xpu")
    assert '"torch.npu.empty_cache".msg = ' in shown
    assert '"torch.xpu.empty_cache".msg = ' in shown
    assert "torch.cuda" not in shown


def test_the_projects_own_functions_are_named() -> None:
    Path("cudafix.toml").write_text(
        'runtime-module = "own.device"\n[targets]\n"torch.cuda.synchronize" = "own.platform.wait"\n'
    )
    shown = export()
    assert '"torch.cuda.synchronize".msg = "CFX104: use `own.platform.wait`"\n' in shown
    assert '"torch.cuda.empty_cache".msg = "CFX101: use `own.device.empty_device_cache`"\n' in shown
