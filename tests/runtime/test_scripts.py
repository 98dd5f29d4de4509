"""Whole scripts of `fixtures/scripts`: on a machine without CUDA they crash, and after all fixes they run.

On a CPU-only torch, and on backends that torch did not know when it was built (`working_device.py`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from machine import HERE, Machine, Outcome

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source

torch = pytest.importorskip("torch")

SCRIPTS = sorted((HERE.parents[1] / "fixtures" / "scripts").glob("*.py"))
every_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


@cache
def run(path: Path, device: str) -> Outcome:
    with Machine(*(("plain",) if device == "cpu" else ("working", device))) as machine:
        return machine(f"printed_by({str(path)!r})")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts with all fixes."""
    folder = tmp_path_factory.mktemp("scripts")
    for script in SCRIPTS:
        result = process(
            Source(str(script), script.read_bytes()), Options(select=("CFX",)), Work(Mode.FIX, unsafe=True)
        )
        assert result.problems == ()
        folder.joinpath(script.name).write_bytes(result.new_bytes or b"")
    return folder


@pytest.mark.skipif(torch.cuda.is_available(), reason="here it runs")
@every_script
def test_the_script_needs_cuda(script: Path) -> None:
    assert run(script, "cpu").error is not None


@every_script
def test_the_fixed_script_does_not_name_a_device_of_cuda(script: Path, folder: Path) -> None:
    lines = folder.joinpath(script.name).read_text().splitlines()[1:]
    assert [line for line in lines if "cuda" in line.replace("cudafix", "").lower()] == []


@every_script
def test_the_fixed_script_runs_on_the_cpu(script: Path, folder: Path) -> None:
    outcome = run(folder / script.name, "cpu")
    assert outcome.error is None
    assert " cpu" in outcome.answer


@pytest.mark.skipif(torch.__version__ < (2, 10), reason="torch takes a backend with real tensors from 2.10 on")
@every_script
def test_the_fixed_script_runs_on_a_backend_and_says_the_same(script: Path, folder: Path) -> None:
    outcome = run(folder / script.name, "acme")
    assert outcome.error is None
    assert outcome.answer == run(folder / script.name, "cpu").answer.replace(" cpu", " acme")
