"""CFX205 and CFX401, which are reported only when they are asked for."""

from __future__ import annotations

from checks import check_finds, check_stays, findings_in

CUDA_ONLY = "import torch\ntorch.cuda.nvtx.range_push('x')\n"
TENSOR_TYPE = "import torch\nx = torch.cuda.FloatTensor([1.0])\n"


def test_neither_is_on_by_default() -> None:
    assert findings_in(CUDA_ONLY + TENSOR_TYPE, select=[]) == []


def test_a_cuda_only_symbol_is_found_when_asked_for() -> None:
    check_finds(CUDA_ONLY, "2 CFX401 torch.cuda.nvtx.range_push")


def test_a_cuda_only_symbol_says_what_to_use() -> None:
    check_stays(CUDA_ONLY, "torch.profiler.record_function")


def test_a_tensor_type_is_found_when_asked_for() -> None:
    check_finds(TENSOR_TYPE, "2 CFX205 torch.cuda.FloatTensor")


def test_a_tensor_type_says_what_to_use() -> None:
    check_stays(TENSOR_TYPE, "torch.tensor(")
