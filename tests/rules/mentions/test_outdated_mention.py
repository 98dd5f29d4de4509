"""CFX601: a comment or a docstring that names a backend's function."""

from __future__ import annotations

from functools import partial

import checks
from checks import findings_in

SELECT = ["CFX1", "CFX601"]

check_noop = partial(checks.check_noop, select=["CFX601"])
check_finds = partial(checks.check_finds, select=["CFX601"])
check_stays = partial(checks.check_stays, select=["CFX601"])
check_fixes = partial(checks.check_fixes, select=SELECT)
check_unsafe = partial(checks.check_unsafe, select=SELECT)


def test_is_off_by_default() -> None:
    assert findings_in("# call torch.cuda.empty_cache()\n", select=[]) == []


def test_leaves_a_longer_word_alone() -> None:
    check_noop("# call mytorch.cuda.empty_cache() or my.torch.cuda.empty_cache()\n")


def test_leaves_an_address_alone() -> None:
    check_noop("# https://pytorch.org/docs/stable/generated/torch.cuda.empty_cache.html\n")


def test_leaves_the_name_of_a_page_alone() -> None:
    check_noop("# see generated/torch.cuda.empty_cache.html\n")


def test_leaves_suppressions_and_pragmas_alone() -> None:
    check_noop(
        """
        x = 1  # cudafix: ignore[CFX101] for torch.cuda.empty_cache()
        y = 1  # noqa: CFX101 torch.cuda.empty_cache()
        z = []  # type: list[torch.cuda.Stream]
        """
    )


def test_leaves_what_has_no_neutral_form_alone() -> None:
    check_noop("# calls torch.cuda.nvtx.range_push(), torch.cuda.nothing() and torch.cuda itself\n")


def test_leaves_a_commented_out_import_alone() -> None:
    check_noop("# import torch.cuda\n# from torch.cuda import empty_cache\n")


def test_leaves_a_string_that_is_no_docstring_alone() -> None:
    check_noop(
        """
        print("torch.cuda.empty_cache()")
        "torch.cuda.empty_cache()"
        f"torch.cuda.empty_cache() {print}"
        """
    )


def test_leaves_bytes_and_escapes_alone() -> None:
    check_noop(
        r"""
        def f():
            b"torch.cuda.empty_cache()"

        def g():
            "\torch.cuda.empty_cache()"
        """
    )


def test_finds_comments_wherever_they_stand() -> None:
    check_finds(
        """
        # calls torch.cuda.empty_cache()
        class A:  # calls torch.cuda.synchronize()
            # calls torch.cuda.memory.mem_get_info()
            x = [
                1,  # calls torch.npu.synchronize()
            ]
            # calls torch_npu.npu.empty_cache()
        """,
        "1 CFX601 torch.cuda.empty_cache",
        "2 CFX601 torch.cuda.synchronize",
        "3 CFX601 torch.cuda.mem_get_info",
        "5 CFX601 torch.npu.synchronize",
        "7 CFX601 torch.npu.empty_cache",
    )


def test_finds_docstrings_of_all_kinds() -> None:
    check_finds(
        '''
        """Calls torch.cuda.empty_cache()."""
        class A:
            """Calls

            `torch.cuda.synchronize`.
            """
            x: int = 1
            """Calls torch.cuda.device_count()."""
            def f(self): r"Calls torch.cuda.current_device()."
            def g(self):
                ("Calls "
                 "torch.cuda.set_device()")
        ''',
        "1 CFX601 torch.cuda.empty_cache",
        "5 CFX601 torch.cuda.synchronize",
        "8 CFX601 torch.cuda.device_count",
        "9 CFX601 torch.cuda.current_device",
        "12 CFX601 torch.cuda.set_device",
    )


def test_says_exactly_where() -> None:
    [finding] = findings_in('def f():\n    """A.\n\n    B `torch.cuda.synchronize()`.\n    """\n', select=["CFX601"])
    assert (finding.start.row, finding.start.column, finding.end.row, finding.end.column) == (4, 8, 4, 30)


def test_a_suppression_silences_a_comment() -> None:
    check_noop("# calls torch.cuda.empty_cache()  # noqa: CFX601\n")


def test_a_suppression_behind_a_docstring_silences_it() -> None:
    check_noop('def f():\n    """A.\n\n    Calls torch.cuda.empty_cache().\n    """  # noqa: CFX601\n')


def test_keeps_the_words_where_code_keeps_the_call() -> None:
    check_stays(
        """
        import torch
        # calls torch.cuda.empty_cache()
        torch.cuda.empty_cache()
        """,
        "the code on line 3 keeps",
    )


