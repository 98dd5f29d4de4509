"""The oracle for guards and ladders itself, form by form."""

from __future__ import annotations

from textwrap import dedent

import pytest
from guard_oracle import decisions

EMPTY = "torch.cuda.empty_cache()"


def seen(source: str) -> list[tuple[int, list[list[str]], list[str]]]:
    """Row, the backends of each arm ("else" for none), the calls."""
    return [
        (
            one.row,
            [sorted(arm.answer.backends) if arm.answer else ["else"] for arm in one.arms],
            [call.path.removeprefix("torch.") for call in one.calls],
        )
        for one in decisions(dedent(source))
    ]


def branch(test: str) -> list[str]:
    """The backends that a condition leaves."""
    one, *_ = decisions(f"import torch\nif {test}:\n    {EMPTY}\n")
    return sorted(one.arms[0].answer.backends if one.arms[0].answer else ())


@pytest.mark.parametrize(
    "source",
    [
        "if ready: torch.cuda.empty_cache()",
        "if torch.cuda.is_available(): prepare()",
        "if torch.cuda.is_available(): torch.cuda.is_initialized()",
        "if torch.cuda.is_available(): torch.cuda.nvtx.mark('')",
        "if torch.cuda.is_available() or ready: torch.cuda.empty_cache()",
        "if device.type == 'cpu': torch.cuda.empty_cache()",
        "if device.type in ('cuda', 'cpu'): torch.cuda.empty_cache()",
        "torch.cuda.empty_cache()",
    ],
)
def test_finds_nothing_where_no_backend_decides_about_a_call(source: str) -> None:
    assert seen(f"import torch\n{source}\n") == []


def test_does_not_take_any_name_for_torch() -> None:
    assert seen(f"if device.type == 'cuda': {EMPTY}\n") == []


@pytest.mark.parametrize(
    "test",
    [
        "torch.xpu.is_available()",
        "hasattr(torch, 'xpu') and torch.xpu.is_available()",
        "device.type == 'xpu'",
        "'xpu' == device",
        "device == torch.device('xpu:0')",
        "device.type in ('xpu',)",
        "'xpu' in str(device)",
        "str(device).startswith('xpu')",
        "is_xpu()",
        "is_torch_xpu_available(check_device=True)",
        "platform.is_xpu()",
        "_is_xpu",
        "HAS_XPU",
        "XPU_AVAILABLE",
        "not device.type != 'xpu'",
        "not (device.type != 'xpu' or busy)",
        "(found := torch.xpu.is_available())",
    ],
)
def test_knows_the_forms_of_a_test(test: str) -> None:
    assert branch(test) == ["xpu"]


@pytest.mark.parametrize("test", ["torch.backends.mps.is_available()", "device.type == 'mps'"])
def test_knows_the_test_for_mps(test: str) -> None:
    assert branch(test) == ["mps"]


@pytest.mark.parametrize("test", ["_is_hip", "is_rocm()"])
def test_takes_rocm_for_cuda(test: str) -> None:
    assert branch(test) == ["cuda"]


def test_a_disjunction_leaves_all_of_its_backends() -> None:
    assert branch("is_npu() or torch.xpu.is_available()") == ["npu", "xpu"]


def test_sees_a_chain_as_one() -> None:
    source = f"""
        import torch
        if cold: wait()
        elif torch.cuda.is_available(): {EMPTY}
        elif is_npu(): torch_npu.npu.empty_cache()
        elif is_xpu(): pass
        else: torch.mps.empty_cache()
        """
    assert seen(source) == [(3, [["cuda"], ["npu"], ["xpu"], ["else"]], ["cuda.empty_cache", "mps.empty_cache"])]


def test_a_ladder_is_over_the_backends_of_the_arms_that_call_something() -> None:
    ladder, guard = decisions(
        dedent(f"""
            import torch
            if is_xpu(): torch.xpu.empty_cache()
            else: {EMPTY}
            wait()
            if torch.cuda.is_available(): {EMPTY}
            elif is_xpu(): pass
            """)
    )
    assert (ladder.is_ladder, ladder.guards_cuda) == (True, False)
    assert (guard.is_ladder, guard.guards_cuda) == (False, True)


def test_sees_choices_and_matches() -> None:
    source = """
        import torch
        n = torch.cuda.device_count() if torch.cuda.is_available() else torch.xpu.device_count() if is_xpu() else 0
        match device.type:
            case "cuda": torch.cuda.synchronize()
            case "xpu" | "npu": pass
        """
    assert seen(source) == [
        (3, [["cuda"], ["xpu"], ["else"]], ["cuda.device_count", "xpu.device_count"]),
        (4, [["cuda"], ["npu", "xpu"]], ["cuda.synchronize"]),
    ]


@pytest.mark.parametrize(
    "test", ["not torch.cuda.is_available()", "device.type != 'cuda' or busy", "not (is_cuda() and ready)"]
)
def test_sees_an_early_return(test: str) -> None:
    assert seen(f"import torch\ndef f():\n    if {test}: return\n    {EMPTY}\n") == [
        (3, [["cuda"]], ["cuda.empty_cache"])
    ]


def test_a_call_belongs_to_the_innermost_decision_only() -> None:
    source = f"""
        import torch
        if torch.cuda.is_available():
            if ready:
                if device.type == "cuda": {EMPTY}
                torch.cuda.synchronize()
        """
    assert seen(source) == [
        (3, [["cuda"], ["else"]], ["cuda.synchronize"]),
        (5, [["cuda"], ["else"]], ["cuda.empty_cache"]),
    ]


def test_the_ifs_beside_an_if_are_its_run() -> None:
    found = decisions(f"import torch\nif is_cuda():\n    {EMPTY}\nif is_xpu():\n    torch.xpu.empty_cache()\n")
    assert [(sorted(one.header), sorted(one.run)) for one in found] == [([2], [2, 4]), ([4], [2, 4])]
