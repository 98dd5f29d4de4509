"""Which neutral form a reference gets: the route, the project's own runtime module, the arguments."""

from __future__ import annotations

import libcst as cst
import pytest
from checks import check_finds, check_fixes, check_stays

from cudafix.catalogue.row import parameter_names
from cudafix.syntax.arguments import positional_only, unknown_argument


def call(source: str) -> cst.Call:
    node = cst.parse_expression(source)
    assert isinstance(node, cst.Call)
    return node


def test_a_project_imports_from_its_own_runtime_module() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.synchronize()
        torch.ones(1)
        """,
        """
        import torch

        from mypackage.device import synchronize_device
        torch.cuda.synchronize()
        torch.ones(1)
        """.replace("torch.cuda.synchronize", "synchronize_device"),
        runtime_module="mypackage.device",
    )


@pytest.mark.parametrize("path", ["mypackage/device.py", "src/mypackage/device.py", "mypackage/device/__init__.py"])
def test_the_runtime_module_never_imports_from_itself(path: str) -> None:
    source = "import torch\ntorch.cuda.synchronize()\n"
    check_stays(source, "this file is mypackage.device itself", path=path, runtime_module="mypackage.device")


def test_a_copy_of_the_runtime_is_not_even_read() -> None:
    from checks import fixed

    source = b"# SPDX-License-Identifier: Apache-2.0\n# cudafix: runtime\nimport torch\ntorch.cuda.synchronize()\n"
    assert fixed(source).findings == ()


def test_native_functions_take_the_alias_of_the_file() -> None:
    check_fixes(
        "import torch as t\nn = t.cuda.device_count()\n",
        "import torch as t\nn = t.accelerator.device_count()\n",
        route="accelerator",
        target_torch="2.8",
    )


def test_native_functions_are_imported_where_torch_has_no_name() -> None:
    check_fixes(
        "from torch.cuda import device_count\nn = device_count()\n",
        "from torch import accelerator\nn = accelerator.device_count()\n",
        route="accelerator",
        target_torch="2.8",
    )


def test_other_backends_get_the_runtime_on_the_native_route_too() -> None:
    check_finds("import torch\ntorch.xpu.device_count()\n", "2 CFX105 torch.xpu.device_count", route="accelerator")


def test_an_argument_that_the_neutral_function_lacks_is_named() -> None:
    check_stays(
        "import torch\ntorch.npu.get_device_name(device_name=0)\n",
        "the neutral function has no argument `device_name`",
    )


def test_arguments_that_may_hold_anything_stop_another_backends_call() -> None:
    check_stays("import torch\ntorch.npu.get_device_name(*where)\n", "`*…`, which may hold anything")


def test_what_cudas_own_function_does_not_take_stays_an_error() -> None:
    check_stays("import torch\ntorch.cuda.empty_cache(None)\n", "the neutral function has no argument number 1")


def test_too_many_arguments_stop_another_backends_call() -> None:
    check_stays("import torch\ntorch.xpu.synchronize(0, 1)\n", "no argument number 2")


def test_cudas_own_arguments_are_passed_on_whatever_they_are() -> None:
    check_fixes(
        "import torch\ntorch.cuda.get_device_name(*where, **how)\ntorch.ones(1)\n",
        """
        import torch
        from cudafix.runtime import get_device_name
        get_device_name(*where, **how)
        torch.ones(1)
        """,
    )


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ("()", []),
        ("(device=None)", ["device"]),
        ("(fwd=None, *, cast_inputs=None)", ["fwd", "cast_inputs"]),
        ("(init_scale=2.0 ** 16, enabled=True)", ["init_scale", "enabled"]),
        ("(mode='global', pool=None)", ["mode", "pool"]),
    ],
)
def test_the_names_of_a_signature_are_read(params: str, names: list[str]) -> None:
    assert parameter_names(params) == names


def test_a_signature_that_takes_any_keyword_knows_no_unknown_one() -> None:
    assert unknown_argument(call("f(x, y=1)"), parameter_names("(device=None, **kwargs)")) == ""


def test_a_keyword_in_its_own_place_can_become_positional() -> None:
    arguments = positional_only(call("f(a, device=b)"), parameter_names("(state, device=None)"))
    assert arguments is not None
    assert [one.keyword.value for one in arguments if one.keyword] == ["device"]


@pytest.mark.parametrize("source", ["f(device=b, state=a)", "f(**kw)", "f(*a, b)", "f(other=1)"])
def test_other_keywords_cannot(source: str) -> None:
    assert positional_only(call(source), parameter_names("(state, device=None)")) is None
