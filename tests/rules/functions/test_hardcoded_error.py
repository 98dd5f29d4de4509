"""CFX113: an error of one backend."""

from __future__ import annotations

from checks import check_fixes, check_noop, check_stays


def test_leaves_the_neutral_error_alone() -> None:
    check_noop("import torch\ntry: ...\nexcept torch.OutOfMemoryError: ...\n")


def test_the_same_class_is_named_neutrally() -> None:
    check_fixes(
        """
        import torch as t
        try:
            step()
        except (t.cuda.OutOfMemoryError, KeyError):
            raise
        """,
        """
        import torch as t
        try:
            step()
        except (t.OutOfMemoryError, KeyError):
            raise
        """,
    )


def test_an_imported_class_is_imported_from_torch() -> None:
    check_fixes(
        """
        from torch.cuda import OutOfMemoryError
        try:
            step()
        except OutOfMemoryError:
            raise
        """,
        """
        from torch import OutOfMemoryError
        try:
            step()
        except OutOfMemoryError:
            raise
        """,
    )


def test_a_class_that_came_later_waits_for_the_target() -> None:
    check_stays("import torch\nerror = torch.cuda.AcceleratorError\n", "came with torch 2.8")
