"""The runtime on recording backends: on CUDA the same call of `torch.cuda`, on MPS what stands in for it."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

SAME_CALL = [
    ("empty_device_cache()", "empty_cache()", True),
    ("device_memory_info()", "mem_get_info()", [1000, 2000]),
    ("device_memory_info(1)", "mem_get_info(1)", [1000, 2000]),
    ("device_memory_allocated()", "memory_allocated()", 100),
    ("device_memory_allocated('cuda:1')", "memory_allocated('cuda:1')", 100),
    ("max_device_memory_allocated(1)", "max_memory_allocated(1)", 200),
    ("device_memory_reserved(1)", "memory_reserved(1)", 300),
    ("max_device_memory_reserved(1)", "max_memory_reserved(1)", 400),
    ("device_memory_stats(1)", "memory_stats(1)", {"num_ooms": 0}),
    ("device_memory_summary()", "memory_summary()", "summary"),
    ("device_memory_summary(1, True)", "memory_summary(1, abbreviated=True)", "summary"),
    ("device_memory_snapshot()", "memory_snapshot()", ["segment"]),
    ("device_memory_snapshot((0, 1))", "memory_snapshot(mempool_id=(0, 1))", ["segment"]),
    ("device_memory_snapshot(None, False)", "memory_snapshot(include_traces=False)", ["segment"]),
    ("reset_peak_device_memory_stats(1)", "reset_peak_memory_stats(1)", None),
    ("reset_accumulated_device_memory_stats(1)", "reset_accumulated_memory_stats(1)", None),
    ("collect_device_ipc()", "ipc_collect()", None),
    ("set_device_memory_fraction(0.5)", "set_per_process_memory_fraction(0.5)", None),
    ("set_device_memory_fraction(0.5, 1)", "set_per_process_memory_fraction(0.5, 1)", None),
    ("synchronize_device()", "synchronize()", None),
    ("synchronize_device(device=1)", "synchronize(1)", None),
    ("current_device_index()", "current_device()", 1),
    ("set_device_index(1)", "set_device(1)", None),
    ("count_devices()", "device_count()", 4),
    ("entered(use_device('cuda:1'))", "device('cuda:1')", "inside device"),
    ("entered(use_device_of(1))", "device_of(1)", "inside device_of"),
    ("get_device_name()", "get_device_name()", "Recorder 9000"),
    ("get_device_name(1)", "get_device_name(1)", "Recorder 9000"),
    ("get_device_properties()", "get_device_properties(None)", "properties"),
    ("get_device_properties(1)", "get_device_properties(1)", "properties"),
    ("supports_bf16()", "is_bf16_supported()", True),
    ("supports_bf16(False)", "is_bf16_supported(including_emulation=False)", True),
    ("supports_tf32()", "is_tf32_supported()", True),
    ("is_accelerator_available()", "is_available()", True),
    ("is_device_initialized()", "is_initialized()", True),
    ("init_device()", "init()", None),
    ("current_device_stream()", "current_stream()", "current stream"),
    ("current_device_stream(1)", "current_stream(1)", "current stream"),
    ("default_device_stream(1)", "default_stream(1)", "default stream"),
    ("device_stream()", "Stream()", "stream"),
    ("device_stream('cuda:1', -1)", "Stream('cuda:1', priority=-1)", "stream"),
    ("device_event()", "Event()", "event"),
    ("device_event(False, True)", "Event(blocking=True)", "event"),
    ("entered(use_stream('other'))", "stream('other')", "inside stream"),
    ("set_device_stream('other')", "set_stream('other')", None),
    ("is_stream_capturing()", "is_current_stream_capturing()", True),
    ("manual_seed_device(7)", "manual_seed(7)", None),
    ("manual_seed_all(7)", "manual_seed_all(7)", None),
    ("seed_device()", "seed()", None),
    ("seed_all_devices()", "seed_all()", None),
    ("initial_device_seed()", "initial_seed()", 42),
    ("get_device_rng_state()", "get_rng_state()", "state"),
    ("get_device_rng_state('cuda')", "get_rng_state('cuda')", "state"),
    ("set_device_rng_state('state')", "set_rng_state('state')", None),
    ("set_device_rng_state('state', 1)", "set_rng_state('state', 1)", None),
    ("get_device_rng_state_all()", "get_rng_state_all()", ["state", "state"]),
    ("set_device_rng_state_all(['state'])", "set_rng_state_all(['state'])", None),
]

ON_MPS = [
    ("current_device_type()", "mps"),
    ("str(current_device())", "mps:0"),
    ("device_module() is torch.mps", True),
    ("device_memory_info()", [700, 1000]),
    ("device_memory_info(0)", [700, 1000]),
    ("device_memory_allocated(0)", 100),
    ("max_device_memory_allocated()", 100),
    ("device_memory_reserved()", 300),
    ("max_device_memory_reserved()", 300),
    ("device_memory_stats()", {}),
    ("get_device_name('mps')", "Apple M9"),
    ("count_devices()", 1),
    ("current_device_index()", 0),
    ("set_device_index(0)", None),
    ("entered(use_device(0))", None),
    ("is_device_initialized()", True),
    ("get_device_rng_state_all()", ["state"]),
    ("device_grad_scaler()._device", "mps"),
    ("current_device_stream()", "stream"),
]

MPS_CALLS = [
    ("device_event(True)", ["Event(True)"]),
    ("empty_device_cache()", ["empty_cache()"]),
    ("synchronize_device('mps:0')", ["synchronize()"]),
    ("set_device_memory_fraction(0.5, 0)", ["fraction(0.5)"]),
    ("manual_seed_device(7)", ["manual_seed(7)"]),
    ("manual_seed_all(7)", ["manual_seed(7)"]),
    ("seed_device()", ["seed()"]),
    ("seed_all_devices()", ["seed()"]),
    ("get_device_rng_state()", ["get_rng_state()"]),
    ("set_device_rng_state_all(['state'])", ["set_rng_state('state', 0)"]),
]


@pytest.mark.parametrize(("expression", "call", "answer"), SAME_CALL)
def test_on_cuda_the_one_call_is_that_of_torch_cuda(cuda, expression, call, answer):
    assert cuda(expression).calls == [call]


@pytest.mark.parametrize(("expression", "call", "answer"), SAME_CALL)
def test_on_cuda_the_answer_is_that_of_torch_cuda(cuda, expression, call, answer):
    assert (cuda(expression).answer, cuda(expression).error) == (answer, None)


def test_on_cuda_the_device_type_is_cuda(cuda):
    assert cuda("current_device_type()").answer == "cuda"


def test_on_cuda_the_current_device_has_the_index_of_the_current_one(cuda):
    assert cuda("str(current_device())").answer == "cuda:1"


def test_on_cuda_the_device_module_is_torch_cuda(cuda):
    assert cuda("device_module() is torch.cuda").answer is True


def test_on_cuda_setting_no_stream_is_no_call_as_with_torch_cuda(cuda):
    assert cuda("set_device_stream(None)").calls == []


def test_on_cuda_the_context_of_no_stream_is_that_of_torch_cuda(cuda):
    assert cuda("entered(use_stream(None))").calls == ["stream(None)"]


def test_on_cuda_autocast_is_that_of_cuda(cuda):
    assert cuda("entered(device_autocast(), lambda: torch.is_autocast_enabled('cuda'))").answer is True


@pytest.mark.parametrize("kept", ["autocast_device_type()", "device_autocast(enabled=False)"])
def test_on_cuda_a_decorator_asks_the_driver_nothing_at_import(cuda, kept):
    assert cuda(kept).calls == []


def test_on_cuda_the_gradient_scaler_is_that_of_cuda(cuda):
    assert cuda("(device_grad_scaler().is_enabled(), device_grad_scaler()._device)").answer == [True, "cuda"]


def test_on_cuda_decorating_a_custom_function_asks_nothing_of_the_driver(cuda):
    assert cuda("amp_custom_bwd(amp_custom_fwd(print)) and None").calls == []


def test_on_torch_2_6_cuda_is_found_by_how_torch_was_built(cuda_on_torch_2_6):
    assert cuda_on_torch_2_6("device_module() is torch.cuda").calls == []


def test_on_torch_2_6_the_one_call_is_that_of_torch_cuda(cuda_on_torch_2_6):
    assert cuda_on_torch_2_6("synchronize_device(1)").calls == ["synchronize(1)"]


@pytest.mark.parametrize(("expression", "answer"), ON_MPS)
def test_on_mps_the_answer_is_that_of_its_own_function(mps, expression, answer):
    assert (mps(expression).answer, mps(expression).error) == (answer, None)


@pytest.mark.parametrize(("expression", "calls"), MPS_CALLS)
def test_on_mps_its_own_functions_are_called(mps, expression, calls):
    assert mps(expression).calls == calls


@pytest.mark.skipif(torch.__version__ < (2, 5), reason="torch has no autocast on MPS before 2.5")
def test_on_mps_autocast_is_its_own(mps):
    assert mps("device_autocast().device").answer == "mps"


def test_on_mps_before_torch_2_5_the_memory_is_not_known(mps):
    outcome = mps("entered(without(torch.mps, 'recommended_max_memory'), device_memory_info)")
    assert outcome.error == "NotImplementedError: torch.mps has no mem_get_info()"


def test_on_mps_before_torch_2_9_the_name_is_not_known(mps):
    outcome = mps("entered(without(torch.backends.mps, 'get_name'), get_device_name)")
    assert outcome.error == "NotImplementedError: torch.mps has no get_device_name()"


ON_THE_CPU = [
    ("synchronize_device('cpu')", None),
    ("synchronize_device(torch.device('cpu'))", None),
    ("device_memory_allocated('cpu')", 0),
    ("max_device_memory_allocated(torch.device('cpu', 0))", 0),
    ("device_memory_reserved('cpu')", 0),
    ("max_device_memory_reserved('cpu')", 0),
    ("device_memory_stats('cpu')", {}),
    ("reset_peak_device_memory_stats('cpu')", None),
    ("reset_accumulated_device_memory_stats('cpu')", None),
]


@pytest.mark.parametrize(("expression", "answer"), ON_THE_CPU)
def test_on_cuda_the_cpu_as_the_device_has_nothing_to_tell_and_nothing_to_wait_for(cuda, expression, answer):
    outcome = cuda(expression)
    assert (outcome.answer, outcome.error, outcome.calls) == (answer, None, [])


NO_DEVICE = [
    ("current_device_index()", 0),
    ("init_device()", None),
    ("collect_device_ipc()", None),
    ("set_device_index(0)", None),
    ("synchronize_device()", None),
    ("is_stream_capturing()", False),
    ("reset_accumulated_device_memory_stats()", None),
    ("reset_peak_device_memory_stats()", None),
]


@pytest.mark.parametrize(("expression", "answer"), NO_DEVICE)
def test_on_a_build_for_cuda_without_a_device_nothing_is_raised_where_nothing_is_to_do(start, expression, answer):
    outcome = start("cuda_without_device")(expression)
    assert (outcome.answer, outcome.error) == (answer, None)


def test_on_a_build_for_cuda_without_a_device_another_error_stays(start):
    outcome = start("cuda_without_device")(
        "entered(replaced(torch.cuda, 'synchronize', raiser(RuntimeError('in forked subprocess'))), synchronize_device)"
    )
    assert outcome.error == "RuntimeError: in forked subprocess"


def test_on_a_device_the_error_stays(start):
    outcome = start("cuda_without_device")(
        "entered(replaced(torch.cuda, 'is_available', lambda: True), reset_peak_device_memory_stats)"
    )
    assert outcome.error == "RuntimeError: invalid argument to reset_peak_memory_stats"
