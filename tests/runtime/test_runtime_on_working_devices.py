"""The runtime on backends that work: real tensors under the names of real vendors (`working_device.py`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command import invoke
from machine import ARGUMENTS, Machine

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.skipif(
    torch.__version__ < (2, 10), reason="before torch 2.10 a backend in Python cannot have tensors"
)

GIB = 1 << 30
MIB = 1 << 20

LACKING = [
    "device_memory_snapshot() == []",
    "device_memory_stats() == {}",
    "max_device_memory_allocated() == 0",
    "reset_peak_device_memory_stats() is None",
    "collect_device_ipc() is None",
    "manual_seed_device(1) is None",
    "seed_device() is None",
    "seed_all_devices() is None",
    "set_device_rng_state_all([]) is None",
    "init_device() is None",
    "is_stream_capturing() is False",
    "supports_bf16() is False",
    "supports_tf32() is False",
]


@pytest.fixture(scope="session", params=["npu", "musa", "mlu", "hpu", "acme"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def on(start: Callable[..., Machine], name: str) -> Machine:
    return start("working", name)


def test_a_tensor_on_the_current_device_type_is_on_the_backend(on: Machine, name: str) -> None:
    assert on("torch.ones(2, device=current_device_type()).add(1).sum().item()").answer == 4
    assert on("str(torch.ones(2, device=current_device_type()).device)").answer == f"{name}:0"


def test_a_tensor_moves_to_the_current_device(on, name):
    assert on("str(torch.ones(2).to(current_device()).device)").answer == f"{name}:0"


def test_the_device_of_a_tensor_is_used(on: Machine) -> None:
    assert on("entered(use_device(1), current_device_index), current_device_index()").answer == [1, 0]


@pytest.mark.parametrize("cpu", ["'cpu'", "torch.device('cpu')"])
def test_using_the_cpu_leaves_the_current_device_alone(on: Machine, cpu: str) -> None:
    assert on(f"entered(use_device({cpu}), current_device_index)").answer == 0


def test_a_device_that_is_set_is_the_current_one(on: Machine) -> None:
    assert on("set_device_index(1), current_device_index(), set_device_index(0)").answer == [None, 1, None]


def test_memory_in_use_is_counted_while_a_tensor_lives(on: Machine) -> None:
    expression = "(lambda x: device_memory_allocated() >= x.nbytes)(torch.ones(1 << 20, device=current_device_type()))"
    assert on(expression).answer is True


def test_an_emptied_cache_is_free_memory(on: Machine, name: str) -> None:
    used = f"(torch.ones(1 << 20, device={name!r}).sum().item(), device_memory_info()[0])[1]"
    before, emptied, after = on(f"{used}, empty_device_cache(), device_memory_info()[0]").answer
    assert emptied is True
    assert after - before >= 4 * MIB


def test_the_probe_sees_what_an_emptied_cache_left(on: Machine, name: str) -> None:
    used = f"torch.ones(1 << 20, device={name!r}).sum().item()"
    assert on(f"{used}, get_available_gpu_memory({name!r}, 0)").answer[1] == 16
    assert on(f"{used}, available_device_memory(empty_cache=False)").answer[1][0] < 16 * GIB


def test_a_device_that_holds_nothing_keeps_its_cache(on: Machine, name: str) -> None:
    assert on(f"empty_device_cache('{name}:1'), empty_device_cache(1)").answer == [False, False]


def test_a_device_that_holds_memory_is_emptied_as_the_current_one(on: Machine, name: str) -> None:
    calls = f"replaced(torch.{name}, 'empty_cache', lambda: CALLS.append(current_device_index()))"
    reserved = f"replaced(torch.{name}, 'memory_reserved', lambda device: 1)"
    assert on(f"entered({reserved}, lambda: entered({calls}, lambda: empty_device_cache('{name}:1')))").calls == [1]


def test_a_stream_is_made_by_torch_where_the_backend_has_none(on: Machine, name: str) -> None:
    assert on("type(device_stream()).__name__, device_stream().device.type").answer == ["Stream", name]


def test_a_stream_is_its_own_context(on: Machine) -> None:
    expression = "(lambda s: entered(use_stream(s), current_device_stream) == s)(device_stream())"
    assert on(expression).answer is True


def test_an_event_is_made_by_torch_where_the_backend_has_none(on: Machine, name: str) -> None:
    assert on("(lambda e: (e.record(), e.query(), e.device.type))(device_event())").answer == [None, True, name]


def test_an_event_class_in_c_is_told_what_torchs_own_takes(on: Machine, name: str) -> None:
    made = "str(device_event(True, blocking=True, external=True))"
    outcome = on(f"setattr(torch.{name}, 'Event', torch.Event), {made}, delattr(torch.{name}, 'Event')")
    assert "event_flag=1" in outcome.answer[1]


def test_a_stream_waits_for_an_event_of_another(on: Machine) -> None:
    assert on("device_stream().wait_event(device_stream().record_event(device_event()))").error is None


def test_every_device_is_seeded(on: Machine, name: str) -> None:
    assert on(f"torch.{name}.seeds.clear(), manual_seed_all(7), list(torch.{name}.seeds)").answer == [None, None, [7]]


def test_autocast_is_that_of_the_backend(on: Machine, name: str) -> None:
    expression = f"entered(device_autocast(dtype=torch.bfloat16), lambda: torch.is_autocast_enabled({name!r}))"
    assert on(expression).answer is True


def test_a_scaler_scales_tensors_of_the_backend(on: Machine, name: str) -> None:
    assert on(f"device_grad_scaler(init_scale=4.0).scale(torch.ones(1, device={name!r})).item()").answer == 4


@pytest.mark.parametrize("expression", LACKING)
def test_what_the_backend_lacks_is_answered_as_documented(on: Machine, expression: str) -> None:
    assert on(expression).answer is True


def test_no_function_raises_an_attribute_error_or_a_type_error(on: Machine) -> None:
    given = {**ARGUMENTS, "set_device_stream": "device_stream()", "use_stream": "device_stream()"}
    names = on("[name for name in cudafix.runtime.__all__ if name != 'print_probe']").answer
    errors = {each: on(f"{each}({given.get(each, '')})").error for each in names}
    assert [each for each, error in errors.items() if error and not error.startswith("NotImplementedError")] == []


# A program written for CUDA, fixed

PROGRAM = """
import json
import sys

