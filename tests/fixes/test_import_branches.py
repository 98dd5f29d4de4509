"""Where a new import goes when torch is imported in a branch, in a `try`, or among other statements on a line."""

from __future__ import annotations

from checks import check_fixes, check_unsafe

# Branches


def test_each_branch_that_imports_torch_imports_ours() -> None:
    check_fixes(
        """
        if fast:
            import torch
        else:
            import slow
            import torch
        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        if fast:
            import torch
            from cudafix.runtime import synchronize_device
        else:
            import slow
            import torch
            from cudafix.runtime import synchronize_device
        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_the_end_of_a_branch_and_the_line_below_it_are_two_places() -> None:
    check_fixes(
        """
        def count(fast):
            if fast:
                import torch
            else:
                import torch
            from torch import cuda, nn
            torch.cuda.synchronize(torch.ones(1))
            return cuda.memory_allocated(), nn
        """,
        """
        def count(fast):
            if fast:
                import torch
                from cudafix.runtime import synchronize_device
            else:
                import torch
                from cudafix.runtime import synchronize_device
            from cudafix.runtime import device_memory_allocated
            from torch import nn
            synchronize_device(torch.ones(1))
            return device_memory_allocated(), nn
        """,
    )


def test_an_optional_torch_stays_optional() -> None:
    check_fixes(
        """
        try:
            import torch
        except ImportError:
            torch = None

        def wait():
            if torch is not None:
                torch.cuda.synchronize()
        """,
        """
        try:
            import torch
            from cudafix.runtime import synchronize_device
        except ImportError:
            torch = None

        def wait():
            if torch is not None:
                synchronize_device()
        """,
    )


def test_a_flag_set_in_the_try_still_comes_after_all_imports() -> None:
    check_fixes(
        """
        try:
            import torch
            HAS_TORCH = True
        except ImportError:
            HAS_TORCH = False
        if HAS_TORCH:
            x = torch.ones(1), torch.cuda.memory_allocated()
        """,
        """
        try:
            import torch
            from cudafix.runtime import device_memory_allocated
            HAS_TORCH = True
        except ImportError:
            HAS_TORCH = False
        if HAS_TORCH:
            x = torch.ones(1), device_memory_allocated()
        """,
    )


def test_both_halves_of_a_try_that_import_torch_import_ours() -> None:
    check_fixes(
        """
        try:
            import fast
            import torch
        except ImportError:
            import torch
        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        try:
            import fast
            import torch
            from cudafix.runtime import synchronize_device
        except ImportError:
            import torch
            from cudafix.runtime import synchronize_device
        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_with_block_around_the_import_holds_ours_too() -> None:
    check_fixes(
        """
        with quiet():
            import torch
        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        with quiet():
            import torch
            from cudafix.runtime import synchronize_device
        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_import_for_type_checkers_alone_stays_one() -> None:
    check_unsafe(
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from torch.cuda import Stream

        def wait(stream: Stream) -> None: ...
        """,
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from torch import Stream

        def wait(stream: Stream) -> None: ...
        """,
        "common base class",
    )


def test_a_function_beside_a_type_checking_import_gets_what_its_own_import_needs() -> None:
    check_fixes(
        """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import torch

        def ones() -> "torch.Tensor":
            import torch
            torch.cuda.synchronize()
            return torch.ones(1)
        """,
        """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import torch

        def ones() -> "torch.Tensor":
            import torch
            from cudafix.runtime import synchronize_device
            synchronize_device()
            return torch.ones(1)
        """,
    )


# Several statements on a line


def test_statements_joined_by_semicolons_take_the_import_among_them() -> None:
    check_fixes(
        "import os; import torch\ntorch.cuda.synchronize(); x = torch.ones(1)\n",
        "import os; import torch; from cudafix.runtime import synchronize_device\n"
        "synchronize_device(); x = torch.ones(1)\n",
    )


def test_it_stands_between_torch_and_the_statement_that_uses_it() -> None:
    check_fixes(
        "import torch; torch.cuda.synchronize(); x = torch.ones(1)\n",
        "import torch; from cudafix.runtime import synchronize_device; synchronize_device(); x = torch.ones(1)\n",
    )


def test_a_branch_on_one_line_takes_it_on_that_line() -> None:
    check_fixes(
        "if x: import torch; torch.cuda.synchronize(); y = torch.ones(1)\n",
        "if x: import torch; from cudafix.runtime import synchronize_device; synchronize_device(); y = torch.ones(1)\n",
    )


def test_it_replaces_an_import_of_torch_among_other_statements() -> None:
    check_fixes(
        "import os; import torch  # both\ntorch.cuda.synchronize()\n",
        "import os; from cudafix.runtime import synchronize_device  # both\nsynchronize_device()\n",
    )


def test_a_sole_function_body_on_one_line_is_rewritten_in_place() -> None:
    check_fixes(
        "def wait(): import torch; torch.cuda.synchronize();\n",
        "def wait(): from cudafix.runtime import synchronize_device; synchronize_device();\n",
    )


def test_two_modules_are_imported_one_after_the_other_on_the_line() -> None:
    check_fixes(
        "from torch import cuda; x = 1\ncount = cuda.device_count()\ncuda.manual_seed(0)\n",
        "from cudafix.runtime import manual_seed_device; from torch import accelerator; x = 1\n"
        "count = accelerator.device_count()\nmanual_seed_device(0)\n",
        route="accelerator",
        target_torch="2.8",
    )


def test_a_later_import_of_torch_does_not_serve_an_earlier_use() -> None:
    check_fixes(
        """
        if wanted():
            import torch
        torch.cuda.synchronize()
        import torch
        torch.ones(1)
        """,
        """
        if wanted():
            import torch
            from cudafix.runtime import synchronize_device
        synchronize_device()
        import torch
        torch.ones(1)
        """,
    )


def test_a_function_that_may_run_between_two_imports_has_the_neutral_one_beside_both() -> None:
    check_fixes(
        """
        with quiet():
            import torch
            def wait(): torch.cuda.synchronize()
            wait()
        import torch
        torch.ones(1)
        """,
        """
        with quiet():
            import torch
            from cudafix.runtime import synchronize_device
            def wait(): synchronize_device()
            wait()
        import torch
        from cudafix.runtime import synchronize_device
        torch.ones(1)
        """,
    )
