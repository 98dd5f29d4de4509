"""CFX102: free or used device memory asked of one backend."""

from __future__ import annotations

from checks import check_finds, check_fixes, check_noop, check_unsafe


def test_leaves_a_method_of_the_same_name_alone() -> None:
    check_noop("import torch\nplatform.mem_get_info()\n")


def test_finds_what_tells_about_memory() -> None:
    check_finds(
        """
        import torch
        torch.cuda.mem_get_info()
        torch.cuda.memory.mem_get_info()
        torch.cuda.device_memory_used(0)
        torch.cuda.utilization()
        """,
        "2 CFX102 torch.cuda.mem_get_info",
        "3 CFX102 torch.cuda.mem_get_info",
        "4 CFX102 torch.cuda.device_memory_used",
        "5 CFX102 torch.cuda.utilization",
    )


def test_keeps_the_argument() -> None:
    check_fixes(
        """
        import torch
        free, total = torch.cuda.mem_get_info(device=torch.device(0))
        """,
        """
        import torch
        from cudafix.runtime import device_memory_info
        free, total = device_memory_info(device=torch.device(0))
        """,
    )


def test_what_few_backends_have_is_called_on_the_module_and_unsafe() -> None:
    check_unsafe(
        """
        import torch
        def load():
            return torch.ones(torch.cuda.utilization(0))
        """,
        """
        import torch
        from cudafix.runtime import device_module
        def load():
            return torch.ones(device_module().utilization(0))
        """,
        "not every backend has it",
    )


def test_the_native_route_takes_positional_arguments_only() -> None:
    check_unsafe(
        """
        import torch
        free, total = torch.cuda.mem_get_info(device=0)
        """,
        """
        import torch
        free, total = torch.accelerator.get_memory_info(0)
        """,
        "raises on a machine without an accelerator",
        route="accelerator",
        target_torch="2.10",
    )


def test_unknown_keyword_arguments_keep_the_native_route_away() -> None:
    check_fixes(
        """
        import torch
        free, total = torch.cuda.mem_get_info(**options)
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_memory_info
        free, total = device_memory_info(**options)
        torch.ones(1)
        """,
        route="accelerator",
        target_torch="2.10",
    )
