"""What users of such tools hate most, most hated first: each happened with a public tool, and not with this one."""

from __future__ import annotations

import subprocess
import sys

from checks import check_fixes, check_noop, check_stays, check_unsafe, fixed


def test_rank_1_the_output_can_be_imported() -> None:
    """A linter's --fix wrote English into an import; converters imported above the docstring and `__future__`."""
    check_fixes(
        '''
        """Docstring."""
        from __future__ import annotations
        from torch.cuda import empty_cache, synchronize as sync

        empty_cache()
        sync()
        ''',
        '''
        """Docstring."""
        from __future__ import annotations
        from cudafix.runtime import empty_device_cache, synchronize_device

        empty_device_cache()
        synchronize_device()
        ''',
    )


def test_rank_2_a_context_manager_does_not_become_a_constructor() -> None:
    """Replacing by prefix made `with torch.Stream(s)` of `with torch.cuda.stream(s)`."""
    check_fixes(
        "import torch\nwith torch.cuda.stream(side):\n    pass\n",
        "from cudafix.runtime import use_stream\nwith use_stream(side):\n    pass\n",
        unsafe=True,
    )


def test_rank_2_a_call_that_was_harmless_on_a_cpu_does_not_raise_there_unasked() -> None:
    """`torch.accelerator.empty_cache()` raises where `torch.cuda.empty_cache()` did nothing."""
    check_unsafe(
        "import torch\ntorch.cuda.empty_cache()\n",
        "import torch\ntorch.accelerator.empty_cache()\n",
        "raises on a machine without an accelerator",
        route="accelerator",
        target_torch="2.9",
    )


def test_rank_3_no_import_comes_before_the_environment_is_set_up() -> None:
    """libcst's own AddImportsVisitor loads torch above `os.environ[…] = …`."""
    check_fixes(
        """
        import os

        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"

        import torch

        torch.cuda.set_device(0)
        """,
        """
        import os

        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"

        from cudafix.runtime import set_device_index

        set_device_index(0)
        """,
        unsafe=True,
    )


def test_rank_4_an_optional_torch_does_not_become_mandatory() -> None:
    check_fixes(
        """
        try:
            import torch
        except ImportError:
            torch = None

        def flush():
            if torch:
                torch.cuda.empty_cache()
        """,
        """
        try:
            import torch
            from cudafix.runtime import empty_device_cache
        except ImportError:
            torch = None

        def flush():
            if torch:
                empty_device_cache()
        """,
    )


def test_rank_5_the_runtime_is_a_leaf_that_no_import_can_go_round() -> None:
    code = (
        "import sys; before = set(sys.modules); import cudafix.runtime; "
        "print(sorted(one for one in set(sys.modules) - before if one.split('.')[0] in ('cudafix', 'torch')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['cudafix', 'cudafix.runtime']\n"


def test_rank_6_a_name_that_only_looks_like_torch_is_not_rewritten() -> None:
    check_noop("import torch\ndef g(torch):\n    torch.cuda.empty_cache()\n")


def test_rank_6_a_name_that_may_be_something_else_is_reported_and_left() -> None:
    check_stays(
        "import torch\nif fake:\n    torch = Fake()\ntorch.cuda.empty_cache()\n",
        "`torch` may be something else here: it is also bound on line 3",
    )


def test_rank_6_a_function_of_our_name_is_not_called_by_mistake() -> None:
    check_fixes(
        """
        import torch

        def empty_device_cache():
            torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache as neutral_empty_device_cache

        def empty_device_cache():
            neutral_empty_device_cache()
        """,
    )


def test_rank_7_comments_stay() -> None:
    check_fixes(
        """
        # above torch
        import torch  # type: ignore
        # above the call
        torch.cuda.set_device(  # the device
            # of this rank
            rank,  # an index
        )  # done
        """,
        """
        # above torch
        from cudafix.runtime import set_device_index
        # above the call
        set_device_index(  # the device
            # of this rank
            rank,  # an index
        )  # done
        """,
        unsafe=True,
    )


def test_rank_8_nothing_else_is_formatted() -> None:
    check_fixes(
        """
        import  torch
        from cudafix.runtime import (
            count_devices,  # keep
        )
        x = { 'a':1,
           "b" : torch.ones( 1,2 ) }
        torch.cuda.synchronize( )
        """,
        """
        import  torch
        from cudafix.runtime import (
            count_devices,  # keep
            synchronize_device,
        )
        x = { 'a':1,
           "b" : torch.ones( 1,2 ) }
        synchronize_device( )
        """,
    )


def test_rank_9_carriage_returns_stay() -> None:
    assert fixed(b"import torch\r\ntorch.cuda.synchronize()\r\n").new_bytes == (
        b"from cudafix.runtime import synchronize_device\r\nsynchronize_device()\r\n"
    )


def test_rank_10_strings_and_longer_words_are_not_rewritten() -> None:
    check_noop(
        """
        import torch
        URL = "https://developer.nvidia.com/cuda-downloads"
        PATH = "/usr/local/cuda/torch.cuda"
        barracuda = torch.barracuda.synchronize()
        log("torch.cuda.empty_cache() took %s s", seconds)
        """
    )


def test_rank_11_an_import_left_unused_goes_and_a_used_one_stays() -> None:
    check_fixes(
        """
        import torch
        from torch import cuda

        cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_rank_12_one_import_a_line_stays_one_a_line() -> None:
    """A fixer and reorder-python-imports once undid each other's work for ever."""
    check_fixes(
        """
        import torch
        from typing import Any
        from typing import Final

        torch.cuda.synchronize()
        x: Final[Any] = torch.cuda.memory_allocated(), torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_memory_allocated
        from cudafix.runtime import synchronize_device
        from typing import Any
        from typing import Final

        synchronize_device()
        x: Final[Any] = device_memory_allocated(), torch.ones(1)
        """,
    )


def test_rank_12_a_region_without_formatting_gets_no_import() -> None:
    check_fixes(
        """
        # fmt: off
        import  torch,  numpy
        import  os
        # fmt: on
        torch.cuda.synchronize(torch.ones(1))
        """,
        """
        # fmt: off
        import  torch,  numpy
        import  os
        # fmt: on
        from cudafix.runtime import synchronize_device
        synchronize_device(torch.ones(1))
        """,
    )


def test_rank_13_comments_for_linters_stay_on_their_lines() -> None:
    check_fixes(
        """
        import torch  # noqa: I001
        x = torch.ones(1)  # type: ignore
        torch.cuda.synchronize()  # pylint: disable=no-member
        """,
        """
        import torch  # noqa: I001
        from cudafix.runtime import synchronize_device
        x = torch.ones(1)  # type: ignore
        synchronize_device()  # pylint: disable=no-member
        """,
    )


def test_rank_14_a_second_run_adds_no_second_import() -> None:
    once = fixed(b"import torch\nx = torch.ones(1)\ntorch.cuda.synchronize()\n").new_bytes
    assert once == (
        b"import torch\nfrom cudafix.runtime import synchronize_device\nx = torch.ones(1)\nsynchronize_device()\n"
    )
    assert fixed(once).new_bytes is None
