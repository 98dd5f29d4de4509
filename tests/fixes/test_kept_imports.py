"""An import of torch stays where something uses it in a way that is no plain name, or the file says that it stays."""

from __future__ import annotations

from checks import check_fixes

# Still used, one way or another


def test_an_import_that_something_else_uses_stays() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize(torch.device(0))\n",
        "import torch\nfrom cudafix.runtime import synchronize_device\nsynchronize_device(torch.device(0))\n",
    )


def test_it_stays_where_only_some_of_its_uses_can_be_rewritten() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.synchronize()
        major, minor = torch.cuda.get_device_capability()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        synchronize_device()
        major, minor = torch.cuda.get_device_capability()
        """,
    )


def test_a_bare_reference_keeps_an_imported_function() -> None:
    check_fixes(
        """
        from torch.cuda import Stream, synchronize
        class Side(Stream): ...
        synchronize()
        """,
        """
        from cudafix.runtime import synchronize_device
        from torch.cuda import Stream
        class Side(Stream): ...
        synchronize_device()
        """,
    )


def test_an_assignment_to_another_name_keeps_torch() -> None:
    check_fixes(
        "import torch\nlibrary = torch\ncount = torch.cuda.device_count()\n",
        "import torch\nfrom cudafix.runtime import count_devices\nlibrary = torch\ncount = count_devices()\n",
    )


def test_a_decorator_keeps_torch() -> None:
    check_fixes(
        """
        import torch

        @torch.no_grad()
        def wait():
            torch.cuda.synchronize()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        @torch.no_grad()
        def wait():
            synchronize_device()
        """,
    )


def test_getattr_with_a_name_that_is_computed_keeps_torch() -> None:
    check_fixes(
        "import torch\nmodule = getattr(torch, kind)\ncount = torch.cuda.device_count()\n",
        "import torch\nfrom cudafix.runtime import count_devices\nmodule = getattr(torch, kind)\n"
        "count = count_devices()\n",
    )


def test_deleting_the_name_keeps_it() -> None:
    check_fixes(
        "import torch\ncount = torch.cuda.device_count()\ndel torch\n",
        "import torch\nfrom cudafix.runtime import count_devices\ncount = count_devices()\ndel torch\n",
    )


def test_an_annotation_that_is_a_string_keeps_it() -> None:
    check_fixes(
        """
        import torch

        def count(x: "list[torch.Tensor] | None" = None) -> int:
            return torch.cuda.memory_allocated()
        """,
        """
        import torch
        from cudafix.runtime import device_memory_allocated

        def count(x: "list[torch.Tensor] | None" = None) -> int:
            return device_memory_allocated()
        """,
    )


def test_an_annotation_that_quotes_an_imported_class_keeps_the_class() -> None:
    check_fixes(
        """
        from torch.cuda import Stream

        def side() -> "Stream":
            return Stream()
        """,
        """
        from cudafix.runtime import device_stream
        from torch.cuda import Stream

        def side() -> "Stream":
            return device_stream()
        """,
        unsafe=True,
    )


def test_an_annotation_outside_a_function_does_not_keep_an_import_inside() -> None:
    check_fixes(
        """
        def wait(x: "torch.Tensor") -> "torch.Tensor":
            import torch
            torch.cuda.synchronize()
        """,
        """
        def wait(x: "torch.Tensor") -> "torch.Tensor":
            from cudafix.runtime import synchronize_device
            synchronize_device()
        """,
    )


def test_a_quoted_type_in_a_cast_keeps_it() -> None:
    check_fixes(
        'import torch\nx = cast("torch.Tensor", torch.cuda.memory_allocated())\n',
        "import torch\nfrom cudafix.runtime import device_memory_allocated\n"
        'x = cast("torch.Tensor", device_memory_allocated())\n',
    )


def test_a_string_that_is_no_type_keeps_nothing() -> None:
    check_fixes(
        'import torch\nwith patch("torch.cuda.synchronize"):\n    torch.cuda.synchronize()\n',
        "from cudafix.runtime import synchronize_device\n"
        'with patch("torch.cuda.synchronize"):\n    synchronize_device()\n',
    )


def test_a_type_comment_keeps_it() -> None:
    check_fixes(
        """
        import torch

        def count(x):
            # type: (torch.Tensor) -> int
            return torch.cuda.memory_allocated()
        """,
        """
        import torch
        from cudafix.runtime import device_memory_allocated

        def count(x):
            # type: (torch.Tensor) -> int
            return device_memory_allocated()
        """,
    )


# There for others, as the file says already


def test_an_import_in_all_stays_as_it_is() -> None:
    check_fixes(
        'from torch.cuda import synchronize\n__all__ = ["synchronize"]\nsynchronize()\n',
        "from cudafix.runtime import synchronize_device\nfrom torch.cuda import synchronize\n"
        '__all__ = ["synchronize"]\nsynchronize_device()\n',
    )


def test_an_import_as_itself_stays_as_it_is() -> None:
    check_fixes(
        "import torch as torch\ntorch.cuda.synchronize()\n",
        "import torch as torch\nfrom cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


def test_an_import_marked_as_unused_stays_as_it_is() -> None:
    check_fixes(
        "import torch  # noqa: F401\ntorch.cuda.synchronize()\n",
        "import torch  # noqa: F401\nfrom cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


def test_a_name_that_is_added_to_all_stays() -> None:
    check_fixes(
        """
        from torch.cuda import synchronize
        __all__ = []
        __all__.extend(["synchronize"])
        synchronize()
        """,
        """
        from cudafix.runtime import synchronize_device
        from torch.cuda import synchronize
        __all__ = []
        __all__.extend(["synchronize"])
        synchronize_device()
        """,
    )
