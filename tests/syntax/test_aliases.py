"""Names that stand for torch, a backend's module or one of its functions by assignment."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, check_stays, check_unsafe


def test_leaves_an_alias_of_something_else_alone() -> None:
    check_noop("import torch\ncuda = torch.backends.cuda\ncuda.empty_cache()\n")


def test_leaves_an_alias_of_a_relative_import_alone() -> None:
    check_noop("from . import torch\ncuda = torch.cuda\ncuda.empty_cache()\n")


def test_leaves_an_attribute_of_an_object_alone() -> None:
    check_noop("import torch\nself.cuda = load()\nself.cuda.empty_cache()\n")


def test_leaves_a_name_that_stands_for_itself_alone() -> None:
    check_noop("cuda = cuda\ncuda.empty_cache()\n")


def test_leaves_names_that_stand_for_each_other_in_a_loop_alone() -> None:
    check_noop("import torch\nwhile True:\n    a = b\n    b = a\n    a.cuda.empty_cache()\n")


def test_finds_an_alias_of_torch() -> None:
    check_finds("import torch\nt = torch\nt.cuda.empty_cache()\n", "3 CFX101 torch.cuda.empty_cache")


def test_finds_an_alias_of_the_module_and_each_function_called_through_it() -> None:
    check_finds(
        "import torch\ncuda = torch.cuda\ncuda.empty_cache()\ncuda.synchronize()\n",
        "2 CFX112 torch.cuda",
        "3 CFX101 torch.cuda.empty_cache",
        "4 CFX104 torch.cuda.synchronize",
    )


def test_fixes_a_function_called_through_an_alias_of_the_module() -> None:
    check_fixes(
        """
        import torch
        cuda = torch.cuda
        cuda.synchronize()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        cuda = torch.cuda
        synchronize_device()
        """,
    )


def test_an_alias_of_the_module_passed_on_is_found_where_it_is_made() -> None:
    check_finds("import torch\ncuda = torch.cuda\nuse(cuda)\n", "2 CFX112 torch.cuda")


def test_an_alias_of_a_function_is_found_where_it_is_made_and_not_where_it_is_used() -> None:
    check_finds("import torch\nwait = torch.cuda.synchronize\nwait()\nwait(0)\n", "2 CFX104 torch.cuda.synchronize")


def test_fixing_an_alias_of_a_function_fixes_its_uses() -> None:
    check_fixes(
        """
        import torch
        wait = torch.cuda.synchronize
        wait()
        """,
        """
        from cudafix.runtime import synchronize_device
        wait = synchronize_device
        wait()
        """,
    )


def test_an_alias_of_a_class_is_found_where_it_is_made_and_not_below_it() -> None:
    check_finds("import torch\nS = torch.cuda.Stream\nS.priority_range()\nS(0)\n", "2 CFX108 torch.cuda.Stream")


def test_finds_an_alias_of_an_alias() -> None:
    check_finds(
        "import torch\na = torch\nb = a.cuda\nc = b\nc.empty_cache()\n",
        "3 CFX112 torch.cuda",
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_an_alias_of_an_alias_of_a_function_is_found_once() -> None:
    check_finds(
        "import torch\nwait = torch.cuda.synchronize\nagain = wait\nagain()\n", "2 CFX104 torch.cuda.synchronize"
    )


def test_finds_an_alias_of_an_imported_module() -> None:
    check_finds(
        "from torch import cuda\nc = cuda\nc.empty_cache()\n",
        "2 CFX112 torch.cuda",
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_finds_an_alias_of_a_submodule() -> None:
    check_finds(
        "import torch\nm = torch.cuda.memory\nm.empty_cache()\n",
        "2 CFX112 torch.cuda.memory",
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_finds_a_chained_assignment() -> None:
    check_finds(
        "import torch\na = b = torch.cuda\na.empty_cache()\nb.synchronize()\n",
        "2 CFX112 torch.cuda",
        "3 CFX101 torch.cuda.empty_cache",
        "4 CFX104 torch.cuda.synchronize",
    )


def test_finds_a_tuple_assignment_element_by_element() -> None:
    check_finds(
        "import torch\ncuda, (count, xpu) = torch.cuda, (1, torch.xpu)\ncuda.empty_cache()\nxpu.empty_cache()\n",
        "2 CFX112 torch.cuda",
        "2 CFX112 torch.xpu",
        "3 CFX101 torch.cuda.empty_cache",
        "4 CFX101 torch.xpu.empty_cache",
    )


@pytest.mark.parametrize(
    "assignment",
    [
        "cuda, *rest = torch.cuda, 1, 2",
        "*cuda, count = torch.cuda, 1",
        "cuda, count = *torch.cuda, 1",
        "[cuda] = torch.cuda",
    ],
)
def test_does_not_follow_an_assignment_that_cannot_be_paired(assignment: str) -> None:
    check_finds(f"import torch\n{assignment}\ncuda.empty_cache()\n", "2 CFX112 torch.cuda")


def test_does_not_follow_an_unpacked_call() -> None:
    check_noop("import torch\ncuda, xpu = backends(torch)\ncuda.empty_cache()\n")


def test_finds_an_annotated_assignment() -> None:
    check_finds(
        "import torch\ncuda: object = torch.cuda\ncuda.empty_cache()\n",
        "2 CFX112 torch.cuda",
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_finds_an_assignment_expression() -> None:
    check_finds(
        "import torch\nif (cuda := torch.cuda):\n    cuda.empty_cache()\n",
        "2 CFX112 torch.cuda",
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_finds_an_alias_made_by_getattr() -> None:
    check_finds(
        'import torch\ncuda = getattr(torch, "cuda")\ncuda.empty_cache()\n',
        "2 CFX112 torch.cuda",
        "3 CFX101 torch.cuda.empty_cache",
    )


def test_finds_an_alias_made_by_getattr_with_a_default() -> None:
    check_finds(
        'import torch\ncuda = getattr(torch, "cuda", None)\nif cuda:\n    cuda.empty_cache()\n',
        "2 CFX112 torch.cuda",
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_does_not_follow_a_getattr_that_is_not_the_builtin() -> None:
    check_noop("import torch\ndef run(getattr):\n    cuda = getattr(torch, 'cuda')\n    cuda.empty_cache()\n")


def test_does_not_follow_a_choice_between_modules() -> None:
    check_finds(
        "import torch\nbackend = torch.cuda if cuda else torch.xpu\nbackend.empty_cache()\n",
        "2 CFX112 torch.cuda",
        "2 CFX112 torch.xpu",
    )


def test_does_not_follow_an_alias_in_a_container() -> None:
    check_finds("import torch\nbackends = [torch.cuda]\nbackends[0].empty_cache()\n", "2 CFX112 torch.cuda")


def test_does_not_follow_an_alias_through_an_attribute() -> None:
    check_finds("import torch\nself.cuda = torch.cuda\nself.cuda.empty_cache()\n", "2 CFX112 torch.cuda")


def test_does_not_follow_an_alias_into_a_parameter() -> None:
    check_finds("import torch\ndef run(cuda=torch.cuda):\n    cuda.empty_cache()\n", "2 CFX112 torch.cuda")


def test_does_not_follow_an_alias_through_a_loop_over_modules() -> None:
    check_finds("import torch\nfor cuda in [torch.cuda]:\n    cuda.empty_cache()\n", "2 CFX112 torch.cuda")


def test_an_alias_means_what_its_value_meant_when_it_was_made() -> None:
    check_finds(
        "import torch\ncuda = torch.cuda\ntorch = load()\ncuda.empty_cache()\n",
        "2 CFX112 torch.cuda",
        "4 CFX101 torch.cuda.empty_cache",
    )


def test_an_alias_made_before_its_value_was_bound_means_nothing() -> None:
    check_finds(
        "import caches as cuda\nmodule = cuda\nfrom torch import cuda\nmodule.empty_cache()\ncuda.empty_cache()\n",
        "5 CFX101 torch.cuda.empty_cache",
    )


def test_an_alias_of_a_doubtful_name_is_doubtful() -> None:
    check_stays(
        """
        import torch
        if fake:
            torch = load()
        t = torch
        t.cuda.empty_cache()
        """,
        "`t` may be something else here: it is also bound on line 3",
    )


def test_a_doubtful_alias_stays_doubtful_beside_a_certain_one() -> None:
    check_stays(
        """
        import torch
        if fake:
            torch = load()
        import torch as t
        if again:
            t = torch
        t.cuda.empty_cache()
        """,
        "`t` may be something else here: it is also bound on line 3",
    )


def test_aliases_of_the_same_module_in_both_branches_are_one() -> None:
    check_fixes(
        """
        import torch
        if old:
            c = torch.cuda
        else:
            from torch import cuda as c
        c.synchronize()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        if old:
            c = torch.cuda
        else:
            from torch import cuda as c  # noqa: F401
        synchronize_device()
        """,
    )


def test_aliases_of_different_modules_in_the_branches_are_found_without_a_fix() -> None:
    check_stays(
        """
        if old:
            from torch import cuda as backend
        else:
            from torch import xpu as backend
        backend.synchronize()
        """,
        "`backend` may be something else here: it is also bound on line 4",
    )


def test_an_alias_that_a_nested_function_uses_resolves() -> None:
    check_unsafe(
        """
        import torch
        def make():
            cuda = torch.cuda
            return lambda: cuda.synchronize()
        """,
        """
        from cudafix.runtime import device_module, synchronize_device
        def make():
            cuda = device_module()
            return lambda: synchronize_device()
        """,
        "line 3 of the function around it still says CUDA",
    )


def test_an_alias_whose_import_cannot_be_seen_here_has_no_fix() -> None:
    check_stays(
        """
        def load():
            global cuda
            import torch
            cuda = torch.cuda  # cudafix: ignore[CFX112]
        def flush():
            cuda.empty_cache()
        """,
        "the import behind the alias cannot be seen from here",
    )


def test_a_loop_that_renames_the_modules_in_turn_is_resolved_in_no_time() -> None:
    renames = "".join(f"    if {name}:\n        cuda = cuda\n" for name in "abcdefghijklmnopqrstuvwxyz")
    check_finds(
        f"from torch import cuda\nfor _ in steps:\n{renames}    cuda.empty_cache()\n",
        *[f"{row} CFX112 torch.cuda" for row in range(4, 55, 2)],
        "55 CFX101 torch.cuda.empty_cache",
    )
