"""A setting of torch that is about CUDA.

## What it does
Finds `torch.backends.cudnn` and `torch.backends.cuda`, `torch.version.cuda`, `ProcessGroupNCCL` and the like.

## Why is this bad?
Mostly it is not bad in itself: elsewhere it does nothing. The finding says what does the same for every backend. It is
counted apart and never fails a run unless it is selected.

## Example
```python
import torch

torch.backends.cuda.matmul.allow_tf32 = True
```

## Use instead
```python
import torch

torch.set_float32_matmul_precision("high")
```

## Fix safety
There is no fix.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.replace_literal import match_of
from cudafix.analysis.match import Match
from cudafix.replacements.replacement import Refusal

TF32 = 'torch.set_float32_matmul_precision("high") says it for every backend'
SDPA = "torch.nn.attention.sdpa_kernel(…) chooses for every backend"
SETTINGS = {
    "torch.version.cuda": "None in every other build; whether there is a device, is_accelerator_available() says",
    "torch.backends.cuda.matmul.allow_tf32": TF32,
    "torch.backends.cudnn.allow_tf32": TF32,
    "torch.backends.cuda.sdp_kernel": SDPA,
    "torch.backends.cuda.enable_flash_sdp": SDPA,
    "torch.backends.cuda.enable_math_sdp": SDPA,
    "torch.backends.cuda.enable_mem_efficient_sdp": SDPA,
    "torch.backends.cuda.enable_cudnn_sdp": SDPA,
    "torch.backends.cuda.is_built": "whether there is a device, is_accelerator_available() says",
    "torch.backends.cuda": "a setting of CUDA's libraries, which does nothing elsewhere",
    "torch.backends.cudnn.deterministic": "it does nothing elsewhere; torch.use_deterministic_algorithms(True) does",
    "torch.backends.cudnn": "a setting of cuDNN, which does nothing elsewhere",
    "torch.distributed.ProcessGroupNCCL": "options of NCCL, which only its own process group takes",
    "torch.distributed.distributed_c10d.ProcessGroupNCCL": "options of NCCL, which only its own process group takes",
    "torch.distributed.is_nccl_available": "torch.distributed.is_backend_available(distributed_backend()) asks for the "
    "backend of the accelerator",
    "torch.profiler.ProfilerActivity.CUDA": "torch.profiler.supported_activities() has that of every backend",
    "torch.utils.cpp_extension.CUDAExtension": "it compiles kernels of CUDA: other backends need their own",
}
"""The attributes of torch that are of CUDA by nature, and what others do; the longest that fits."""


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each attribute of torch that is of CUDA by nature, and no function of `torch.cuda`."""
    names = context.file.names
    for node in names.places:
        if not isinstance(node, cst.Attribute) or isinstance(names.tree.parents.get(node), cst.Attribute):
            continue
        meaning = names.resolve(node) if context.may_be_torch(node) else None
        known = setting_of(meaning.path) if meaning is not None and meaning.doubt is None else ""
        if meaning is not None and known:
            yield match_of(node, f"`{meaning.path}` is of CUDA by nature", Refusal(SETTINGS[known]), context)


def setting_of(path: str) -> str:
    """Return the longest of the settings that `path` is, or is below; "" for every other path."""
    while path and path not in SETTINGS:
        path = path.rpartition(".")[0]
    return path
