"""An import of torch that nothing here uses any more stays where others may need it, with a mark for linters."""

from __future__ import annotations

from checks import check_fixes, check_unsafe


def test_an_import_in_the_file_of_a_package_stays_with_a_mark() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize()\n",
        "import torch  # noqa: F401\nfrom cudafix.runtime import synchronize_device\nsynchronize_device()\n",
        path="mypkg/__init__.py",
    )


def test_the_test_for_an_optional_torch_stays_with_a_mark() -> None:
    check_fixes(
        """
        try:
            import torch
            HAS_TORCH = True
        except ImportError:
            HAS_TORCH = False
        if HAS_TORCH:
            torch.cuda.synchronize()
        """,
        """
        try:
            import torch  # noqa: F401
            from cudafix.runtime import synchronize_device
            HAS_TORCH = True
        except ImportError:
            HAS_TORCH = False
        if HAS_TORCH:
            synchronize_device()
        """,
    )


def test_one_whose_uses_stand_in_the_try_as_well_goes_with_them() -> None:
    check_fixes(
        """
        def free():
            try:
                import torch
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
            except Exception:
                pass
        """,
        """
        def free():
            try:
                from cudafix.runtime import empty_device_cache
                empty_device_cache()
            except Exception:
                pass
        """,
    )


def test_so_does_one_that_is_none_where_torch_is_missing() -> None:
    check_fixes(
        """
        try:
            import torch
        except ImportError:
            torch = None
        torch.cuda.synchronize()
        """,
        """
        try:
            import torch  # noqa: F401
            from cudafix.runtime import synchronize_device
        except ImportError:
            torch = None
        synchronize_device()
        """,
    )


def test_a_module_that_looks_its_names_up_itself_keeps_them() -> None:
    check_fixes(
        'import torch\ntorch.cuda.synchronize()\nlibrary = globals()["torch"]\n',
        "import torch  # noqa: F401\nfrom cudafix.runtime import synchronize_device\nsynchronize_device()\n"
        'library = globals()["torch"]\n',
    )


def test_the_name_of_a_class_body_stays_as_its_attribute() -> None:
    check_fixes(
        """
        class Worker:
            import torch
            count = torch.cuda.device_count()
        """,
        """
        class Worker:
            import torch  # noqa: F401
            from cudafix.runtime import count_devices
            count = count_devices()
        """,
    )


def test_a_backend_that_registers_itself_stays() -> None:
    check_unsafe(
        """
        import torch_npu
        torch_npu.npu.synchronize()
        """,
        """
        import torch_npu  # noqa: F401
        from cudafix.runtime import synchronize_device
        synchronize_device()
        """,
        "calls whatever backend is active",
    )


def test_a_part_of_torch_that_is_loaded_here_stays() -> None:
    check_fixes(
        """
        import torch
        import torch.distributed

        torch.cuda.synchronize()
        """,
        """
        import torch.distributed  # noqa: F401
        from cudafix.runtime import synchronize_device

        synchronize_device()
        """,
    )


def test_an_import_with_a_comment_of_its_own_stays() -> None:
    check_fixes(
        "import torch  # before apex\nimport apex\ntorch.cuda.synchronize()\n",
        "import torch  # before apex  # noqa: F401\nfrom cudafix.runtime import synchronize_device\nimport apex\n"
        "synchronize_device()\n",
    )


def test_the_mark_joins_the_one_for_another_rule() -> None:
    check_fixes(
        "import torch  # noqa: E402\ntorch.cuda.synchronize()\n",
        "import torch  # noqa: E402, F401\nfrom cudafix.runtime import synchronize_device  # noqa: E402\n"
        "synchronize_device()\n",
        path="mypkg/__init__.py",
    )


def test_a_name_with_a_comment_of_its_own_stays_and_the_list_is_marked_where_it_starts() -> None:
    check_fixes(
        """
        from torch import (
            nn,
            cuda,  # the default device
        )
        x = nn.Linear(1, 1), cuda.memory_allocated()
        """,
        """
        from cudafix.runtime import device_memory_allocated
        from torch import (  # noqa: F401
            nn,
            cuda,  # the default device
        )
        x = nn.Linear(1, 1), device_memory_allocated()
        """,
    )


def test_the_only_statement_of_a_block_stays() -> None:
    check_fixes(
        """
        from torch.cuda import synchronize

        def wait(late):
            if late:
                from torch.cuda import synchronize
            synchronize()

        synchronize()
        """,
        """
        from cudafix.runtime import synchronize_device

        def wait(late):
            if late:
                from torch.cuda import synchronize  # noqa: F401
            synchronize_device()

        synchronize_device()
        """,
    )


def test_an_import_among_other_statements_stays_where_nothing_takes_its_place() -> None:
    check_fixes(
        """
        import torch
        x = torch.ones(1)

        def wait():
            import os; import torch
            torch.cuda.synchronize(os.getpid())
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        x = torch.ones(1)

        def wait():
            import os; import torch  # noqa: F401
            synchronize_device(os.getpid())
        """,
    )


def test_an_import_stays_where_a_class_body_reads_its_name_before_binding_it() -> None:
    check_fixes(
        """
        import torch
        class C:
            torch = torch
        torch.cuda.synchronize()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        class C:
            torch = torch
        synchronize_device()
        """,
    )


def test_an_import_stays_where_a_nested_function_declares_its_name_nonlocal() -> None:
    check_fixes(
        """
        def f():
            import torch
            def g():
                nonlocal torch
                torch.cuda.synchronize()
        """,
        """
        def f():
            import torch
            from cudafix.runtime import synchronize_device
            def g():
                nonlocal torch
                synchronize_device()
        """,
    )


def test_an_import_whose_own_finding_is_silenced_stays() -> None:
    check_fixes(
        """
        from torch.cuda import synchronize  # noqa: CFX104
        synchronize()
        """,
        """
        from cudafix.runtime import synchronize_device
        from torch.cuda import synchronize  # noqa: CFX104, F401
        synchronize_device()
        """,
    )


def test_the_space_before_a_comment_stays_when_a_mark_follows_it() -> None:
    check_fixes(
        """
        if a:
            import torch # why
        else:
            import torch
        torch.cuda.empty_cache()
        """,
        """
        if a:
            import torch # why  # noqa: F401
            from cudafix.runtime import empty_device_cache
        else:
            from cudafix.runtime import empty_device_cache
        empty_device_cache()
        """,
    )
