"""What makes a fix unsafe here, or impossible, whatever the row of the symbol says."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, check_stays, check_unsafe

ASSIGNED = "the function itself is assigned or deleted here"


def test_leaves_a_deleted_name_alone() -> None:
    check_noop("from torch import cuda\ndel cuda\n")


@pytest.mark.parametrize(
    "statement",
    [
        "torch.cuda.empty_cache = fake",
        "torch.cuda.empty_cache: Callable = fake",
        "torch.cuda.empty_cache: Callable",
        "torch.cuda.empty_cache += fake",
        "torch.cuda.empty_cache, old = fake, 1",
        "[torch.cuda.empty_cache] = fakes",
        "x = torch.cuda.empty_cache = fake",
        "del torch.cuda.empty_cache",
        "del (torch.cuda.empty_cache, x)",
    ],
)
def test_a_function_that_is_assigned_or_deleted_stays(statement: str) -> None:
    check_stays(f"import torch\n{statement}\n", ASSIGNED)


def test_a_module_that_is_replaced_stays() -> None:
    check_stays("import torch\ntorch.cuda = fake\n", ASSIGNED)


def test_a_value_that_is_assigned_elsewhere_is_no_target() -> None:
    check_fixes(
        "import torch\nself.wait = torch.cuda.synchronize\ntorch.ones(1)\n",
        """
        import torch
        from cudafix.runtime import synchronize_device
        self.wait = synchronize_device
        torch.ones(1)
        """,
    )


def test_a_doubtful_name_stays() -> None:
    check_stays(
        "import torch\nif fake:\n    torch = load()\ntorch.cuda.synchronize()\n",
        "`torch` may be something else here: it is also bound on line 3",
    )


def test_a_name_from_a_star_import_stays() -> None:
    check_stays("from torch import *\ncuda.synchronize()\n", "`cuda` comes from a star import")


def test_a_name_bound_through_global_stays() -> None:
    check_stays(
        "def load():\n    global torch\n    import torch\n    torch.cuda.synchronize()\n",
        "`torch` is bound through `global`",
    )


def test_getattr_with_a_default_stays() -> None:
    check_stays('import torch\ngetattr(torch.cuda, "synchronize", None)\n', "`getattr` has a default here")


def test_a_function_below_getattr_with_a_default_is_fixed() -> None:
    check_fixes(
        'import torch\ngetattr(torch, "cuda", None).synchronize()\n',
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


def test_a_base_class_stays() -> None:
    check_stays("import torch\nclass Fast(torch.cuda.Stream): ...\n", "a base class")


def test_a_metaclass_stays() -> None:
    check_stays("import torch\nclass Fast(metaclass=torch.cuda.Stream): ...\n", "a base class")


def test_a_call_in_the_body_of_a_class_is_no_base_class() -> None:
    check_fixes(
        "import torch\nclass Counter:\n    count = torch.cuda.device_count()\ntorch.ones(1)\n",
        """
        import torch
        from cudafix.runtime import count_devices
        class Counter:
            count = count_devices()
        torch.ones(1)
        """,
    )


def test_a_class_that_becomes_a_function_stays_where_it_is_not_called() -> None:
    check_stays("import torch\nkinds = (torch.cuda.device, int)\n", "the class itself is meant here")


def test_an_annotation_stays_where_the_neutral_form_is_a_function() -> None:
    check_stays("import torch\ndef f(where: torch.cuda.device): ...\n", "an annotation needs a type, not a function")


def test_an_annotation_gets_the_common_base_class() -> None:
    check_unsafe(
        "import torch\ndef wait(stream: torch.cuda.Stream): ...\n",
        "import torch\ndef wait(stream: torch.Stream): ...\n",
        "it names the common base class of all backends' own",
    )


@pytest.mark.parametrize(
    "decorator", ["torch.jit.script", "torch.jit.script_method", "torch.jit.export", "jit.script", "script()"]
)
def test_a_function_that_torchscript_compiles_stays(decorator: str) -> None:
    check_stays(
        f"""
        import torch
        from torch import jit
        from torch.jit import script

        @{decorator}
        def wait():
            torch.cuda.synchronize()
        """,
        "TorchScript compiles this function",
    )


def test_a_method_of_a_class_that_torchscript_compiles_stays() -> None:
    check_stays(
        "import torch\n@torch.jit.script\nclass C:\n    def f(self):\n        torch.cuda.synchronize()\n",
        "TorchScript compiles this function",
    )


def test_a_function_under_another_decorator_is_fixed() -> None:
    check_fixes(
        "import torch\n@torch.no_grad()\ndef wait():\n    torch.cuda.synchronize()\n",
        """
        import torch
        from cudafix.runtime import synchronize_device
        @torch.no_grad()
        def wait():
            synchronize_device()
        """,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "if device.type == 'xpu': torch.xpu.synchronize()",
        "if is_xpu_available(): torch.xpu.synchronize()",
        "if ready and hasattr(torch, 'xpu'): torch.xpu.synchronize()",
        "x = torch.xpu.synchronize() if has_xpu else None",
        "has_xpu and torch.xpu.synchronize()",
    ],
)
def test_a_call_in_a_branch_for_its_backend_stays(statement: str) -> None:
    check_stays(f"import torch\n{statement}\n", "it stands in a branch for XPU, where it is meant")


def test_a_call_deep_in_a_branch_for_its_backend_stays() -> None:
    check_stays(
        "import torch\nif xpu:\n    def f():\n        for _ in x:\n            torch.xpu.synchronize()\n",
        "it stands in a branch for XPU",
    )


def test_a_call_in_a_branch_for_cuda_is_meant() -> None:
    check_noop("import torch\nif device.type == 'cuda':\n    torch.cuda.synchronize()\n", select=["CFX1"])


def test_another_backend_outside_of_a_branch_is_unsafe() -> None:
    check_unsafe(
        "import torch\ntorch.xpu.synchronize()\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\n",
        "calls whatever backend is active, where torch.xpu alone was meant",
    )


def test_a_branch_for_a_third_backend_changes_nothing() -> None:
    check_unsafe(
        "import torch\nif musa:\n    torch.xpu.synchronize()\n",
        "from cudafix.runtime import synchronize_device\nif musa:\n    synchronize_device()\n",
        "calls whatever backend is active",
    )


RESULT = "the result may be used, and the neutral function returns whether a cache was emptied"


@pytest.mark.parametrize(
    "statement",
    [
        "atexit.register({})",
        "done = {}()",
        "run(lambda: {}())",
        "gc.collect() or {}()",
        "{}() if full else None",
        "assert {}() is None",
    ],
)
def test_a_result_that_differs_is_unsafe_where_it_may_be_used(statement: str) -> None:
    check_unsafe(
        "import torch\n" + statement.format("torch.cuda.empty_cache") + "\ntorch.ones(1)\n",
        "import torch\nfrom cudafix.runtime import empty_device_cache\n"
        + statement.format("empty_device_cache")
        + "\ntorch.ones(1)\n",
        RESULT,
    )


def test_a_result_that_differs_is_safe_where_nothing_uses_it() -> None:
    check_fixes(
        "import torch\ngc.collect(); torch.cuda.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache\ngc.collect(); empty_device_cache()\n",
    )


def test_a_result_that_is_the_same_may_be_used() -> None:
    check_fixes(
        "import torch\nn = max(1, torch.cuda.device_count())\n",
        "from cudafix.runtime import count_devices\nn = max(1, count_devices())\n",
        unsafe=True,
    )


def test_a_class_of_the_backend_is_safe_where_it_is_called_in_a_function() -> None:
    check_fixes(
        "import torch\ndef make():\n    return torch.cuda.Stream(0)\n",
        """
        from cudafix.runtime import device_stream
        def make():
            return device_stream(0)
        """,
        unsafe=True,
    )


def test_a_class_of_the_backend_is_unsafe_where_it_is_called_at_import() -> None:
    check_unsafe(
        "import torch\nclass Pool:\n    stream = torch.cuda.Stream(0)\n",
        "from cudafix.runtime import device_stream\nclass Pool:\n    stream = device_stream(0)\n",
        "the backend is decided at import",
    )


def test_a_class_of_the_backend_is_unsafe_where_it_is_no_call() -> None:
    check_unsafe(
        "import torch\ndef test(x):\n    return isinstance(x, torch.cuda.Stream)\n",
        """
        from cudafix.runtime import device_module
        def test(x):
            return isinstance(x, device_module().Stream)
        """,
        "the backend is decided where the name is read, not where it is used",
    )


def test_a_comment_inside_the_expression_is_unsafe_to_lose() -> None:
    check_unsafe(
        "import torch\n(torch  # here\n    .cuda.synchronize)()\n",
        "from cudafix.runtime import synchronize_device\n(synchronize_device)()\n",
        "a comment inside the expression would be lost",
    )


def test_a_comment_between_the_arguments_is_kept() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize(  # the one\n    0,  # first\n)\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device(  # the one\n    0,  # first\n)\n",
    )


def test_a_comment_in_the_parentheses_around_the_expression_is_kept() -> None:
    check_fixes(
        "import torch\n(  # wait\n    torch.cuda.synchronize\n)()\n",
        "from cudafix.runtime import synchronize_device\n(  # wait\n    synchronize_device\n)()\n",
    )


def test_several_doubts_are_all_named() -> None:
    check_unsafe(
        "import torch\ndone = torch.xpu.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache\ndone = empty_device_cache()\n",
        f"calls whatever backend is active, where torch.xpu alone was meant; {RESULT}",
    )


def test_what_has_no_neutral_form_says_what_to_do() -> None:
    check_stays("import torch\ntorch.cuda.nvtx.range_push('x')\n", "torch.profiler.record_function(name) works")


def test_an_import_goes_with_the_last_of_its_uses() -> None:
    check_fixes(
        "from torch.cuda import synchronize\nsynchronize()\nsynchronize(0)\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\nsynchronize_device(0)\n",
    )


def test_an_import_stays_with_a_use_that_stays() -> None:
    check_fixes(
        """
        from torch.cuda import device
        with device(0): ...
        kinds = (device, int)
        """,
        """
        from cudafix.runtime import use_device
        from torch.cuda import device
        with use_device(0): ...
        kinds = (device, int)
        """,
        unsafe=True,
    )


def test_an_import_that_stays_names_the_line_that_keeps_it() -> None:
    check_stays("from torch.cuda import device\nkinds = (device, int)\n", "its use on line 2 stays")


def test_an_import_that_nothing_uses_stays() -> None:
    check_stays("from torch.cuda import synchronize\n", "nothing here uses it: others may import it from here")


def test_the_import_is_as_unsafe_as_its_uses() -> None:
    source = "from torch.cuda import empty_cache\ndone = empty_cache()\n"
    check_finds(source, "1 CFX101 torch.cuda.empty_cache", "2 CFX101 torch.cuda.empty_cache")
    check_unsafe(source, "from cudafix.runtime import empty_device_cache\ndone = empty_device_cache()\n", RESULT)


def test_a_loop_over_the_function_itself_stays() -> None:
    check_stays("import torch\nfor torch.cuda.empty_cache in fakes: ...\n", "assigned or deleted here")


def test_a_context_bound_to_the_function_itself_stays() -> None:
    check_stays("import torch\nwith fake() as torch.cuda.empty_cache: ...\n", "assigned or deleted here")


def test_a_function_among_several_targets_stays() -> None:
    check_stays("import torch\nold, torch.cuda.empty_cache = pair\n", "assigned or deleted here")


def test_a_word_that_only_contains_the_name_of_a_backend_makes_no_ladder() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available() and output is not None:
            torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import is_accelerator_available
        if is_accelerator_available() and output is not None:
            torch.ones(1)
        """,
        "CUDA-only code behind the test",
    )


