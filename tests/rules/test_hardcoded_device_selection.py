"""CFX105: a device chosen or counted on one backend."""

from __future__ import annotations

from checks import check_fixes, check_noop, check_stays


def test_leaves_a_torch_device_alone() -> None:
    check_noop("import torch\ntorch.device('cuda', 0)\nx.device\n")


def test_a_variable_named_like_the_old_function_is_no_obstacle() -> None:
    check_fixes(
        """
        import torch
        def world():
            device_count = torch.cuda.device_count()
            return torch.ones(device_count)
        """,
        """
        import torch
        from cudafix.runtime import count_devices
        def world():
            device_count = count_devices()
            return torch.ones(device_count)
        """,
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
