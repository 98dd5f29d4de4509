"""Text that is about CUDA itself, or names another backend; handlers of the error that says there is no CUDA."""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from cudafix.catalogue.backends import BESIDE_CUDA
from cudafix.syntax.module import File

NAMES_CUDA = re.compile(
    r"""["']cuda\b|\.cuda\(|\bCUDA(?:_[A-Z]|[A-Z])|\.(?:major|minor|gcnArchName)\b|\bis_sm_|\bsm_?\d\d|\bversion\.cuda\b"""
    r"""|nvidia|nvlink"""
    r"""|\b(?:get_device_capability|cudart|cudnn|nvtx|nccl)\b|[(,]\s*(?:use_)?cuda\s*=\s*True\b"""
    r"""|\b(?!_?(?:is|has)_)\w{0,40}(?:_cuda|cuda_)\w{0,40}\("""
)
"""What only CUDA has, and what is asked to use it: `capability.major`, `run(cuda=True)`, `least_used_cuda_device()`."""

SAYS_CUDA = re.compile(r"""[\"'#][^\n]{0,200}?\b(?:CUDA|cuDNN|NVIDIA|Nvidia)\b""")
"""A text or a comment that speaks of CUDA: `"CUDA is not available"`."""

MISSING_CUDA = ("AssertionError", "BaseException", "Exception", "RuntimeError")
"""The exceptions that stand for what `torch.cuda` raises where there is no CUDA."""


def names_cuda(code: str) -> bool:
    """Whether `code` is about CUDA itself, so that it must not run on another accelerator."""
    return NAMES_CUDA.search(code) is not None


def says_cuda(code: str) -> bool:
    """Whether a text or a comment in `code` speaks of CUDA, and would be false of another accelerator."""
    return SAYS_CUDA.search(code) is not None


def names_backend(code: str, backends: Sequence[str] = BESIDE_CUDA) -> bool:
    """Whether a word of `code` is one of `backends`: `is_xpu_available`, `"npu"`, but not `input`."""
    return re.search(rf"(?<![a-z])(?:{'|'.join(backends)})(?![a-z])", code, re.IGNORECASE) is not None


def catches(handler: cst.ExceptHandler, file: File) -> bool:
    """Whether a handler catches what `torch.cuda` raises where there is no CUDA."""
    code = file.code(handler.type) if handler.type is not None else "Exception"
    return any(one in MISSING_CUDA for one in re.findall(r"\w+", code))
