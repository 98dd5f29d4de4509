"""Settings for published projects that have neutral helpers of their own, each in the words of `[tool.cudafix]`.

Checked against vLLM 0.33.0, SGLang 0.5.12, DeepSpeed 0.19.8, accelerate 1.15.0, transformers 5.23.0, torch 2.13.0,
verl 0.9.1 and vLLM-Omni 0.30.0: `tests/corpus/test_targets_of_presets.py` looks each target up in the package.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

ACCELERATOR = {
    "empty_cache": "empty_cache",
    "synchronize": "synchronize",
    "device_count": "device_count",
    "current_device": "current_device_index",
    "set_device": "set_device_index",
    "device": "device_index",
    "is_available": "is_available",
    "current_stream": "current_stream",
    "set_stream": "set_stream",
    "memory_allocated": "memory_allocated",
    "max_memory_allocated": "max_memory_allocated",
    "memory_reserved": "memory_reserved",
    "max_memory_reserved": "max_memory_reserved",
    "memory_stats": "memory_stats",
    "reset_peak_memory_stats": "reset_peak_memory_stats",
    "reset_accumulated_memory_stats": "reset_accumulated_memory_stats",
    "mem_get_info": "get_memory_info",
}
"""What torch.cuda has, and what torch.accelerator calls it, in the torch that these projects ask for."""

DEVICE_TYPE = "cudafix.runtime.current_device_type"
DEVICE = "cudafix.runtime.current_device"
AVAILABLE = "cudafix.runtime.is_accelerator_available"
BACKEND = "cudafix.runtime.distributed_backend"


def each(names: Iterable[str], target: str) -> dict[str, str]:
    """Return targets that go by the names of the functions which they replace."""
    return {f"torch.cuda.{name}": f"{target}.{name}" for name in names}


TORCH_ACCELERATOR = {f"torch.cuda.{old}": f"torch.accelerator.{new}" for old, new in ACCELERATOR.items()}
TORCH_MODULE = {"torch.cuda.*": "torch.get_device_module().*", AVAILABLE: "torch.accelerator.is_available"}

VLLM_PLATFORM = "vllm.platforms:current_platform"
VLLM = {
    "route": "targets",
    "target-torch": "2.10",
    "targets": {
        **TORCH_ACCELERATOR,
        **each(
            (
                "Event", "Stream", "default_stream", "get_device_properties", "get_rng_state", "graph_pool_handle",
                "initial_seed", "manual_seed", "manual_seed_all", "set_rng_state", "stream",
            ),
            VLLM_PLATFORM,
        ),
        "vllm.utils.torch_utils.cuda_device_count_stateless": "torch.accelerator.device_count",
        "vllm.platforms.current_platform.mem_get_info": "torch.accelerator.get_memory_info",
        f"{DEVICE_TYPE}()": f"{VLLM_PLATFORM}.device_type",
        f"{BACKEND}()": f"{VLLM_PLATFORM}.dist_backend",
        AVAILABLE: "torch.accelerator.is_available",
    },
    "per-file-ignores": {"vllm/platforms/*": ["CFX"], "vllm/device_allocator/*": ["CFX"]},
}  # fmt: skip

SGLANG = {
    "route": "targets",
    "target-torch": "2.9",
    "targets": {
        "torch.cuda.empty_cache": "sglang.srt.utils.common.empty_device_cache",
        **TORCH_MODULE,
        DEVICE_TYPE: "sglang.srt.utils.common.get_device",
    },
}

GET_ACCELERATOR = "deepspeed.accelerator.get_accelerator()"
DEEPSPEED = {
    "route": "targets",
    "targets": {
        **each(
            (
                "Event", "Stream", "current_device", "current_stream", "default_stream", "device_count", "empty_cache",
                "get_rng_state", "initial_seed", "is_available", "is_bf16_supported", "is_current_stream_capturing",
                "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_cached", "max_memory_reserved",
                "memory_allocated", "memory_cached", "memory_reserved", "memory_stats", "reset_max_memory_allocated",
                "reset_max_memory_cached", "reset_peak_memory_stats", "set_device", "set_rng_state", "stream",
                "synchronize",
            ),
            GET_ACCELERATOR,
        ),
        "torch.cuda.nvtx.range_push": f"{GET_ACCELERATOR}.range_push",
        "torch.cuda.nvtx.range_pop": f"{GET_ACCELERATOR}.range_pop",
        "torch.cuda._lazy_call": f"{GET_ACCELERATOR}.lazy_call",
        DEVICE_TYPE: f"{GET_ACCELERATOR}.device_name",
        DEVICE: f"{GET_ACCELERATOR}.current_device_name",
        AVAILABLE: f"{GET_ACCELERATOR}.is_available",
        BACKEND: f"{GET_ACCELERATOR}.communication_backend_name",
    },
    "per-file-ignores": {"accelerator/*": ["CFX"], "deepspeed/accelerator/*": ["CFX"]},
}  # fmt: skip

ACCELERATE_TESTS = "accelerate.test_utils.testing"
ACCELERATE_DECORATORS = {
    "require_cuda": "require_non_cpu",
    "require_single_gpu": "require_single_device",
    "require_multi_gpu": "require_multi_device",
}
ACCELERATE = {
    "route": "targets",
    "targets": {
        "torch.cuda.empty_cache": "accelerate.utils.memory.clear_device_cache",
        **{
            f"{module}.{old}": f"{module}.{new}"
            for module in ("accelerate.test_utils", ACCELERATE_TESTS)
            for old, new in ACCELERATE_DECORATORS.items()
        },
        **{
            glob: {f"{DEVICE_TYPE}()": f"{ACCELERATE_TESTS}.torch_device"}
            for glob in ("tests/*", "**/test_utils/scripts/*")
        },
    },
}

TRANSFORMERS_TESTS = "transformers.testing_utils"
TRANSFORMERS = {
    "route": "targets",
    "targets": {
        "tests/*": {
            **{
                f"torch.cuda.{name}()": f"{TRANSFORMERS_TESTS}.backend_{name}(torch_device)"
                for name in (
                    "device_count", "empty_cache", "max_memory_allocated", "memory_allocated",
                    "reset_max_memory_allocated", "reset_peak_memory_stats", "synchronize",
                )
            },
            "torch.cuda.manual_seed": f"{TRANSFORMERS_TESTS}.backend_manual_seed(torch_device, ...)",
            "torch.cuda.manual_seed_all": f"{TRANSFORMERS_TESTS}.backend_manual_seed(torch_device, ...)",
            f"{DEVICE_TYPE}()": f"{TRANSFORMERS_TESTS}.torch_device",
        },
        **{
            f"{TRANSFORMERS_TESTS}.require_torch_{old}": f"{TRANSFORMERS_TESTS}.require_torch_{new}"
            for old, new in {
                "gpu": "accelerator",
                "large_gpu": "large_accelerator",
                "multi_gpu": "multi_accelerator",
                "non_multi_gpu": "non_multi_accelerator",
                "up_to_2_gpus": "up_to_2_accelerators",
            }.items()
        },
    },
}  # fmt: skip

TORCH = {
    "route": "torch",
    "targets": {
        "torch.testing._internal.common_device_type.onlyCUDA": (
            "torch.testing._internal.common_device_type:onlyAccelerator"
        ),
        "torch.testing._internal.common_utils.TEST_CUDA": "torch.testing._internal.common_utils:TEST_ACCELERATOR",
        "torch.testing._internal.common_cuda.TEST_MULTIGPU": (
            "torch.testing._internal.common_utils:TEST_MULTIACCELERATOR"
        ),
        AVAILABLE: "torch.accelerator.is_available",
    },
}

VERL = {
    "route": "targets",
    "targets": {
        "torch.cuda.current_device": "verl.utils.device.get_device_id",
        "torch.cuda.manual_seed": "verl.utils.device.manual_seed",
        "torch.cuda.manual_seed_all": "verl.utils.device.manual_seed_all",
        "torch.cuda.is_available": "verl.utils.device.is_device_available",
        "torch.cuda.*": "verl.utils.device.get_torch_device().*",
        DEVICE_TYPE: "verl.utils.device.get_device_name",
        AVAILABLE: "verl.utils.device.is_device_available",
        BACKEND: "verl.utils.device.get_nccl_backend",
    },
    "per-file-ignores": {
        "verl/utils/device.py": ["CFX"],
        "verl/plugin/platform/*": ["CFX"],
        "verl/checkpoint_engine/*": ["CFX"],
    },
}

OMNI_PLATFORM = "vllm_omni.platforms:current_omni_platform"
VLLM_OMNI = {
    "route": "targets",
    "targets": {
        **each(
            (
                "Event", "Stream", "current_device", "current_stream", "default_stream", "empty_cache", "is_available",
                "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "memory_allocated",
                "memory_reserved", "reset_peak_memory_stats", "set_device", "stream", "synchronize",
            ),
            OMNI_PLATFORM,
        ),
        "torch.cuda.device_count": f"{OMNI_PLATFORM}.get_device_count",
        "torch.cuda.mem_get_info": f"{OMNI_PLATFORM}.get_device_memory",
        f"{DEVICE_TYPE}()": f"{OMNI_PLATFORM}.device_type",
        AVAILABLE: f"{OMNI_PLATFORM}.is_available",
    },
    "per-file-ignores": {"vllm_omni/platforms/*": ["CFX"]},
}  # fmt: skip

PRESETS: dict[str, dict[str, Any]] = {
    "accelerate": ACCELERATE,
    "deepspeed": DEEPSPEED,
    "sglang": SGLANG,
    "torch": TORCH,
    "transformers": TRANSFORMERS,
    "verl": VERL,
    "vllm": VLLM,
    "vllm-omni": VLLM_OMNI,
}
