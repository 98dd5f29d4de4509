"""Which backend's module has which name, and since which torch (torch_npu: since which of its releases).

Read from the sources in the wheels of torch 2.1 to 2.15 and torch_npu 2.1 to 2.14; `tests/catalogue` holds the table
against an extract of them. `2.1-2.8`: it is gone since. What is in no row is in `torch.cuda` since 2.1, and nowhere
else. Of torch.musa, torch.mlu and torch.hpu, which come with packages of their own, nothing was read.
"""

from __future__ import annotations

COLUMNS = ("cuda", "xpu", "mps", "mtia", "cpu", "npu")

OLDEST = "2.1"
"""Of what was read: a name that it has may be older."""

TABLE = """
empty_cache                             2.1  2.3  2.1  2.6    -  2.1
mem_get_info                            2.1  2.6    -    -    -  2.1
memory_allocated                        2.1  2.5    -  2.9    -  2.1
max_memory_allocated                    2.1  2.5    -  2.6    -  2.1
memory_reserved                         2.1  2.5    -    -    -  2.1
max_memory_reserved                     2.1  2.5    -    -    -  2.1
memory_cached                           2.1    -    -    -    -  2.1
max_memory_cached                       2.1    -    -    -    -  2.1
memory_stats                            2.1  2.5    -  2.5    -  2.1
memory_summary                          2.1    -    -    -    -  2.1
memory_snapshot                         2.1 2.11    -    -    -  2.1
reset_peak_memory_stats                 2.1  2.5    -  2.7    -  2.1
reset_accumulated_memory_stats          2.1  2.5    -    -    -  2.1
reset_max_memory_allocated              2.1    -    -    -    -  2.1
reset_max_memory_cached                 2.1    -    -    -    -  2.1
ipc_collect                             2.1    -    -    -    -  2.1
set_per_process_memory_fraction         2.1 2.10  2.1    -    -  2.1
memory_stats_as_nested_dict             2.1  2.5    -    -    -  2.1
get_per_process_memory_fraction         2.6 2.10    -    -    -  2.8
host_memory_stats                       2.7    -    -    -    -  2.8
host_memory_stats_as_nested_dict        2.7    -    -    -    -  2.8
reset_peak_host_memory_stats            2.7    -    -    -    -  2.8
reset_accumulated_host_memory_stats     2.7    -    -    -    -  2.8
caching_allocator_alloc                 2.1    -    -    -    -  2.1
caching_allocator_delete                2.1    -    -    -    -  2.1
get_allocator_backend                   2.1    -    -    -    -  2.1
change_current_allocator                2.1 2.10    -    -    -  2.1
MemPool                                 2.5 2.11    -    -    -  2.1
use_mem_pool                            2.5 2.11    -    -    -  2.1
list_gpu_processes                      2.1 2.14    -    -    -    -
device_memory_used                      2.6 2.13    -    -    -    -
memory_usage                            2.1 2.13    -    -    -    -
utilization                             2.1 2.13    -    -    -  2.1
temperature                             2.1 2.13    -    -    -    -
power_draw                              2.1 2.13    -    -    -    -
clock_rate                              2.1 2.13    -    -    -    -
synchronize                             2.1  2.3  2.1  2.4    -  2.1
current_device                          2.1  2.3    -  2.4    -  2.1
set_device                              2.1  2.3    -  2.5    -  2.1
device_count                            2.1  2.3  2.4  2.4    -  2.1
device                                  2.1  2.3    -  2.4    -  2.1
device_of                               2.1  2.3    -    -    -  2.1
can_device_access_peer                  2.1 2.10    -    -    -  2.1
get_device_name                         2.1  2.3    -    -    -  2.1
get_device_properties                   2.1  2.3    -  2.8    -  2.1
get_device_capability                   2.1  2.3    -  2.6    -  2.1
is_bf16_supported                       2.1  2.3    -  2.9    -  2.1
is_tf32_supported                       2.7 2.10    -    -    -    -
get_arch_list                           2.1  2.6    -    -    -    -
get_gencode_flags                       2.1  2.6    -    -    -    -
is_available                            2.1  2.3  2.5  2.4    -  2.1
is_initialized                          2.1  2.3    -  2.4    -  2.1
init                                    2.1  2.3    -  2.4    -  2.1
Stream                                  2.1  2.3 2.15  2.4    -  2.1
Event                                   2.1  2.3  2.1  2.4    -  2.1
StreamContext                           2.1  2.3    -  2.4    -  2.1
stream                                  2.1  2.3 2.15  2.4    -  2.1
current_stream                          2.1  2.3 2.15  2.4    -  2.1
default_stream                          2.1    - 2.15  2.4    -  2.1
set_stream                              2.1  2.3 2.15  2.4    -  2.1
get_stream_from_external                2.7  2.7    -    -    -    -
set_sync_debug_mode                     2.1    -    -    -    -  2.1
get_sync_debug_mode                     2.1    -    -    -    -  2.1
manual_seed                             2.1  2.3  2.1 2.11    -  2.1
manual_seed_all                         2.1  2.3    - 2.11    -  2.1
seed                                    2.1  2.3  2.1 2.11    -  2.1
seed_all                                2.1  2.3    - 2.11    -  2.1
initial_seed                            2.1  2.3    - 2.11    -  2.1
get_rng_state                           2.1  2.3  2.1  2.5    -  2.1
get_rng_state_all                       2.1  2.3    - 2.11    -  2.1
set_rng_state                           2.1  2.3  2.1  2.5    -  2.1
set_rng_state_all                       2.1  2.3    - 2.11    -  2.1
default_generators                      2.1  2.3    - 2.10    -  2.1
amp.autocast                            2.1    -    -    -    -  2.1
amp.GradScaler                          2.1    -    -    -    -  2.1
amp.custom_fwd                          2.1    -    -    -    -  2.1
amp.custom_bwd                          2.1    -    -    -    -  2.1
amp.amp_definitely_not_available        2.3    -    -    -    -    -
amp.OptState                              -    -    -    -    -    -
graph                                   2.1 2.11    - 2.10    -  2.1
graph_pool_handle                       2.1 2.11    - 2.10    -  2.1
make_graphed_callables                  2.1 2.11    -    -    -  2.1
is_current_stream_capturing             2.1 2.11    - 2.15    -  2.1
AcceleratorError                        2.8    -    -    -    -    -
.                                       2.1  2.3  2.1  2.4    -  2.1
memory                                  2.1  2.5    -  2.6    -    -
random                                  2.1  2.3    -    -    -    -
streams                                 2.1  2.3 2.15    -    -    -
graphs                                  2.1 2.11    -    -    -    -
BFloat16Tensor                          2.1    -    -    -    -  2.1
BoolTensor                              2.1    -    -    -    -  2.1
ByteTensor                              2.1    -    -    -    -  2.1
CharTensor                              2.1    -    -    -    -  2.1
DoubleTensor                            2.1    -    -    -    -  2.1
FloatTensor                             2.1    -    -    -    -  2.1
HalfTensor                              2.1    -    -    -    -  2.1
IntTensor                               2.1    -    -    -    -  2.1
LongTensor                              2.1    -    -    -    -  2.1
ShortTensor                             2.1    -    -    -    -  2.1
BFloat16Storage                         2.1    -    -    -    -  2.1
BoolStorage                             2.1    -    -    -    -  2.1
ByteStorage                             2.1    -    -    -    -  2.1
CharStorage                             2.1    -    -    -    -  2.1
DoubleStorage                           2.1    -    -    -    -  2.1
FloatStorage                            2.1    -    -    -    -  2.1
HalfStorage                             2.1    -    -    -    -  2.1
IntStorage                              2.1    -    -    -    -  2.1
LongStorage                             2.1    -    -    -    -  2.1
ShortStorage                            2.1    -    -    -    -  2.1
error                                  2.1-2.8    -    -    -    -    -
current_blas_handle                     2.1    -    -    -    -  2.1
current_solver_handle                  2.13    -    -    -    -    -
export_dot                             2.14    -    -    -    -    -
export_graph_data                      2.14    -    -    -    -    -
register_graph_capture_end_hook           -    -    -    -    -    -
register_graph_capture_start_hook         -    -    -    -    -    -
register_graph_destroy_hook               -    -    -    -    -    -
register_graph_instantiate_hook           -    -    -    -    -    -
register_graph_replay_end_hook            -    -    -    -    -    -
register_graph_replay_start_hook          -    -    -    -    -    -
graph_annotations                      2.14    -    -    -    -    -
graph_annotations.clear_kernel_annotations 2.14    -    -    -    -    -
graph_annotations.dump_kernel_py_stacks 2.15    -    -    -    -    -
graph_annotations.get_kernel_annotations 2.14    -    -    -    -    -
graph_annotations.get_kernel_py_stacks 2.15    -    -    -    -    -
graph_annotations.is_available         2.14    -    -    -    -    -
graph_annotations.mark_kernels         2.14    -    -    -    -    -
MemPoolContext                         2.5-2.7    -    -    -    -    -
caching_allocator_enable                2.6    -    -    -    -    -
caching_allocator_disabled             2.12    -    -    -    -    -
ExternalStream                          2.1    -    -    -    - 2.10
GreenContext                           2.10    -    -    -    -    -
green_contexts                         2.10    -    -    -    -    -
green_contexts.GreenContext            2.10    -    -    -    -    -
green_contexts.SMPartition             2.15    -    -    -    -    -
green_contexts.SUPPORTED               2.10-2.13    -    -    -    -    -
green_contexts.get_num_locality_domains 2.15    -    -    -    -    -
green_contexts.is_localization_supported 2.15    -    -    -    -    -
gds                                     2.5    -    -    -    -    -
gds.GdsFile                             2.7    -    -    -    -    -
gds.gds_deregister_buffer               2.7    -    -    -    -    -
gds.gds_register_buffer                 2.7    -    -    -    -    -
gds.is_available                       2.14    -    -    -    -    -
profiler                                2.1    -  2.1    -    -    -
profiler.init                          2.1-2.10    -    -    -    -    -
profiler.profile                        2.1    -  2.1    -    -    -
profiler.start                          2.1    -  2.1    -    -    -
profiler.stop                           2.1    -  2.1    -    -    -
tunable                                 2.4    -    -    -    -    -
tunable.dynamic_dims_mask              2.15    -    -    -    -    -
tunable.enable                          2.4    -    -    -    -    -
tunable.get_cublaslt_requested_algo_count 2.14    -    -    -    -    -
tunable.get_filename                    2.4    -    -    -    -    -
tunable.get_max_tuning_duration         2.4    -    -    -    -    -
tunable.get_max_tuning_iterations       2.4    -    -    -    -    -
tunable.get_results                     2.4    -    -    -    -    -
tunable.get_rotating_buffer_size        2.7    -    -    -    -    -
tunable.get_validators                  2.4    -    -    -    -    -
tunable.is_enabled                      2.4    -    -    -    -    -
tunable.mgpu_tune_gemm_in_file          2.6    -    -    -    -    -
tunable.read_file                       2.4    -    -    -    -    -
tunable.record_untuned_enable           2.6    -    -    -    -    -
tunable.record_untuned_is_enabled       2.6    -    -    -    -    -
tunable.set_cublaslt_requested_algo_count 2.14    -    -    -    -    -
tunable.set_filename                    2.4    -    -    -    -    -
tunable.set_max_tuning_duration         2.4    -    -    -    -    -
tunable.set_max_tuning_iterations       2.4    -    -    -    -    -
tunable.set_numerical_check_tolerances 2.10    -    -    -    -    -
tunable.set_rotating_buffer_size        2.7    -    -    -    -    -
tunable.tune_gemm_in_file               2.6    -    -    -    -    -
tunable.tuning_enable                   2.4    -    -    -    -    -
tunable.tuning_is_enabled               2.4    -    -    -    -    -
tunable.wildcard_fallback_enable       2.15    -    -    -    -    -
tunable.wildcard_fallback_is_enabled   2.15    -    -    -    -    -
tunable.write_file                     2.4-2.9    -    -    -    -    -
tunable.write_file_on_exit             2.4-2.9    -    -    -    -    -
DEVICE_REQUIREMENT                     2.11    -    -    -    -    -
DEVICE_REQUIREMENT_POST_JETSON_SBSA_UNIFICATION 2.14    -    -    -    -    -
PYTORCH_RELEASES_CODE_CC               2.11    -    -    -    -    -
"""

BACKENDS_BY_NAME: dict[str, dict[str, str]] = {
    name: {backend: since for backend, since in zip(COLUMNS, versions, strict=True) if since != "-"}
    for name, *versions in map(str.split, TABLE.strip().splitlines())
}
"""Name below a backend's module → the backends that have it, each with the versions."""


def backends_with(name: str) -> dict[str, str]:
    """Return the backends whose module has a name (`.`: the module itself), each with the torch that brought it."""
    return BACKENDS_BY_NAME.get(name or ".", {"cuda": OLDEST})
