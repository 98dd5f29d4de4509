"""Every backend that is known by name: those of the catalogue, what else they are called, and those beside them.

All other lists of backends are made from these.
"""

from __future__ import annotations

BACKENDS = ("cuda", "xpu", "npu", "musa", "mlu", "hpu", "mps", "mtia")
"""The backends that the catalogue knows, by the names of their modules below `torch`."""

FAMILY = {
    "hip": "cuda", "rocm": "cuda", "nvidia": "cuda", "habana": "hpu", "gaudi": "hpu", "ascend": "npu",
    "cambricon": "mlu", "metal": "mps",
}  # fmt: skip
"""What else a backend is called, and the module of torch that it has."""

OTHERS = (
    "sdaa", "neuron", "xla", "tpu", "gcu", "ipu", "maia", "vulkan", "supa", "ppu", "rbln", "metax", "maca",
)  # fmt: skip
"""Backends that the catalogue does not know: a test may ask for them all the same."""

NAMES = (*BACKENDS, *FAMILY, *OTHERS)
WORDS = "|".join(NAMES)
"""Any of the names, for a regular expression."""

BESIDE_CUDA = tuple(name for name in NAMES if name not in ("cuda", "nvidia"))
"""The names of all backends but CUDA as NVIDIA has it; ROCm, which answers to `torch.cuda`, is one of them."""

IN_TEXT = tuple(name for name in NAMES if name not in ("metal", "nvidia"))
"""The names that can only mean a backend of torch where people write of it."""

STANDS_IN = {"musa": "torchada", "npu": "transfer_to_npu"}
"""What makes a backend answer to the name `torch.cuda`, so that its branch may say so."""

BUILDS = {"torch.version.hip": "cuda", "torch.version.cuda": "cuda", "torch.version.xpu": "xpu"}
"""What tells for which backend torch was built."""


def family(word: str) -> str:
    """Return the backend that a word names, as torch calls it."""
    return FAMILY.get(word.lower(), word.lower())
