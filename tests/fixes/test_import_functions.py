"""Where a new import goes when torch is imported in a function or a class."""

from __future__ import annotations

from checks import check_fixes, check_stays


def test_a_function_that_imports_torch_itself_imports_ours_too() -> None:
    check_fixes(
        """
        def flush():
            import torch

            torch.cuda.synchronize()
            return torch.ones(1)
        """,
        """
        def flush():
            import torch
            from cudafix.runtime import synchronize_device

            synchronize_device()
            return torch.ones(1)
        """,
    )


def test_each_of_several_functions_has_its_own() -> None:
    check_fixes(
        """
        def wait():
            import torch
            torch.cuda.synchronize()
            return torch.ones(1)

        def count():
            import torch
            return torch.cuda.memory_allocated(), torch.ones(1)
        """,
        """
        def wait():
            import torch
            from cudafix.runtime import synchronize_device
            synchronize_device()
            return torch.ones(1)

        def count():
            import torch
            from cudafix.runtime import device_memory_allocated
            return device_memory_allocated(), torch.ones(1)
        """,
    )


def test_a_nested_function_uses_the_import_of_the_one_around_it() -> None:
    check_fixes(
        """
        def make():
            import torch

            def wait():
                torch.cuda.synchronize()

            return wait, torch.ones(1)
        """,
        """
        def make():
            import torch
            from cudafix.runtime import synchronize_device

            def wait():
                synchronize_device()

            return wait, torch.ones(1)
        """,
    )


def test_a_nested_function_that_imports_torch_keeps_the_import_to_itself() -> None:
    check_fixes(
        """
        def make():
            def wait():
                import torch
                torch.cuda.synchronize()
                return torch.ones(1)

            return wait
        """,
        """
        def make():
            def wait():
                import torch
                from cudafix.runtime import synchronize_device
                synchronize_device()
                return torch.ones(1)

            return wait
        """,
    )


def test_where_the_module_imports_torch_as_well_ours_goes_there() -> None:
    check_fixes(
        """
        import torch

        def wait():
            import torch
            torch.cuda.synchronize()
            return torch.ones(1)

        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        def wait():
            import torch
            synchronize_device()
            return torch.ones(1)

        x = torch.ones(1)
        """,
    )


def test_a_module_that_imports_torch_only_further_down_does_not_help_a_function_above() -> None:
    check_fixes(
        """
        def count():
            import torch
            return torch.cuda.memory_allocated(), torch.ones(1)

        COUNT = count()
        import torch

        def again():
            return torch.cuda.memory_allocated(), torch.ones(1)
        """,
        """
        def count():
            import torch
            from cudafix.runtime import device_memory_allocated
            return device_memory_allocated(), torch.ones(1)

        COUNT = count()
        import torch
        from cudafix.runtime import device_memory_allocated  # noqa: E402

        def again():
            return device_memory_allocated(), torch.ones(1)
        """,
    )


def test_a_use_above_the_definition_of_its_import_is_served_by_it() -> None:
    check_fixes(
        """
        def wait():
            torch.cuda.synchronize()
            return torch.ones(1)

        import torch
        """,
        """
        def wait():
            synchronize_device()
            return torch.ones(1)

        import torch
        from cudafix.runtime import synchronize_device  # noqa: E402
        """,
    )


def test_a_method_of_a_class_uses_the_import_of_the_module() -> None:
    check_fixes(
        """
        import torch

        class Worker:
            ones = torch.ones(1)

            def wait(self):
                torch.cuda.synchronize()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        class Worker:
            ones = torch.ones(1)

            def wait(self):
                synchronize_device()
        """,
    )


def test_a_class_that_imports_torch_has_ours_beside_it() -> None:
    check_fixes(
        """
        class Worker:
            import torch
            count = torch.cuda.device_count()
            ones = torch.ones(1)
        """,
        """
        class Worker:
            import torch
            from cudafix.runtime import count_devices
            count = count_devices()
            ones = torch.ones(1)
        """,
    )


def test_an_import_through_global_cannot_have_one_beside_it() -> None:
    check_stays(
        """
        def load():
            global torch
            import torch

        def wait():
            torch.cuda.synchronize()
        """,
        "`torch` is bound through `global`",
    )
