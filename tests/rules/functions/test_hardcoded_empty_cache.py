"""CFX101: a cache emptied on one backend only."""

from __future__ import annotations

from checks import check_finds, check_fixes, check_noop, check_unsafe


def test_leaves_the_neutral_function_alone() -> None:
    check_noop("from cudafix.runtime import empty_device_cache\nempty_device_cache()\n")


def test_leaves_an_empty_cache_of_something_else_alone() -> None:
    check_noop("import torch\ncache.empty_cache()\ntorch.accelerator.empty_cache()\n")


def test_finds_the_call_on_every_backend() -> None:
    check_finds(
        """
        import torch, torch_npu
        torch.cuda.empty_cache()
        torch.xpu.empty_cache()
        torch.mps.empty_cache()
        torch_npu.npu.empty_cache()
        """,
        "2 CFX101 torch.cuda.empty_cache",
        "3 CFX101 torch.xpu.empty_cache",
        "4 CFX303 torch.mps.empty_cache",
        "5 CFX101 torch.npu.empty_cache",
    )


def test_rewrites_a_statement_safely() -> None:
    check_fixes(
        """
        import torch
        def flush(x):
            torch.cuda.empty_cache()
            return torch.sum(x)
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        def flush(x):
            empty_device_cache()
            return torch.sum(x)
        """,
    )


def test_a_call_whose_result_may_be_used_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        result = torch.cuda.empty_cache() or torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        result = empty_device_cache() or torch.ones(1)
        """,
        "the result may be used",
    )


def test_a_callback_is_unsafe() -> None:
    check_unsafe(
        """
        import atexit, torch
        atexit.register(torch.cuda.empty_cache)
        torch.ones(1)
        """,
        """
        import atexit, torch
        from cudafix.runtime import empty_device_cache
        atexit.register(empty_device_cache)
        torch.ones(1)
        """,
        "the result may be used",
    )


def test_a_call_on_another_backend_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        torch.xpu.empty_cache()
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        empty_device_cache()
        torch.ones(1)
        """,
        "where torch.xpu alone was meant",
    )


def test_leaves_a_call_in_a_branch_for_its_backend_alone() -> None:
    check_noop(
        """
        import torch
        if device.type == "mps":
            torch.mps.empty_cache()
        elif device.type == "cuda":
            torch.cuda.empty_cache()
        """,
        select=["CFX1"],
    )


def test_the_native_route_is_unsafe_because_it_raises_without_an_accelerator() -> None:
    check_unsafe(
        """
        import torch
        torch.cuda.empty_cache()
        """,
        """
        import torch
        torch.accelerator.empty_cache()
        """,
        "raises on a machine without an accelerator",
        route="accelerator",
        target_torch="2.9",
    )


def test_the_native_route_falls_back_to_the_runtime_before_torch_has_it() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.empty_cache()
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        empty_device_cache()
        torch.ones(1)
        """,
        route="accelerator",
        target_torch="2.8",
    )
