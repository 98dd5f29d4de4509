"""A fix replaces the smallest node, wherever it stands, and composes with the fixes around and inside it."""

from __future__ import annotations

from checks import apply_edits, check_fixes, check_noop, check_stays, check_unsafe, findings_in

from cudafix.model import Edit, Position

# Left alone


def test_leaves_a_parameter_and_a_local_variable_named_torch_alone() -> None:
    check_noop(
        """
        import torch

        def one(torch):
            torch.cuda.synchronize()

        def two():
            torch = load()
            torch.cuda.synchronize()
        """
    )


def test_leaves_what_is_assigned_or_deleted_alone() -> None:
    check_stays(
        """
        import torch
        torch.cuda.synchronize = noop
        torch.cuda.device_count, x = noop, 1
        torch.cuda.memory_allocated: object = noop
        del torch.cuda.empty_cache
        """,
        "assigned or deleted here",
    )


def test_leaves_names_that_are_put_together_alone() -> None:
    check_noop(
        """
        import torch
        one = getattr(torch, "cu" "da")
        two = getattr(torch, f"{name}")
        three = getattr(torch, b"cuda")
        """
    )


# Expressions


def test_nested_findings_are_all_rewritten_in_one_run() -> None:
    check_fixes(
        """
        import torch
        torch.cuda.synchronize(torch.cuda.current_device())
        torch.cuda.set_device(device=(torch.cuda.current_device() + 1) % torch.cuda.device_count())
        """,
        """
        from cudafix.runtime import (
            count_devices,
            current_device_index,
            set_device_index,
            synchronize_device,
        )
        synchronize_device(current_device_index())
        set_device_index(device=(current_device_index() + 1) % count_devices())
        """,
        unsafe=True,
    )


def test_a_finding_in_an_argument_that_loses_its_keyword_is_rewritten_too() -> None:
    check_unsafe(
        "import torch\ntorch.cuda.synchronize(device=torch.cuda.current_device())\n",
        "import torch\ntorch.accelerator.synchronize(torch.accelerator.current_device_index())\n",
        "raises on a machine without an accelerator",
        route="accelerator",
        target_torch="2.6",
    )


def test_the_alias_of_torch_is_resolved_and_not_needed_for_the_new_name() -> None:
    check_fixes(
        "import torch as t\nwith t.cuda.amp.autocast():\n    y = t.ones(1)\n",
        "import torch as t\nfrom cudafix.runtime import device_autocast\nwith device_autocast():\n    y = t.ones(1)\n",
        unsafe=True,
    )


def test_every_argument_stays() -> None:
    check_fixes(
        """
        import torch
        with torch.cuda.amp.autocast(True, dtype=torch.bfloat16, cache_enabled=flag):
            torch.cuda.memory_summary(0, abbreviated=True)
            torch.cuda.manual_seed_all(*seeds, **more)
        """,
        """
        import torch
        from cudafix.runtime import device_autocast, device_memory_summary, manual_seed_all
        with device_autocast(True, dtype=torch.bfloat16, cache_enabled=flag):
            device_memory_summary(0, abbreviated=True)
            manual_seed_all(*seeds, **more)
        """,
        unsafe=True,
    )


def test_arguments_that_may_hold_a_keyword_keep_the_native_form_away() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize(**where)\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device(**where)\n",
        route="accelerator",
        target_torch="2.6",
    )


def test_a_keyword_whose_value_has_parentheses_goes_without_them() -> None:
    check_unsafe(
        "import torch\ntorch.cuda.synchronize(device=(x))\n",
        "import torch\ntorch.accelerator.synchronize((x))\n",
        "raises on a machine without an accelerator",
        route="accelerator",
        target_torch="2.6",
    )


def test_operators_around_the_call_bind_as_before() -> None:
    check_fixes(
        """
        import torch
        x = -torch.cuda.memory_allocated() ** 2, not torch.cuda.memory_allocated() % 2, torch.cuda.memory_stats()["a"].b
        y = (torch.cuda.memory_allocated)(), [*torch.cuda.get_rng_state_all()], 1 if torch.cuda.seed() else 2
        """,
        """
        from cudafix.runtime import (
            device_memory_allocated,
            device_memory_stats,
            get_device_rng_state_all,
            seed_device,
        )
        x = -device_memory_allocated() ** 2, not device_memory_allocated() % 2, device_memory_stats()["a"].b
        y = (device_memory_allocated)(), [*get_device_rng_state_all()], 1 if seed_device() else 2
        """,
        unsafe=True,
    )


def test_words_that_touch_a_parenthesis_stay_apart_from_the_name() -> None:
    check_fixes(
        "import torch\ndef f():\n    return(torch.cuda.device_count())or(not(torch.cuda.memory_allocated()))\n",
        "from cudafix.runtime import count_devices, device_memory_allocated\n"
        "def f():\n    return(count_devices())or(not(device_memory_allocated()))\n",
    )


def test_a_call_on_the_module_of_the_backend_needs_no_parentheses() -> None:
    check_unsafe(
        "import torch\ndef f():\n    return torch.cuda.memory_stats_as_nested_dict(0).get(1)\n",
        "from cudafix.runtime import device_module\n"
        "def f():\n    return device_module().memory_stats_as_nested_dict(0).get(1)\n",
        "not every backend has it",
    )


