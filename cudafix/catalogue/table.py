"""THE TABLE: what each function of a backend's module is called in device-neutral code.

A row is written once, under the name below `torch.cuda`; the same name below `torch.xpu`, `torch.npu` … is the same
row. Facts come from the sources of the torch wheels 2.1 to 2.15 and torch_npu 2.14; `tests/catalogue` holds the table
against an extract of them.

How to read a row: `row("set_device", "device-selection", "(device)", "set_device_index",
native="accelerator.set_device_index 2.6")` says that `torch.cuda.set_device(device)` is reported by the rule
hardcoded-device-selection and rewritten to the runtime's `set_device_index`, which takes the same arguments, or on the
native route to `torch.accelerator.set_device_index`, which came with torch 2.6. A neutral form "." is the same name on
the active backend's module: `device_module().NAME`.
"""

from __future__ import annotations

from cudafix.catalogue.row import Row, by_hand, cuda_only, on_module, row, same_object
from cudafix.catalogue.tensors import DTYPES

# fmt: off

DEVICE = "(device=None)"
OLD_NAME = "deprecated in torch; the neutral function is that of the new name"
SAME_STREAM = "convert streams and events that meet each other together"

MEMORY = [
    row("empty_cache", "empty-cache", "()", "empty_device_cache", native="accelerator.empty_cache 2.9",
        returns_other=True, note="returns whether a cache was emptied"),
    row("mem_get_info", "memory-info", DEVICE, "device_memory_info", native="accelerator.get_memory_info 2.10"),
    row("memory_allocated", "memory-statistics", DEVICE, "device_memory_allocated",
        native="accelerator.memory_allocated 2.9"),
    row("max_memory_allocated", "memory-statistics", DEVICE, "max_device_memory_allocated",
        native="accelerator.max_memory_allocated 2.9"),
    row("memory_reserved", "memory-statistics", DEVICE, "device_memory_reserved",
        native="accelerator.memory_reserved 2.9"),
    row("max_memory_reserved", "memory-statistics", DEVICE, "max_device_memory_reserved",
        native="accelerator.max_memory_reserved 2.9"),
    row("memory_cached", "memory-statistics", DEVICE, "device_memory_reserved",
        native="accelerator.memory_reserved 2.9", note=OLD_NAME),
    row("max_memory_cached", "memory-statistics", DEVICE, "max_device_memory_reserved",
        native="accelerator.max_memory_reserved 2.9", note=OLD_NAME),
    row("memory_stats", "memory-statistics", DEVICE, "device_memory_stats", native="accelerator.memory_stats 2.9"),
    row("memory_summary", "memory-statistics", "(device=None, abbreviated=False)", "device_memory_summary"),
    row("memory_snapshot", "memory-statistics", "(mempool_id=None, include_traces=True)", "device_memory_snapshot"),
    row("reset_peak_memory_stats", "memory-statistics", DEVICE, "reset_peak_device_memory_stats",
        native="accelerator.reset_peak_memory_stats 2.9"),
    row("reset_accumulated_memory_stats", "memory-statistics", DEVICE, "reset_accumulated_device_memory_stats",
        native="accelerator.reset_accumulated_memory_stats 2.9"),
    row("reset_max_memory_allocated", "memory-statistics", DEVICE, "reset_peak_device_memory_stats",
        native="accelerator.reset_peak_memory_stats 2.9", note=OLD_NAME),
    row("reset_max_memory_cached", "memory-statistics", DEVICE, "reset_peak_device_memory_stats",
        native="accelerator.reset_peak_memory_stats 2.9", note=OLD_NAME),
    row("ipc_collect", "memory-statistics", "()", "collect_device_ipc"),
    row("set_per_process_memory_fraction", "memory-statistics", "(fraction, device=None)",
        "set_device_memory_fraction"),
    on_module("memory_stats_as_nested_dict", "memory-statistics", DEVICE),
    on_module("get_per_process_memory_fraction", "memory-statistics", DEVICE),
    on_module("host_memory_stats", "memory-statistics", "()"),
    on_module("host_memory_stats_as_nested_dict", "memory-statistics", "()"),
    on_module("reset_peak_host_memory_stats", "memory-statistics", "()"),
    on_module("reset_accumulated_host_memory_stats", "memory-statistics", "()"),
    on_module("caching_allocator_alloc", "memory-statistics", "(size, device=None, stream=None)",
        "returns a raw device pointer"),
    on_module("caching_allocator_delete", "memory-statistics", "(mem_ptr)"),
    on_module("get_allocator_backend", "memory-statistics", "()", "the answers are CUDA's words"),
    on_module("change_current_allocator", "memory-statistics", "(allocator)",
        "the allocator object belongs to one backend"),
    on_module("MemPool", "memory-statistics", "(allocator=None, use_on_oom=False, no_split=False)"),
    on_module("use_mem_pool", "memory-statistics", "(pool, device=None)"),
    on_module("list_gpu_processes", "memory-info", DEVICE),
    on_module("device_memory_used", "memory-info", DEVICE),
    on_module("memory_usage", "memory-info", DEVICE, "units differ: a share of time on CUDA, of bandwidth on XPU"),
    on_module("utilization", "memory-info", DEVICE),
    on_module("temperature", "device-properties", DEVICE),
    on_module("power_draw", "device-properties", DEVICE),
    on_module("clock_rate", "device-properties", DEVICE),
]

