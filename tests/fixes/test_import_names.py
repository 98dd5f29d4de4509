"""What an imported function is called: its own name, or an alias where that name means something else."""

from __future__ import annotations

from checks import check_fixes


def test_the_name_of_an_unrelated_function_does_not_matter() -> None:
    check_fixes(
        """
        import torch

        def one():
            device_memory_allocated = 3
            return device_memory_allocated

        def two():
            return torch.cuda.memory_allocated()
        """,
        """
        from cudafix.runtime import device_memory_allocated

        def one():
            device_memory_allocated = 3
            return device_memory_allocated

        def two():
            return device_memory_allocated()
        """,
    )


def test_a_method_of_that_name_does_not_matter() -> None:
    check_fixes(
        """
        import torch

        class Cluster:
            def device_memory_allocated(self):
                return torch.cuda.memory_allocated()
        """,
        """
        from cudafix.runtime import device_memory_allocated

        class Cluster:
            def device_memory_allocated(self):
                return device_memory_allocated()
        """,
    )


def test_an_attribute_and_a_keyword_of_that_name_do_not_matter() -> None:
    check_fixes(
        """
        import torch
        log(device_memory_allocated=torch.cuda.memory_allocated(), other=self.device_memory_allocated)
        """,
        """
        from cudafix.runtime import device_memory_allocated
        log(device_memory_allocated=device_memory_allocated(), other=self.device_memory_allocated)
        """,
    )


def test_a_function_of_the_module_with_that_name_makes_it_an_alias() -> None:
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


def test_a_parameter_of_that_name_makes_it_an_alias() -> None:
    check_fixes(
        """
        import torch

        def log(count_devices):
            return count_devices or torch.cuda.device_count()
        """,
        """
        from cudafix.runtime import count_devices as neutral_count_devices

        def log(count_devices):
            return count_devices or neutral_count_devices()
        """,
    )


def test_a_local_variable_of_that_name_makes_it_an_alias() -> None:
    check_fixes(
        """
        import torch

        def log():
            device_memory_allocated = torch.cuda.memory_allocated()
            return device_memory_allocated
        """,
        """
        from cudafix.runtime import device_memory_allocated as neutral_device_memory_allocated

        def log():
            device_memory_allocated = neutral_device_memory_allocated()
            return device_memory_allocated
        """,
    )


def test_a_variable_of_the_function_around_makes_it_an_alias() -> None:
    check_fixes(
        """
        import torch

        def outer(device_memory_allocated):
            def inner():
                return torch.cuda.memory_allocated()
            return inner
        """,
        """
        from cudafix.runtime import device_memory_allocated as neutral_device_memory_allocated

        def outer(device_memory_allocated):
            def inner():
                return neutral_device_memory_allocated()
            return inner
        """,
    )


def test_a_loop_variable_of_a_comprehension_makes_it_an_alias() -> None:
    check_fixes(
        "import torch\ncounts = [torch.cuda.device_count() for count_devices in range(2)]\n",
        "from cudafix.runtime import count_devices as neutral_count_devices\n"
        "counts = [neutral_count_devices() for count_devices in range(2)]\n",
    )


def test_a_name_assigned_in_the_body_of_its_class_makes_it_an_alias() -> None:
    check_fixes(
        """
        import torch

        class Cluster:
            count_devices = torch.cuda.device_count()
        """,
        """
        from cudafix.runtime import count_devices as neutral_count_devices

        class Cluster:
            count_devices = neutral_count_devices()
        """,
    )


def test_a_global_variable_set_in_a_function_makes_it_an_alias() -> None:
    check_fixes(
        """
        import torch

        def count():
            global count_devices
            count_devices = torch.cuda.device_count()
        """,
        """
        from cudafix.runtime import count_devices as neutral_count_devices

        def count():
            global count_devices
            count_devices = neutral_count_devices()
        """,
    )


def test_an_import_of_that_name_from_elsewhere_makes_it_an_alias() -> None:
    check_fixes(
        """
        import torch
        from cluster import count_devices

        print(count_devices(), torch.cuda.device_count())
        """,
        """
        from cluster import count_devices
        from cudafix.runtime import count_devices as neutral_count_devices

        print(count_devices(), neutral_count_devices())
        """,
    )


