"""Which scope a name belongs to: parameters, locals, classes, comprehensions, `global` and `nonlocal`."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, check_stays

PARAMETERS = ["torch", "torch=None", "*torch", "**torch", "torch, /", "*, torch", "x, torch: Module = load()"]


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_leaves_a_parameter_named_torch_alone(parameter: str) -> None:
    check_noop(f"import torch\ndef flush({parameter}):\n    torch.cuda.empty_cache()\n")


@pytest.mark.parametrize("parameter", PARAMETERS[:5])
def test_leaves_a_parameter_of_a_lambda_alone(parameter: str) -> None:
    check_noop(f"import torch\nflush = lambda {parameter}: torch.cuda.empty_cache()\n")


def test_leaves_a_parameter_of_an_outer_function_alone() -> None:
    check_noop(
        """
        import torch
        def outer(torch):
            def inner():
                return lambda: torch.cuda.empty_cache()
        """
    )


def test_leaves_a_parameter_of_an_asynchronous_function_alone() -> None:
    check_noop("import torch\nasync def flush(torch):\n    await torch.cuda.empty_cache()\n")


def test_leaves_a_local_variable_named_torch_alone() -> None:
    check_noop("import torch\ndef flush():\n    torch = load()\n    torch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_that_becomes_local_further_down() -> None:
    check_noop("import torch\ndef flush():\n    torch.cuda.empty_cache()\n    torch = load()\n")


def test_leaves_a_name_alone_that_an_annotation_makes_local() -> None:
    check_noop("import torch\ndef flush():\n    torch: Module\n    torch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_that_a_function_deletes() -> None:
    check_noop("import torch\ndef flush():\n    torch.cuda.empty_cache()\n    del torch\n")


def test_leaves_a_function_and_a_class_named_torch_alone() -> None:
    check_noop("def torch(): ...\nclass cuda: ...\ntorch.cuda.empty_cache()\ncuda.empty_cache()\n")


def test_leaves_a_local_import_of_another_module_alone() -> None:
    check_noop("import torch\ndef flush():\n    import faketorch as torch\n    torch.cuda.empty_cache()\n")


def test_leaves_a_comprehension_variable_alone() -> None:
    check_noop(
        """
        import torch
        [torch.cuda.empty_cache() for torch in modules if torch.cuda.is_available()]
        {torch.cuda.empty_cache() for torch in modules}
        {torch: torch.cuda.empty_cache() for torch in modules}
        list(torch.cuda.empty_cache() for _, (torch, *rest) in modules)
        [0 for torch in modules for stream in torch.cuda.streams()]
        """
    )


def test_leaves_a_comprehension_variable_alone_that_a_lambda_uses() -> None:
    check_noop("import torch\n[lambda: torch.cuda.empty_cache() for torch in modules]\n")


def test_leaves_a_comprehension_variable_alone_that_is_bound_further_right() -> None:
    check_noop("import torch\n[0 for x in y for torch in torch.cuda.streams()]\n")


def test_leaves_an_import_in_another_function_alone() -> None:
    check_noop("def load():\n    import torch\ndef flush():\n    torch.cuda.empty_cache()\n")


def test_leaves_the_attributes_of_a_class_alone_in_its_methods() -> None:
    check_noop(
        """
        class Backend:
            from torch import cuda
            def flush(self):
                cuda.empty_cache()
                self.cuda.empty_cache()
                Backend.cuda.empty_cache()
                return [cuda.empty_cache() for _ in self]
        """
    )


def test_leaves_the_attributes_of_a_class_alone_in_its_comprehensions() -> None:
    check_noop("class Backend:\n    from torch import cuda\n    x = [cuda.empty_cache() for _ in steps]\n")


def test_leaves_the_attributes_of_a_class_alone_outside() -> None:
    check_noop("class Backend:\n    from torch import cuda\ncuda.empty_cache()\n")


def test_leaves_a_nonlocal_name_alone_that_is_not_torch() -> None:
    check_noop(
        """
        import torch
        def outer():
            torch = load()
            def inner():
                nonlocal torch
                torch.cuda.empty_cache()
        """
    )


def test_leaves_a_global_name_alone_after_the_function_binds_it() -> None:
    check_noop("import torch\ndef fake():\n    global torch\n    torch = load()\n    torch.cuda.empty_cache()\n")


def test_leaves_a_global_name_alone_that_only_an_outer_function_binds() -> None:
    check_noop(
        """
        def outer():
            import torch
            def inner():
                global torch
                torch.cuda.empty_cache()
        """
    )


def test_finds_the_module_import_in_functions_methods_and_lambdas() -> None:
    check_finds(
        """
        import torch
        def flush():
            torch.cuda.empty_cache()
            def inner():
                return lambda: torch.cuda.synchronize()
        class Worker:
            def flush(self):
                torch.cuda.empty_cache()
        """,
        "3 CFX101 torch.cuda.empty_cache",
        "5 CFX104 torch.cuda.synchronize",
        "8 CFX101 torch.cuda.empty_cache",
    )


def test_finds_a_module_import_below_the_function_that_uses_it() -> None:
    check_finds("def flush():\n    torch.cuda.empty_cache()\nimport torch\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_a_local_import_in_the_function_and_in_those_inside() -> None:
    check_finds(
        """
        def flush():
            import torch
            torch.cuda.empty_cache()
            def again():
                torch.cuda.synchronize()
        """,
        "3 CFX101 torch.cuda.empty_cache",
        "5 CFX104 torch.cuda.synchronize",
    )


def test_a_local_import_stands_before_a_name_of_the_module() -> None:
    check_finds(
        "import faketorch as torch\ndef flush():\n    import torch\n    torch.cuda.empty_cache()\n",
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_finds_the_class_attribute_in_the_class_body() -> None:
    check_finds(
        "class Backend:\n    from torch import cuda\n    cuda.empty_cache()\n",
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_a_class_attribute_is_made_of_the_global_of_the_same_name() -> None:
    check_finds(
        "import torch\nclass Backend:\n    torch = torch\n    torch.cuda.empty_cache()\n",
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_a_class_body_reads_the_global_until_it_binds_the_name() -> None:
    check_finds(
        """
        import torch
        class Backend:
            torch.cuda.empty_cache()
            torch = load()
            torch.cuda.empty_cache()
        """,
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_a_class_body_reads_the_global_past_the_function_around_it() -> None:
    check_finds(
        """
        import torch
        def make(torch):
            class Backend:
                torch.cuda.empty_cache()
            class Other:
                torch.cuda.empty_cache()
                torch = None
        """,
        "6 CFX101 torch.cuda.empty_cache",
    )


def test_a_class_attribute_does_not_hide_the_module_import_in_methods() -> None:
    check_finds(
        "import torch\nclass Backend:\n    torch = load()\n    def flush(self):\n        torch.cuda.empty_cache()\n",
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_a_parameter_does_not_hide_the_import_outside_its_function() -> None:
    check_finds(
        "import torch\ndef flush(torch):\n    torch.cuda.empty_cache()\ntorch.cuda.empty_cache()\n",
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_a_default_value_belongs_outside_the_function() -> None:
    check_finds(
        "import torch\ndef run(torch=torch.cuda.device_count(), *, n=torch.cuda.current_device()): ...\n",
        "2 CFX105 torch.cuda.device_count",
        "2 CFX105 torch.cuda.current_device",
    )


def test_a_default_value_of_a_lambda_belongs_outside_it() -> None:
    check_finds(
        "import torch\nrun = lambda torch=torch.cuda.device_count(): torch.cuda.device_count()\n",
        "2 CFX105 torch.cuda.device_count",
    )


def test_annotations_belong_outside_the_function() -> None:
    check_finds(
        "import torch\ndef run(torch: torch.cuda.Stream, *a: torch.cuda.Event) -> torch.cuda.Stream: ...\n",
        "2 CFX108 torch.cuda.Stream",
        "2 CFX108 torch.cuda.Event",
        "2 CFX108 torch.cuda.Stream",
    )


def test_the_name_of_a_function_is_bound_after_its_defaults() -> None:
    check_finds("import torch\ndef torch(n=torch.cuda.device_count()): ...\n", "2 CFX105 torch.cuda.device_count")


def test_the_name_of_a_class_is_bound_after_its_body() -> None:
    check_finds(
        "import torch\nclass torch(torch.cuda.Stream):\n    torch.cuda.empty_cache()\ntorch.cuda.empty_cache()\n",
        "2 CFX108 torch.cuda.Stream",
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_the_first_iterable_of_a_comprehension_belongs_outside() -> None:
    check_finds(
        "import torch\n[torch.cuda.empty_cache() for torch in range(torch.cuda.device_count())]\n",
        "2 CFX105 torch.cuda.device_count",
    )


def test_a_comprehension_variable_does_not_leak() -> None:
    check_finds(
        "import torch\n[torch for torch in modules]\ntorch.cuda.empty_cache()\n", "3 CFX101 torch.cuda.empty_cache"
    )


def test_an_assignment_expression_in_a_comprehension_leaks() -> None:
    check_stays(
        "import torch\n[torch := module for module in modules]\ntorch.cuda.empty_cache()\n",
        "also bound on line 2",
    )


def test_global_makes_the_name_that_of_the_module() -> None:
    check_finds(
        """
        import torch
        def outer(torch):
            def inner():
                global torch
                torch.cuda.empty_cache()
        """,
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_global_reaches_the_functions_inside() -> None:
    check_finds(
        """
        import torch
        def outer():
            global torch
            def inner():
                torch.cuda.empty_cache()
        """,
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_an_import_through_global_is_found_without_a_fix() -> None:
    check_stays(
        """
        def load():
            global torch
            import torch
        def flush():
            torch.cuda.empty_cache()
        """,
        "`torch` is bound through `global`, where no import can stand beside it",
    )


def test_rebinding_through_global_makes_every_use_doubtful() -> None:
    check_stays(
        """
        def fake():
            global torch
            torch = load()
        import torch
        fake()
        torch.cuda.empty_cache()
        """,
        "`torch` may be something else here: it is also bound on line 3",
    )


def test_global_in_the_module_itself_says_nothing() -> None:
    check_fixes(
        "global torch\nimport torch\ntorch.cuda.synchronize()\ntorch.ones(1)\n",
        """
        global torch
        import torch
        from cudafix.runtime import synchronize_device  # noqa: E402
        synchronize_device()
        torch.ones(1)
        """,
    )


def test_a_nonlocal_name_is_that_of_the_outer_function() -> None:
    check_finds(
        """
        def outer():
            import torch
            def inner():
                nonlocal torch
                torch.cuda.empty_cache()
        """,
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_rebinding_through_nonlocal_makes_every_use_doubtful() -> None:
    check_stays(
        """
        def outer():
            def fake():
                nonlocal torch
                torch = load()
            import torch
            fake()
            torch.cuda.empty_cache()
        """,
        "`torch` may be something else here: it is also bound on line 4",
    )
