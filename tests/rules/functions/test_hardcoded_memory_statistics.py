"""CFX103: allocator statistics of one backend."""

from __future__ import annotations

from checks import check_finds, check_fixes, check_noop, check_unsafe


def test_leaves_a_variable_named_like_a_statistic_alone() -> None:
    check_noop("import torch\nmemory_allocated = 3\nprint(memory_allocated)\n")


def test_old_names_are_the_new_function() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.reset_max_memory_allocated()
        peak = torch.cuda.max_memory_cached() + torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import max_device_memory_reserved, reset_peak_device_memory_stats
        reset_peak_device_memory_stats()
        peak = max_device_memory_reserved() + torch.ones(1)
        """,
    )


def test_a_private_function_of_the_same_module_is_cuda_only() -> None:
    check_finds(
        "import torch\ntorch.cuda.memory._snapshot()\n",
        "2 CFX401 torch.cuda.memory._snapshot",
    )


def test_a_function_as_a_value_is_replaced_too() -> None:
    check_fixes(
        """
        import torch
        meters = {"now": torch.cuda.memory_allocated, "device": torch.device("cpu")}
        """,
        """
        import torch
        from cudafix.runtime import device_memory_allocated
        meters = {"now": device_memory_allocated, "device": torch.device("cpu")}
        """,
    )


def test_a_memory_pool_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        def pool():
            return torch.cuda.MemPool(), torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_module
        def pool():
            return device_module().MemPool(), torch.ones(1)
        """,
        "not every backend has it",
    )
