"""The runtime where a backend was registered with torch (`backends.py` says which: npu, musa, acme)."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

LACKING = [
    ("empty_device_cache()", False),
    ("device_memory_allocated()", 0),
    ("max_device_memory_allocated(0)", 0),
    ("device_memory_reserved()", 0),
    ("max_device_memory_reserved()", 0),
    ("device_memory_stats()", {}),
    ("device_memory_summary()", "torch.musa has no memory_summary()"),
    ("device_memory_snapshot()", []),
    ("reset_peak_device_memory_stats()", None),
    ("reset_accumulated_device_memory_stats()", None),
    ("collect_device_ipc()", None),
    ("synchronize_device()", None),
    ("current_device_index()", 0),
    ("set_device_index(1)", None),
    ("count_devices()", 0),
    ("entered(use_device(1))", None),
    ("entered(use_device_of(torch.ones(1)))", None),
    ("entered(use_stream('stream'))", None),
    ("set_device_stream('stream')", None),
    ("is_stream_capturing()", False),
    ("supports_bf16()", False),
    ("supports_tf32()", False),
    ("is_accelerator_available()", False),
    ("is_device_initialized()", False),
    ("init_device()", None),
    ("manual_seed_device(1)", None),
    ("manual_seed_all(1)", None),
    ("seed_device()", None),
    ("seed_all_devices()", None),
    ("get_device_rng_state_all()", []),
    ("set_device_rng_state_all([])", None),
    ("current_device_type()", "cpu"),
    ("device_module() is torch.musa", True),
    ("device_autocast()._enabled", False),
    ("autocast_device_type()", "cuda"),
    ("device_grad_scaler().is_enabled()", False),
    ("amp_custom_fwd(lambda context: 1)(device_module())", 1),
]

REFUSED = [
    ("device_stream()", "Stream"),
    ("device_stream(1, priority=-1)", "Stream"),
    ("device_event(enable_timing=True)", "Event"),
    ("device_memory_info()", "mem_get_info"),
    ("device_memory_info(0)", "mem_get_info"),
    ("get_device_name()", "get_device_name"),
    ("get_device_properties()", "get_device_properties"),
    ("set_device_memory_fraction(0.5)", "set_per_process_memory_fraction"),
    ("current_device_stream()", "current_stream"),
    ("default_device_stream()", "default_stream"),
    ("initial_device_seed()", "initial_seed"),
    ("get_device_rng_state()", "get_rng_state"),
    ("set_device_rng_state('state')", "set_rng_state"),
    ("set_device_rng_state_all(['state'])", "set_rng_state"),
]


@pytest.mark.parametrize(("expression", "answer"), LACKING)
def test_a_backend_that_has_nothing_gets_the_documented_answer(musa, expression, answer):
    assert (musa(expression).answer, musa(expression).error) == (answer, None)


@pytest.mark.parametrize(("expression", "name"), REFUSED)
def test_a_refusal_names_the_backend_and_the_function(musa, expression, name):
    assert musa(expression).error == f"NotImplementedError: torch.musa has no {name}()"


def test_the_device_type_is_that_of_the_backend(npu):
    assert npu("current_device_type()").answer == "npu"


def test_the_current_device_is_one_of_the_backend(npu):
    assert npu("(current_device().type, current_device().index == current_device_index())").answer == ["npu", True]


@pytest.mark.parametrize("device", ["", "0", "'npu'", "'npu:1'", "torch.device('npu', 1)"])
def test_the_device_module_is_that_of_the_backend(npu, device):
    assert npu(f"device_module({device}) is torch.npu").answer is True


@pytest.mark.parametrize("device", ["", "0", "torch.npu", "'npu:1'", "torch.device('npu')"])
def test_the_cache_of_the_backend_is_emptied(npu, device):
    outcome = npu(f"empty_device_cache({device})")
    assert (outcome.answer, outcome.calls[-1]) == (True, "empty_cache()")


def test_the_cache_of_a_backend_that_is_not_initialised_is_left_alone(acme):
    outcome = acme("empty_device_cache()")
    assert (outcome.answer, outcome.calls) == (False, [])


def test_the_device_goes_to_the_backend_by_position(npu):
    assert npu("device_memory_info(device='npu:1')").calls == ["mem_get_info('npu:1')"]


def test_autocast_is_that_of_the_backend(npu):
    assert npu("entered(device_autocast(), lambda: torch.is_autocast_enabled('npu'))").answer is True


def test_the_type_for_autocast_is_that_of_the_backend(npu):
    assert npu("autocast_device_type()").answer == "npu"


def test_autocast_is_off_again_afterwards(npu):
    assert npu("[entered(device_autocast()), torch.is_autocast_enabled('npu')][1]").answer is False


def test_autocast_is_to_float16_by_default(npu):
    inside = npu("entered(device_autocast(), lambda: torch.get_autocast_dtype('npu') is torch.float16)")
    assert inside.answer is True


def test_autocast_is_to_the_dtype_asked_for(npu):
    context = "device_autocast(dtype=torch.bfloat16)"
    inside = npu(f"entered({context}, lambda: torch.get_autocast_dtype('npu') is torch.bfloat16)")
    assert inside.answer is True


def test_autocast_is_to_float16_by_default_within_that_to_another_dtype(npu):
    inner = "entered(device_autocast(), lambda: torch.get_autocast_dtype('npu') is torch.float16)"
    assert npu(f"entered(torch.autocast('npu', torch.bfloat16), lambda: {inner})").answer is True


def test_autocast_is_off_where_no_device_is_usable(npu):
    absent = "replaced(torch.npu, 'is_available', lambda: False)"
    assert npu(f"entered({absent}, lambda: device_autocast()._enabled)").answer is False


def test_autocast_can_be_off(npu):
    assert npu("entered(device_autocast(False), lambda: torch.is_autocast_enabled('npu'))").answer is False


def test_autocast_takes_the_cache_flag(npu):
    inside = npu("entered(device_autocast(True, None, False), torch.is_autocast_cache_enabled)")
    assert inside.answer is False


def test_the_gradient_scaler_is_that_of_the_backend(npu):
    assert npu("device_grad_scaler()._device").answer == "npu"


def test_the_gradient_scaler_takes_what_that_of_torch_cuda_takes(npu):
    ours, theirs = "device_grad_scaler(8.0, 3.0, 0.1, 5)", "torch.amp.GradScaler('npu', 8.0, 3.0, 0.1, 5)"
    assert npu(f"{ours}.state_dict() == {theirs}.state_dict()").answer is True


def test_the_gradient_scaler_can_be_off(npu):
    assert npu("device_grad_scaler(enabled=False).is_enabled()").answer is False


def test_a_custom_forward_runs_without_autocast_when_it_casts_its_inputs(npu):
    forward = "amp_custom_fwd(lambda self: torch.is_autocast_enabled('npu'), cast_inputs=torch.float16)"
    assert npu(f"entered(device_autocast(), lambda: {forward}(device_module()))").answer is False


def test_a_custom_forward_runs_under_autocast_when_it_does_not(npu):
    forward = "amp_custom_fwd(lambda self: torch.is_autocast_enabled('npu'))"
    assert npu(f"entered(device_autocast(), lambda: {forward}(device_module()))").answer is True


def test_a_stream_is_made_by_the_backend(npu):
    assert npu("device_stream(1, priority=-1, stream_id=3)").calls == ["Stream(1, priority=-1, stream_id=3)"]


def test_an_event_is_made_by_the_backend_with_what_was_asked_for(npu):
    assert npu("device_event(True, interprocess=True)").calls == ["Event(enable_timing=True, interprocess=True)"]


def test_what_events_of_the_backend_cannot_be_told_is_left_out(npu):
    timed_only = "replaced(torch.npu, 'Event', lambda enable_timing=False: ('event', enable_timing))"
    made = npu(f"entered({timed_only}, lambda: device_event(True, blocking=True))")
    assert (made.answer, made.error) == (["event", True], None)


def test_a_function_in_c_that_takes_no_device_is_called_without(npu):
    in_c = "replaced(torch.npu, 'synchronize', torch._C._get_tracing_state)"
    assert npu(f"entered({in_c}, lambda: synchronize_device(0))").error is None


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("synchronize_device()", None),
        ("device_memory_allocated()", 0),
        ("max_device_memory_reserved()", 0),
        ("device_memory_stats()", {}),
        ("device_memory_snapshot()", []),
        ("reset_peak_device_memory_stats()", None),
        ("collect_device_ipc()", None),
    ],
)
def test_a_backend_that_was_not_used_yet_is_not_initialised_for_nothing(npu, expression, answer):
    unused = "replaced(torch.npu, 'is_initialized', lambda: False)"
    outcome = npu(f"entered({unused}, lambda: {expression})")
    assert (outcome.answer, outcome.calls) == (answer, [])


def test_the_states_of_all_devices_are_set_as_a_list(npu):
    assert npu("set_device_rng_state_all(iter(['state']))").calls == ["set_rng_state_all(['state'])"]


def test_a_function_that_takes_no_device_is_called_without(acme):
    assert acme("synchronize_device(1)").calls == ["synchronize()"]


def test_a_function_that_takes_no_options_is_called_without(acme):
    assert acme("device_memory_snapshot(include_traces=False)").calls == ["memory_snapshot()"]


def test_a_function_that_takes_a_device_but_no_options_is_called_with_the_device(acme):
    assert acme("device_memory_summary(1, abbreviated=True)").answer == "summary of 1"


def test_bf16_without_emulation_is_bf16_where_the_backend_does_not_tell_them_apart(acme):
    assert acme("supports_bf16(False)").answer is True


def test_a_type_error_from_within_the_backend_stays_one(acme):
    assert acme("device_memory_allocated(1)").error == "TypeError: object of type 'int' has no len()"


def test_a_backend_that_cannot_say_whether_it_is_available_is_if_it_counts_a_device(acme):
    available = "entered(without(torch.acme, 'is_available'), is_accelerator_available)"
    assert acme(available).answer is True


def test_the_states_of_all_devices_are_asked_for_one_by_one(acme):
    assert acme("get_device_rng_state_all()").calls == ["get_rng_state()", "get_rng_state()"]


def test_the_last_resort_for_the_free_memory_is_torch_accelerator(acme):
    outcome = acme("device_memory_info(1)")
    assert (outcome.answer, outcome.calls) == ([10, 20], ["accelerator.get_memory_info(1)"])


def test_the_last_resort_for_the_current_stream_is_torch_accelerator(acme):
    assert acme("current_device_stream()").calls == ["accelerator.current_stream()"]


def test_a_name_without_a_module_is_no_backend(renamed):
    assert renamed("device_module() is torch.cpu").answer is True


def test_a_name_without_a_module_has_no_cache(renamed):
    assert renamed("empty_device_cache('npu')").answer is False


def test_a_backend_is_found_on_torch_2_5(npu_on_torch_2_5):
    assert npu_on_torch_2_5("current_device_type()").answer == "npu"


def test_a_backend_is_asked_on_torch_2_5(npu_on_torch_2_5):
    assert npu_on_torch_2_5("set_device_index(1)").calls == ["set_device(1)"]


def test_there_is_no_last_resort_on_torch_2_5(npu_on_torch_2_5):
    outcome = npu_on_torch_2_5("entered(without(torch.npu, 'mem_get_info'), device_memory_info)")
    assert outcome.error == "NotImplementedError: torch.npu has no mem_get_info()"