DEVICES = [
    row("synchronize", "synchronize", DEVICE, "synchronize_device", native="accelerator.synchronize 2.6",
        note="a no-op without an accelerator, where torch.cuda raised"),
    row("current_device", "device-selection", "()", "current_device_index",
        native="accelerator.current_device_index 2.6",
        note="0 without an accelerator, where torch.cuda raised; an index is no device: pass a torch.device on"),
    row("set_device", "device-selection", "(device)", "set_device_index", native="accelerator.set_device_index 2.6",
        note="a no-op without an accelerator, where torch.cuda raised"),
    row("device_count", "device-selection", "()", "count_devices", native="accelerator.device_count 2.8 cpu"),
    row("device", "device-selection", "(device)", "use_device", class_like=True,
        note="a context that does nothing without an accelerator, where torch.cuda raised"),
    row("device_of", "device-selection", "(obj)", "use_device_of", class_like=True),
    on_module("can_device_access_peer", "device-selection", "(device, peer_device)"),
    row("get_device_name", "device-properties", DEVICE, "get_device_name"),
    row("get_device_properties", "device-properties", DEVICE, "get_device_properties",
        note="the object's attributes differ by backend: only name and total_memory are common"),
    by_hand("get_device_capability", "device-properties", DEVICE,
            "compute capability is a notion of CUDA: keep it behind a test for device.type == 'cuda' and suppress it"),
    row("is_bf16_supported", "device-properties", "(including_emulation=True)", "supports_bf16"),
    row("is_tf32_supported", "device-properties", "()", "supports_tf32"),
    on_module("get_arch_list", "device-properties", "()", "the names are the backend's own"),
    on_module("get_gencode_flags", "device-properties", "()", "the flags are the backend's own"),
    row("is_available", "is-available", "()", "is_accelerator_available", native="accelerator.is_available 2.7 cpu",
        unsafe="true on any accelerator: CUDA-only code behind the test would start to run there"),
    row("is_initialized", "is-available", "()", "is_device_initialized"),
    row("init", "is-available", "()", "init_device", note="a no-op without an accelerator, where torch.cuda raised"),
]

