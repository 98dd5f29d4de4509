"""How code may spell a backend's function, and what only looks like one."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, check_stays, check_unsafe, findings_in

# What is no reference


def test_leaves_a_file_without_torch_alone() -> None:
    check_noop("import cuda\ncuda.empty_cache()\n")


def test_leaves_a_name_that_nothing_binds_alone() -> None:
    check_noop("torch.cuda.empty_cache()\n")


def test_leaves_other_parts_of_torch_alone() -> None:
    check_noop("import torch\ntorch.backends.cuda.matmul.allow_tf32 = True\ntorch.zeros(1).cuda()\n")


def test_leaves_a_module_whose_name_starts_with_torch_alone() -> None:
    check_noop(
        "import torchcuda\nimport torch_cuda.cuda\ntorchcuda.cuda.empty_cache()\ntorch_cuda.cuda.empty_cache()\n"
    )


def test_leaves_an_attribute_named_torch_alone() -> None:
    check_noop("import torch\nself.torch.cuda.empty_cache()\nmodules['torch'].cuda.empty_cache()\n")


def test_leaves_a_keyword_argument_named_torch_alone() -> None:
    check_noop("import torch\ncall(torch=1, cuda=2)\n")


def test_leaves_comments_alone() -> None:
    check_noop("import torch\n# torch.cuda.empty_cache()\nx = 1  # then torch.cuda.synchronize()\n")


def test_leaves_strings_and_docstrings_alone() -> None:
    check_noop('"""Calls torch.cuda.empty_cache()."""\nimport torch\nname = "torch.cuda.synchronize"\n')


def test_leaves_the_literal_part_of_an_f_string_alone() -> None:
    check_noop('import torch\nprint(f"torch.cuda.empty_cache() {{torch.cuda.empty_cache()}} {x}")\n')


def test_leaves_annotations_in_strings_alone() -> None:
    check_noop('import torch\ndef wait(stream: "torch.cuda.Stream") -> "torch.cuda.Event": ...\n')


def test_leaves_importing_the_package_alone() -> None:
    check_noop("import torch.cuda\nimport torch.cuda as tc\nfrom torch import cuda\n")


def test_leaves_relative_imports_alone() -> None:
    check_noop(
        """
        from . import torch
        from .torch import cuda
        from .torch.cuda import empty_cache
        from ..torch.cuda import synchronize

        torch.cuda.empty_cache()
        cuda.empty_cache()
        empty_cache()
        synchronize()
        """
    )


def test_leaves_an_import_from_another_package_alone() -> None:
    check_noop("from mytorch import torch\nfrom project.torch import cuda\ntorch.cuda.empty_cache()\ncuda.init()\n")


def test_finds_a_plain_import() -> None:
    check_finds("import torch\ntorch.cuda.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_a_plain_import_of_the_package() -> None:
    check_finds("import torch.cuda\ntorch.cuda.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_torch_through_the_import_of_another_submodule() -> None:
    check_finds("import torch.nn.functional\ntorch.cuda.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_does_not_find_torch_through_a_submodule_that_has_another_name() -> None:
    check_noop("import torch.nn.functional as torch\ntorch.cuda.empty_cache()\n")


def test_finds_torch_under_another_name() -> None:
    check_finds("import torch as t\nt.cuda.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_the_package_under_another_name() -> None:
    check_finds("import torch.cuda as tc\ntc.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_the_package_imported_from_torch() -> None:
    check_finds("from torch import cuda\ncuda.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_the_package_imported_from_torch_under_another_name() -> None:
    check_finds("from torch import cuda as c\nc.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_an_imported_function_where_it_is_imported_and_where_it_is_used() -> None:
    check_finds(
        "from torch.cuda import empty_cache\nempty_cache()\n",
        "1 CFX101 torch.cuda.empty_cache",
        "2 CFX101 torch.cuda.empty_cache",
    )


def test_finds_an_imported_function_under_another_name() -> None:
    check_finds(
        "from torch.cuda import empty_cache as clear\nclear()\n",
        "1 CFX101 torch.cuda.empty_cache",
        "2 CFX101 torch.cuda.empty_cache",
    )


def test_finds_each_name_of_a_long_import() -> None:
    check_finds(
        """
        from torch.cuda import (
            empty_cache,
            synchronize as wait,
        )
        """,
        "2 CFX101 torch.cuda.empty_cache",
        "3 CFX104 torch.cuda.synchronize",
    )


def test_finds_several_imports_in_one_statement() -> None:
    check_finds("import os, torch as t, sys\nt.cuda.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_an_import_without_a_name_of_its_own_gives_the_package_above_it() -> None:
    check_finds("import torch.cuda.amp\ntorch.cuda.amp.autocast()\n", "2 CFX110 torch.cuda.amp.autocast")


def test_finds_every_backend() -> None:
    check_finds(
        "import torch\ntorch.xpu.empty_cache()\ntorch.mps.synchronize()\ntorch.npu.device_count()\n",
        "2 CFX101 torch.xpu.empty_cache",
        "3 CFX104 torch.mps.synchronize",
        "4 CFX105 torch.npu.device_count",
    )


def test_finds_the_backend_of_another_package_under_its_name_in_torch() -> None:
    check_finds(
        "import torch_npu\nfrom torch_npu import npu\ntorch_npu.npu.empty_cache()\nnpu.synchronize()\n",
        "3 CFX101 torch.npu.empty_cache",
        "4 CFX104 torch.npu.synchronize",
    )


def test_finds_what_a_star_import_brings_but_has_no_fix_for_it() -> None:
    check_stays("from torch.cuda import *\nempty_cache()\n", "`empty_cache` comes from a star import")


@pytest.mark.parametrize("stars", ["from helpers import *", "from helpers import *\nfrom more import *"])
def test_torch_that_a_star_import_brings_is_torch_and_its_fix_is_unsafe(stars: str) -> None:
    new = "from cudafix.runtime import synchronize_device as neutral_synchronize_device"
    check_unsafe(
        f"{stars}\ntorch.cuda.synchronize()\n",
        f"{new}\n{stars}\nneutral_synchronize_device()\n",
        "`torch` comes from a star import",
    )


def test_torch_that_nothing_brings_is_no_torch() -> None:
    check_noop("from helpers import other\ntorch.cuda.synchronize()\n")


def test_a_guard_on_torch_that_a_star_import_brings_is_found() -> None:
    check_unsafe(
        "from helpers import *\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache as neutral_empty_device_cache\nfrom helpers import *\n"
        "neutral_empty_device_cache()\n",
        "`torch` comes from a star import",
    )


def test_a_name_that_is_bound_does_not_come_from_a_star_import() -> None:
    check_noop("from torch.cuda import *\nfrom caches import empty_cache\nempty_cache()\n")


def test_a_name_that_the_module_does_not_have_does_not_come_from_its_star_import() -> None:
    check_noop("from torch.cuda import *\nload(_private)\n")


def test_a_builtin_does_not_come_from_a_star_import() -> None:
    check_noop("from torch.cuda import *\nprint(len('torch.cuda'))\n")


def test_of_two_star_imports_nobody_knows_which_brings_a_name() -> None:
    check_noop("from torch.cuda import *\nfrom os import *\nempty_cache()\n")


def test_a_submodule_that_defines_the_function_is_the_same_function() -> None:
    check_finds(
        """
        import torch
        torch.cuda.memory.empty_cache()
        torch.cuda.random.manual_seed(0)
        torch.cuda.streams.Event()
        torch.cuda.graphs.graph_pool_handle()
        torch.cuda.amp.autocast_mode.autocast()
        torch.cuda.amp.grad_scaler.GradScaler()
        """,
        "2 CFX101 torch.cuda.empty_cache",
        "3 CFX109 torch.cuda.manual_seed",
        "4 CFX108 torch.cuda.Event",
        "5 CFX111 torch.cuda.graph_pool_handle",
        "6 CFX110 torch.cuda.amp.autocast",
        "7 CFX110 torch.cuda.amp.GradScaler",
    )


def test_a_submodule_under_another_name_resolves() -> None:
    check_finds("import torch.cuda.memory as m\nm.empty_cache()\n", "2 CFX101 torch.cuda.empty_cache")


def test_a_function_imported_from_a_submodule_resolves() -> None:
    check_finds("from torch.cuda.memory import empty_cache\n", "1 CFX101 torch.cuda.empty_cache")


def test_a_private_name_of_a_submodule_stays_where_it_is() -> None:
    check_finds(
        "import torch\ntorch.cuda.memory._snapshot()\n",
        "2 CFX401 torch.cuda.memory._snapshot",
    )


def test_what_hangs_below_a_symbol_is_no_part_of_it() -> None:
    check_finds("import torch\ntorch.cuda.Stream.priority_range()\n", "2 CFX108 torch.cuda.Stream")


def test_getattr_with_a_literal_is_an_attribute() -> None:
    check_fixes(
        'import torch\ngetattr(torch, "cuda").synchronize()\n',
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


def test_getattr_around_getattr_is_one_path() -> None:
    check_fixes(
        'import torch\ngetattr(getattr(torch, "cuda"), "synchronize")()\n',
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


def test_getattr_with_a_default_is_found_without_a_fix() -> None:
    check_stays('import torch\nwait = getattr(torch.cuda, "synchronize", None)\n', "`getattr` has a default here")


def test_getattr_with_a_name_that_is_computed_finds_the_module_only() -> None:
    check_finds('import torch\ngetattr(torch.cuda, "empty_" + what)()\n', "2 CFX112 torch.cuda")


def test_getattr_that_is_not_the_builtin_is_a_call_like_any_other() -> None:
    check_noop("import torch\ndef read(getattr):\n    getattr(torch, 'cuda').empty_cache()\n")


def test_getattr_that_is_imported_is_a_call_like_any_other() -> None:
    check_noop("import torch\nfrom lazy import getattr\ngetattr(torch, 'cuda').empty_cache()\n")


def test_getattr_with_unpacked_arguments_is_a_call_like_any_other() -> None:
    check_noop("import torch\ngetattr(*torch, 'cuda').empty_cache()\n")


def test_the_default_of_getattr_is_not_what_it_reads_from() -> None:
    check_noop("import torch\ngetattr(module, 'cuda', torch).empty_cache()\n")


def test_hasattr_finds_the_module_it_asks() -> None:
    check_finds('import torch\nhasattr(torch, "cuda")\nhasattr(torch.cuda, "empty_cache")\n', "3 CFX112 torch.cuda")


def test_finds_each_reference_of_a_line() -> None:
    check_finds(
        "import torch\ntorch.cuda.synchronize(torch.cuda.current_device())\n",
        "2 CFX104 torch.cuda.synchronize",
        "2 CFX105 torch.cuda.current_device",
    )


def test_finds_a_function_that_is_not_called() -> None:
    check_finds("import torch\natexit.register(torch.cuda.empty_cache)\n", "2 CFX101 torch.cuda.empty_cache")


def test_finds_the_module_as_a_value() -> None:
    check_finds("import torch\nuse(torch.cuda)\n", "2 CFX112 torch.cuda")


def test_finds_expressions_in_an_f_string_and_in_its_format() -> None:
    check_finds(
        'import torch\nprint(f"{torch.cuda.memory_allocated()!r:>{torch.cuda.device_count()}}")\n',
        "2 CFX103 torch.cuda.memory_allocated",
        "2 CFX105 torch.cuda.device_count",
    )


def test_finds_both_sides_of_a_conditional_expression() -> None:
    check_finds(
        "import torch\nwait = torch.cuda.synchronize if cuda else torch.xpu.synchronize\n",
        "2 CFX104 torch.cuda.synchronize",
        "2 CFX104 torch.xpu.synchronize",
    )


def test_finds_statements_joined_by_semicolons() -> None:
    check_fixes(
        "import torch\nfirst(); torch.cuda.synchronize(); last()\n",
        "from cudafix.runtime import synchronize_device\nfirst(); synchronize_device(); last()\n",
    )


def test_finds_the_body_of_a_one_line_if() -> None:
    check_fixes(
        "import torch\nif ready: torch.cuda.synchronize()\n",
        "from cudafix.runtime import synchronize_device\nif ready: synchronize_device()\n",
    )


def test_finds_decorators() -> None:
    check_finds(
        "import torch\n@torch.cuda.amp.autocast()\n@torch.cuda.amp.custom_fwd\ndef forward(): ...\n",
        "2 CFX110 torch.cuda.amp.autocast",
        "3 CFX110 torch.cuda.amp.custom_fwd",
    )


def test_finds_annotations() -> None:
    check_finds(
        "import torch\nstream: torch.cuda.Stream\ndef wait(event: torch.cuda.Event) -> torch.cuda.Stream: ...\n",
        "2 CFX108 torch.cuda.Stream",
        "3 CFX108 torch.cuda.Event",
        "3 CFX108 torch.cuda.Stream",
    )


def test_finds_everything_in_asynchronous_code() -> None:
    check_finds(
        """
        import torch
        async def run():
            async with torch.cuda.stream(s):
                await call(torch.cuda.current_device())
            async for _ in wrap(torch.cuda.device_count()):
                pass
            return [torch.cuda.synchronize() async for _ in steps]
        """,
        "3 CFX108 torch.cuda.stream",
        "4 CFX105 torch.cuda.current_device",
        "5 CFX105 torch.cuda.device_count",
        "7 CFX104 torch.cuda.synchronize",
    )


def test_a_reference_over_several_lines_starts_at_its_first() -> None:
    found = findings_in("import torch\n(torch\n    .cuda\n    .synchronize)()\n")
    assert [(one.start.row, one.start.column, one.end.row, one.end.column) for one in found] == [(2, 2, 4, 17)]


def test_columns_count_characters() -> None:
    found = findings_in('import torch\nprint("é𝄞", torch.cuda.device_count())\n')
    assert [one.start.column for one in found] == [13]