def test_keeps_the_words_where_a_call_is_silenced() -> None:
    check_stays(
        """
        import torch
        # calls torch.cuda.empty_cache()
        torch.cuda.empty_cache()  # noqa: CFX101
        """,
        "the code on line 3 keeps",
        select=SELECT,
    )


def test_keeps_the_words_where_one_of_two_calls_has_no_fix() -> None:
    check_fixes(
        """
        import torch
        # calls torch.cuda.synchronize()
        torch.cuda.synchronize()
        if device.type == "xpu":
            torch.cuda.synchronize = None
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        # calls torch.cuda.synchronize()
        synchronize_device()
        if device.type == "xpu":
            torch.cuda.synchronize = None
        """,
        unsafe=True,
    )


def test_keeps_an_example_because_it_would_need_the_import() -> None:
    check_stays('def f():\n    """Do.\n\n    >>> torch.cuda.synchronize()\n    """\n', "an example needs the import")


def test_keeps_an_example_without_a_prompt() -> None:
    check_stays('def f():\n    """Do::\n\n        x = torch.cuda.device_count()\n    """\n', "an example needs")


def test_keeps_commented_out_code_that_nothing_else_is_like() -> None:
    check_stays("# torch.cuda.synchronize()\n", "commented-out code needs the import")


def test_keeps_a_reference_of_sphinx() -> None:
    check_stays('"""Calls :func:`torch.cuda.synchronize`."""\n', "a link")


def test_keeps_a_reference_of_markdown() -> None:
    check_stays('"""Calls [`torch.cuda.synchronize`] twice, [torch.cuda.synchronize](docs) once."""\n', "a link")


def test_keeps_what_compares_with_the_function() -> None:
    check_stays("# Adapted from\n# torch.cuda.get_rng_state of torch\n", "about the function itself")


def test_keeps_what_names_two_backends() -> None:
    check_stays("# calls torch.cuda.synchronize() or torch.xpu.synchronize()\n", "about")


def test_keeps_what_also_names_something_without_a_neutral_form() -> None:
    check_stays("# calls torch.cuda.synchronize() after torch.cuda.cudart()\n", "about the function itself")


def test_keeps_what_another_backend_alone_may_do() -> None:
    check_stays("# calls torch.npu.synchronize()\n", "about NPU alone")


def test_keeps_what_says_something_of_the_function() -> None:
    check_stays("# torch.cuda.synchronize waits for kernels.\n", "about the function itself")


def test_keeps_a_class_whose_neutral_form_is_a_function() -> None:
    check_stays("# a torch.cuda.StreamContext\n", "the class itself is meant")


def test_keeps_the_comment_behind_an_import() -> None:
    check_stays("import os  # calls torch.cuda.empty_cache()\n", "the import on its line")


def test_keeps_what_the_runtime_says_of_itself() -> None:
    check_stays(
        "# calls torch.cuda.empty_cache()\n", "neutral functions come from", path="a/dev.py", runtime_module="a.dev"
    )


def test_rewrites_a_comment_with_the_call() -> None:
    check_fixes(
        """
        import torch
        def flush():
            # Then torch.cuda.empty_cache(), and `torch.cuda.empty_cache` again.
            torch.cuda.empty_cache()  # torch.cuda.empty_cache()
            torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        def flush():
            # Then empty_device_cache(), and `empty_device_cache` again.
            empty_device_cache()  # empty_device_cache()
            torch.ones(1)
        """,
    )


def test_rewrites_a_comment_about_a_call_that_is_elsewhere() -> None:
    check_fixes(
        """
        class Request:
            # Whether to call torch.cuda.empty_cache() during flush
            torch_empty_cache: bool = False
        """,
        """
        class Request:
            # Whether to call empty_device_cache() during flush
            torch_empty_cache: bool = False
        """,
    )


def test_rewrites_the_same_function_in_a_submodule() -> None:
    check_fixes("# Calls torch.cuda.memory.empty_cache()\n", "# Calls empty_device_cache()\n")


def test_rewrites_to_the_same_function_of_the_active_module() -> None:
    check_fixes("# Call torch.cuda.list_gpu_processes(0)\n", "# Call device_module().list_gpu_processes(0)\n")


def test_rewrites_to_what_the_project_calls_it() -> None:
    check_fixes(
        "# Call torch.cuda.empty_cache()\n",
        "# Call clear_cache()\n",
        targets={"torch.cuda.empty_cache": "project.device.clear_cache"},
    )


