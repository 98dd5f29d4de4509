"""Where a new import goes beside the regions and lines that formatters and sorters leave alone."""

from __future__ import annotations

from checks import check_fixes


def test_it_goes_behind_a_region_without_formatting() -> None:
    check_fixes(
        """
        import os

        # fmt: off
        import  numpy
        import  torch
        # fmt: on

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import os

        # fmt: off
        import  numpy
        import  torch
        # fmt: on
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_region_may_start_on_the_first_line() -> None:
    check_fixes(
        """
        # isort: off
        import torch
        import apex
        # isort: on

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        # isort: off
        import torch
        import apex
        # isort: on
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_region_that_ended_before_torch_does_not_matter() -> None:
    check_fixes(
        """
        # fmt: off
        import  numpy
        # fmt: on
        import torch

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        # fmt: off
        import  numpy
        # fmt: on
        import torch
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_it_does_not_cross_a_split_of_the_imports() -> None:
    check_fixes(
        """
        import torch

        # isort: split
        import accelerate

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        # isort: split
        import accelerate

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_import_that_isort_skips_is_left_where_it_is() -> None:
    check_fixes(
        """
        import torch  # isort: skip
        import os

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch  # isort: skip
        from cudafix.runtime import synchronize_device
        import os

        synchronize_device()
        x = torch.ones(1)
        """,
    )
