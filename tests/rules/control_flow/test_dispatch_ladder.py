"""CFX302: a ladder over backends that is one neutral call."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_stays, check_unsafe, findings_in

from cudafix.model import Safety

EMPTIED = "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n"


def ladders(source: str, **settings: object) -> list[str]:
    """The safety of each ladder's fix, "manual" where there is none."""
    found = [one for one in findings_in(source, **settings) if one.code == "CFX302"]
    return [one.fix.safety.value if one.fix else Safety.MANUAL.value for one in found]


@pytest.mark.parametrize(
    "source",
    [
        "if is_cuda():\n    a()\nelif is_npu():\n    b()",
        "if torch.cuda.is_available():\n    torch.cuda.empty_cache()",
        "if cold:\n    torch.cuda.empty_cache()\nelif warm:\n    torch.xpu.empty_cache()",
        "names = {'cuda': 1, 'xpu': 2}",
        "if is_cuda():\n    x = 'cuda'\nelif is_npu():\n    x = 'npu'\nelse:\n    x = 'cpu'",
        "match device.type:\n    case 'cuda':\n        a()",
    ],
)
def test_leaves_what_is_no_ladder_around_a_neutral_form_alone(source: str) -> None:
    assert ladders(f"import torch\n{source}\n") == []


def test_a_ladder_is_reported_once_and_its_branches_only_for_those_who_ask() -> None:
    source = """
        import torch
        if torch.cuda.is_available():
            torch.cuda.memory_summary(); tell()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
        """
    check_finds(source, "2 CFX302 torch.cuda.is_available", select=["CFX1", "CFX302"])
    check_finds(source, "3 CFX305 torch.cuda.memory_summary", "5 CFX305 torch.xpu.empty_cache", select=["CFX305"])


# How the branches ask


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("torch.cuda.is_available()", "torch.xpu.is_available()"),
        ("torch.cuda.is_available()", "torch.backends.mps.is_available()"),
        ("torch.cuda.is_available()", "hasattr(torch, 'xpu') and torch.xpu.is_available()"),
        ("torch.cuda.is_available()", "hasattr(torch.backends, 'mps') and torch.backends.mps.is_available()"),
        ("torch.cuda.is_available() or torch.musa.is_available()", "torch.xpu.is_available()"),
    ],
)
def test_a_ladder_that_asks_torch_is_safe(first: str, second: str) -> None:
    backend = "mps" if "mps" in second else "xpu"
    check_fixes(
        f"import torch\nif {first}:\n    torch.cuda.empty_cache()\nelif {second}:\n    torch.{backend}.empty_cache()\n",
        EMPTIED,
    )


@pytest.mark.parametrize(
    "test",
    [
        "is_npu()",
        "_is_npu",
        "is_torch_npu_available()",
        "is_npu_available(check_device=True)",
        "current_platform.is_npu()",
        "has_npu",
        "npu_available()",
        "IS_NPU_AVAILABLE",
        "is_ascend()",
        "pt_npu_available",
    ],
)
def test_a_ladder_that_asks_functions_and_flags_of_the_project_is_unsafe(test: str) -> None:
    check_unsafe(
        f"import torch\nif {test}:\n    torch.npu.empty_cache()\nelse:\n    torch.cuda.empty_cache()\n",
        EMPTIED,
        "a function or flag of the project decides now, and torch would",
    )


@pytest.mark.parametrize("test", ["_is_hip", "is_rocm()", "torch.version.hip", "torch.version.hip is not None"])
def test_rocm_is_a_build_of_cuda(test: str) -> None:
    source = f"import torch\nif {test}:\n    torch.cuda.empty_cache()\nelif is_xpu():\n    torch.xpu.empty_cache()\n"
    check_fixes(source, EMPTIED, unsafe=True)


