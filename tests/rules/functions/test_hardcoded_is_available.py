"""CFX107: availability asked of one backend."""

from __future__ import annotations

from checks import check_fixes, check_noop, check_stays, check_unsafe


def test_leaves_other_modules_alone() -> None:
    check_noop("import torch\ntorch.backends.mps.is_available()\ntorch.distributed.is_available()\n")


def test_a_test_alone_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        use_fused = torch.cuda.is_available()
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import is_accelerator_available
        use_fused = is_accelerator_available()
        torch.ones(1)
        """,
        "CUDA-only code behind the test",
    )


def test_a_guard_of_nothing_but_neutral_calls_is_safe() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (
            empty_device_cache,
            is_accelerator_available,
            synchronize_device,
        )
        if is_accelerator_available():
            synchronize_device()
            empty_device_cache()
        torch.ones(1)
        """,
        select=["CFX1"],
    )


def test_a_guard_of_anything_else_as_well_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.synchronize()
            kernel()
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import is_accelerator_available, synchronize_device
        if is_accelerator_available():
            synchronize_device()
            kernel()
        torch.ones(1)
        """,
        "it goes with `torch.cuda.is_available` on line 2, whose fix is not safe",
    )


def test_the_choice_of_the_device_by_name_stays_whole() -> None:
    check_stays(
        "import torch\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\n",
        "names CUDA itself",
        select=["CFX1"],
    )


def test_a_guard_around_a_move_to_cuda_stays() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            model.cuda()
        """,
        "names CUDA itself",
    )


def test_a_rung_of_a_ladder_over_backends_stays() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            run()
        elif torch.backends.mps.is_available():
            walk()
        """,
        "one rung of a ladder",
    )


def test_a_question_about_another_backend_stays() -> None:
    check_stays("import torch\nhas_xpu = torch.xpu.is_available()\n", "asks for XPU among the backends")
