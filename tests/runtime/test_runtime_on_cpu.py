"""The runtime on a torch without an accelerator: the answers of `torch.cuda`, and fewer of its crashes."""

from __future__ import annotations

import time
from operator import attrgetter
from types import ModuleType

import pytest

from cudafix import runtime

torch = pytest.importorskip("torch")

if runtime._active_type() is not None:
    pytest.skip("this torch has an accelerator", allow_module_level=True)

SAME_ANSWER = [
    ("memory_allocated", "device_memory_allocated", ()),
    ("memory_allocated", "device_memory_allocated", (0,)),
    ("max_memory_allocated", "max_device_memory_allocated", ()),
    ("memory_reserved", "device_memory_reserved", ()),
    ("max_memory_reserved", "max_device_memory_reserved", ()),
    ("memory_stats", "device_memory_stats", ()),
    ("device_count", "count_devices", ()),
    ("is_available", "is_accelerator_available", ()),
    ("is_initialized", "is_device_initialized", ()),
    ("set_stream", "set_device_stream", (None,)),
    ("manual_seed", "manual_seed_device", (0,)),
    ("manual_seed_all", "manual_seed_all", (0,)),
    ("seed", "seed_device", ()),
    ("seed_all", "seed_all_devices", ()),
    ("set_rng_state", "set_device_rng_state", (torch.zeros(8),)),
    ("get_rng_state_all", "get_device_rng_state_all", ()),
    ("set_rng_state_all", "set_device_rng_state_all", ([],)),
]

NEUTRAL = [
    ("reset_peak_memory_stats", "reset_peak_device_memory_stats", (), None),
    ("reset_accumulated_memory_stats", "reset_accumulated_device_memory_stats", (), None),
    ("ipc_collect", "collect_device_ipc", (), None),
    ("synchronize", "synchronize_device", (), None),
    ("synchronize", "synchronize_device", ("cuda:0",), None),
    ("set_device", "set_device_index", (0,), None),
    ("init", "init_device", (), None),
    ("current_device", "current_device_index", (), 0),
    ("is_current_stream_capturing", "is_stream_capturing", (), False),
    ("memory_snapshot", "device_memory_snapshot", (), []),
    ("memory_summary", "device_memory_summary", (), "no accelerator, no memory_summary()"),
    ("current_stream", "current_device_stream", (), runtime.default_device_stream()),
    ("default_stream", "default_device_stream", ("cuda:1",), runtime.current_device_stream()),
]

ANSWERED_SINCE = [
    ((2, 5), "is_bf16_supported", "supports_bf16", (), False),
    ((2, 5), "is_bf16_supported", "supports_bf16", (False,), False),
    ((2, 7), "is_tf32_supported", "supports_tf32", (), False),
]
SAME_ANSWER += [row[:-1] for since, *row in ANSWERED_SINCE if torch.__version__ >= since]
NEUTRAL += [tuple(row) for since, *row in ANSWERED_SINCE if torch.__version__ < since]

REFUSED = [
    ("mem_get_info", "device_memory_info", ()),
    ("get_device_name", "get_device_name", ()),
    ("get_device_properties", "get_device_properties", (0,)),
    ("set_per_process_memory_fraction", "set_device_memory_fraction", (0.5,)),
    ("initial_seed", "initial_device_seed", ()),
    ("get_rng_state", "get_device_rng_state", ()),
]


def matrices():
    return torch.ones(2, 2), torch.ones(2, 2)


class Double(torch.autograd.Function):
    @staticmethod
    @runtime.amp_custom_fwd(cast_inputs=torch.float16)
    def forward(context, x):
        return x * 2

    @staticmethod
    @runtime.amp_custom_bwd
    def backward(context, gradient):
        return gradient * 2


@pytest.mark.parametrize(("old", "new", "arguments"), SAME_ANSWER)
def test_answers_what_torch_cuda_answers(old, new, arguments):
    assert getattr(runtime, new)(*arguments) == attrgetter(old)(torch.cuda)(*arguments)


@pytest.mark.parametrize(("old", "new", "arguments", "answer"), NEUTRAL)
def test_is_harmless_where_torch_cuda_raises(old, new, arguments, answer):
    with pytest.raises((AssertionError, AttributeError, KeyError, RuntimeError)):
        attrgetter(old)(torch.cuda)(*arguments)
    assert getattr(runtime, new)(*arguments) == answer


@pytest.mark.parametrize(("old", "new", "arguments"), REFUSED)
def test_refuses_as_torch_cuda_does_where_no_answer_would_be_true(old, new, arguments):
    with pytest.raises(AssertionError):
        attrgetter(old)(torch.cuda)(*arguments)
    with pytest.raises(NotImplementedError, match=rf"no accelerator, no {old}\(\)"):
        getattr(runtime, new)(*arguments)


