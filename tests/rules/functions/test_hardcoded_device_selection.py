"""CFX105: a device chosen or counted on one backend."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_noop, check_stays


def test_leaves_a_torch_device_alone() -> None:
    check_noop("import torch\ntorch.device('cuda', 0)\nx.device\n")


def test_a_variable_named_like_the_old_function_is_no_obstacle() -> None:
    check_fixes(
        """
        import torch
        def world():
            device_count = torch.cuda.device_count()
            return torch.ones(1) * device_count
        """,
        """
        import torch
        from cudafix.runtime import count_devices
        def world():
            device_count = count_devices()
            return torch.ones(1) * device_count
        """,
        unsafe=True,
    )


def test_the_context_manager_keeps_its_argument_whatever_it_is() -> None:
    check_fixes(
        """
        import torch
        with torch.cuda.device(tensor.device), torch.cuda.device(0):
            torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import use_device
        with use_device(tensor.device), use_device(0):
            torch.ones(1)
        """,
    )


def test_the_class_of_the_context_manager_has_no_neutral_form() -> None:
    check_stays("import torch\nisinstance(x, torch.cuda.device)\n", "the runtime's use_device is a function")


def test_the_class_of_the_context_manager_cannot_be_a_neutral_base() -> None:
    check_stays("import torch\nclass Guard(torch.cuda.device): ...\n", "a base class")


def test_the_native_route_counts_as_torch_cuda_did_and_is_safe() -> None:
    check_fixes(
        """
        import torch
        n = torch.cuda.device_count()
        """,
        """
        import torch
        n = torch.accelerator.device_count()
        """,
        route="accelerator",
        target_torch="2.8",
    )


# The index of the current device, taken for a device


@pytest.mark.parametrize(
    "use",
    [
        "x.to({})",
        "x.to(device={})",
        "x.to({}, non_blocking=True)",
        "torch.ones(1, device={})",
        "torch.device({})",
        "x.new_zeros(1, device={})",
        "torch.load('f', map_location={})",
        "x.to({} if big else 'cpu')",
        "device = {}\n    y = torch.ones(1, device=device).to(device)",
    ],
)
def test_where_a_device_is_expected_the_index_becomes_the_device(use: str) -> None:
    source = "import torch\n{}def f(x, big):\n    torch.ones(1)\n    {}\n"
    check_fixes(
        source.format("", use.format("torch.cuda.current_device()")),
        source.format("from cudafix.runtime import current_device\n", use.format("current_device()")),
    )


@pytest.mark.parametrize(
    "use",
    [
        "{} + 1",
        "FSDP(x, device_id={})",
        "DDP(x, device_ids=[{}])",
        "make(device={})",
        "index = {}\n    y = x.to(index) if index else x",
    ],
)
def test_elsewhere_the_index_stays_one(use: str) -> None:
    source = "import torch\n{}def f(x):\n    torch.ones(1)\n    {}\n"
    check_fixes(
        source.format("", use.format("torch.cuda.current_device()")),
        source.format("from cudafix.runtime import current_device_index\n", use.format("current_device_index()")),
        unsafe=True,
    )


def test_the_native_route_has_no_such_device_and_takes_the_runtime() -> None:
    check_fixes(
        "import torch\ny = torch.ones(1).to(torch.cuda.current_device())\n",
        "import torch\nfrom cudafix.runtime import current_device\ny = torch.ones(1).to(current_device())\n",
        route="accelerator",
        target_torch="2.9",
        unsafe=True,
    )
