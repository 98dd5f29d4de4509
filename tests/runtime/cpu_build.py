"""With CUDAFIX_TORCH_AS_CPU_BUILD set, a torch that was built for CUDA looks like one that was built for the CPU.

Imported before torch is.
"""

from __future__ import annotations

import os
import re
from importlib.machinery import ExtensionFileLoader
from types import ModuleType

ONLY_IN_CUDA_BUILDS = re.compile("_cuda|_Cuda|_CUDA|_MemPool|_nccl_|_cudnn$|_nvtx$")


def forget_cuda(extension: ModuleType) -> None:
    """Take from `torch._C` what a build for the CPU lacks, before torch's Python files ask for it.

    They then define what they define in such a build, `torch.cuda` above all. The C++ code still knows CUDA; without
    a driver it finds no device.
    """
    for name in list(vars(extension)):
        if ONLY_IN_CUDA_BUILDS.match(name):
            delattr(extension, name)
    extension._has_cuda = extension._has_cudnn = False
    built_for = getattr(extension, "_accelerator_getAccelerator", None)
    if built_for is not None:  # torch 2.6's raises in either build
        extension._accelerator_getAccelerator = lambda: built_for() and None


def forget_cuda_at_import() -> None:
    load = ExtensionFileLoader.exec_module

    def load_and_forget(loader: ExtensionFileLoader, module: ModuleType) -> None:
        load(loader, module)
        if module.__name__ == "torch._C":
            forget_cuda(module)

    ExtensionFileLoader.exec_module = load_and_forget


if os.environ.get("CUDAFIX_TORCH_AS_CPU_BUILD"):
    forget_cuda_at_import()