def test_every_function_is_in_one_of_the_tables_or_has_its_own_test():
    tabled = {new for _, new, *_ in [*SAME_ANSWER, *NEUTRAL, *REFUSED]}
    assert {*runtime.__all__} - tabled == {
        "amp_custom_bwd",
        "amp_custom_fwd",
        "autocast_device_type",
        "available_device_memory",
        "current_device",
        "current_device_type",
        "device_autocast",
        "device_event",
        "device_grad_scaler",
        "device_module",
        "device_stream",
        "distributed_backend",
        "empty_device_cache",
        "get_available_gpu_memory",
        "print_probe",
        "probe_machine",
        "register_backend",
        "use_device",
        "use_device_of",
        "use_stream",
    }


def test_a_refusal_is_a_runtime_error():
    with pytest.raises(RuntimeError):
        runtime.device_memory_info()


def test_emptying_the_cache_says_that_there_was_none():
    assert runtime.empty_device_cache() is False


def test_there_is_no_cache_of_the_first_device():
    assert runtime.empty_device_cache(0) is False


def test_the_cpu_has_no_cache():
    assert runtime.empty_device_cache(torch.device("cpu")) is False


@pytest.mark.parametrize("absent", ["mps", "xpu:1", "mtia", "hpu", torch.device("xpu"), torch.mps, torch.xpu])
def test_the_cache_of_an_absent_backend_is_left_alone(absent):
    assert runtime.empty_device_cache(absent) is False


def test_the_cache_of_cuda_is_emptied_by_torch_cuda_which_knows_when_not_to():
    assert runtime.empty_device_cache("cuda") is True


def test_a_device_that_holds_no_memory_is_left_alone():
    assert runtime.empty_device_cache("cuda:1") is False


def test_a_module_of_any_kind_is_asked_to_empty_its_cache():
    emptied = []
    module = ModuleType("mine")
    module.empty_cache = lambda: emptied.append("mine")
    assert (runtime.empty_device_cache(module), emptied) == (True, ["mine"])


def test_the_device_module_is_that_of_the_cpu():
    assert runtime.device_module() is torch.cpu


def test_the_device_module_of_an_index_is_that_of_the_cpu():
    assert runtime.device_module(0) is torch.cpu


@pytest.mark.parametrize("device", ["cuda", "cuda:1", torch.device("cuda", 0)])
def test_the_module_of_a_named_device_is_its_own(device):
    assert runtime.device_module(device) is torch.cuda


def test_the_module_of_an_unknown_device_is_a_runtime_error():
    with pytest.raises(RuntimeError, match="npu"):
        runtime.device_module("npu")


def test_the_device_type_is_cpu():
    assert runtime.current_device_type() == "cpu"


def test_using_a_device_does_nothing():
    with runtime.use_device(3) as given:
        assert given is None


def test_using_the_device_of_a_tensor_does_nothing():
    with runtime.use_device_of(torch.ones(1)) as given:
        assert given is None


def test_using_the_current_stream_does_nothing():
    with runtime.use_stream(runtime.current_device_stream()) as given:
        assert given is None


def test_a_stream_does_what_every_stream_does():
    stream, event = runtime.device_stream("cuda:1", priority=-1), runtime.device_event()
    assert stream.record_event(event) is event
    assert (stream.wait_event(event), stream.wait_stream(stream), stream.synchronize(), stream.query()) == (
        None, None, None, True,
    )  # fmt: skip


def test_a_stream_is_its_own_context():
    with runtime.device_stream() as stream:
        assert stream.query()


def test_a_stream_makes_the_event_that_it_records():
    assert runtime.current_device_stream().record_event().query()


def test_events_tell_the_milliseconds_between_them():
    start, end = runtime.device_event(enable_timing=True), runtime.device_event(True)
    start.record()
    time.sleep(0.02)
    end.record(runtime.current_device_stream())
    assert (end.synchronize(), end.wait(), start.query()) == (None, None, True)
    assert 20 <= start.elapsed_time(end) < 2000


def test_an_event_that_was_not_recorded_tells_no_time():
    with pytest.raises(RuntimeError, match="both events must be recorded"):
        runtime.device_event().elapsed_time(runtime.device_event())


@pytest.mark.parametrize("device", [0, "mps", "mps:0"])
def test_the_memory_of_an_accelerator_that_is_not_there_is_an_error(device):
    with pytest.raises(ValueError, match=f"there is no device {device}: torch finds no such accelerator here"):
        runtime.available_device_memory(device)


def test_the_distributed_backend_is_gloo():
    assert runtime.distributed_backend() == "gloo"


@pytest.mark.parametrize(
    ("device", "backend"), [("cpu", "gloo"), ("cuda", "nccl"), ("cuda:1", "nccl"), ("xpu", "xccl"), ("mtia", "gloo")]
)
def test_the_distributed_backend_of_another_device_is_known(device, backend):
    assert runtime.distributed_backend(device) == backend


def test_the_distributed_backend_is_what_the_registry_of_torch_says(monkeypatch):
    monkeypatch.setitem(torch.distributed.Backend.default_device_backend_map, "cuda", "mine")
    assert runtime.distributed_backend(torch.device("cuda", 1)) == "mine"


def test_the_memory_probe_tells_of_the_cpu():
    free, total = runtime.available_device_memory()
    assert 0 < free < total


def test_the_current_device_is_the_cpu_without_an_index():
    assert runtime.current_device() == torch.device("cpu")


