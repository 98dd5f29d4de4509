"""A user's program that imports the runtime, or a vendored copy of it, passes `mypy --strict`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cudafix import runtime

pytest.importorskip("torch")
pytest.importorskip("mypy")

pytestmark = pytest.mark.corpus  # mypy takes 20 seconds for torch

PROGRAM = """
import torch

from cudafix.runtime import (
    amp_custom_bwd,
    amp_custom_fwd,
    available_device_memory,
    count_devices,
    current_device_stream,
    current_device_type,
    device_autocast,
    device_event,
    device_grad_scaler,
    device_memory_info,
    device_memory_stats,
    device_module,
    device_stream,
    distributed_backend,
    empty_device_cache,
    get_available_gpu_memory,
    get_device_rng_state_all,
    probe_machine,
    register_backend,
    set_device_rng_state_all,
    synchronize_device,
    use_device,
    use_stream,
)


class Double(torch.autograd.Function):
    @staticmethod
    @amp_custom_fwd(cast_inputs=torch.float16)
    def forward(context: object, x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @staticmethod
    @amp_custom_bwd
    def backward(context: object, gradient: torch.Tensor) -> torch.Tensor:
        return gradient * 2


def allocate() -> tuple[int, int]:
    return 1, 2


def main(model: torch.nn.Module, x: torch.Tensor) -> float:
    register_backend("acme", {"mem_get_info": allocate, "empty_cache": "acme.trim", "synchronize": None}, "accl")
    emptied: bool = empty_device_cache()
    total: int = available_device_memory("cuda:0", distributed=False)[1] + device_memory_info(torch.device("cuda"))[0]
    free: float = get_available_gpu_memory(current_device_type(), 0, distributed=True, cpu_group=None)
    side = device_stream(priority=-1)
    start = device_event(enable_timing=True)
    scaler = device_grad_scaler(enabled=emptied)
    with use_device(0), use_stream(side), device_autocast(dtype=torch.bfloat16):
        loss: torch.Tensor = scaler.scale(model(x).sum())
    start.record(current_device_stream())
    synchronize_device(x.device)
    states: list[torch.Tensor] = get_device_rng_state_all()
    set_device_rng_state_all(states)
    devices: str = f"{device_module().__name__}: {count_devices()} of {distributed_backend()}, {probe_machine()}"
    return free + total + len(devices) + float(loss) + len(device_memory_stats())
"""

WRONG = """
from cudafix.runtime import count_devices, empty_device_cache

name: str = count_devices()
empty_device_cache(1, 2)
"""


def mypy(program: str, folder: Path, *modules: str) -> str:
    (folder / "user.py").write_text(program.lstrip())
    cache = ("--cache-dir", str(folder.parent / "types"))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *cache, "user.py", *modules]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_a_program_that_uses_the_runtime_passes(tmp_path: Path) -> None:
    assert mypy(PROGRAM, tmp_path) == ""


def test_a_program_that_uses_a_vendored_copy_passes_with_it(tmp_path: Path) -> None:
    (tmp_path / "device.py").write_text(Path(runtime.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    assert mypy(PROGRAM.replace("cudafix.runtime", "device"), tmp_path, "device.py") == ""


def test_a_program_that_uses_it_wrongly_does_not(tmp_path: Path) -> None:
    first, second = mypy(WRONG, tmp_path).splitlines()
    assert 'expression has type "int", variable has type "str"' in first
    assert 'Too many arguments for "empty_device_cache"' in second