STREAMS = [
    row("Stream", "stream", "(device=None, priority=0, **kwargs)", "device_stream", class_like=True,
        annotation="Stream",
        note=SAME_STREAM),
    row("Event", "stream", "(enable_timing=False, blocking=False, interprocess=False, external=False)", "device_event",
        class_like=True, annotation="Event", note=SAME_STREAM),
    row("StreamContext", "stream", "(stream)", "use_stream", class_like=True),
    row("stream", "stream", "(stream)", "use_stream", note="a context that does nothing without an accelerator"),
    row("current_stream", "stream", DEVICE, "current_device_stream", native="accelerator.current_stream 2.6"),
    row("default_stream", "stream", DEVICE, "default_device_stream"),
    row("set_stream", "stream", "(stream)", "set_device_stream", native="accelerator.set_stream 2.6"),
    on_module("get_stream_from_external", "stream", "(data_ptr, device=None)", "the pointer is a backend's handle"),
    on_module("set_sync_debug_mode", "synchronize", "(debug_mode)"),
    on_module("get_sync_debug_mode", "synchronize", "()"),
]

RANDOM = [
    row("manual_seed", "random-state", "(seed)", "manual_seed_device"),
    row("manual_seed_all", "random-state", "(seed)", "manual_seed_all"),
    row("seed", "random-state", "()", "seed_device"),
    row("seed_all", "random-state", "()", "seed_all_devices"),
    row("initial_seed", "random-state", "()", "initial_device_seed", native="accelerator.random.initial_seed 2.14"),
    row("get_rng_state", "random-state", "(device='cuda')", "get_device_rng_state",
        native="accelerator.random.get_rng_state 2.14"),
    row("get_rng_state_all", "random-state", "()", "get_device_rng_state_all",
        native="accelerator.random.get_rng_state_all 2.14"),
    row("set_rng_state", "random-state", "(new_state, device='cuda')", "set_device_rng_state"),
    row("set_rng_state_all", "random-state", "(new_states)", "set_device_rng_state_all"),
    on_module("default_generators", "random-state", note="a tuple, empty until the backend is initialised"),
]

AMP = [
    row("amp.autocast", "amp", "(enabled=True, dtype=torch.float16, cache_enabled=True)", "device_autocast",
        class_like=True, note="switched off without an accelerator, as torch.cuda's was"),
    row("amp.GradScaler", "amp",
        "(init_scale=2.0 ** 16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True)",
        "device_grad_scaler", class_like=True, annotation="amp.GradScaler",
        unsafe="makes a torch.amp.GradScaler, which is no instance of torch.cuda.amp.GradScaler"),
    row("amp.custom_fwd", "amp", "(fwd=None, *, cast_inputs=None)", "amp_custom_fwd",
        unsafe="the backend is decided when the decorator runs, which is mostly at import"),
    row("amp.custom_bwd", "amp", "(bwd)", "amp_custom_bwd",
        unsafe="the backend is decided when the decorator runs, which is mostly at import"),
    by_hand("amp.amp_definitely_not_available", "amp", "()", "ask `not is_accelerator_available()`"),
    by_hand("amp.OptState", "amp", "", "an internal of the scaler: torch.amp.grad_scaler.OptState"),
]

GRAPHS = [
    on_module("graph", "graph",
              "(cuda_graph, pool=None, stream=None, capture_error_mode='global', enable_annotations=False, "
              "annotation_config=None, check_input_liveness=False)"),
    on_module("graph_pool_handle", "graph", "()"),
    on_module("make_graphed_callables", "graph",
              "(callables, sample_args, num_warmup_iters=3, allow_unused_input=False, pool=None, "
              "capture_error_mode='global', enable_annotations=False)"),
    row("is_current_stream_capturing", "graph", "()", "is_stream_capturing"),
]

ERRORS = [
    same_object("OutOfMemoryError", "error", "OutOfMemoryError 2.4"),
    same_object("AcceleratorError", "error", "AcceleratorError 2.8"),
    by_hand("has_half", "device-properties", "", "always True: every torch has half precision"),
]

MODULES = [
    row("", "device-module", "", "device_module",
        unsafe="the module of the backend that is active when this line runs, and torch.cpu where there is none"),
    *(by_hand(name, group, "", "name the function that is needed from it")
      for name, group in (("memory", "device-module"), ("random", "random-state"), ("streams", "stream"),
                          ("graphs", "graph"), ("amp", "amp"),
                          ("amp.autocast_mode", "amp"), ("amp.grad_scaler", "amp"), ("amp.common", "amp"))),
]