def test_a_project_can_tell_its_own_functions() -> None:
    source = """
        import torch
        from pkg.hardware import on_chip
        if on_chip():
            torch.npu.empty_cache()
        elif torch.cuda.is_available():
            torch.cuda.empty_cache()
        """
    assert ladders(source) == []
    assert ladders(source, backend_predicates={"on_chip": "npu"}) == ["unsafe"]
    assert ladders(source, backend_predicates={"pkg.hardware.on_chip": "npu"}) == ["unsafe"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("device.type == 'cuda'", "device.type == 'xpu'"),
        ("'cuda' == device.type", "'xpu' == device.type"),
        ("device == 'cuda'", "device == 'xpu'"),
        ("device.startswith('cuda')", "device.startswith('xpu')"),
        ("str(device).startswith('cuda')", "str(device).startswith('xpu')"),
        ("'cuda' in str(device)", "'xpu' in str(device)"),
        ("device in ('cuda', 'cuda:0')", "device in ('xpu',)"),
        ("device == torch.device('cuda')", "device == torch.device('xpu')"),
    ],
)
def test_a_ladder_over_a_device_passes_it_on(first: str, second: str) -> None:
    check_unsafe(
        f"import torch\nif {first}:\n    torch.cuda.empty_cache()\nelif {second}:\n    torch.xpu.empty_cache()\n",
        """
        import torch
        from cudafix.runtime import empty_device_cache
        empty_device_cache(torch.get_device_module(device))
        """,
        "the device at hand decides",
    )


def test_a_ladder_over_a_device_that_is_passed_already_keeps_the_argument() -> None:
    check_fixes(
        """
        import torch
        def allocated(device):
            if device.type == "cuda":
                return torch.cuda.memory_allocated(device)
            elif device.type == "mps":
                return torch.mps.current_allocated_memory()
            return 0
        """,
        """
        from cudafix.runtime import device_memory_allocated
        def allocated(device):
            return device_memory_allocated(device)
        """.replace("import device", "import device"),
        unsafe=True,
    )


def test_what_takes_no_device_stays_where_a_device_decides() -> None:
    check_stays(
        """
        import torch
        if device.type == "cuda":
            torch.cuda.manual_seed_all(1)
        elif device.type == "xpu":
            torch.xpu.manual_seed_all(1)
        """,
        "what it does depends on the device at hand",
        select=["CFX302"],
    )


# The shapes


def test_a_last_branch_for_cuda_is_one_like_the_others() -> None:
    check_fixes(
        """
        import torch
        if torch.xpu.is_available():
            torch.xpu.empty_cache()
        else:
            torch.cuda.empty_cache()
        """,
        EMPTIED,
    )


@pytest.mark.parametrize("last", ["pass", "...", "return"])
def test_a_last_branch_that_does_nothing_goes(last: str) -> None:
    check_fixes(
        f"""
        import torch
        def f():
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            elif torch.xpu.is_available():
                torch.xpu.synchronize()
            else:
                {last}
        """,
        "from cudafix.runtime import synchronize_device\ndef f():\n    synchronize_device()\n",
    )


def test_a_last_branch_that_raises_goes_but_not_safely() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
        else:
            raise RuntimeError("unknown backend")
        """,
        EMPTIED,
        "it no longer raises where none of these backends is there",
    )


def test_a_last_branch_with_the_value_that_is_answered_anyhow_goes() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            n = torch.cuda.device_count()
        elif torch.xpu.is_available():
            n = torch.xpu.device_count()
        else:
            n = 0
        """,
        "from cudafix.runtime import count_devices\nn = count_devices()\n",
    )


def test_a_last_branch_with_another_value_stays_below_a_neutral_test() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            n = torch.cuda.device_count()
        elif torch.xpu.is_available():
            n = torch.xpu.device_count()
        else:
            n = 1
        """,
        """
        from cudafix.runtime import count_devices, is_accelerator_available
        if is_accelerator_available():
            n = count_devices()
        else:
            n = 1
        """,
        "a backend that no branch is for takes this one, and not the last",
    )


def test_separate_ifs_are_a_ladder() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(seed)
        if torch.xpu.is_available():
            torch.xpu.manual_seed_all(seed)
        """,
        "from cudafix.runtime import manual_seed_all\nmanual_seed_all(seed)\n",
    )


def test_separate_ifs_that_return_are_a_ladder() -> None:
    check_fixes(
        """
        import torch
        def pick():
            if torch.cuda.is_available():
                return "cuda"
            if torch.backends.mps.is_available():
                return "mps"
            return "cpu"
        """,
        "from cudafix.runtime import current_device_type\ndef pick():\n    return current_device_type()\n",
        unsafe=True,
    )


