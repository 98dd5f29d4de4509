"""CFX303: a branch for one backend that calls another."""

from __future__ import annotations

import pytest
from checks import check_finds, check_stays, findings_in


def wrong(source: str) -> list[int]:
    return [one.start.row for one in findings_in(source) if one.code == "CFX303"]


@pytest.mark.parametrize(
    "source",
    [
        "if device.type == 'cuda':\n    torch.cuda.empty_cache()",
        "if is_npu() or is_cuda():\n    torch.cuda.empty_cache()",
        "if not is_npu():\n    torch.cuda.empty_cache()",
        "if is_npu():\n    a()\nelse:\n    torch.cuda.empty_cache()",
        "if _is_hip:\n    torch.cuda.empty_cache()",
        "if is_npu():\n    torch.cuda.empty_cache = torch.npu.empty_cache",
        "if is_npu():\n    fall_back = torch.cuda.empty_cache",
        "if is_npu():\n    if torch.cuda.is_available():\n        torch.cuda.empty_cache()",
        "if is_torch_xla_available():\n    torch.cuda.empty_cache()",
        "if is_npu():\n    from torch_npu.contrib import transfer_to_npu\n    torch.cuda.empty_cache()",
        "if device.type == 'cpu':\n    torch.cuda.empty_cache()",
    ],
)
def test_leaves_a_branch_that_calls_what_it_is_for_alone(source: str) -> None:
    assert wrong(f"import torch\n{source}\n") == []


@pytest.mark.parametrize(
    "source",
    [
        "if device.type == 'xpu':\n    torch.cuda.empty_cache()",
        "if is_npu():\n    torch.cuda.empty_cache()",
        "if torch.xpu.is_available():\n    torch.cuda.empty_cache()",
        "if device.type != 'xpu':\n    a()\nelse: torch.cuda.empty_cache()",
        "x = is_npu() and \\\n    torch.cuda.device_count()",
    ],
)
def test_finds_the_call_of_another_backend(source: str) -> None:
    assert wrong(f"import torch\n{source}\n") in ([3], [4])


def test_finds_a_question_where_the_other_branches_act() -> None:
    check_finds(
        """
        import torch
        if is_xpu():
            torch.xpu.empty_cache()
        elif is_npu():
            torch.npu.is_available()
        elif is_mlu():
            torch.mlu.empty_cache()
        """,
        "2 CFX302 torch.xpu.empty_cache",
        "5 CFX303 torch.npu.is_available",
        select=["CFX3"],
        ignore=["CFX305"],
    )


def test_a_wrong_branch_has_no_fix_and_no_other_finding() -> None:
    check_stays(
        "import torch\nif is_npu():\n    torch.cuda.synchronize()\n",
        "only who knows the code can say which is meant",
    )


@pytest.mark.parametrize(
    "source",
    [
        "if torch.backends.mps.is_available():\n    torch.mps.empty_cache()",
        "if device.type == 'mps':\n    torch.mps.empty_cache()",
        "def f():\n    if not is_mps:\n        return\n    torch.mps.empty_cache()",
        "def empty_mps():\n    torch.mps.empty_cache()",
        "class MPSBackend:\n    def f(self):\n        torch.mps.empty_cache()",
        "try:\n    torch.mps.empty_cache()\nexcept RuntimeError:\n    pass",
        "callback = torch.mps.empty_cache",
        "torch.mps.synchronize()",
    ],
)
def test_leaves_a_call_of_mps_that_is_checked_alone(source: str) -> None:
    assert wrong(f"import torch\n{source}\n") == []


def test_finds_a_call_of_mps_that_nothing_checks() -> None:
    check_stays(
        "import torch\ndef flush():\n    torch.cuda.nvtx.mark('x')\n    torch.mps.empty_cache()\n",
        "it raises on every other machine",
        select=["CFX303"],
    )
