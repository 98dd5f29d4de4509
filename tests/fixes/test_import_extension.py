"""A name from a module that the file imports from already joins that import, in its style and order."""

from __future__ import annotations

from checks import check_fixes


def test_a_name_that_is_imported_already_is_used() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import synchronize_device

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
        unsafe=True,
    )


def test_an_existing_alias_is_used() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import synchronize_device as wait

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device as wait

        wait()
        x = torch.ones(1)
        """,
        unsafe=True,
    )


def test_an_existing_import_takes_another_name_in_order() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import count_devices, use_stream

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import count_devices, synchronize_device, use_stream

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_unsorted_names_take_it_at_the_end() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import use_stream, count_devices

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import use_stream, count_devices, synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_existing_import_above_that_of_torch_is_extended_too() -> None:
    check_fixes(
        """
        from cudafix.runtime import count_devices
        import torch

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        from cudafix.runtime import count_devices, synchronize_device
        import torch

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_list_in_parentheses_with_a_name_a_line_gets_another_line() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import (
            count_devices,
            use_stream,
        )

        torch.cuda.synchronize()
        torch.cuda.get_device_name(0)
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (
            count_devices,
            get_device_name,
            synchronize_device,
            use_stream,
        )

        synchronize_device()
        get_device_name(0)
        x = torch.ones(1)
        """,
    )


def test_a_list_without_a_trailing_comma_stays_without_one() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import (
            count_devices
        )

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (
            count_devices,
            synchronize_device
        )

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_list_aligned_with_its_parenthesis_stays_aligned() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import (count_devices,
                                     use_stream)

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (count_devices,
                                     synchronize_device,
                                     use_stream)

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_comments_behind_names_stay_behind_those_names() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import (
            count_devices,  # for the log
            get_device_name,  # for the log, too
        )

        torch.cuda.synchronize()
        print(torch.cuda.current_device())
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (
            count_devices,  # for the log
            current_device_index,
            get_device_name,  # for the log, too
            synchronize_device,
        )

        synchronize_device()
        print(current_device_index())
        x = torch.ones(1)
        """,
    )


def test_so_does_the_comment_behind_a_last_name_without_a_comma() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import (
            count_devices  # for the log
        )

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (
            count_devices,  # for the log
            synchronize_device
        )

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_list_continued_with_a_backslash_stays_one() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import count_devices, \\
            use_stream

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import count_devices, \\
            synchronize_device, \\
            use_stream

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_import_that_gets_too_long_is_wrapped() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import count_devices, current_device_index, use_stream

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (
            count_devices,
            current_device_index,
            synchronize_device,
            use_stream,
        )

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_import_with_a_comment_for_linters_keeps_it_on_its_line() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import count_devices, current_device_index, use_stream  # noqa: E402

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import count_devices, current_device_index, synchronize_device, use_stream  # noqa: E402

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_import_in_an_indented_block_is_extended_with_its_indent() -> None:
    check_fixes(
        """
        def wait():
            import torch
            from cudafix.runtime import (
                count_devices,
            )
            torch.cuda.synchronize()
            return torch.ones(1)
        """,
        """
        def wait():
            import torch
            from cudafix.runtime import (
                count_devices,
                synchronize_device,
            )
            synchronize_device()
            return torch.ones(1)
        """,
    )


def test_an_import_below_the_first_use_is_left_alone() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.synchronize()
        from cudafix.runtime import use_stream
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        synchronize_device()
        from cudafix.runtime import use_stream
        x = torch.ones(1)
        """,
    )


def test_an_import_in_another_function_is_left_alone() -> None:
    check_fixes(
        """
        import torch

        def one():
            from cudafix.runtime import device_memory_allocated
            return device_memory_allocated()

        def two():
            return torch.cuda.memory_allocated(), torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_memory_allocated

        def one():
            from cudafix.runtime import device_memory_allocated
            return device_memory_allocated()

        def two():
            return device_memory_allocated(), torch.ones(1)
        """,
    )


def test_a_star_import_and_an_import_of_the_module_are_left_alone() -> None:
    check_fixes(
        """
        import torch
        import cudafix.runtime
        from cudafix.runtime import *

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        import cudafix.runtime
        from cudafix.runtime import *
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )
