# SPDX-License-Identifier: Apache-2.0
# cudafix: runtime (not linted by cudafix: it must call the backends itself)
"""Device-neutral forms of `torch.cuda`'s functions, in one file that a project may copy into its tree.

Each asks the active backend: the accelerator that torch was built for or that is registered with it, through
its own module (`torch.cuda`, `torch.xpu`, `torch.npu` …). Parameters are those of the `torch.cuda` function.
"Lacking" in a docstring: the backend has no such function. "None here": this torch has no accelerator.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from types import ModuleType
    from typing import TypeAlias

    import torch
    from torch.amp.autocast_mode import autocast
    from torch.amp.grad_scaler import GradScaler

    Device: TypeAlias = torch.device | str | int | None

__all__ = [
    "amp_custom_bwd",
    "amp_custom_fwd",
    "collect_device_ipc",
    "count_devices",
    "current_device_index",
    "current_device_stream",
    "current_device_type",
    "default_device_stream",
    "device_autocast",
    "device_grad_scaler",
    "device_memory_allocated",
    "device_memory_info",
    "device_memory_reserved",
    "device_memory_snapshot",
    "device_memory_stats",
    "device_memory_summary",
    "device_module",
    "empty_device_cache",
    "get_device_name",
    "get_device_properties",
    "get_device_rng_state",
    "get_device_rng_state_all",
    "init_device",
    "initial_device_seed",
    "is_accelerator_available",
    "is_device_initialized",
    "is_stream_capturing",
    "manual_seed_all",
    "manual_seed_device",
    "max_device_memory_allocated",
    "max_device_memory_reserved",
    "reset_accumulated_device_memory_stats",
    "reset_peak_device_memory_stats",
    "seed_all_devices",
    "seed_device",
    "set_device_index",
    "set_device_memory_fraction",
    "set_device_rng_state",
    "set_device_rng_state_all",
    "set_device_stream",
    "supports_bf16",
    "supports_tf32",
    "synchronize_device",
    "use_device",
    "use_device_of",
    "use_stream",
]

T = TypeVar("T")
Function = TypeVar("Function", bound="Callable[..., Any]")

# Where a backend says it otherwise: device type -> torch.cuda's name -> path below `torch`.
_OTHER_NAMES: dict[str, dict[str, str]] = {
    "mps": {
        "get_device_name": "backends.mps.get_name",
        "manual_seed_all": "mps.manual_seed",
        "max_memory_allocated": "mps.current_allocated_memory",
        "max_memory_reserved": "mps.driver_allocated_memory",
        "memory_allocated": "mps.current_allocated_memory",
        "memory_reserved": "mps.driver_allocated_memory",
        "seed_all": "mps.seed",
    },
}


def _torch() -> Any:
    """torch, imported late; `Any`, since what it has differs between the versions this file works with."""
    import torch

    return torch


def _active_type() -> str | None:
    """The active backend's device type, or None.

    It asks no driver, so the process may still fork. It keeps no answer: a backend may register itself later.
    """
    torch = _torch()
    kind = _built_type(torch)
    if kind == "mps" and not torch.backends.mps.is_available():
        return None
    return kind


def _built_type(torch: Any) -> str | None:
    major, minor = torch.__version__.split(".")[:2]
    if (int(major), int(minor)) >= (2, 7):  # torch 2.6's current_accelerator asks the driver, and raises
        accelerator = torch.accelerator.current_accelerator()
        if accelerator is None:
            return "hpu" if hasattr(torch, "hpu") else None
        if hasattr(torch, accelerator.type):
            kind: str = accelerator.type
            return kind
    registered: str = torch._C._get_privateuse1_backend_name()
    if hasattr(torch, registered):
        return registered
    if torch._C._has_cuda:  # what torch.backends.cuda.is_built() says, which torch.compile cannot trace
        return "cuda"
    if torch.xpu._is_compiled():
        return "xpu"
    if torch.mtia._is_compiled():
        return "mtia"
    if torch.backends.mps.is_built():
        return "mps"
    return "hpu" if hasattr(torch, "hpu") else None


def _find(name: str) -> Callable[..., Any] | None:
    """What the active backend has for `torch.cuda.<name>`, or None."""
    kind = _active_type()
    if kind is None:
        return None
    path = _OTHER_NAMES.get(kind, {}).get(name) or f"{kind}.{name}"
    found: Any = _torch()
    for part in path.split("."):
        found = getattr(found, part, None)
    function: Callable[..., Any] | None = found
    return function


def _call(function: Callable[..., Any], *required: Any, device: Any = None, **options: Any) -> Any:
    """Call with `device`, if given, and the options, less what this backend's function does not take."""
    given = required if device is None else (*required, device)
    try:
        return function(*given, **options)
    except TypeError:
        if (device is None and not options) or _takes(function, given, options):
            raise
    return function(*(given if _takes(function, given, {}) else required))


def _takes(function: Callable[..., Any], given: tuple[Any, ...], options: dict[str, Any]) -> bool:
    from inspect import signature

    try:
        parameters = signature(function)
    except (TypeError, ValueError):
        return True
    try:
        parameters.bind(*given, **options)
    except TypeError:
        return False
    return True


def _ask(name: str, *required: Any, otherwise: T, device: Any = None, **options: Any) -> T:
    """The active backend's answer; `otherwise` where it lacks the function or there is no backend."""
    function = _find(name)
    if function is None:
        return otherwise
    answer: T = _call(function, *required, device=device, **options)
    return answer


def _demand(name: str, *required: Any, device: Any = None, accelerator: str = "") -> Any:
    """The active backend's answer, or that of `torch.accelerator.<accelerator>`; else NotImplementedError."""
    function = _find(name)
    if function is not None:
        return _call(function, *required, device=device)
    last_resort = getattr(getattr(_torch(), "accelerator", None), accelerator, None)
    if last_resort is None or _active_type() is None:
        raise NotImplementedError(_lacking(name))
    try:
        return _call(last_resort, *required, device=device)
    except RuntimeError as error:
        raise NotImplementedError(_lacking(name)) from error


def _lacking(name: str) -> str:
    kind = _active_type()
    return f"no accelerator, no {name}()" if kind is None else f"torch.{kind} has no {name}()"


# Devices


def device_module(device: Device = None) -> ModuleType:
    """The module of `device`, or of the active backend for None or an index. None here: `torch.cpu`.

    RuntimeError for a device type that torch does not know or that has no module.
    """
    torch = _torch()
    named = isinstance(device, (str, torch.device))
    module: ModuleType = torch.get_device_module(device) if named else getattr(torch, _active_type() or "cpu")
    return module


def current_device_type() -> str:
    """The active backend's device type ("cuda", "npu" …) if a device is usable, else "cpu"."""
    return (_active_type() or "cpu") if is_accelerator_available() else "cpu"


def is_accelerator_available() -> bool:
    """Whether a device of the active backend is usable. Lacking: whether it counts one. None here: False."""
    function = _find("is_available")
    return count_devices() > 0 if function is None else bool(function())


def is_device_initialized() -> bool:
    """Whether the active backend has been initialised. Lacking: whether it is available. None here: False."""
    function = _find("is_initialized")
    return is_accelerator_available() if function is None else bool(function())


def init_device() -> None:
    """Initialise the active backend. Lacking or none here: nothing to do."""
    _ask("init", otherwise=None)


def count_devices() -> int:
    """The number of usable devices. Lacking or none here: 0."""
    return _ask("device_count", otherwise=0)


def current_device_index() -> int:
    """The index of the current device. Lacking or none here: 0."""
    return _ask("current_device", otherwise=0)


def set_device_index(device: Device) -> None:
    """Make `device` the current one. Lacking or none here: nothing to do."""
    _ask("set_device", device, otherwise=None)


def use_device(device: Any) -> AbstractContextManager[Any]:
    """A context in which `device` is the current one. Lacking or none here: a context that does nothing."""
    context = _find("device")
    return nullcontext() if context is None else context(device)


def use_device_of(obj: Any) -> AbstractContextManager[Any]:
    """`use_device` with the device of a tensor. Lacking or none here: a context that does nothing."""
    context = _find("device_of")
    return nullcontext() if context is None else context(obj)


def synchronize_device(device: Device = None) -> None:
    """Wait for all work queued on `device` (None: the current one). Lacking or none here: nothing to do."""
    _ask("synchronize", device=device, otherwise=None)


def get_device_name(device: Device = None) -> str:
    """The name of `device`. Lacking or none here: NotImplementedError."""
    name: str = _demand("get_device_name", device=device)
    return name


def get_device_properties(device: Device = None) -> Any:
    """The properties of `device`, in the backend's own form. Lacking or none here: NotImplementedError."""
    return _demand("get_device_properties", device)


def supports_bf16(including_emulation: bool = True) -> bool:
    """Whether the current device computes in bfloat16. Lacking or none here: False."""
    options = {} if including_emulation else {"including_emulation": False}
    return _ask("is_bf16_supported", otherwise=False, **options)


def supports_tf32() -> bool:
    """Whether the current device computes in TF32. Lacking (CUDA before torch 2.7) or none here: False."""
    return _ask("is_tf32_supported", otherwise=False)


# Memory


def empty_device_cache(device_module: Any = None) -> bool:
    """Give cached device memory back to the driver; True where the backend's `empty_cache` was called.

    `device_module`: a module such as `torch.xpu`, or a device; None: the active backend. False, with nothing
    initialised, where that has no `empty_cache`, is not initialised yet, is absent (MPS), or none is here.
    """
    torch = _torch()
    module = device_module
    if module is None or isinstance(module, int):
        module = getattr(torch, _active_type() or "cpu")
    elif isinstance(module, (str, torch.device)):
        module = getattr(torch, torch.device(module).type, None)
    empty_cache = getattr(module, "empty_cache", None)
    if empty_cache is None or (module is torch.mps and not torch.backends.mps.is_available()):
        return False
    is_initialized = getattr(module, "is_initialized", None)
    if is_initialized is not None and module is not torch.cuda and not is_initialized():
        return False
    empty_cache()
    return True


def device_memory_info(device: Device = None) -> tuple[int, int]:
    """Free and total memory of `device`, in bytes. Lacking or none here: NotImplementedError.

    MPS: of the memory that Metal recommends to use. Lacking: what `torch.accelerator` says, if it can.
    """
    mps = _torch().mps
    if _active_type() == "mps" and hasattr(mps, "recommended_max_memory"):
        total: int = mps.recommended_max_memory()
        return max(total - int(mps.driver_allocated_memory()), 0), total
    info: tuple[int, int] = _demand("mem_get_info", device=device, accelerator="get_memory_info")
    return info


def device_memory_allocated(device: Device = None) -> int:
    """Bytes held by tensors on `device`. Lacking or none here: 0."""
    return _ask("memory_allocated", device=device, otherwise=0)


def max_device_memory_allocated(device: Device = None) -> int:
    """The peak of `device_memory_allocated`, in bytes. MPS: the present value. Lacking or none here: 0."""
    return _ask("max_memory_allocated", device=device, otherwise=0)


def device_memory_reserved(device: Device = None) -> int:
    """Bytes that torch holds of `device`, its cache included. Lacking or none here: 0."""
    return _ask("memory_reserved", device=device, otherwise=0)


def max_device_memory_reserved(device: Device = None) -> int:
    """The peak of `device_memory_reserved`, in bytes. MPS: the present value. Lacking or none here: 0."""
    return _ask("max_memory_reserved", device=device, otherwise=0)


def device_memory_stats(device: Device = None) -> dict[str, Any]:
    """The allocator's statistics, sizes in bytes. Lacking or none here: empty."""
    return _ask("memory_stats", device=device, otherwise={})


def device_memory_summary(device: Device = None, abbreviated: bool = False) -> str:
    """The allocator's statistics as a table to print. Lacking or none here: a line that says so."""
    function = _find("memory_summary")
    if function is None:
        return _lacking("memory_summary")
    summary: str = _call(function, device=device, **({"abbreviated": True} if abbreviated else {}))
    return summary


def device_memory_snapshot(mempool_id: tuple[int, int] | None = None, include_traces: bool = True) -> Any:
    """The allocator's segments. Lacking or none here: [].

    All pools, with their traces, where the backend (or torch before 2.8 and 2.11) cannot choose.
    """
    options: dict[str, Any] = {} if mempool_id is None else {"mempool_id": mempool_id}
    if not include_traces:
        options["include_traces"] = False
    return _ask("memory_snapshot", otherwise=[], **options)


def reset_peak_device_memory_stats(device: Device = None) -> None:
    """Start the peaks anew. Lacking or none here: nothing to do."""
    _ask("reset_peak_memory_stats", device=device, otherwise=None)


def reset_accumulated_device_memory_stats(device: Device = None) -> None:
    """Start the running totals anew. Lacking or none here: nothing to do."""
    _ask("reset_accumulated_memory_stats", device=device, otherwise=None)


def collect_device_ipc() -> None:
    """Free memory that other processes have let go of. Lacking or none here: nothing to do."""
    _ask("ipc_collect", otherwise=None)


def set_device_memory_fraction(fraction: float, device: Device = None) -> None:
    """Limit this process to a fraction of the memory. Lacking or none here: NotImplementedError."""
    _demand("set_per_process_memory_fraction", fraction, device=device)


# Streams


def current_device_stream(device: Device = None) -> Any:
    """The current stream of `device`. Lacking: NotImplementedError. None here: `torch.cpu`'s stand-in.

    Lacking: what `torch.accelerator` says, if it can.
    """
    if _active_type() is None:
        return _torch().cpu.current_stream()
    return _demand("current_stream", device=device, accelerator="current_stream")


def default_device_stream(device: Device = None) -> Any:
    """The default stream of `device`. Lacking: NotImplementedError. None here: `torch.cpu`'s stand-in."""
    if _active_type() is None:
        return _torch().cpu.current_stream()
    return _demand("default_stream", device=device)


def use_stream(stream: Any) -> AbstractContextManager[Any]:
    """A context whose work goes to `stream`. Stream None, lacking or none here: one that does nothing."""
    context = _find("stream")
    return nullcontext() if context is None or stream is None else context(stream)