STORAGE_TYPES = (*DTYPES, "ComplexDouble", "ComplexFloat")

LEGACY_TYPES = [
    *(by_hand(f"{kind}Tensor", "tensor-type", "",
              "say torch.tensor(…, dtype=…, device=…) or torch.empty(…, dtype=…, device=…)")
      for kind in DTYPES),
    *(by_hand(f"{kind}Storage", "tensor-type", "", "say torch.UntypedStorage(…, device=…)")
      for kind in STORAGE_TYPES),
]

NO_NEUTRAL_FORM = [
    *cuda_only("nvtx nvtx.mark nvtx.range nvtx.range_end nvtx.range_pop nvtx.range_push nvtx.range_start",
               "NVTX markers; torch.profiler.record_function(name) works on every backend"),
    *cuda_only("nccl nccl.SUM nccl.all_gather nccl.all_reduce nccl.broadcast nccl.init_rank nccl.is_available "
               "nccl.reduce nccl.reduce_scatter nccl.unique_id nccl.version",
               "NCCL itself; torch.distributed's collectives work on every backend"),
    *cuda_only("comm comm.broadcast comm.broadcast_coalesced comm.gather comm.reduce_add comm.reduce_add_coalesced "
               "comm.scatter", "copies between CUDA devices; torch.distributed's collectives work on every backend"),
    *cuda_only("cudart cudaStatus CudaError check_error error DeferredCudaCallError", "the CUDA runtime"),
    *cuda_only("current_blas_handle current_solver_handle", "a handle of cuBLAS or cuSOLVER"),
    *cuda_only("CUDAGraph export_dot export_graph_data register_graph_capture_end_hook "
               "register_graph_capture_start_hook register_graph_destroy_hook register_graph_instantiate_hook "
               "register_graph_replay_end_hook register_graph_replay_start_hook",
               "CUDA graphs: torch.accelerator.Graph is not implemented for CUDA up to torch 2.15"),
    *cuda_only("graph_annotations graph_annotations.clear_kernel_annotations "
               "graph_annotations.dump_kernel_py_stacks graph_annotations.get_kernel_annotations "
               "graph_annotations.get_kernel_py_stacks graph_annotations.is_available "
               "graph_annotations.mark_kernels", "annotations of CUDA graphs"),
    *cuda_only("CUDAPluggableAllocator MemPoolContext caching_allocator_enable caching_allocator_disabled",
               "CUDA's allocator"),
    *cuda_only("ExternalStream", "wraps a cudaStream_t"),
    *cuda_only("GreenContext green_contexts green_contexts.GreenContext green_contexts.SMPartition "
               "green_contexts.SUPPORTED green_contexts.get_num_locality_domains "
               "green_contexts.is_localization_supported", "CUDA green contexts"),
    *cuda_only("gds gds.GdsFile gds.gds_deregister_buffer gds.gds_register_buffer gds.is_available",
               "GPUDirect Storage"),
    *cuda_only("jiterator profiler profiler.DEFAULT_FLAGS profiler.init profiler.profile profiler.start "
               "profiler.stop sparse", "a part of CUDA's own tool chain"),
    *cuda_only("tunable tunable.dynamic_dims_mask tunable.enable tunable.get_cublaslt_requested_algo_count "
               "tunable.get_filename tunable.get_max_tuning_duration tunable.get_max_tuning_iterations "
               "tunable.get_results tunable.get_rotating_buffer_size tunable.get_validators tunable.is_enabled "
               "tunable.mgpu_tune_gemm_in_file tunable.read_file tunable.record_untuned_enable "
               "tunable.record_untuned_is_enabled tunable.set_cublaslt_requested_algo_count tunable.set_filename "
               "tunable.set_max_tuning_duration tunable.set_max_tuning_iterations "
               "tunable.set_numerical_check_tolerances tunable.set_rotating_buffer_size tunable.tune_gemm_in_file "
               "tunable.tuning_enable tunable.tuning_is_enabled tunable.wildcard_fallback_enable "
               "tunable.wildcard_fallback_is_enabled tunable.write_file tunable.write_file_on_exit",
               "TunableOp picks kernels of CUDA and ROCm libraries"),
    *cuda_only("has_magma DEVICE_REQUIREMENT DEVICE_REQUIREMENT_POST_JETSON_SBSA_UNIFICATION "
               "PYTORCH_RELEASES_CODE_CC", "a fact about the CUDA build of torch"),
]

