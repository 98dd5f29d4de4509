"""A name that is bound more than once: what it means depends on what surely ran before."""

from __future__ import annotations

from checks import check_finds, check_fixes, check_noop, check_stays, findings_in


def check_is_torch(source: str, row: int) -> None:
    """What is on this row is torch's for sure, so that it has a fix."""
    assert [(one.start.row, one.fix is not None) for one in findings_in(source)] == [(row, True)]


def test_leaves_a_name_alone_after_it_is_assigned() -> None:
    check_noop("import torch\ntorch = load()\ntorch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_after_another_import() -> None:
    check_noop("import torch\nimport faketorch as torch\ntorch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_after_a_function_or_class_takes_it() -> None:
    check_noop("import torch\ndef torch(): ...\ntorch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_after_it_is_set_to_none() -> None:
    check_noop("import torch\ntorch = None\ntorch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_after_an_augmented_assignment() -> None:
    check_noop("import torch\ntorch += 1\ntorch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_after_it_is_deleted() -> None:
    check_noop("import torch\ndel torch\ntorch.cuda.empty_cache()\n")


def test_leaves_names_alone_after_they_are_deleted_together() -> None:
    check_noop("import torch\nfrom torch import cuda\ndel (x, [torch, cuda])\ntorch.cuda.init()\ncuda.init()\n")


def test_leaves_a_name_alone_after_an_assignment_expression() -> None:
    check_noop("import torch\nif (torch := load()):\n    torch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_after_with_binds_it() -> None:
    check_noop("import torch\nwith fake() as torch, open(x) as (y, z):\n    torch.cuda.empty_cache()\n")


def test_leaves_the_variable_of_a_loop_alone_in_the_loop() -> None:
    check_noop("import torch\nfor _, torch in modules:\n    torch.cuda.empty_cache()\n")


def test_leaves_the_variable_of_a_handler_alone_in_the_handler() -> None:
    check_noop("import torch\ntry:\n    run()\nexcept E as torch:\n    torch.cuda.empty_cache()\n")


def test_leaves_the_variable_of_a_group_handler_alone_in_the_handler() -> None:
    check_noop("import torch\ntry:\n    run()\nexcept* E as torch:\n    torch.cuda.empty_cache()\n")


def test_leaves_what_a_pattern_captures_alone_in_its_case() -> None:
    check_noop(
        """
        import torch
        match command:
            case torch if torch.cuda.is_available():
                torch.cuda.empty_cache()
            case [_, *torch]:
                torch.cuda.empty_cache()
            case {"x": 1, **torch}:
                torch.cuda.empty_cache()
            case Point(x=torch):
                torch.cuda.empty_cache()
            case Other() as torch:
                torch.cuda.empty_cache()
        """
    )


def test_leaves_the_attribute_that_a_pattern_asks_for_alone() -> None:
    check_noop("from torch import cuda\nmatch x:\n    case Point(cuda=y):\n        pass\n")


def test_leaves_a_name_alone_in_the_branch_that_binds_it() -> None:
    check_noop("import torch\nif fake:\n    torch = load()\n    torch.cuda.empty_cache()\n")


def test_leaves_a_name_alone_after_an_import_in_a_block_was_replaced() -> None:
    check_noop("if x:\n    import torch\ntorch = load()\ntorch.cuda.empty_cache()\n")


def test_the_last_import_counts() -> None:
    check_is_torch("torch = load()\nimport torch\ntorch.cuda.empty_cache()\n", row=3)


def test_a_use_before_the_rebinding_still_means_torch() -> None:
    check_is_torch("import torch\ntorch.cuda.empty_cache()\ntorch = load()\n", row=2)


def test_a_use_in_the_value_that_rebinds_the_name_still_means_torch() -> None:
    check_finds("import torch\ntorch = wrap(torch.cuda.device_count())\n", "2 CFX105 torch.cuda.device_count")


def test_the_iterable_of_a_loop_is_read_before_its_variable_is_bound() -> None:
    check_finds(
        "import torch\nfor torch in torch.cuda.default_generators: ...\n", "2 CFX109 torch.cuda.default_generators"
    )


def test_a_context_is_entered_before_its_name_is_bound() -> None:
    check_finds("import torch\nwith torch.cuda.device(0) as torch: ...\n", "2 CFX105 torch.cuda.device")


def test_a_pattern_that_names_an_attribute_is_a_use() -> None:
    check_finds("import torch\nmatch x:\n    case torch.cuda.has_half: ...\n", "3 CFX106 torch.cuda.has_half")


def test_an_annotation_alone_binds_nothing_in_a_module() -> None:
    check_is_torch("import torch\ntorch: Module\ntorch.cuda.empty_cache()\n", row=3)


def test_an_annotation_alone_takes_no_local_import_back() -> None:
    check_is_torch("def flush():\n    import torch\n    torch: Module\n    torch.cuda.empty_cache()\n", row=4)


def test_torch_that_may_be_missing_is_torch() -> None:
    check_is_torch(
        "try:\n    import torch\nexcept ImportError:\n    torch = None\nif torch:\n    torch.cuda.empty_cache()\n",
        row=6,
    )


def test_torch_that_is_none_first_is_torch() -> None:
    check_is_torch(
        "torch = None\ntry:\n    import torch\nexcept ImportError:\n    pass\ntorch.cuda.empty_cache()\n", row=6
    )


def test_torch_that_is_false_where_it_is_missing_is_torch() -> None:
    check_is_torch(
        "try:\n    import torch\nexcept ImportError:\n    torch = ok = False\ntorch.cuda.empty_cache()\n", row=5
    )


def test_torch_that_is_none_in_one_of_several_names_is_torch() -> None:
    check_is_torch(
        "try:\n    import torch\nexcept ImportError:\n    torch, np = None, None\ntorch.cuda.empty_cache()\n", row=5
    )


def test_a_class_that_stands_in_for_torch_makes_every_use_doubtful() -> None:
    check_stays(
        "try:\n    import torch\nexcept ImportError:\n    class torch: ...\ntorch.cuda.empty_cache()\n",
        "`torch` may be something else here: it is also bound on line 4",
    )


def test_a_module_that_stands_in_for_torch_makes_every_use_doubtful() -> None:
    check_stays(
        "try:\n    import torch\nexcept ImportError:\n    import faketorch as torch\ntorch.cuda.empty_cache()\n",
        "also bound on line 4",
    )


def test_a_type_checking_import_beside_a_lazy_one_is_doubtful() -> None:
    check_stays(
        """
        if TYPE_CHECKING:
            import torch
        else:
            torch = LazyLoader("torch")
        torch.cuda.empty_cache()
        """,
        "also bound on line 4",
    )


def test_a_type_checking_import_alone_is_torch() -> None:
    check_finds("if TYPE_CHECKING:\n    import torch\ndef f(s: torch.cuda.Stream): ...\n", "3 CFX108 torch.cuda.Stream")


def test_an_import_in_both_branches_is_torch() -> None:
    check_is_torch("if lazy:\n    import torch\nelse:\n    import torch, numpy\ntorch.cuda.empty_cache()\n", row=5)


def test_an_import_in_a_with_block_is_torch() -> None:
    check_is_torch("with quiet():\n    import torch\ntorch.cuda.empty_cache()\n", row=3)


def test_rebinding_in_one_branch_is_doubtful_after_it() -> None:
    check_stays("import torch\nif fake:\n    torch = load()\ntorch.cuda.empty_cache()\n", "also bound on line 3")


def test_deleting_in_one_branch_is_doubtful_after_it() -> None:
    check_stays("import torch\nif fake:\n    del torch\ntorch.cuda.empty_cache()\n", "also bound on line 3")


def test_rebinding_in_the_other_branch_is_doubtful() -> None:
    check_stays("import torch\nif x:\n    torch = y\nelse:\n    torch.cuda.empty_cache()\n", "also bound on line 3")


def test_rebinding_in_the_test_of_an_elif_is_doubtful_after_it() -> None:
    check_stays("import torch\nif x: ...\nelif (torch := y): ...\ntorch.cuda.empty_cache()\n", "also bound on line 3")


def test_rebinding_behind_an_and_is_doubtful_after_it() -> None:
    check_stays("import torch\nfake and (torch := load())\ntorch.cuda.empty_cache()\n", "also bound on line 2")


def test_rebinding_in_one_half_of_a_choice_is_doubtful_after_it() -> None:
    check_stays("import torch\n(torch := y) if x else z\ntorch.cuda.empty_cache()\n", "also bound on line 2")


def test_the_variable_of_a_loop_is_doubtful_after_the_loop() -> None:
    check_stays("import torch\nfor torch in modules: ...\ntorch.cuda.empty_cache()\n", "also bound on line 2")


def test_the_variable_of_a_handler_is_doubtful_after_the_handler() -> None:
    check_stays(
        "import torch\ntry:\n    run()\nexcept E as torch: ...\ntorch.cuda.empty_cache()\n", "also bound on line 4"
    )


def test_what_a_pattern_captures_is_doubtful_after_it() -> None:
    check_stays(
        "import torch\nmatch x:\n    case [torch]: ...\n    case _:\n        torch.cuda.empty_cache()\n",
        "also bound on line 3",
    )


def test_rebinding_in_a_try_is_doubtful_in_its_handler() -> None:
    check_stays(
        "import torch\ntry:\n    torch = load()\nexcept E:\n    torch.cuda.empty_cache()\n", "also bound on line 3"
    )


def test_rebinding_further_down_in_a_loop_is_doubtful_further_up() -> None:
    check_stays(
        "import torch\nwhile True:\n    torch.cuda.empty_cache()\n    if fake:\n        torch = load()\n",
        "also bound on line 5",
    )


def test_rebinding_in_a_loop_is_doubtful_in_its_test() -> None:
    check_stays("import torch\nwhile torch.cuda.current_device():\n    torch = load()\n", "also bound on line 3")


def test_rebinding_in_a_comprehension_is_doubtful_in_its_next_round() -> None:
    check_stays("import torch\n[(torch.cuda.empty_cache(), torch := x) for x in y]\n", "also bound on line 2")


def test_rebinding_after_a_loop_is_not_seen_in_it() -> None:
    check_is_torch("import torch\nfor _ in steps:\n    torch.cuda.empty_cache()\ntorch = load()\n", row=3)


def test_rebinding_below_a_function_is_doubtful_in_it() -> None:
    check_stays("import torch\ndef f():\n    torch.cuda.empty_cache()\ntorch = load()\n", "also bound on line 4")


def test_rebinding_above_a_function_is_what_it_sees() -> None:
    check_noop("import torch\ntorch = load()\ndef f():\n    torch.cuda.empty_cache()\n")


def test_rebinding_above_a_function_in_a_loop_is_doubtful_in_it() -> None:
    check_stays(
        """
        for module in modules:
            if again:
                flush()
            torch = module
            import torch
            def flush():
                torch.cuda.empty_cache()
        """,
        "also bound on line 4",
    )


def test_deleting_at_the_end_of_a_module_is_doubtful_in_its_functions() -> None:
    check_stays("import torch\ndef f():\n    torch.cuda.empty_cache()\nf()\ndel torch\n", "also bound on line 5")


def test_none_at_the_end_of_a_module_says_nothing_new_to_its_functions() -> None:
    check_is_torch("import torch\ndef f():\n    torch.cuda.empty_cache()\nf()\ntorch = None\n", row=3)


def test_rebinding_below_a_class_is_not_seen_in_its_body() -> None:
    check_is_torch("import torch\nclass C:\n    torch.cuda.empty_cache()\ntorch = load()\n", row=3)


def test_what_may_have_replaced_a_name_before_a_loop_counts_in_the_loop() -> None:
    check_stays(
        """
        import torch
        if a:
            torch = fake
        for x in y:
            torch.cuda.empty_cache()
        """,
        "`torch` may be something else here: it is also bound on line 3",
    )


def test_what_a_loop_replaces_each_time_does_not_reach_a_function_in_it() -> None:
    check_fixes(
        """
        torch = fake
        for x in y:
            import torch
            def f():
                torch.cuda.empty_cache()
        """,
        """
        torch = fake
        for x in y:
            import torch  # noqa: F401
            from cudafix.runtime import empty_device_cache
            def f():
                empty_device_cache()
        """,
    )


def test_a_class_that_may_replace_a_name_leaves_it_in_doubt() -> None:
    check_stays(
        """
        import torch
        class A:
            if x:
                torch = fake
            torch.cuda.empty_cache()
        """,
        "`torch` may be something else here: it is also bound on line 4",
    )


def test_a_local_name_is_never_that_of_a_star_import() -> None:
    check_noop(
        """
        from torch.cuda import *
        def f():
            empty_cache()
            empty_cache = 1
        """
    )


def test_a_doubt_about_one_of_two_aliases_is_a_doubt_about_the_name() -> None:
    check_stays(
        """
        import torch
        if a:
            cuda = torch.cuda  # noqa
        else:
            if b:
                torch = fake
            cuda = torch.cuda  # noqa
        cuda.empty_cache()
        """,
        "`cuda` may be something else here: it is also bound on line 6",
        select=["CFX101"],
    )


def test_what_an_expression_may_have_bound_is_certain_further_on_in_it() -> None:
    check_finds(
        "import torch\nt = fake\na and ((t := torch.cuda), t.empty_cache())\n",
        "3 CFX101 torch.cuda.empty_cache",
        select=["CFX101"],
    )
    (finding,) = findings_in("import torch\nt = fake\na and ((t := torch.cuda), t.empty_cache())\n", select=["CFX101"])
    assert finding.fix is not None


def test_what_another_loop_binds_further_down_does_not_reach_this_one() -> None:
    check_fixes(
        """
        import torch
        for a in b:
            torch.cuda.empty_cache()
        for c in d:
            torch = fake
        """,
        """
        import torch  # noqa: F401
        from cudafix.runtime import empty_device_cache
        for a in b:
            empty_device_cache()
        for c in d:
            torch = fake
        """,
    )
