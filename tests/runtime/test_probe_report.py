"""What `cudafix probe` and `python -m` on the runtime tell: devices, memory, and what works here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import invoke
from machine import ARGUMENTS, Machine

from cudafix import runtime

torch = pytest.importorskip("torch")

on_a_cpu_build = pytest.mark.skipif(runtime._active_type() is not None, reason="this torch has an accelerator")

GIB = 1 << 30


def probe(machine: Machine) -> dict[str, Any]:
    answer = machine("probe_machine()").answer
    assert isinstance(answer, dict)
    return answer


def functions_that(state: str, machine: Machine) -> set[str]:
    return {function for function, found in probe(machine)["functions"].items() if found == state}


# On a machine without an accelerator


@on_a_cpu_build
def test_a_machine_without_an_accelerator_is_no_error() -> None:
    result = invoke("probe")
    assert result.exit_code == 0
    assert result.output.startswith(f"torch {torch.__version__}, no accelerator: this machine has only its CPU\n")


@on_a_cpu_build
def test_the_table_has_a_row_for_the_cpu() -> None:
    head, row = invoke("probe").output.splitlines()[3:5]
    assert head.split() == ["device", "free", "GiB", "total", "GiB", "name"]
    device, free, total, _ = row.split()
    assert device == "cpu"
    assert 0 < float(free) <= float(total)


@on_a_cpu_build
def test_json_has_the_sizes_in_bytes() -> None:
    found = json.loads(invoke("probe", "--json").output)
    (cpu,) = found["devices"]
    assert (cpu["device"], cpu["total"], cpu["error"]) == ("cpu", runtime.available_device_memory("cpu")[1], None)
    assert (found["backend"], found["available"], found["distributed_backend"]) == (None, False, "gloo")


@on_a_cpu_build
def test_json_and_the_table_say_the_same_of_every_function() -> None:
    found, table = json.loads(invoke("probe", "--json").output), invoke("probe").output
    for state in ("works", "partly", "missing"):
        names = [function for function, what in found["functions"].items() if what == state]
        section = table.partition(f"\n{state} (")[2].partition("\n\n")[0]
        assert section.partition(": ")[2].replace(",", " ").split() == [str(len(names)), *names]


def test_the_runtime_as_a_program_tells_the_same() -> None:
    here = subprocess.run([sys.executable, "-m", "cudafix.runtime", "--json"], capture_output=True, text=True)
    assert json.loads(here.stdout)["functions"] == json.loads(invoke("probe", "--json").output)["functions"]


def test_a_vendored_copy_as_a_program_tells_the_same(tmp_path: Path) -> None:
    invoke("vendor", str(tmp_path / "device.py"))
    there = subprocess.run([sys.executable, "-m", "device"], cwd=tmp_path, capture_output=True, text=True)
    assert (there.returncode, there.stdout.splitlines()[0]) == (0, invoke("probe").output.splitlines()[0])


def test_without_torch_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = invoke("probe")
    assert (result.exit_code, result.output) == (2, "torch is not installed: pip install 'cudafix[runtime]'\n")


def test_without_psutil_the_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    result = invoke("probe")
    assert result.exit_code == 0
    assert "NotImplementedError: the system's memory is read with psutil: pip install psutil" in result.output


def test_every_function_that_asks_a_backend_is_told_of() -> None:
    asks_nothing = {
        "autocast_device_type", "available_device_memory", "current_device", "current_device_type", "device_module",
        "distributed_backend", "get_available_gpu_memory", "print_probe", "probe_machine", "register_backend",
    }  # fmt: skip
    assert runtime.probe_machine()["functions"].keys() == {*runtime.__all__} - asks_nothing


# On a backend


def test_every_device_of_the_backend_has_its_memory(start: Callable[..., Machine]) -> None:
    machine = start("memory", "musa")
    machine("lay_out('musa')")
    *devices, cpu = probe(machine)["devices"]
    assert devices == [
        {"device": "musa:0", "name": "Recorder musa:0", "free": 10 * GIB, "total": 16 * GIB, "error": None},
        {"device": "musa:1", "name": "Recorder musa:1", "free": 7 * GIB, "total": 16 * GIB, "error": None},
    ]
    assert cpu["device"] == "cpu"


def test_looking_at_every_device_empties_no_cache_and_warns_of_nothing(start: Callable[..., Machine]) -> None:
    machine = start("memory", "musa")
    machine("lay_out('musa')")
    outcome = machine("warned('probe_machine()')")
    assert (outcome.answer, "empty_cache()" in outcome.calls) == ([], False)


def test_looking_at_every_device_leaves_the_warning_for_later(start: Callable[..., Machine]) -> None:
    machine = start("memory", "musa")
    machine("lay_out('musa')")
    machine("probe_machine()")
    assert len(machine("warned('available_device_memory(1)')").answer) == 1


def test_a_device_that_cannot_be_read_is_told_with_its_error(start: Callable[..., Machine]) -> None:
    machine = start("memory", "musa")
    machine("lay_out('musa', 'mem_get_info', 'get_device_properties')")
    first, *_ = probe(machine)["devices"]
    assert (first["free"], first["error"]) == (None, "NotImplementedError: torch.musa has no mem_get_info()")


def test_all_works_on_a_backend_that_has_all(npu: Machine) -> None:
    assert functions_that("partly", npu) | functions_that("missing", npu) == set()


def test_what_a_backend_lacks_is_partly_there_or_missing(musa: Machine) -> None:
    assert functions_that("works", musa) == set()
    assert functions_that("missing", musa) == {
        "current_device_stream", "default_device_stream", "device_event", "device_memory_info", "device_stream",
        "get_device_name", "get_device_properties", "get_device_rng_state", "initial_device_seed",
        "set_device_memory_fraction", "set_device_rng_state",
    }  # fmt: skip


def test_what_is_told_to_be_missing_raises_and_nothing_else_does(musa: Machine) -> None:
    functions = probe(musa)["functions"]
    raising = {name for name in functions if musa(f"{name}({ARGUMENTS.get(name, '')})").error is not None}
    assert raising == functions_that("missing", musa)


def test_a_backend_without_a_usable_device_is_told(musa: Machine) -> None:
    found = probe(musa)
    assert (found["backend"], found["available"], [each["device"] for each in found["devices"]]) == (
        "musa", False, ["cpu"],
    )  # fmt: skip
    assert "backend musa, but no usable device\n" in musa("cudafix.runtime._as_table(probe_machine())").answer


def test_what_torch_answers_in_place_of_the_backend_is_partly_there(start: Callable[..., Machine]) -> None:
    if torch.__version__ < (2, 10):
        pytest.skip("before torch 2.10 a backend in Python cannot have streams")
    assert {"device_stream", "device_event", "current_device_stream"} < functions_that(
        "partly", start("working", "npu")
    )
