"""CFX104: a wait for one backend."""

from __future__ import annotations

from checks import check_fixes, check_noop


def test_leaves_the_synchronize_of_a_stream_alone() -> None:
    check_noop("import torch\nstream.synchronize()\n")


def test_rewrites_nested_findings_in_one_run() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.synchronize(torch.cuda.current_device())
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import current_device, synchronize_device
        synchronize_device(current_device())
        torch.ones(1)
        """,
    )


def test_neighbouring_calls_stay_as_many_and_in_order() -> None:
    check_fixes(
        """
        import gc, torch
        torch.cuda.synchronize()
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.empty_cache()
        torch.ones(1)
        """,
        """
        import gc, torch
        from cudafix.runtime import empty_device_cache, synchronize_device
        synchronize_device()
        gc.collect()
        empty_device_cache()
        empty_device_cache()
        torch.ones(1)
        """,
    )
