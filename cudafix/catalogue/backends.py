"""Every backend that is known by name: those of the catalogue, what else they are called, and those beside them."""

from __future__ import annotations

BACKENDS = ("cuda", "xpu", "npu", "musa", "mlu", "hpu", "mps", "mtia")


FAMILY = {"hip": "cuda", "rocm": "cuda", "nvidia": "cuda", "habana": "hpu", "gaudi": "hpu", "ascend": "npu",
          "metal": "mps"}  # fmt: skip
"""What else a backend is called, and the module of torch that it has."""


OTHERS = ("sdaa", "neuron", "xla", "tpu", "gcu", "ipu", "maia", "vulkan", "supa", "ppu")
"""Backends that the catalogue does not know: a test may ask for them all the same."""


WORDS = "|".join((*BACKENDS, *FAMILY, *OTHERS))


def family(word: str) -> str:
    return FAMILY.get(word.lower(), word.lower())