def test_a_tensor_moves_to_the_current_device():
    assert torch.ones(1).to(runtime.current_device()).device.type == "cpu"


def test_autocast_computes_in_full_precision():
    one, other = matrices()
    with runtime.device_autocast():
        assert (one @ other).dtype is torch.float32


def test_autocast_computes_in_full_precision_whatever_dtype_is_asked_for():
    one, other = matrices()
    with runtime.device_autocast(True, torch.bfloat16):
        assert (one @ other).dtype is torch.float32


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
def test_autocast_without_a_dtype_is_what_torch_autocast_makes_for_cuda(enabled):
    ours, theirs = runtime.device_autocast(dtype=None, enabled=enabled), torch.autocast("cuda", enabled=enabled)
    assert vars(ours) == vars(theirs)


def test_the_type_for_autocast_is_one_that_switches_itself_off():
    assert runtime.autocast_device_type() == "cuda"


def test_autocast_leaves_that_of_the_cpu_on():
    one, other = matrices()
    with torch.autocast("cpu", dtype=torch.bfloat16), runtime.device_autocast():
        assert (one @ other).dtype is torch.bfloat16


def test_autocast_does_not_warn(recwarn):
    with runtime.device_autocast():
        assert not recwarn.list


def test_autocast_decorates():
    assert runtime.device_autocast()(torch.add)(1, 1) == 2


def test_the_gradient_scaler_is_disabled():
    assert not runtime.device_grad_scaler().is_enabled()


def test_the_gradient_scaler_does_not_warn(recwarn):
    runtime.device_grad_scaler(init_scale=1024.0)
    assert not recwarn.list


def test_the_gradient_scaler_leaves_the_loss_alone():
    loss = torch.ones(1)
    assert runtime.device_grad_scaler().scale(loss) is loss


def test_a_custom_function_does_not_cast():
    assert Double.apply(torch.ones(1)).dtype is torch.float32


def test_a_custom_function_does_not_cast_under_the_autocast_of_the_cpu():
    with torch.autocast("cpu"):
        assert Double.apply(torch.ones(1)).dtype is torch.float32


def test_a_custom_function_has_a_gradient():
    x = torch.ones(1, requires_grad=True)
    Double.apply(x).backward()
    assert x.grad.item() == 2


def test_a_custom_forward_is_decorated_without_parentheses_too():
    class Own:
        forward = runtime.amp_custom_fwd(lambda context, x: x)

    assert Own.forward(Own(), 1) == 1


@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
def test_all_of_it_compiles_into_one_graph():
    def step(x):
        runtime.empty_device_cache()
        runtime.synchronize_device()
        with runtime.use_device(0), runtime.device_autocast(), torch.autocast(runtime.autocast_device_type()):
            return x @ x + runtime.device_memory_allocated()

    assert torch.compile(step, backend="eager", fullgraph=True)(torch.ones(1, 1)).item() == 1


def test_an_mps_build_on_a_machine_without_an_apple_gpu_has_no_accelerator(monkeypatch):
    monkeypatch.setattr(torch._C, "_has_mps", True)
    assert runtime.device_module() is torch.cpu


def test_gaudi_is_found_by_its_module(monkeypatch):
    gaudi = ModuleType("torch.hpu")
    monkeypatch.setattr(torch, "hpu", gaudi, raising=False)
    assert runtime.device_module() is gaudi


def test_no_answer_is_kept_for_a_backend_that_comes_later(monkeypatch):
    gaudi = ModuleType("torch.hpu")
    gaudi.device_count = lambda: 8
    before = runtime.count_devices()
    monkeypatch.setattr(torch, "hpu", gaudi, raising=False)
    assert (before, runtime.count_devices()) == (0, 8)


@pytest.mark.parametrize("version", ["2.4.1", "2.6.0+cpu"])
def test_an_older_torch_has_no_accelerator_either(monkeypatch, version):
    monkeypatch.setattr(torch, "__version__", version)
    assert runtime.device_module() is torch.cpu


@pytest.mark.skipif(torch.__version__ < (2, 6), reason="torch has no torch.accelerator to ask")
def test_an_older_torch_is_not_asked_for_its_current_accelerator_which_would_raise(monkeypatch):
    monkeypatch.setattr(torch, "__version__", "2.6.0+cpu")
    monkeypatch.delattr(torch.accelerator, "current_accelerator")
    assert runtime.current_device_type() == "cpu"


@pytest.mark.parametrize(
    "text",
    [
        "No HIP GPUs are available",
        "CUDA unknown error - this may be due to an incorrectly set up environment",
        "Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized",
        "Found no NVIDIA driver on your system.",
    ],
)
def test_a_driver_that_fails_is_no_accelerator(text: str) -> None:
    """What torch says on a ROCm build without a GPU, and where the driver is there and fails (pytorch 49327, 81549)."""
    assert runtime._tells_of_no_device(RuntimeError(text))


@pytest.mark.parametrize("text", ["Cannot re-initialize CUDA in forked subprocess", "out of memory"])
def test_another_error_is_the_callers(text: str) -> None:
    assert not runtime._tells_of_no_device(RuntimeError(text))
