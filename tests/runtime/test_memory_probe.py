"""The memory probe on every backend (`backends.py`, scenario `memory`: its docstring has the figures)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial

import pytest
from machine import Machine, Outcome

pytest.importorskip("torch")

GIB = 1 << 30

OF_THE_SECOND_DEVICE = [
    ("cuda", (), 7.0),
    ("cuda integrated", (), 8.0),
    ("cuda", ("mem_get_info",), 11.0),
    ("xpu", (), 11.0),
    ("xpu integrated", (), 11.0),
    ("xpu", ("get_device_properties",), 7.0),
    ("hpu", ("empty_cache", "get_device_properties"), 7.0),
    ("npu", (), 7.0),
    ("musa", (), 7.0),
    ("musa integrated", (), 8.0),
    ("mlu", (), 7.0),
    ("mps", (), 8.0),
    ("acme", (), 7.0),
    ("acme", ("mem_get_info",), 11.0),
    ("acme integrated", ("mem_get_info",), 8.0),
]


@pytest.fixture
def on(start: Callable[..., Machine]) -> Callable[..., Outcome]:
    """Evaluate an expression on a backend that has some traits and lacks some functions."""

    def evaluate(kind: str, expression: str, *traits: str) -> Outcome:
        machine = start("memory", "in-tree" if kind in ("cuda", "xpu", "mps") else kind)
        machine(f"lay_out{(kind, *traits)}")
        return machine(expression)

    return evaluate


@pytest.fixture
def cuda(on: Callable[..., Outcome]) -> Callable[..., Outcome]:
    return partial(on, "cuda")


# Nothing is changed


def test_the_cache_is_left_alone_when_asked(cuda: Callable[..., Outcome]) -> None:
    assert "empty_cache()" not in cuda("get_available_gpu_memory('cuda', 0, empty_cache=False)").calls


def test_the_current_device_is_no_reason_to_warn(cuda: Callable[..., Outcome]) -> None:
    assert cuda("warned('get_available_gpu_memory(\"cuda\", 0)')").answer == []


def test_the_device_that_is_meant_by_none_is_no_reason_to_warn(cuda: Callable[..., Outcome]) -> None:
    assert cuda("warned('available_device_memory()')").answer == []


# The free memory


@pytest.mark.parametrize(("kind", "lacking", "free"), OF_THE_SECOND_DEVICE)
def test_the_free_memory_is_that_of_the_device_asked_for(
    on: Callable[..., Outcome], kind: str, lacking: tuple[str, ...], free: float
) -> None:
    kind, *traits = kind.split()
    outcome = on(kind, f"get_available_gpu_memory({kind!r}, 1)", *traits, *lacking)
    assert (outcome.answer, outcome.error) == (free, None)


def test_the_device_may_be_a_torch_device(cuda: Callable[..., Outcome]) -> None:
    assert cuda("get_available_gpu_memory(torch.device('cuda'), 1)").answer == 7.0


def test_the_arguments_have_the_names_and_order_of_sglang(cuda: Callable[..., Outcome]) -> None:
    assert cuda("list(signature(get_available_gpu_memory).parameters)").answer == [
        "device", "gpu_id", "distributed", "empty_cache", "cpu_group",
    ]  # fmt: skip


def test_the_cache_is_emptied_before_the_memory_is_read(cuda: Callable[..., Outcome]) -> None:
    assert cuda("get_available_gpu_memory('cuda', 0)").calls == [
        "device_count()",
        "empty_cache()",
        "get_device_properties(0)",
    ]


def test_the_cpu_has_the_memory_of_one_numa_node(cuda: Callable[..., Outcome]) -> None:
    expression = "entered(replaced(cudafix.runtime, '_count_numa_nodes', lambda: 4), lambda: {})"
    assert cuda(expression.format("get_available_gpu_memory('cpu', 7)")).answer == 2.0


def test_numa_nodes_are_counted_as_lscpu_does(start: Callable[..., Machine]) -> None:
    try:
        listed = subprocess.run(["lscpu", "-p=NODE"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("no lscpu")
    nodes = {line for line in listed.splitlines() if line and not line.startswith("#")}
    assert start("empty")("cudafix.runtime._count_numa_nodes()").answer == max(len(nodes), 1)


def test_a_backend_that_tells_nothing_is_refused(on: Callable[..., Outcome]) -> None:
    outcome = on("acme", "get_available_gpu_memory('acme', 0)", "mem_get_info", "get_device_properties")
    assert outcome.error == "NotImplementedError: torch.acme has no mem_get_info()"


# The same in bytes


@pytest.mark.parametrize(
    ("device", "free"),
    [("", 10), ("0", 10), ("1", 7), ("'cuda'", 10), ("'cuda:1'", 7), ("torch.device('cuda', 1)", 7)],
)
def test_free_and_total_are_told_in_bytes(cuda: Callable[..., Outcome], device: str, free: int) -> None:
    assert cuda(f"available_device_memory({device})").answer == [free * GIB, 16 * GIB]


def test_an_integrated_device_has_the_total_of_the_system(cuda: Callable[..., Outcome]) -> None:
    assert cuda("available_device_memory(0)", "integrated").answer == [8 * GIB, 32 * GIB]


def test_free_and_total_of_an_xpu_are_of_the_same_device(on: Callable[..., Outcome]) -> None:
    assert on("xpu", "available_device_memory(1)").answer == [11 * GIB, 16 * GIB]


# Errors and warnings


@pytest.mark.parametrize("gpu_id", [2, 99])
def test_a_wrong_index_is_told_with_the_number_of_devices(cuda: Callable[..., Outcome], gpu_id: int) -> None:
    error = cuda(f"get_available_gpu_memory('cuda', {gpu_id})").error
    assert error == f"ValueError: there is no device cuda:{gpu_id}: torch.cuda counts 2 devices"


def test_a_negative_index_is_told(cuda: Callable[..., Outcome]) -> None:
    error = cuda("get_available_gpu_memory('cuda', -1)").error
    assert error == "ValueError: there is no device cuda:-1: torch.cuda counts 2 devices"


def test_a_backend_that_is_not_there_is_told(start: Callable[..., Machine]) -> None:
    error = start("empty")("get_available_gpu_memory('xpu', 0)").error
    assert error == "ValueError: there is no device xpu:0: torch.xpu counts 0 devices"


def test_a_device_type_that_torch_does_not_know_is_told(cuda: Callable[..., Outcome]) -> None:
    error = cuda("get_available_gpu_memory('acme', 0)").error
    assert error == "ValueError: this torch knows no device 'acme': import its backend first"


def test_a_device_type_without_a_module_is_told(cuda: Callable[..., Outcome]) -> None:
    error = cuda("get_available_gpu_memory('hpu', 0)").error
    assert error == "ValueError: torch has no module torch.hpu: import its backend first"


def test_another_device_than_the_current_is_warned_of_at_the_line_that_asked(on: Callable[..., Outcome]) -> None:
    assert on("npu", "warned('get_available_gpu_memory(\"npu\", 1)')").answer == [
        "user.py: RuntimeWarning: the current device is npu:0, not npu:1: torch may take memory of both"
    ]


def test_the_same_warning_is_not_given_twice(on: Callable[..., Outcome]) -> None:
    twice = 'warned(\'get_available_gpu_memory("npu", 1), available_device_memory("npu:1")\')'
    assert len(on("npu", twice).answer) == 1


def test_the_system_memory_needs_psutil(cuda: Callable[..., Outcome]) -> None:
    error = cuda("entered(replaced_module('psutil'), lambda: get_available_gpu_memory('cpu', 0))").error
    assert error == "NotImplementedError: the system's memory is read with psutil: pip install psutil"