def test_f_strings_are_rewritten_inside() -> None:
    check_fixes(
        """
        import torch
        print(f"{torch.cuda.memory_allocated() / 2**30:.1f} of {torch.cuda.get_device_name(f'{rank}')!r:>{width}}")
        """,
        """
        from cudafix.runtime import device_memory_allocated, get_device_name
        print(f"{device_memory_allocated() / 2**30:.1f} of {get_device_name(f'{rank}')!r:>{width}}")
        """,
    )


def test_getattr_with_a_literal_name_is_rewritten_as_a_whole() -> None:
    check_fixes(
        """
        import torch
        one = getattr(torch, "cuda").device_count()
        two = getattr(torch.cuda, ("device_count"))()
        """,
        """
        from cudafix.runtime import count_devices
        one = count_devices()
        two = count_devices()
        """,
    )


def test_decorators_lambdas_defaults_and_walruses_are_rewritten() -> None:
    check_fixes(
        """
        import torch

        @torch.cuda.amp.autocast(enabled=False)
        def count(index=torch.cuda.current_device(), *, total=lambda: torch.cuda.memory_allocated()):
            while (free := torch.cuda.memory_reserved()) > 0:
                yield free
        """,
        """
        from cudafix.runtime import (
            current_device_index,
            device_autocast,
            device_memory_allocated,
            device_memory_reserved,
        )

        @device_autocast(enabled=False)
        def count(index=current_device_index(), *, total=lambda: device_memory_allocated()):
            while (free := device_memory_reserved()) > 0:
                yield free
        """,
        unsafe=True,
    )


def test_a_base_class_stays() -> None:
    check_stays("import torch\nclass Side(torch.cuda.Stream): ...\n", "a base class")


def test_statements_on_one_line_are_rewritten_one_by_one() -> None:
    check_fixes(
        "import torch\nif x: torch.cuda.synchronize(); torch.cuda.empty_cache()\nelse: torch.cuda.synchronize();\n",
        "from cudafix.runtime import empty_device_cache, synchronize_device\n"
        "if x: synchronize_device(); empty_device_cache()\nelse: synchronize_device();\n",
    )


def test_the_same_function_under_several_names_gets_one() -> None:
    check_fixes(
        """
        import torch
        import torch.cuda as tc
        from torch import cuda
        from torch.cuda import synchronize as sync
        from torch.cuda.streams import Stream

        torch.cuda.synchronize(), tc.synchronize(), cuda.synchronize(), sync()
        """,
        """
        from cudafix.runtime import synchronize_device
        from torch.cuda.streams import Stream

        synchronize_device(), synchronize_device(), synchronize_device(), synchronize_device()
        """,
    )


# Layout and comments


def test_the_layout_of_the_call_stays() -> None:
    check_fixes(
        """
        import torch
        x = (
            torch.cuda.memory_allocated(  # in bytes
                0,  # the first
            )
            + torch . cuda . memory_reserved ( )
        )
        """,
        """
        from cudafix.runtime import device_memory_allocated, device_memory_reserved
        x = (
            device_memory_allocated(  # in bytes
                0,  # the first
            )
            + device_memory_reserved ( )
        )
        """,
    )


def test_a_name_over_several_lines_becomes_one_word() -> None:
    check_fixes(
        "import torch\nx = (torch\n     .cuda\n  .memory_allocated(0))\ny = torch.cuda \\\n    .memory_allocated()\n",
        "from cudafix.runtime import device_memory_allocated\n"
        "x = (device_memory_allocated(0))\ny = device_memory_allocated()\n",
    )


def test_a_comment_inside_the_name_makes_the_fix_unsafe() -> None:
    check_unsafe(
        "import torch\nx = (torch.cuda  # hm\n     .memory_allocated())\n",
        "from cudafix.runtime import device_memory_allocated\nx = (device_memory_allocated())\n",
        "a comment inside the expression would be lost",
    )


# Text edits


def test_the_edits_of_a_finding_name_the_smallest_spans() -> None:
    (finding,) = findings_in("import torch\nx = torch.ones(torch.cuda.device_count())\n")
    assert finding.fix is not None
    assert finding.fix.edits == (
        Edit(Position(2, 1), Position(2, 1), "from cudafix.runtime import count_devices\n"),
        Edit(Position(2, 16), Position(2, 39), "count_devices"),
    )


def test_the_edits_of_one_finding_leave_the_imports_that_others_need() -> None:
    first, second = findings_in("import torch\ntorch.cuda.synchronize()\ntorch.cuda.device_count()\n")
    assert first.fix is not None
    assert second.fix is not None
    lines = ["import torch\n", "torch.cuda.synchronize()\n", "torch.cuda.device_count()\n"]
    assert apply_edits(lines, first.fix.edits) == (
        "import torch\nfrom cudafix.runtime import synchronize_device\n"
        "synchronize_device()\ntorch.cuda.device_count()\n"
    )
    assert apply_edits(lines, second.fix.edits) == (
        "import torch\nfrom cudafix.runtime import count_devices\ntorch.cuda.synchronize()\ncount_devices()\n"
    )


def test_edits_at_one_place_keep_their_order() -> None:
    start = Position(1, 1)
    changes = [Edit(start, start, "a"), Edit(start, start, "b"), Edit(start, Position(1, 2), "c")]
    assert apply_edits(["x\n"], changes) == "abc\n"