def test_a_name_that_a_star_import_may_bring_makes_it_an_alias() -> None:
    check_fixes(
        """
        import torch
        from cluster import *

        print(torch.cuda.device_count())
        """,
        """
        from cluster import *
        from cudafix.runtime import count_devices as neutral_count_devices

        print(neutral_count_devices())
        """,
    )


def test_an_alias_that_is_taken_gets_a_number() -> None:
    check_fixes(
        """
        import torch
        neutral_count_devices = count_devices = torch.cuda.device_count()
        """,
        """
        from cudafix.runtime import count_devices as neutral_count_devices2
        neutral_count_devices = count_devices = neutral_count_devices2()
        """,
    )


def test_an_alias_is_imported_beside_the_name_that_a_function_shadows() -> None:
    check_fixes(
        """
        from cudafix.runtime import device_memory_allocated
        import torch

        def log(device_memory_allocated):
            return torch.cuda.memory_allocated()

        print(device_memory_allocated())
        """,
        """
        from cudafix.runtime import device_memory_allocated
        from cudafix.runtime import device_memory_allocated as neutral_device_memory_allocated

        def log(device_memory_allocated):
            return neutral_device_memory_allocated()

        print(device_memory_allocated())
        """,
    )


def test_the_name_of_an_import_that_goes_is_free() -> None:
    check_fixes(
        """
        from torch.cuda import get_device_name

        print(get_device_name(0))
        """,
        """
        from cudafix.runtime import get_device_name

        print(get_device_name(0))
        """,
    )


def test_the_name_of_an_import_that_stays_is_not() -> None:
    check_fixes(
        """
        from torch.cuda import get_device_name

        __all__ = ["get_device_name"]
        print(get_device_name(0))
        """,
        """
        from cudafix.runtime import get_device_name as neutral_get_device_name
        from torch.cuda import get_device_name

        __all__ = ["get_device_name"]
        print(neutral_get_device_name(0))
        """,
    )


def test_a_name_that_a_function_imports_further_down_is_not_read_before() -> None:
    check_fixes(
        """
        import torch

        def f():
            torch.cuda.empty_cache()
            from cudafix.runtime import empty_device_cache
            empty_device_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache as neutral_empty_device_cache

        def f():
            neutral_empty_device_cache()
            from cudafix.runtime import empty_device_cache
            empty_device_cache()
        """,
        unsafe=True,
    )


def test_a_name_that_a_function_may_not_have_imported_is_not_read() -> None:
    check_fixes(
        """
        import torch

        def f(again):
            if again:
                from cudafix.runtime import empty_device_cache
                empty_device_cache()
            torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache as neutral_empty_device_cache

        def f(again):
            if again:
                from cudafix.runtime import empty_device_cache
                empty_device_cache()
            neutral_empty_device_cache()
        """,
        unsafe=True,
    )


def test_a_name_that_the_file_reads_and_nobody_binds_is_not_taken() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.empty_cache()
        print(empty_device_cache)
        """,
        """
        from cudafix.runtime import empty_device_cache as neutral_empty_device_cache
        neutral_empty_device_cache()
        print(empty_device_cache)
        """,
    )


def test_names_that_are_taken_are_counted_on() -> None:
    check_fixes(
        """
        import torch
        empty_device_cache = neutral_empty_device_cache = neutral_empty_device_cache2 = 1
        torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache as neutral_empty_device_cache3
        empty_device_cache = neutral_empty_device_cache = neutral_empty_device_cache2 = 1
        neutral_empty_device_cache3()
        """,
    )


def test_an_import_beside_that_of_torch_is_seen_wherever_torch_is() -> None:
    check_fixes(
        """
        try:
            import torch
            from cudafix.runtime import empty_device_cache
        except ImportError:
            torch = None


        def f():
            torch.cuda.empty_cache()
            empty_device_cache()
        """,
        """
        try:
            import torch  # noqa: F401
            from cudafix.runtime import empty_device_cache
        except ImportError:
            torch = None


        def f():
            empty_device_cache()
            empty_device_cache()
        """,
        unsafe=True,
    )


def test_an_import_of_the_module_is_seen_where_a_function_imports_torch() -> None:
    check_fixes(
        """
        from cudafix.runtime import empty_device_cache


        def f():
            import torch
            torch.cuda.empty_cache()
            empty_device_cache()
            return torch
        """,
        """
        from cudafix.runtime import empty_device_cache


        def f():
            import torch
            empty_device_cache()
            empty_device_cache()
            return torch
        """,
        unsafe=True,
    )