MODULE_NAMES = frozenset(one.name for one in MODULES) | {
    "nvtx", "nccl", "comm", "sparse", "gds", "tunable", "profiler", "green_contexts", "graph_annotations", "error",
    "event", "mtia_graph", "mstx",
}
"""The rows that are modules: a longer path that starts with one is a name of its own."""

BACKEND_ONLY = {
    "xpu": "XPUGraph XPUPluggableAllocator get_stream",
    "mps": "event compile_shader driver_allocated_memory load_metallib profiler profiler.ProfilerMode profiler.start "
           "profiler.stop profiler.profile profiler.is_capturing_metal profiler.is_metal_capture_enabled "
           "profiler.metal_capture recommended_max_memory current_allocated_memory",
    "mtia": "mtia_graph DeferredMtiaCallError MTIAGraph attach_out_of_memory_observer record_memory_history snapshot",
    "npu": "CubeMathType ExternalEvent NPUGraph NPUPluggableAllocator NpuGraphOpHandler SyncLaunchStream "
           "amp.autocast_mode.HAS_NUMPY amp.autocast_mode.np are_compatible_impl_enabled check_uce_in_memory "
           "clear_npu_overflow_flag config conv disable_deterministic_with_backward empty_virt_addr_cache "
           "enable_deterministic_with_backward enable_flash_sdp enable_math_sdp enable_mem_efficient_sdp "
           "finalize_dump flash_sdp_enabled get_amp_supported_dtype get_autocast_dtype get_device_limit "
           "get_mm_bmm_format_nd get_npu_overflow_flag get_soc_version get_stream_limit get_task_queue_enable "
           "graph_task_group_begin graph_task_group_end graph_task_update_begin graph_task_update_end graphs.log "
           "host_empty_cache init_dump is_autocast_enabled is_jit_compile_false math_sdp_enabled matmul "
           "mem_efficient_sdp_enabled mstx mstx.annotate mstx.mstx npugraph_ex npurt obfuscation_calculate "
           "obfuscation_finalize obfuscation_initialize preferred_linalg_library register_npu_graph_handler "
           "reset_stream_limit restart_device sdp_kernel set_aoe set_autocast_dtype set_autocast_enabled "
           "set_compile_mode set_deterministic_level set_device_limit set_dump set_mm_bmm_format_nd "
           "set_op_timeout_ms set_option set_stream_limit set_task_queue_enable stop_device stress_detect "
           "super_kernel_scope_begin super_kernel_scope_end use_compatible_impl",
}
"""Public names that one backend has and torch.cuda has not."""

# fmt: on

ROWS: dict[str, Row] = {
    entry.name: entry
    for group in (MEMORY, DEVICES, STREAMS, RANDOM, AMP, GRAPHS, ERRORS, MODULES, LEGACY_TYPES, NO_NEUTRAL_FORM)
    for entry in group
}

BY_RUNTIME: dict[str, str] = {one.runtime: one.name for one in reversed(ROWS.values()) if one.runtime not in ("", ".")}
"""The names by the runtime's functions."""

NOTHING_TO_DO = (
    "collect_device_ipc init_device manual_seed_all manual_seed_device reset_accumulated_device_memory_stats "
    "reset_peak_device_memory_stats seed_all_devices seed_device set_device_index set_device_rng_state "
    "set_device_rng_state_all set_device_stream synchronize_device"
)
"""The functions of the runtime that do nothing without an accelerator."""