def test_a_ladder_that_chooses_the_device_becomes_the_neutral_device() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            device = torch.device("cuda")
        elif torch.backends.mps.is_available():
            device = torch.device("mps")
        else:
            device = torch.device("cpu")
        """,
        """
        import torch
        from cudafix.runtime import current_device_type
        device = torch.device(current_device_type())
        """,
        "also chooses other accelerators",
    )


def test_nested_choices_are_a_ladder() -> None:
    check_fixes(
        "import torch\nd = 'cuda' if torch.cuda.is_available() else 'xpu' if torch.xpu.is_available() else 'cpu'\n",
        "from cudafix.runtime import current_device_type\nd = current_device_type()\n",
        unsafe=True,
    )


def test_a_ladder_after_another_condition_becomes_its_else() -> None:
    check_fixes(
        """
        import torch
        if dry:
            tell()
        elif torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache
        if dry:
            tell()
        else:
            empty_device_cache()
        """,
    )


def test_a_match_is_a_ladder() -> None:
    check_fixes(
        """
        import torch
        match device.type:
            case "cuda":
                torch.cuda.synchronize()
            case "xpu" | "mtia":
                pass
            case "mps":
                torch.mps.synchronize()
            case _:
                pass
        """,
        "import torch\ntorch.get_device_module(device).synchronize()\n",
        unsafe=True,
    )


def test_a_table_that_is_made_where_it_is_used_is_a_ladder() -> None:
    check_unsafe(
        """
        import torch
        {"cuda": torch.cuda.empty_cache, "xpu": torch.xpu.empty_cache, "cpu": nothing}[device.type]()
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        empty_device_cache(torch.get_device_module(device))
        """,
        "the device at hand decides",
    )


def test_a_table_with_a_name_goes_when_nothing_reads_it_any_more() -> None:
    check_fixes(
        """
        import torch
        def wait(kind):
            table = {"cuda": torch.cuda.synchronize, "xpu": torch.xpu.synchronize}
            table.get(kind, nothing)()
        """,
        """
        import torch
        def wait(kind):
            torch.get_device_module(kind).synchronize()
        """,
        unsafe=True,
    )


@pytest.mark.parametrize(
    "source",
    [
        "TABLE = {'cuda': torch.cuda.empty_cache, 'xpu': torch.xpu.empty_cache}\nrun(TABLE)",
        "{'cuda': torch.cuda.empty_cache, 'xpu': torch.xpu.synchronize}[kind]()",
        "{'cuda': torch.cuda.manual_seed_all, 'xpu': torch.xpu.manual_seed_all}[kind](1)",
        "{'cuda': torch.cuda.empty_cache, 'xpu': torch.xpu.empty_cache}[pick()]()",
    ],
)
def test_any_other_table_stays(source: str) -> None:
    assert ladders(f"import torch\n{source}\n") == ["manual"]


def test_one_seed_and_all_seeds_are_the_same_on_mps() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(seed)
        elif torch.backends.mps.is_available():
            torch.mps.manual_seed(seed)
        """,
        "from cudafix.runtime import manual_seed_all\nmanual_seed_all(seed)\n",
    )


def test_a_backend_that_the_catalogue_does_not_know_may_have_a_branch() -> None:
    check_fixes(
        """
        import torch
        if is_sdaa_available():
            torch.sdaa.empty_cache()
        else:
            torch.cuda.empty_cache()
        """,
        EMPTIED,
        unsafe=True,
    )


def test_the_condition_that_all_branches_share_stays() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available() and flush:
            torch.cuda.empty_cache()
        elif torch.xpu.is_available() and flush:
            torch.xpu.empty_cache()
        """,
        "from cudafix.runtime import empty_device_cache\nif flush:\n    empty_device_cache()\n",
    )


def test_the_names_of_the_devices_are_neutral_where_the_last_branch_is_cuda() -> None:
    check_unsafe(
        """
        import torch
        if torch.xpu.is_available():
            d = f"xpu:{torch.xpu.current_device()}"
        else:
            d = f"cuda:{torch.cuda.current_device()}"
        """,
        """
        from cudafix.runtime import current_device_index, current_device_type
        d = f"{current_device_type()}:{current_device_index()}"
        """,
        "also chooses other accelerators",
    )


# Comments


def test_a_comment_that_the_branch_which_stays_says_as_well_is_kept() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # give it back
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()  # give it back
        """,
        EMPTIED.rstrip("\n") + "  # give it back\n",
    )


