"""An import of torch that a rewrite leaves unused goes, unless it is there for others or for what it does."""

from __future__ import annotations

from checks import check_fixes

# It goes


def test_an_import_that_nothing_else_uses_goes() -> None:
    check_fixes(
        """
        import os
        import torch

        torch.cuda.synchronize(os.getpid())
        """,
        """
        import os
        from cudafix.runtime import synchronize_device

        synchronize_device(os.getpid())
        """,
    )


def test_an_import_that_nothing_used_before_is_none_of_our_business() -> None:
    check_fixes(
        """
        import os
        from torch import cuda, nn

        cuda.synchronize()
        """,
        """
        import os
        from cudafix.runtime import synchronize_device
        from torch import nn

        synchronize_device()
        """,
    )


def test_one_of_several_modules_goes() -> None:
    check_fixes(
        "import numpy, torch, transformers\ntorch.cuda.synchronize()\n",
        "import numpy, transformers\nfrom cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


def test_the_first_and_the_last_of_several_names_go() -> None:
    check_fixes(
        "from torch.cuda import synchronize, nvtx, memory_allocated\n"
        "nvtx.mark(''), synchronize(), memory_allocated()\n",
        "from cudafix.runtime import device_memory_allocated, synchronize_device\nfrom torch.cuda import nvtx\n"
        "nvtx.mark(''), synchronize_device(), device_memory_allocated()\n",
    )


def test_a_name_with_a_line_of_its_own_takes_the_line_along() -> None:
    check_fixes(
        """
        from torch import (
            cuda,
            nn,
        )
        x = nn.Linear(1, 1), cuda.memory_allocated()
        """,
        """
        from cudafix.runtime import device_memory_allocated
        from torch import (
            nn,
        )
        x = nn.Linear(1, 1), device_memory_allocated()
        """,
    )


def test_a_last_name_without_a_comma_leaves_none_behind() -> None:
    check_fixes(
        """
        from torch import (
            nn,
            cuda
        )
        x = nn.Linear(1, 1), cuda.memory_allocated()
        """,
        """
        from cudafix.runtime import device_memory_allocated
        from torch import (
            nn
        )
        x = nn.Linear(1, 1), device_memory_allocated()
        """,
    )


def test_an_import_in_several_lines_goes_when_all_its_names_do() -> None:
    check_fixes(
        """
        from torch.cuda import (
            memory_allocated,
            synchronize,
        )
        synchronize(memory_allocated())
        """,
        """
        from cudafix.runtime import device_memory_allocated, synchronize_device
        synchronize_device(device_memory_allocated())
        """,
    )


def test_every_import_of_the_name_goes() -> None:
    check_fixes(
        """
        import torch
        import torch.cuda

        torch.cuda.synchronize()
        """,
        """
        from cudafix.runtime import synchronize_device

        synchronize_device()
        """,
    )


def test_an_import_in_a_function_goes_too() -> None:
    check_fixes(
        """
        import torch

        def wait():
            import torch

            torch.cuda.synchronize()

        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        def wait():
            synchronize_device()

        x = torch.ones(1)
        """,
    )


def test_comments_for_linters_go_with_it() -> None:
    check_fixes(
        "import torch  # type: ignore[import-untyped]  # isort: skip\ntorch.cuda.synchronize()\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


# Comments and blank lines around it


def test_comments_above_it_stay() -> None:
    check_fixes(
        """
        import os

        # Set before torch is loaded.
        import torch

        torch.cuda.synchronize(os.getpid())
        """,
        """
        import os

        # Set before torch is loaded.
        from cudafix.runtime import synchronize_device

        synchronize_device(os.getpid())
        """,
    )


def test_comments_above_it_stay_where_nothing_takes_its_place() -> None:
    check_fixes(
        """
        import torch

        def wait():
            # Loaded late.
            import torch

            torch.cuda.synchronize()

        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        def wait():
            # Loaded late.

            synchronize_device()

        x = torch.ones(1)
        """,
    )


def test_a_section_that_is_left_empty_leaves_no_second_gap() -> None:
    check_fixes(
        """
        import os

        import torch

        from cudafix.config.options import Options

        torch.cuda.synchronize(os.getpid() or Options)
        """,
        """
        import os

        from cudafix.config.options import Options
        from cudafix.runtime import synchronize_device

        synchronize_device(os.getpid() or Options)
        """,
    )


def test_several_imports_that_go_leave_one_gap() -> None:
    check_fixes(
        """
        import os

        import torch
        from torch import cuda

        from cudafix.config.options import Options

        torch.cuda.synchronize(os.getpid() or Options)
        cuda.device_count()
        """,
        """
        import os

        from cudafix.config.options import Options
        from cudafix.runtime import count_devices, synchronize_device

        synchronize_device(os.getpid() or Options)
        count_devices()
        """,
    )


def test_a_file_that_starts_with_it_does_not_start_with_a_gap() -> None:
    check_fixes(
        """
        import torch

        from cudafix.config.options import Options

        torch.cuda.synchronize(Options)
        """,
        """
        from cudafix.config.options import Options
        from cudafix.runtime import synchronize_device

        synchronize_device(Options)
        """,
    )


def test_nor_does_it_where_ours_goes_into_the_section_below() -> None:
    check_fixes(
        """
        from torch import cuda

        from cudafix.runtime import count_devices as count

        print(count(), cuda.memory_allocated())
        """,
        """
        from cudafix.runtime import count_devices as count
        from cudafix.runtime import device_memory_allocated

        print(count(), device_memory_allocated())
        """,
    )


def test_the_gap_below_the_licence_stays() -> None:
    check_fixes(
        """
        # Licence

        import torch

        from cudafix.config.options import Options

        torch.cuda.synchronize(Options)
        """,
        """
        # Licence

        from cudafix.config.options import Options
        from cudafix.runtime import synchronize_device

        synchronize_device(Options)
        """,
    )


def test_the_two_lines_above_a_function_stay_two() -> None:
    check_fixes(
        """
        import os

        import torch


        def wait():
            torch.cuda.synchronize(os.getpid())
        """,
        """
        import os

        from cudafix.runtime import synchronize_device


        def wait():
            synchronize_device(os.getpid())
        """,
    )


def test_a_last_line_without_a_newline_takes_its_own_along() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize()\nimport torch",
        "from cudafix.runtime import synchronize_device\nsynchronize_device()",
    )


def test_a_last_import_of_torch_without_a_newline_gives_its_place_up() -> None:
    check_fixes(
        "def wait():\n    torch.cuda.synchronize()\nimport torch",
        "def wait():\n    synchronize_device()\nfrom cudafix.runtime import synchronize_device",
    )


def test_a_type_in_another_function_is_no_use_of_a_local_import() -> None:
    check_fixes(
        """
        def put(value: "torch.Tensor") -> None: ...
        def reset():
            import torch
            torch.cuda.synchronize()
        """,
        """
        def put(value: "torch.Tensor") -> None: ...
        def reset():
            from cudafix.runtime import synchronize_device
            synchronize_device()
        """,
    )


def test_a_name_that_new_code_says_in_one_function_does_not_keep_its_import_in_another() -> None:
    check_fixes(
        """
        def f():
            import torch
            torch.cuda.synchronize()

        def g(device):
            import torch
            if device == "npu":
                torch.npu.empty_cache()
        """,
        """
        def f():
            from cudafix.runtime import synchronize_device
            synchronize_device()

        def g(device):
            import torch
            from cudafix.runtime import empty_device_cache
            if device == "npu":
                empty_device_cache(torch.npu)
        """,
        select=["CFX1", "CFX305"],
    )