def test_rewrites_to_the_native_function_on_that_route() -> None:
    check_fixes(
        "# Call torch.cuda.synchronize()\n",
        "# Call torch.accelerator.synchronize()\n",
        route="accelerator",
        target_torch="2.9",
    )


def test_rewrites_in_every_place_of_a_file() -> None:
    check_fixes(
        """
        #!/usr/bin/env python
        # Calls torch.cuda.synchronize()

        class A:  # calls torch.cuda.synchronize()
            x = [
                # calls torch.cuda.synchronize()
                1,  # calls torch.cuda.synchronize()
            ]

            def f(self):
                pass
                # calls torch.cuda.synchronize()

        # calls torch.cuda.synchronize()
        """,
        """
        #!/usr/bin/env python
        # Calls synchronize_device()

        class A:  # calls synchronize_device()
            x = [
                # calls synchronize_device()
                1,  # calls synchronize_device()
            ]

            def f(self):
                pass
                # calls synchronize_device()

        # calls synchronize_device()
        """,
    )


def test_rewrites_comments_in_a_block_that_changes_its_shape() -> None:
    check_fixes(
        """
        import torch
        def flush():
            # first, calls torch.cuda.empty_cache()
            if torch.cuda.is_available():
                # calls torch.cuda.empty_cache()
                torch.cuda.empty_cache()  # calls torch.cuda.empty_cache()
            # calls torch.cuda.empty_cache()
            return torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        def flush():
            # first, calls empty_device_cache()
            # calls empty_device_cache()
            empty_device_cache()  # calls empty_device_cache()
            # calls empty_device_cache()
            return torch.ones(1)
        """,
        select=["CFX1", "CFX3", "CFX601"],
    )


def test_rewrites_the_comment_above_an_import_that_goes() -> None:
    check_fixes(
        """
        import os
        # calls torch.cuda.synchronize()
        from torch.cuda import synchronize
        synchronize()  # calls torch.cuda.synchronize()
        """,
        """
        import os
        from cudafix.runtime import synchronize_device
        # calls synchronize_device()
        synchronize_device()  # calls synchronize_device()
        """,
    )


def test_rewrites_without_a_line_end() -> None:
    check_fixes("x = 1  # calls torch.cuda.synchronize()", "x = 1  # calls synchronize_device()")


def test_a_string_below_an_assignment_is_safe() -> None:
    check_fixes(
        'x = 1\n"""Whether to call torch.cuda.synchronize()."""\n',
        'x = 1\n"""Whether to call synchronize_device()."""\n',
    )


def test_a_docstring_is_unsafe() -> None:
    check_unsafe(
        '''
        def f():
            r"""Whether to call
            `torch.cuda.synchronize()` or torch.cuda.empty_cache().
            """
        ''',
        '''
        def f():
            r"""Whether to call
            `synchronize_device()` or empty_device_cache().
            """
        ''',
        "can read its docstrings",
    )


def test_a_docstring_in_parts_keeps_them() -> None:
    check_unsafe(
        'def f():\n    ("One. " "It calls torch.cuda.synchronize() " \'twice.\')\n',
        'def f():\n    ("One. " "It calls synchronize_device() " \'twice.\')\n',
        "can read its docstrings",
    )


def test_a_type_in_a_docstring_is_that_of_all_backends() -> None:
    check_unsafe(
        '"""stream (torch.cuda.Stream): a."""\n', '"""stream (torch.Stream): a."""\n', "can read its docstrings"
    )


def test_is_unsafe_with_a_call_whose_fix_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        x = torch.cuda.empty_cache()  # calls torch.cuda.empty_cache()
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        x = empty_device_cache()  # calls empty_device_cache()
        torch.ones(1)
        """,
        "whose fix is not safe",
    )


def test_is_unsafe_where_no_code_tells_what_is_meant() -> None:
    check_unsafe(
        "# the index for torch.cuda.set_device\n", "# the index for set_device_index\n", "no code of this file"
    )


SUBJECT = "import torch\n# torch.cuda.synchronize() is slow\ntorch.cuda.synchronize()\ntorch.ones(1)\n"
CALL_ALONE = """
    import torch
    from cudafix.runtime import synchronize_device
    # torch.cuda.synchronize() is slow
    synchronize_device()
    torch.ones(1)
    """


def test_is_not_safe_where_the_function_is_the_subject() -> None:
    check_fixes(SUBJECT, CALL_ALONE)


def test_is_unsafe_where_the_function_is_the_subject() -> None:
    check_fixes(SUBJECT, CALL_ALONE.replace("torch.cuda.synchronize", "synchronize_device"), unsafe=True)