import torch


def train(device):
    torch.manual_seed(0)
    torch.cuda.manual_seed_all(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = torch.arange(32.0).reshape(8, 4).to(device) / 32
    side = torch.cuda.Stream()
    losses = []
    for _ in range(5):
        with torch.cuda.stream(side):
            loss = (model(data) - 1).square().mean()
        torch.cuda.current_stream().wait_stream(side)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 5))
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.empty_cache()
    free, total = torch.cuda.mem_get_info()
    return {"losses": losses, "used": total - free < total, "devices": len(range(torch.cuda.device_count()))}


if __name__ == "__main__":
    print(json.dumps(train(sys.argv[1])))
"""


def test_a_program_for_cuda_fails_on_another_backend(start: Callable[..., Machine], tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(PROGRAM)
    error = start("working", "npu")(f"printed_by({str(tmp_path / 'train.py')!r}, 'npu')").error
    assert error is not None
    assert error.startswith("RuntimeError: torch.cuda.Stream requires CUDA support")


def test_the_fixed_program_trains_on_another_backend(start: Callable[..., Machine], tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(PROGRAM)
    assert invoke("fix", "--unsafe-fixes", "--isolated", "--no-cache", path).exit_code == 0
    assert "torch.cuda" not in path.read_text()
    result = json.loads(start("working", "npu")(f"printed_by({str(path)!r}, 'npu')").answer)
    assert result == {"losses": result["losses"], "used": True, "devices": 2}
    assert result["losses"] == sorted(result["losses"], reverse=True)
    assert len({*result["losses"]}) == 5
