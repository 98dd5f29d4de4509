"""What is of CUDA by nature beside its functions: settings of torch, environment variables, and what others do."""

from __future__ import annotations

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
"""What is said of the variables of a library, by the word that they begin with."""


def setting_of(path: str) -> str:
    """Return the longest of the settings that `path` is, or is below; "" for every other path."""
    while path and path not in SETTINGS:
        path = path.rpartition(".")[0]
    return path


def advice_on(variable: str) -> str:
    words = variable.removeprefix("TORCH_").partition("_")[0]
    return VARIABLES.get(variable) or OF_LIBRARY.get(words, "CUDA or one of its libraries reads it, and nothing else")
