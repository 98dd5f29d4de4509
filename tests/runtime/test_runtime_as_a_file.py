"""The runtime as a file that a project copies, and as functions that replace `torch.cuda`'s by name alone."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import pytest

from cudafix import runtime
from cudafix.catalogue.table import ROWS

torch = pytest.importorskip("torch")

ORIGINALS = {
    **runtime._ASKS,
    "amp_custom_bwd": "amp.custom_bwd",
    "amp_custom_fwd": "amp.custom_fwd",
    "device_autocast": "amp.autocast",
    "device_grad_scaler": "amp.GradScaler",
}
OWN = {
    "autocast_device_type",
    "available_device_memory",
    "current_device",
    "current_device_type",
    "device_module",
    "distributed_backend",
    "get_available_gpu_memory",
    "print_probe",
    "probe_machine",
    "register_backend",
}
DIFFERENT_DEFAULTS = {"device_autocast", "get_device_rng_state", "set_device_rng_state"}
MORE_PARAMETERS = {"empty_device_cache"}
MADE_BY_NEW = {"device_event", "device_stream"}
SAME_SIGNATURE = sorted(ORIGINALS.keys() - DIFFERENT_DEFAULTS - MORE_PARAMETERS - MADE_BY_NEW)

of_torch_2_11 = pytest.mark.skipif(torch.__version__ < (2, 11), reason="torch.cuda took fewer parameters")


def parameters(function, *but):
    return [
        (each.name, each.kind, each.default)
        for each in inspect.signature(function).parameters.values()
        if each.name not in but
    ]


def original(name):
    return attrgetter(ORIGINALS[name])(torch.cuda)


def python(program):
    root = Path(runtime.__file__).parents[1]
    return subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True).stdout


def test_importing_it_imports_neither_torch_nor_the_rest_of_cudafix():
    program = "import sys; sys.path = ['cudafix', *sys.path]; import runtime; print({*sys.modules})"
    assert not {"cudafix", "torch"} & ast.literal_eval(python(program))


def test_importing_it_imports_nothing_that_has_to_be_installed():
    program = "import sys; import cudafix.runtime; print({*sys.modules})"
    assert not {"click", "libcst", "psutil", "torch"} & ast.literal_eval(python(program))


def test_it_says_that_cudafix_does_not_lint_it():
    assert Path(runtime.__file__).read_text().splitlines()[:2] == [
        "# SPDX-License-Identifier: Apache-2.0",
        "# cudafix: runtime (not linted by cudafix: it must call the backends itself)",
    ]


def test_all_is_every_public_function_in_order():
    functions = inspect.getmembers(runtime, inspect.isfunction)
    assert runtime.__all__ == [name for name, _ in functions if not name.startswith("_")]


def test_a_function_takes_the_place_of_one_of_torch_cuda_or_is_new():
    assert {*runtime.__all__} == ORIGINALS.keys() | OWN


def test_the_table_of_what_is_asked_of_a_backend_names_what_each_function_stands_for():
    rows = {name: ROWS[original].runtime for name, original in ORIGINALS.items()}
    assert rows == {name: name for name in ORIGINALS}
    assert ORIGINALS.keys() - runtime._ASKS.keys() == runtime._AMP


@pytest.mark.parametrize("name", runtime.__all__)
def test_every_function_has_a_docstring(name):
    assert getattr(runtime, name).__doc__


@of_torch_2_11
@pytest.mark.parametrize("name", SAME_SIGNATURE)
def test_the_signature_is_that_of_torch_cuda(name):
    assert parameters(getattr(runtime, name)) == parameters(original(name))


@of_torch_2_11
@pytest.mark.parametrize("name", sorted(MADE_BY_NEW))
def test_a_stream_and_an_event_are_made_with_the_parameters_of_the_class(name):
    _, *given = inspect.signature(original(name).__new__).parameters.values()
    assert parameters(getattr(runtime, name)) == [(each.name, each.kind, each.default) for each in given]


@pytest.mark.parametrize("name", ["get_device_rng_state", "set_device_rng_state"])
def test_random_states_differ_by_the_default_device_alone(name):
    assert parameters(getattr(runtime, name), "device") == parameters(original(name), "device")


@pytest.mark.parametrize("name", ["get_device_rng_state", "set_device_rng_state"])
def test_random_states_are_of_the_current_device_by_default(name):
    assert inspect.signature(getattr(runtime, name)).parameters["device"].default is None


def test_autocast_differs_by_its_default_dtype_alone():
    assert parameters(runtime.device_autocast, "dtype") == parameters(original("device_autocast"), "dtype")


def test_the_dtype_of_autocast_stays_the_second_parameter():
    assert [name for name, *_ in parameters(runtime.device_autocast)] == ["enabled", "dtype", "cache_enabled"]


def test_emptying_the_cache_takes_an_optional_module():
    assert parameters(runtime.empty_device_cache, "device_module") == parameters(torch.cuda.empty_cache)
