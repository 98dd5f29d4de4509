"""CFX401, which is reported only when it is asked for."""

from __future__ import annotations

from checks import check_finds, check_stays, findings_in

CUDA_ONLY = "import torch\ntorch.cuda.nvtx.range_push('x')\n"


def test_it_is_not_on_by_default() -> None:
    assert findings_in(CUDA_ONLY, select=[]) == []


def test_a_cuda_only_symbol_is_found_when_asked_for() -> None:
    check_finds(CUDA_ONLY, "2 CFX401 torch.cuda.nvtx.range_push")


def test_a_cuda_only_symbol_says_what_to_use() -> None:
    check_stays(CUDA_ONLY, "torch.profiler.record_function")
