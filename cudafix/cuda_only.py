"""What is of CUDA by nature beside its functions → matches: environment variables (CFX402), torch's settings (CFX403).

Nothing is done about it; the finding says what other backends have instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from cudafix.analysis.context import Inspection
from cudafix.analysis.devices.replace_literal import match_of
from cudafix.analysis.match import Match
from cudafix.files.source import VARIABLE_NAME
from cudafix.replacements.replacement import Refusal
from cudafix.syntax.expressions import dotted_name, sides

ENVIRONMENT, SETTING = "CFX402", "CFX403"

VARIABLE = re.compile(VARIABLE_NAME)
VARIABLES = {
    "CUDA_VISIBLE_DEVICES": "other vendors have their own: HIP_VISIBLE_DEVICES, ZE_AFFINITY_MASK (XPU), "
    "ASCEND_RT_VISIBLE_DEVICES (NPU), MUSA_VISIBLE_DEVICES, MLU_VISIBLE_DEVICES, HABANA_VISIBLE_DEVICES; to know how "
    "many devices there are, ask count_devices()",
    "PYTORCH_CUDA_ALLOC_CONF": "since torch 2.9, PYTORCH_ALLOC_CONF is heard by every backend's allocator",
    "CUDA_LAUNCH_BLOCKING": "it does nothing elsewhere; to wait for a device, call synchronize_device()",
    "CUBLAS_WORKSPACE_CONFIG": "it does nothing elsewhere; torch.use_deterministic_algorithms(True) does",
}
"""The environment variables that have a counterpart, and what it is."""

OF_LIBRARY = {
    "NCCL": "NCCL reads it, and other communication libraries have variables of their own",
    "NVTE": "Transformer Engine reads it, which is for CUDA",
}

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


def find_variables(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each environment variable of CUDA or its libraries that is read or set."""
    for node in inspection.file.names.places:
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        if isinstance(text, str) and VARIABLE.fullmatch(text) and is_variable(node, inspection):
            yield match_of(ENVIRONMENT, node, f"`{text}` is of CUDA by nature", Refusal(advice_on(text)), inspection)


def advice_on(variable: str) -> str:
    words = variable.removeprefix("TORCH_").partition("_")[0]
    return VARIABLES.get(variable) or OF_LIBRARY.get(words, "CUDA or one of its libraries reads it, and nothing else")


def is_variable(node: cst.CSTNode, inspection: Inspection) -> bool:
    """Whether a string is the name of an environment variable: a key of what is called so, or of a mapping."""
    names, parent = inspection.file.names, inspection.parent(node)
    if isinstance(parent, cst.DictElement):
        return parent.key is node
    if isinstance(parent, cst.Index):
        element = inspection.parent(parent)
        subscript = inspection.parent(element) if element is not None else None
        return isinstance(subscript, cst.Subscript) and speaks_of_environment(subscript.value)
    comparison, call = names.comparison_around(node), names.call_around(node)
    if comparison is not None:
        return speaks_of_environment(sides(comparison)[-1])
    return call is not None and call.args[0].value is node and speaks_of_environment(call.func)


def speaks_of_environment(node: cst.BaseExpression) -> bool:
    return "env" in dotted_name(node).lower()


def find_settings(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each attribute of torch that is of CUDA by nature, and no function of `torch.cuda`."""
    names = inspection.file.names
    for node in names.places:
        if not isinstance(node, cst.Attribute) or isinstance(names.parents.get(node), cst.Attribute):
            continue
        meaning = names.resolve(node) if names.may_be_torch(node) else None
        known = setting_of(meaning.path) if meaning is not None and meaning.doubt is None else ""
        if meaning is not None and known:
            yield match_of(
                SETTING, node, f"`{meaning.path}` is of CUDA by nature", Refusal(SETTINGS[known]), inspection
            )


def setting_of(path: str) -> str:
    """Return the longest of the settings that `path` is, or is below; "" for every other path."""
    while path and path not in SETTINGS:
        path = path.rpartition(".")[0]
    return path