def test_a_word_that_only_contains_the_name_of_a_backend_makes_no_branch_for_it() -> None:
    check_unsafe(
        """
        import torch
        if input_ids is not None:
            torch.npu.synchronize()
            torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        if input_ids is not None:
            synchronize_device()
            torch.ones(1)
        """,
        "where torch.npu alone was meant",
    )


def test_a_pattern_stays() -> None:
    check_stays(
        """
        import torch
        match meter:
            case torch.cuda.memory_allocated: ...
        """,
        "a pattern compares with a dotted name",
    )


def test_an_expression_that_an_f_string_prints_as_text_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        print(f"{torch.cuda.memory_allocated()=}", torch.ones(1))
        """,
        """
        import torch
        from cudafix.runtime import device_memory_allocated
        print(f"{device_memory_allocated()=}", torch.ones(1))
        """,
        "prints the text of the expression",
    )


def test_a_function_given_to_torchscript_by_name_stays() -> None:
    check_stays(
        """
        import torch
        def wait(x):
            torch.cuda.synchronize()
        fast = torch.jit.script(wait)
        """,
        "TorchScript",
    )


def test_what_decides_about_a_branch_for_a_backend_stays_with_the_branch() -> None:
    check_stays(
        """
        import torch
        if hasattr(torch.mlu, "memory_stats"):
            torch.mlu.memory_stats()
        """,
        "a branch for MLU",
    )


def test_a_condition_over_several_backends_never_becomes_the_same_question_twice() -> None:
    check_stays(
        "import torch\nseveral = torch.cuda.device_count() > 1 or torch.xpu.device_count() > 1\n",
        "`torch.xpu.device_count` on line 2 stays",
    )