ANSWERS = {
    "count_devices": "0", "current_device_index": "0", "device_memory_allocated": "0", "device_memory_reserved": "0",
    "empty_device_cache": "False", "get_device_rng_state_all": "[]", "is_accelerator_available": "False",
    "is_device_initialized": "False", "is_stream_capturing": "False", "max_device_memory_allocated": "0",
    "max_device_memory_reserved": "0", "supports_bf16": "False", "supports_tf32": "False",
    **dict.fromkeys(NOTHING_TO_DO.split(), "None"),
}  # fmt: skip
"""What functions of the runtime answer without one."""

WITHOUT_ACCELERATOR: dict[str, str] = {
    entry.name: ANSWERS[entry.runtime] for entry in ROWS.values() if entry.runtime in ANSWERS
}
"""What the neutral form of a function answers on a machine without an accelerator, where it does no more than that."""

TAKES_ANY_DEVICE = frozenset(
    entry.name for entry in ROWS.values() if entry.params == DEVICE and entry.name in WITHOUT_ACCELERATOR
)
"""The functions whose neutral form may be given the CPU as its device, and then answers the same."""

OF_ONE_BACKEND = frozenset((
    "CUDAGraph", "Event", "ExternalStream", "MemPool", "Stream", "StreamContext", "amp.GradScaler", "current_device",
    "current_stream", "default_generators", "default_stream", "device", "device_count", "get_rng_state",
    "get_rng_state_all", "get_stream_from_external", "graph_pool_handle",
))  # fmt: skip
"""The functions whose value is of one backend: what takes it must be of the same."""

MADE_ALIKE = frozenset(("amp.GradScaler",))
"""The classes whose neutral form makes objects of the class in the annotation itself, on every backend."""

RAW_HANDLES = frozenset(("cuda_event", "cuda_stream", "raw_cuda_graph"))
"""The attributes of such values that are pointers of CUDA's own."""

CAPTURES = frozenset(("CUDAGraph", "graph", "graph_pool_handle", "make_graphed_callables"))
"""The functions that capture graphs."""

ANYWHERE = frozenset((
    "device", "empty_cache", "get_rng_state", "ipc_collect", "is_available", "manual_seed", "manual_seed_all", "seed",
    "seed_all", "set_rng_state", "synchronize",
))  # fmt: skip
"""What does its work on a device of any backend, whatever is done around it."""

OTHER_LIBRARIES = frozenset((
    "catboost", "ctranslate2", "faster_whisper", "jax", "lightgbm", "llama_cpp", "mxnet", "onnxruntime", "openvino",
    "paddle", "tensorflow", "xgboost",
))  # fmt: skip
"""The packages whose devices have names of their own: no type of torch's but `"cuda"` and `"cpu"` can mean any."""

CONTEXTS = frozenset(("device", "device_of", "stream", "StreamContext"))
"""The functions whose neutral form is a context."""

ON_MPS = {
    "current_allocated_memory": ("memory_allocated", "max_memory_allocated"),
    "driver_allocated_memory": ("memory_reserved", "max_memory_reserved"),
    "manual_seed": ("manual_seed", "manual_seed_all"),
    "seed": ("seed", "seed_all"),
}
"""What torch.mps has for functions of the others: it tells no peaks, and has but one device."""

ANSWERS_WITHOUT_CUDA = frozenset((
    "device_count", "empty_cache", "get_rng_state_all", "is_available", "is_bf16_supported", "is_initialized",
    "is_tf32_supported", "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_cached",
    "max_memory_reserved", "memory_allocated", "memory_cached", "memory_reserved", "memory_stats", "seed", "seed_all",
))  # fmt: skip
"""What torch.cuda answers without CUDA, too; the rest of it raises there."""

TAKES_MODULE = "empty_cache"
"""The function whose neutral form takes a module."""

COMMON_PROPERTIES = ("name", "total_memory")
"""What cuda, xpu, npu, musa and mlu alike give (torch 2.13 and the backends' own packages)."""