def set_device_stream(stream: Any) -> None:
    """Make `stream` the current one. Stream None, lacking or none here: nothing to do."""
    if stream is not None:
        _ask("set_stream", stream, otherwise=None)


def is_stream_capturing() -> bool:
    """Whether the current stream is recording a graph. Lacking or none here: False."""
    return _ask("is_current_stream_capturing", otherwise=False)


# Random numbers


def manual_seed_device(seed: int) -> None:
    """Seed the current device's generator. Lacking or none here: nothing to do."""
    _ask("manual_seed", seed, otherwise=None)


def manual_seed_all(seed: int) -> None:
    """Seed every device's generator (not the CPU's). Lacking or none here: nothing to do."""
    _ask("manual_seed_all", seed, otherwise=None)


def seed_device() -> None:
    """Seed the current device's generator at random. Lacking or none here: nothing to do."""
    _ask("seed", otherwise=None)


def seed_all_devices() -> None:
    """Seed every device's generator with one random number. Lacking or none here: nothing to do."""
    _ask("seed_all", otherwise=None)


def initial_device_seed() -> int:
    """The seed of the current device's generator. Lacking or none here: NotImplementedError."""
    seed: int = _demand("initial_seed")
    return seed


def get_device_rng_state(device: Device = None) -> torch.Tensor:
    """The state of the generator of `device`. Lacking or none here: NotImplementedError."""
    state: torch.Tensor = _demand("get_rng_state", device=device)
    return state


def set_device_rng_state(new_state: torch.Tensor, device: Device = None) -> None:
    """Set what `get_device_rng_state` gave. Lacking: NotImplementedError. None here: nothing to do."""
    if _active_type() is not None:
        _demand("set_rng_state", new_state, device=device)


def get_device_rng_state_all() -> list[torch.Tensor]:
    """The states of all devices' generators. Lacking: one by one. None here: []."""
    function = _find("get_rng_state_all")
    if function is None:
        return [get_device_rng_state(index) for index in range(count_devices())]
    states: list[torch.Tensor] = function()
    return states


def set_device_rng_state_all(new_states: Iterable[torch.Tensor]) -> None:
    """Set what `get_device_rng_state_all` gave. Lacking: one by one. None here: nothing to do."""
    function = _find("set_rng_state_all")
    if function is not None:
        function(new_states)
        return
    for index, state in enumerate(new_states):
        set_device_rng_state(state, index)


# Mixed precision


def _amp_type() -> str:
    """The type whose autocast counts: "cuda", as before, where the backend has none or none is here."""
    torch = _torch()
    kind = _active_type()
    if kind in (None, "cuda") or not torch.amp.is_autocast_available(kind):
        return "cuda"
    registered = kind == torch._C._get_privateuse1_backend_name()
    return "cuda" if registered and _find("get_amp_supported_dtype") is None else kind


def device_autocast(enabled: bool = True, dtype: torch.dtype | None = None, cache_enabled: bool = True) -> autocast:
    """`torch.amp.autocast` for the active backend; `dtype` None: torch.float16, as `torch.cuda.amp` had it.

    Disabled where no device is usable or the backend has no autocast; the CPU's autocast is left alone.
    """
    torch = _torch()
    kind = _amp_type()
    usable = enabled and kind == _active_type() and is_accelerator_available()
    context: autocast = torch.amp.autocast(
        kind, dtype=dtype or torch.float16, enabled=usable, cache_enabled=cache_enabled
    )
    return context


def device_grad_scaler(
    init_scale: float = 2.0**16,
    growth_factor: float = 2.0,
    backoff_factor: float = 0.5,
    growth_interval: int = 2000,
    enabled: bool = True,
) -> GradScaler:
    """`torch.amp.GradScaler` for the active backend. Disabled where no device is usable."""
    torch = _torch()
    scaler: GradScaler = torch.amp.GradScaler(
        device=_active_type() or "cuda",
        init_scale=init_scale,
        growth_factor=growth_factor,
        backoff_factor=backoff_factor,
        growth_interval=growth_interval,
        enabled=enabled and is_accelerator_available(),
    )
    return scaler


def amp_custom_fwd(fwd: Callable[..., Any] | None = None, *, cast_inputs: torch.dtype | None = None) -> Any:
    """`torch.amp.custom_fwd` for the backend that is active when it decorates. None here: does nothing."""
    return _torch().amp.custom_fwd(fwd, device_type=_amp_type(), cast_inputs=cast_inputs)


def amp_custom_bwd(bwd: Function) -> Function:
    """`torch.amp.custom_bwd` for the backend that is active when it decorates. None here: does nothing."""
    decorated: Function = _torch().amp.custom_bwd(bwd, device_type=_amp_type())
    return decorated