@pytest.mark.parametrize(
    "source",
    [
        "elif torch.xpu.is_available():  # Intel\n    torch.xpu.empty_cache()\n",
        "elif torch.xpu.is_available():\n    # Intel\n    torch.xpu.empty_cache()\n",
        "# Intel\nif torch.xpu.is_available():\n    torch.xpu.empty_cache()\n",
    ],
)
def test_a_comment_that_would_be_lost_makes_it_unsafe(source: str) -> None:
    check_unsafe(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\n" + source,
        EMPTIED,
        "a comment would be lost: # Intel",
    )


# What stays


def test_branches_that_differ_stay_and_the_finding_says_where() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
            torch.xpu.synchronize()
        """,
        "the branch on line 4 does something else than the first",
        select=["CFX302"],
    )


def test_a_last_branch_that_works_stays() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
        else:
            gc.collect()
        """,
        "the last branch does something of its own",
        select=["CFX302"],
    )


def test_branches_under_different_conditions_stay() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available() and big:
            torch.cuda.empty_cache()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
        """,
        "the branches are taken under different conditions",
        select=["CFX302"],
    )


def test_a_ladder_without_cuda_would_begin_to_do_something_there() -> None:
    check_unsafe(
        """
        import torch
        if torch.xpu.is_available():
            torch.xpu.empty_cache()
        elif torch.npu.is_available():
            torch.npu.empty_cache()
        """,
        EMPTIED,
        "nothing was done on CUDA here",
    )


def test_a_branch_that_does_nothing_on_a_backend_is_a_doubt() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
        elif torch.backends.mps.is_available():
            pass
        """,
        EMPTIED,
        "nothing was done on one of the backends",
    )


def test_a_branch_under_a_condition_that_is_not_understood_keeps_the_ladder() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.ipc_collect()
        elif knows_xpu():
            torch.xpu.ipc_collect()
        """,
        "the last branch is for XPU, under a condition that is not understood",
        select=["CFX302"],
    )


def test_a_condition_about_something_else_between_the_branches_keeps_the_ladder() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            n = torch.cuda.device_count()
        elif wanted is not None:
            n = wanted
        elif torch.npu.is_available():
            n = torch.npu.device_count()
        """,
        "the last branch is for NPU, under a condition that is not understood",
        select=["CFX302"],
    )


def test_a_condition_about_something_else_after_the_guard_stays() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            n = torch.cuda.device_count()
        elif told:
            n = 0
        """,
        """
        from cudafix.runtime import count_devices, is_accelerator_available
        if is_accelerator_available():
            n = count_devices()
        elif told:
            n = 0
        """,
        "true on any accelerator",
        select=["CFX301", "CFX302"],
    )


def test_a_device_of_cuda_where_another_vendor_is_not_there_is_a_ladder() -> None:
    check_unsafe(
        """
        import torch
        def devices_of(index):
            if torch.musa.is_available():
                return [f"musa:{index}"]
            else:
                return [f"cuda:{index}"]
        """,
        """
        from cudafix.runtime import current_device_type
        def devices_of(index):
            return [f"{current_device_type()}:{index}"]
        """,
        "also chooses other accelerators",
        select=["CFX302"],
    )


def test_a_choice_that_asks_a_predicate_alone_leaves_its_device_to_the_rule_for_those() -> None:
    check_finds(
        """
        import torch
        if is_cuda_available():
            DEVICE = "cuda"
        elif is_npu_available():
            DEVICE = "npu"
        else:
            DEVICE = "cpu"
        """,
        "3 CFX305 ",
        select=["CFX2", "CFX3"],
        ignore=[],
    )


def test_a_ladder_over_a_text_that_may_name_no_device_stays() -> None:
    check_stays(
        """
        import torch
        def clear(name):
            if "cuda" in name:
                torch.cuda.empty_cache()
            elif "xpu" in name:
                torch.xpu.empty_cache()
        """,
        "a text is looked at, which may name no device at all",
        ignore=["CFX2", "CFX305", "CFX4", "CFX6"],
    )
