# SPDX-License-Identifier: Apache-2.0
# cudafix: runtime (not linted by cudafix: it must call the backends itself)
"""Device-neutral forms of `torch.cuda`'s functions, in one file that a project may copy into its tree.

Each asks the active backend: the accelerator that torch was built for or that is registered with it, through
its own module (`torch.cuda`, `torch.xpu`, `torch.npu` …). Parameters are those of the `torch.cuda` function; a
`device` is an index, a string such as "cuda:1", a `torch.device`, or None for the current device. Sizes are in
bytes, but for `get_available_gpu_memory`, which answers in GiB.

"Lacking" in a docstring: what happens where neither the backend's module nor `torch.accelerator` has such a function
for it. "None here": where this torch has no accelerator; the same holds of a `device` that is the CPU, for memory
statistics and synchronisation. `register_backend` says how a backend differs; running this
file as a module (`python -m cudafix.runtime`) tells what works on a machine.

Contents, in the order of the file. A section has its public functions first, which are named here in their order,
then the private ones that these need, in reading order, then the tables that both read. What all sections ask with
stands in the first.

Search: which backend is active, and what it has for a name of `torch.cuda`
    device_module, current_device_type, is_accelerator_available

Devices: how many, which is current, what each is
    count_devices, current_device_index, current_device, set_device_index, use_device, use_device_of,
    synchronize_device, init_device, is_device_initialized, get_device_name, get_device_properties, supports_bf16,
    supports_tf32

Memory: the allocator's cache, figures and limit
    empty_device_cache, device_memory_info, device_memory_allocated, max_device_memory_allocated,
    device_memory_reserved, max_device_memory_reserved, device_memory_stats, device_memory_summary,
    device_memory_snapshot, reset_peak_device_memory_stats, reset_accumulated_device_memory_stats,
    collect_device_ipc, set_device_memory_fraction

Memory probe: the memory that is free on any backend, here or on the rank with the least
    available_device_memory, get_available_gpu_memory

Streams: streams and events
    device_stream, device_event, current_device_stream, default_device_stream, use_stream, set_device_stream,
    is_stream_capturing

Seeds: seeds, and the states of the generators
    manual_seed_device, manual_seed_all, seed_device, seed_all_devices, initial_device_seed, get_device_rng_state,
    set_device_rng_state, get_device_rng_state_all, set_device_rng_state_all

Autocast: mixed precision
    device_autocast, autocast_device_type, device_grad_scaler, amp_custom_fwd, amp_custom_bwd

Distributed: the backend of torch.distributed
    distributed_backend

Probe: what works on this machine
    probe_machine, print_probe

Registration: what a backend says of itself, by a call or an entry point
    register_backend
"""

from __future__ import annotations

from contextlib import nullcontext

TYPE_CHECKING = False  # importing typing for it would take a third of the time that importing this file takes
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from types import ModuleType
    from typing import Any, TypeAlias, TypeVar
    from typing import overload as _overload

    import torch
    from torch.amp.autocast_mode import autocast
    from torch.amp.grad_scaler import GradScaler

    Device: TypeAlias = torch.device | str | int | None
    Answer: TypeAlias = str | Callable[..., Any] | None
    T = TypeVar("T")
    Function = TypeVar("Function", bound=Callable[..., Any])
else:

    def _overload(function):
        return function


__all__ = [
    "amp_custom_bwd",
    "amp_custom_fwd",
    "autocast_device_type",
    "available_device_memory",
    "collect_device_ipc",
    "count_devices",
    "current_device",
    "current_device_index",
    "current_device_stream",
    "current_device_type",
    "default_device_stream",
    "device_autocast",
    "device_event",
    "device_grad_scaler",
    "device_memory_allocated",
    "device_memory_info",
    "device_memory_reserved",
    "device_memory_snapshot",
    "device_memory_stats",
    "device_memory_summary",
    "device_module",
    "device_stream",
    "distributed_backend",
    "empty_device_cache",
    "get_available_gpu_memory",
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
    "print_probe",
    "probe_machine",
    "register_backend",
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


# Search


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
    registered: str = torch._C._get_privateuse1_backend_name()
    if hasattr(torch, registered):
        return registered
    # What torch.accelerator.current_accelerator() says, which torch.compile cannot trace where it has an answer.
    for kind in ("cuda", "xpu", "mps"):
        if getattr(torch._C, f"_has_{kind}"):
            return kind
    if hasattr(torch, "hpu"):
        return "hpu"
    if torch.__version__[:4] in ("2.4.", "2.5.", "2.6."):  # torch 2.6's asks the driver, and raises
        return None
    accelerator = torch.accelerator.current_accelerator()
    return accelerator.type if accelerator is not None and hasattr(torch, accelerator.type) else None


def _type_and_index(device: Device) -> tuple[str, int | None]:
    """The type of a device, that of the active backend for None and an index, and its index, if it has one."""
    if device is None or isinstance(device, int):
        return _active_type() or "cpu", device
    known = _torch().device(device)
    return known.type, known.index


def _ask(name: str, *required: Any, otherwise: T, device: Any = None, **options: Any) -> T:
    """The active backend's answer; `otherwise` where it has none, there is no backend, or `device` is the CPU."""
    if getattr(device, "type", device) == "cpu":
        return otherwise
    answer: Any = _answer(name, *required, device=device, **options)
    return otherwise if answer is _NONE else answer


def _demand(name: str, *required: Any, device: Any = None, **options: Any) -> Any:
    """The active backend's answer; where it has none or there is no backend, NotImplementedError."""
    answer = _answer(name, *required, device=device, **options)
    if answer is _NONE:
        raise NotImplementedError(_lacking(name))
    return answer


def _answer(name: str, *required: Any, device: Any = None, **options: Any) -> Any:
    """The active backend's answer, or torch's own if it has one for any accelerator; else `_NONE`."""
    kind = _active_type()
    if kind is None:
        return _NONE
    function = _find(name, kind)
    if kind in _LAZY and name in _IDLE:
        is_initialized = _find("is_initialized", kind)
        if is_initialized is not None and not is_initialized():
            return _NONE
    if function is not None:
        try:
            return _call(function, *required, device=device, **options)
        except RuntimeError as error:
            if kind == "cuda" and _tells_of_no_device(error):
                return _NONE
            raise
    native = _look_up(_NATIVE.get(name, ""))
    if native is None:
        return _NONE
    try:
        return _call(native, *required, device=device, **options)
    except (AssertionError, AttributeError, RuntimeError, TypeError) as error:  # few backends implement all of it
        if isinstance(error, RuntimeError) and type(error) not in (RuntimeError, NotImplementedError):
            raise  # torch.AcceleratorError, torch.OutOfMemoryError: the device's own
        return _NONE


def _find(name: str, kind: str | None = None) -> Callable[..., Any] | None:
    """What the backend of type `kind`, or the active one, has for `torch.cuda.<name>`; None: it lacks it."""
    kind = kind or _active_type()
    if kind is None:
        return None
    found: Any = _differences(kind).get(name, f"{kind}.{name}")
    if not isinstance(found, str):
        function: Callable[..., Any] | None = found
        return function
    return _look_up(found)


def _differences(kind: str) -> dict[str, Answer]:
    """How the backend of type `kind` differs from `torch.cuda`, by what it has announced or was registered."""
    if kind not in _DIFFERENCES and not _torch().compiler.is_compiling():  # reading entry points cannot be traced
        _DIFFERENCES[kind] = {**_load_announced(kind), **_REGISTERED.get(kind, {})}  # whole, for other threads
    return _DIFFERENCES.get(kind, {})


def _look_up(path: str) -> Callable[..., Any] | None:
    """What torch has at a path; None: nothing."""
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
        fewer, known = _taken(function, given, required, options)
        if (fewer, known) == (given, options):
            raise
    return function(*fewer, **known)


def _taken(
    function: Callable[..., Any], given: tuple[Any, ...], required: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Of the arguments, those that `function` has parameters for."""
    from inspect import signature

    try:
        parameters = signature(function)
    except (TypeError, ValueError):  # compiled code does not tell: what it must be given
        return required, {name: value for name, value in options.items() if name in _EVERYWHERE}

    def takes(*arguments: Any, **named: Any) -> bool:
        try:
            parameters.bind_partial(*arguments, **named)
        except TypeError:
            return False
        return True

    fewer = given if takes(*given) else required
    return fewer, {name: value for name, value in options.items() if takes(*fewer, **{name: value})}


def _tells_of_no_device(error: RuntimeError) -> bool:
    """Whether this torch was built for CUDA and runs on a machine without: there is no accelerator, then.

    The words are those of torch 2.4 to 2.9, of its builds for ROCm, and of a driver that is there and fails; the last
    are `reset_peak_memory_stats`'s. A forked process that must not use CUDA is told otherwise.
    """
    texts = (
        "NVIDIA driver", "CUDA driver", "CUDA GPUs", "HIP GPUs", "CUDA-capable", "CUDA unknown error",
        "GetDeviceCount()", "invalid argument to reset_",
    )  # fmt: skip
    if not any(text in str(error) for text in texts):
        return False
    cuda = _torch().cuda
    return not cuda.is_initialized() and not cuda.is_available()


def _lacking(name: str, kind: str | None = None) -> str:
    kind = kind or _active_type()
    return f"no accelerator, no {name}()" if kind is None else f"torch.{kind} has no {name}()"


def _warn(message: str) -> None:
    """Warn, once in a process for each text, at the line that called into this file."""
    import sys
    from warnings import warn

    if message in _WARNED:
        return
    _WARNED.add(message)
    caller, level = sys._getframe(1), 2
    while caller.f_back is not None and caller.f_globals is globals():
        caller, level = caller.f_back, level + 1
    warn(message, RuntimeWarning, stacklevel=level)


# Where a backend says it otherwise: device type -> torch.cuda's name -> path below `torch`, function, or None: lacking.
_DIFFERENCES: dict[str, dict[str, Answer]] = {
    "cpu": {},
    "cuda": {},
    "mps": {
        "Event": "mps.event.Event",
        "get_device_name": "backends.mps.get_name",
        "manual_seed_all": "mps.manual_seed",
        "max_memory_allocated": "mps.current_allocated_memory",
        "max_memory_reserved": "mps.driver_allocated_memory",
        "memory_allocated": "mps.current_allocated_memory",
        "memory_reserved": "mps.driver_allocated_memory",
        "seed_all": "mps.seed",
    },
    "mtia": {},
    "xpu": {},
}

# What torch has for any accelerator that implements it; asked last, since few do.
_NATIVE = {
    "Event": "Event",
    "Stream": "Stream",
    "current_device": "accelerator.current_device_index",
    "current_stream": "accelerator.current_stream",
    "max_memory_allocated": "accelerator.max_memory_allocated",
    "max_memory_reserved": "accelerator.max_memory_reserved",
    "mem_get_info": "accelerator.get_memory_info",
    "memory_allocated": "accelerator.memory_allocated",
    "memory_reserved": "accelerator.memory_reserved",
    "memory_stats": "accelerator.memory_stats",
    "reset_accumulated_memory_stats": "accelerator.reset_accumulated_memory_stats",
    "reset_peak_memory_stats": "accelerator.reset_peak_memory_stats",
    "set_device": "accelerator.set_device_index",
    "set_stream": "accelerator.set_stream",
    "synchronize": "accelerator.synchronize",
}

# What a process asks for although it may not have used a device yet: that must not initialise one.
_IDLE = {
    "ipc_collect",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_snapshot",
    "memory_stats",
    "reset_accumulated_memory_stats",
    "reset_peak_memory_stats",
    "synchronize",
}
_LAZY = {"mlu", "mtia", "musa", "npu", "xpu"}  # as torch.cuda: is_initialized() is true once a device is used

_EVERYWHERE = {"enable_timing", "priority"}  # what torch's own Event and Stream take on every backend
_NONE: Any = object()  # no answer, where None may be one
_WARNED: set[str] = set()  # the texts of `_warn`

# What each neutral function asks the backend for, by torch.cuda's name.
_ASKS = {
    "collect_device_ipc": "ipc_collect",
    "count_devices": "device_count",
    "current_device_index": "current_device",
    "current_device_stream": "current_stream",
    "default_device_stream": "default_stream",
    "device_event": "Event",
    "device_memory_allocated": "memory_allocated",
    "device_memory_info": "mem_get_info",
    "device_memory_reserved": "memory_reserved",
    "device_memory_snapshot": "memory_snapshot",
    "device_memory_stats": "memory_stats",
    "device_memory_summary": "memory_summary",
    "device_stream": "Stream",
    "empty_device_cache": "empty_cache",
    "get_device_name": "get_device_name",
    "get_device_properties": "get_device_properties",
    "get_device_rng_state": "get_rng_state",
    "get_device_rng_state_all": "get_rng_state_all",
    "init_device": "init",
    "initial_device_seed": "initial_seed",
    "is_accelerator_available": "is_available",
    "is_device_initialized": "is_initialized",
    "is_stream_capturing": "is_current_stream_capturing",
    "manual_seed_all": "manual_seed_all",
    "manual_seed_device": "manual_seed",
    "max_device_memory_allocated": "max_memory_allocated",
    "max_device_memory_reserved": "max_memory_reserved",
    "reset_accumulated_device_memory_stats": "reset_accumulated_memory_stats",
    "reset_peak_device_memory_stats": "reset_peak_memory_stats",
    "seed_all_devices": "seed_all",
    "seed_device": "seed",
    "set_device_index": "set_device",
    "set_device_memory_fraction": "set_per_process_memory_fraction",
    "set_device_rng_state": "set_rng_state",
    "set_device_rng_state_all": "set_rng_state_all",
    "set_device_stream": "set_stream",
    "supports_bf16": "is_bf16_supported",
    "supports_tf32": "is_tf32_supported",
    "synchronize_device": "synchronize",
    "use_device": "device",
    "use_device_of": "device_of",
    "use_stream": "stream",
}


# Devices


def count_devices() -> int:
    """The number of usable devices. Lacking or none here: 0."""
    return _ask("device_count", otherwise=0)


def current_device_index() -> int:
    """The index of the current device. Lacking or none here: 0."""
    return _ask("current_device", otherwise=0)


def current_device() -> torch.device:
    """The current device, with its index: what `torch.cuda.current_device()` is where a device is expected.

    Lacking: that with the index 0. None here: the CPU.
    """
    kind = current_device_type()
    device: torch.device = _torch().device(kind if kind == "cpu" else f"{kind}:{current_device_index()}")
    return device


def set_device_index(device: Device) -> None:
    """Make `device` the current one. Lacking, none here or the CPU: nothing to do."""
    if getattr(device, "type", device) == "cpu":
        return
    _ask("set_device", device, otherwise=None)


def use_device(device: Any) -> AbstractContextManager[Any]:
    """A context in which `device` is the current one. Lacking or none here: a context that does nothing.

    The CPU: a context that does nothing; CUDA refuses it, as `torch.cuda.device` does.
    """
    is_cpu = getattr(device, "type", device) == "cpu" and _active_type() != "cuda"
    context = None if is_cpu else _find("device")
    return nullcontext() if context is None else context(device)


def use_device_of(obj: Any) -> AbstractContextManager[Any]:
    """`use_device` with the device of a tensor. Lacking or none here: a context that does nothing."""
    context = _find("device_of")
    return nullcontext() if context is None else context(obj)


def synchronize_device(device: Device = None) -> None:
    """Wait for all work queued on `device` (None: the current one). Lacking or none here: nothing to do."""
    _ask("synchronize", device=device, otherwise=None)


def init_device() -> None:
    """Initialise the active backend. Lacking or none here: nothing to do."""
    _ask("init", otherwise=None)


def is_device_initialized() -> bool:
    """Whether the active backend has been initialised. Lacking: whether it is available. None here: False."""
    function = _find("is_initialized")
    return is_accelerator_available() if function is None else bool(function())


def get_device_name(device: Device = None) -> str:
    """The name of `device`. Lacking or none here: NotImplementedError."""
    name: str = _demand("get_device_name", device=device)
    return name


def get_device_properties(device: Device = None) -> Any:
    """The properties of `device`, in the backend's own form. Lacking or none here: NotImplementedError."""
    return _demand("get_device_properties", device)


def supports_bf16(including_emulation: bool = True) -> bool:
    """Whether the current device computes in bfloat16. Lacking or none here: False.

    `including_emulation`: also without hardware for it; left out where the backend's function does not take it.
    """
    options = {} if including_emulation else {"including_emulation": False}
    return _ask("is_bf16_supported", otherwise=False, **options)


def supports_tf32() -> bool:
    """Whether the current device computes in TF32. Lacking (CUDA before torch 2.7) or none here: False."""
    return _ask("is_tf32_supported", otherwise=False)


# Memory


def empty_device_cache(device_module: Any = None) -> bool:
    """Give cached device memory back to the driver; True where the backend's `empty_cache` was called.

    `device_module`: a module such as `torch.xpu`, or a device; None: the active backend. With an index only if torch
    holds memory of that device, and with it as the current one, so that no other device is given a context.
    False, with nothing initialised, where the backend has no `empty_cache`, is not initialised yet (but for CUDA,
    whose own function looks), is absent (MPS), or none is here. RuntimeError for a device type that torch does not
    know.
    """
    torch = _torch()
    kind, index, module = None, None, device_module
    if module is None or isinstance(module, (int, str, torch.device)):
        kind, index = _type_and_index(module)
        module = getattr(torch, kind, None)
        empty_cache = _find("empty_cache", kind)
    else:
        empty_cache = getattr(module, "empty_cache", None)
    if empty_cache is None or (module is torch.mps and not torch.backends.mps.is_available()):
        return False
    is_initialized = getattr(module, "is_initialized", None)
    if is_initialized is not None and module is not torch.cuda and not is_initialized():
        return False
    if index is None:
        empty_cache()
        return True
    reserved, selected = _find("memory_reserved", kind), _find("device", kind)
    if reserved is not None and not _call(reserved, device=index):
        return False
    with nullcontext() if selected is None else selected(index):
        empty_cache()
    return True


def device_memory_info(device: Device = None) -> tuple[int, int]:
    """Free and total memory of `device`, in bytes. Lacking or none here: NotImplementedError.

    MPS: of the memory that Metal recommends to use. `available_device_memory` answers on every backend.
    """
    mps = _torch().mps
    if _active_type() == "mps" and hasattr(mps, "recommended_max_memory"):
        total: int = mps.recommended_max_memory()
        return max(total - int(mps.driver_allocated_memory()), 0), total
    info: tuple[int, int] = _demand("mem_get_info", device=device)
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
    from collections import OrderedDict

    return _ask("memory_stats", device=device, otherwise=OrderedDict())


def device_memory_summary(device: Device = None, abbreviated: bool = False) -> str:
    """The allocator's statistics as a table to print. Lacking or none here: a line that says so.

    `abbreviated`: a shorter table; left out where the backend's function does not take it.
    """
    options = {"abbreviated": True} if abbreviated else {}
    return _ask("memory_summary", device=device, otherwise=_lacking("memory_summary"), **options)


def device_memory_snapshot(mempool_id: tuple[int, int] | None = None, include_traces: bool = True) -> Any:
    """The allocator's segments. Lacking or none here: [].

    `mempool_id`: those of this pool; None: of all. `include_traces`: with the history of each. All pools, with their
    traces, where the backend (or torch before 2.8 and 2.11) cannot choose.
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
    """Limit this process to a fraction, 0 to 1, of the memory. Lacking or none here: NotImplementedError."""
    _demand("set_per_process_memory_fraction", fraction, device=device)


# Memory probe


def available_device_memory(
    device: Device = None, distributed: bool = False, empty_cache: bool = True, cpu_group: Any = None
) -> tuple[int, int]:
    """The free and total memory of `device`, in bytes, after its cache was emptied. None here: the CPU's.

    An integrated device (as CUDA and MUSA tell it) and MPS: the system's memory. CPU: the same, by NUMA node. XPU:
    its total less what this process has allocated. Others: `mem_get_info`; lacking: as for XPU; lacking that too:
    NotImplementedError. The system's memory is read with psutil.

    Args:
        device: None: the current device of the active backend, or the CPU.
        distributed: answer with the least free and the least total over the ranks of `cpu_group`.
        empty_cache: give cached memory back to the driver before.
        cpu_group: a process group, best one that takes CPU tensors; None: the default group.

    Raises:
        ValueError: for a device that is not there, or a rank outside the group.
        RuntimeError: when `distributed` is asked before torch.distributed is initialised, on a rank that succeeds
            while another one fails, and for a device type that torch does not know.
        NotImplementedError: where the backend does not tell, and without psutil.
    """
    kind, index = _type_and_index(current_device_type() if device is None else device)
    if (kind == "mps" and _active_type() != "mps") or (kind == "cpu" and isinstance(device, int)):
        raise ValueError(f"there is no device {device}: torch finds no such accelerator here")
    return _probe_memory(kind, index, distributed, empty_cache, cpu_group)


def get_available_gpu_memory(
    device: torch.device | str, gpu_id: int, distributed: bool = False, empty_cache: bool = True, cpu_group: Any = None
) -> float:
    """The free memory of device number `gpu_id` of the type `device`, in GiB: SGLang 0.5.12's function, mended.

    `available_device_memory` says how each backend is asked, and what is raised. Other than SGLang's: the device
    is the one asked for, also on XPU, NPU and Gaudi, where SGLang reads the current one; an integrated MUSA device
    reports the system's memory, which SGLang's overwrites; a wrong `gpu_id` is no `assert`; the minimum over ranks
    is exact to the byte; SGLang's own allocator for NPU (zbal) is not asked.

    Args:
        device: the device type; an index in it is not used.
        gpu_id: the device's index; not used for "cpu" and "mps".
        distributed: answer with the least over the ranks of `cpu_group`.
        empty_cache: give cached memory back to the driver before.
        cpu_group: a process group, best one that takes CPU tensors; None: the default group.

    Raises:
        ValueError: also for a device type that torch does not know.
    """
    try:
        kind, _ = _type_and_index(device)
    except RuntimeError as error:
        raise ValueError(f"this torch knows no device {str(device)!r}: import its backend first") from error
    free, _ = _probe_memory(kind, gpu_id, distributed, empty_cache, cpu_group)
    return free / (1 << 30)


def _probe_memory(kind: str, index: int | None, distributed: bool, empty_cache: bool, group: Any) -> tuple[int, int]:
    if not distributed:
        return _probe_here(kind, index, empty_cache)
    _check_group(group)
    failed: Exception | None = None
    info = (-1, -1)
    try:
        info = _probe_here(kind, index, empty_cache)
    except Exception as error:  # the other ranks wait for this one
        failed = error
    free, total = _least_over_ranks(info, group)
    if failed is not None:
        raise failed
    if free < 0:
        raise RuntimeError("another rank of cpu_group could not read its memory: see its error")
    return free, total


def _probe_here(kind: str, index: int | None, empty_cache: bool) -> tuple[int, int]:
    if kind in ("cpu", "mps"):
        if empty_cache:
            empty_device_cache(kind)
        return _system_memory(_count_numa_nodes() if kind == "cpu" else 1)
    index = _check_index(kind, index)
    if empty_cache:
        empty_device_cache(kind)
    return _device_memory(kind, index)


def _check_index(kind: str, index: int | None) -> int:
    module = getattr(_torch(), kind, None)
    if module is None:
        raise ValueError(f"torch has no module torch.{kind}: import its backend first")
    count, current = _find("device_count", kind), _find("current_device", kind)
    there = 0 if count is None else int(count())
    if not there or (index is not None and not 0 <= index < there):
        device = kind if index is None else f"{kind}:{index}"
        raise ValueError(f"there is no device {device}: torch.{kind} counts {there} device{'s'[: there != 1]}")
    present = index or 0 if current is None else int(current())
    if index is not None and index != present:
        _warn(f"the current device is {kind}:{present}, not {kind}:{index}: torch may take memory of both")
    return present if index is None else index


def _device_memory(kind: str, index: int) -> tuple[int, int]:
    info, told = _find("mem_get_info", kind), _differences(kind).get("mem_get_info")
    properties_of, allocated = _find("get_device_properties", kind), _find("memory_allocated", kind)
    if not told and properties_of is not None and (info is None or kind in ("cuda", "musa", "xpu")):
        properties = _call(properties_of, index)
        total = getattr(properties, "total_memory", None)
        if getattr(properties, "is_integrated", False) and kind != "xpu":
            return _system_memory(1)
        if allocated is not None and total is not None and (info is None or kind == "xpu"):
            return max(int(total) - int(_call(allocated, device=index)), 0), int(total)
    if info is not None:
        free, total = _call(info, device=index)
        return int(free), int(total)
    if kind == _active_type():
        return device_memory_info(index)
    raise NotImplementedError(_lacking("mem_get_info", kind))


def _system_memory(parts: int) -> tuple[int, int]:
    from importlib import import_module

    try:
        memory = import_module("psutil").virtual_memory()
    except ModuleNotFoundError as error:
        raise NotImplementedError("the system's memory is read with psutil: pip install psutil") from error
    return memory.available // parts, memory.total // parts


def _count_numa_nodes() -> int:
    """The number of NUMA nodes that have a CPU; 1 where the kernel does not tell."""
    from pathlib import Path

    nodes = Path("/sys/devices/system/node").glob("node[0-9]*/cpulist")
    return sum(bool(node.read_text().strip()) for node in nodes) or 1


def _check_group(group: Any) -> None:
    distributed = _torch().distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        raise RuntimeError("distributed=True needs torch.distributed.init_process_group() on every rank before")
    if distributed.get_rank(group) < 0:
        raise ValueError("distributed=True on a rank that is not in cpu_group")


def _least_over_ranks(info: tuple[int, int], group: Any) -> tuple[int, int]:
    """The least of each number, which is -1 or more; as digits, since some backends have no 64-bit integers."""
    torch = _torch()
    backends = torch.distributed.get_backend_config(group)  # such as "cpu:gloo,cuda:nccl"
    types = [backend.partition(":")[0] for backend in backends.split(",")]
    digits = [float((number + 1) >> shift & 0xFFFF) for number in info for shift in (48, 32, 16, 0)]
    mine = torch.tensor(digits, dtype=torch.float32, device="cpu" if "cpu" in types else types[0])
    every = [torch.empty_like(mine) for _ in range(torch.distributed.get_world_size(group))]
    torch.distributed.all_gather(every, mine, group=group)
    numbers = []
    for row in every:
        a, b, c, d, e, f, g, h = (int(digit) for digit in row.tolist())
        numbers.append(((a << 48 | b << 32 | c << 16 | d) - 1, (e << 48 | f << 32 | g << 16 | h) - 1))
    return min(free for free, _ in numbers), min(total for _, total in numbers)


# Streams


def device_stream(device: Device = None, priority: int = 0, **kwargs: Any) -> Any:
    """A new stream of `device`. None here: a stand-in, whose work is done when the call returns.

    `priority`: lower is more urgent, as on CUDA; `kwargs`: what else the backend's streams take. Lacking: a
    `torch.Stream`, if torch can; else NotImplementedError.
    """
    if _active_type() is None:
        return _HostStream()
    options = {**({"priority": priority} if priority else {}), **kwargs}
    if _find("Stream") is None:
        device = _torch().device(*_type_and_index(device))
    return _demand("Stream", device=device, **options)


def device_event(
    enable_timing: bool = False, blocking: bool = False, interprocess: bool = False, external: bool = False
) -> Any:
    """A new event; `elapsed_time` of two is in milliseconds. None here: a stand-in, which tells the host's time.

    `enable_timing`: for `elapsed_time`; the rest is as of `torch.cuda.Event`. Lacking: a `torch.Event`, if torch can;
    else NotImplementedError. What a backend's events cannot be told (MPS: all but `enable_timing`) is left out.
    """
    kind = _active_type()
    if kind is None:
        return _HostEvent()
    wished = {
        "enable_timing": enable_timing, "blocking": blocking, "interprocess": interprocess, "external": external,
    }  # fmt: skip
    options = {name: value for name, value in wished.items() if value}
    return _demand("Event", device=None if _find("Event") else kind, **options)


def current_device_stream(device: Device = None) -> Any:
    """The current stream of `device`. Lacking: NotImplementedError. None here: a stand-in, as `device_stream` makes."""
    if _active_type() is None:
        return _HOST_STREAM
    return _demand("current_stream", device=device)


def default_device_stream(device: Device = None) -> Any:
    """The default stream of `device`. Lacking: NotImplementedError. None here: a stand-in, as `device_stream` makes."""
    if _active_type() is None:
        return _HOST_STREAM
    return _demand("default_stream", device=device)


def use_stream(stream: Any) -> AbstractContextManager[Any]:
    """A context whose work goes to `stream`. Stream None or none here: one that does nothing.

    Lacking: the stream as its own context, which torch's streams are from torch 2.7 on; else one that does nothing.
    """
    kind = _active_type()
    if kind is None or (stream is None and kind != "cuda"):
        return nullcontext()
    context = _find("stream", kind)
    own: AbstractContextManager[Any] = stream if hasattr(stream, "__enter__") else nullcontext()
    return own if context is None else context(stream)


def set_device_stream(stream: Any) -> None:
    """Make `stream` the current one. Stream None, lacking or none here: nothing to do."""
    if stream is not None:
        _ask("set_stream", stream, otherwise=None)


def is_stream_capturing() -> bool:
    """Whether the current stream is recording a graph. Lacking or none here: False."""
    return _ask("is_current_stream_capturing", otherwise=False)


class _HostStream:
    """The stream of a machine without an accelerator: all work is done when the call returns."""

    def synchronize(self) -> None:
        pass

    def query(self) -> bool:
        return True

    def wait_stream(self, stream: Any) -> None:
        pass

    def wait_event(self, event: Any) -> None:
        pass

    def record_event(self, event: Any = None) -> Any:
        event = _HostEvent() if event is None else event
        event.record(self)
        return event

    def __enter__(self) -> _HostStream:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class _HostEvent:
    """An event of that stream; it tells the time."""

    seconds: float | None = None

    def record(self, stream: Any = None) -> None:
        from time import perf_counter

        self.seconds = perf_counter()

    def synchronize(self) -> None:
        pass

    def query(self) -> bool:
        return True

    def wait(self, stream: Any = None) -> None:
        pass

    def elapsed_time(self, end_event: _HostEvent) -> float:
        if self.seconds is None or end_event.seconds is None:
            raise RuntimeError("both events must be recorded before the time between them is asked for")
        return (end_event.seconds - self.seconds) * 1000


_HOST_STREAM = _HostStream()


# Seeds


def manual_seed_device(seed: int) -> None:
    """Seed the current device's generator with an integer. Lacking or none here: nothing to do."""
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
        function(new_states if _active_type() == "cuda" else list(new_states))  # others ask for its length
        return
    for index, state in enumerate(new_states):
        set_device_rng_state(state, index)


# Autocast


def device_autocast(
    enabled: bool = True, dtype: torch.dtype | str | None = "float16", cache_enabled: bool = True
) -> autocast:
    """`torch.amp.autocast` for the active backend.

    `dtype`: one of torch's, or its name; None: what `torch.set_autocast_dtype` said. Disabled where no device is
    usable or the backend has no autocast; the CPU's autocast is left alone.
    """
    torch = _torch()
    active, kind = _active_type(), _amp_type()
    usable = enabled and kind == active and (kind == "cuda" or is_accelerator_available())  # CUDA's looks by itself
    wanted = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    context: autocast = torch.amp.autocast(kind, dtype=wanted, enabled=usable, cache_enabled=cache_enabled)
    return context


def autocast_device_type() -> str:
    """The type for `torch.autocast`: that of the active backend; "cuda", which switches itself off, where that has no
    autocast or no device is usable. On a build for CUDA nothing is asked of the driver, as in decorators at import.
    """
    kind = _amp_type()
    return kind if kind == "cuda" or is_accelerator_available() else "cuda"


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


@_overload
def amp_custom_fwd(fwd: Function) -> Function: ...
@_overload
def amp_custom_fwd(  # noqa: F811
    fwd: None = None, *, cast_inputs: torch.dtype | None = None
) -> Callable[[Function], Function]: ...
def amp_custom_fwd(  # noqa: F811
    fwd: Callable[..., Any] | None = None, *, cast_inputs: torch.dtype | None = None
) -> Any:
    """`torch.amp.custom_fwd` for the backend that is active when it decorates. None here: does nothing."""
    return _torch().amp.custom_fwd(fwd, device_type=_amp_type(), cast_inputs=cast_inputs)


def amp_custom_bwd(bwd: Function) -> Function:
    """`torch.amp.custom_bwd` for the backend that is active when it decorates. None here: does nothing."""
    decorated: Function = _torch().amp.custom_bwd(bwd, device_type=_amp_type())
    return decorated


def _amp_type() -> str:
    """The type whose autocast counts: "cuda", as before, where the backend has none or none is here."""
    torch = _torch()
    kind = _active_type()
    if kind in (None, "cuda") or not torch.amp.is_autocast_available(kind):
        return "cuda"
    registered = kind == torch._C._get_privateuse1_backend_name()
    return "cuda" if registered and _find("get_amp_supported_dtype") is None else kind


# Distributed


def distributed_backend(device: Device = None) -> str:
    """The backend of torch.distributed for tensors on `device`: "nccl", "xccl", "hccl", "mccl", "cncl", "gloo" …

    What `register_backend` was told, else what torch's own registry says, else what the vendor's is called; "gloo"
    for the CPU and for a device type that none of them knows. None here: "gloo". RuntimeError for a device type that
    torch does not know.
    """
    kind, _ = _type_and_index(current_device_type() if device is None else device)
    _differences(kind)
    if kind in _REGISTERED_COLLECTIVES:
        return _REGISTERED_COLLECTIVES[kind]
    registry = _look_up("distributed.Backend")
    known: str | None = getattr(registry, "default_device_backend_map", {}).get(kind)
    return known or _COLLECTIVES.get(kind, "gloo")


# Where neither `register_backend` nor torch's own registry knows one.
_COLLECTIVES = {"cuda": "nccl", "hpu": "hccl", "mlu": "cncl", "musa": "mccl", "npu": "hccl", "xpu": "xccl"}


# Probe


def probe_machine() -> dict[str, Any]:
    """The devices, their memory and what the neutral functions can do here, as `cudafix probe --json` prints them.

    Keys: `torch` (its version), `backend` (the active one's device type, or None), `available` (whether a device of
    it is usable), `distributed_backend`, `devices` (each `device`, `name`, `free` and `total` in bytes, `error` where
    they could not be read) and `functions`: "works", "partly" (the backend lacks it; the neutral function answers as
    its docstring says) or "missing" (NotImplementedError).
    """
    kind = _active_type()
    available = kind is not None and is_accelerator_available()
    devices = [f"{kind}:{index}" for index in range(count_devices())] if available else []
    return {
        "torch": str(_torch().__version__),
        "backend": kind,
        "available": available,
        "distributed_backend": distributed_backend(),
        "devices": [_probe_device(device) for device in [*devices, "cpu"]],
        "functions": {function: _state(function) for function in sorted({*_ASKS, *_AMP})},
    }


def print_probe(arguments: list[str] | None = None) -> int:
    """Print what `probe_machine` finds, as a table, or as JSON for `--json`. The exit code: 2 without torch.

    `arguments`: the command line; None: that of the process. SystemExit for one that it does not know.
    """
    import json
    import sys
    from argparse import ArgumentParser

    parser = ArgumentParser(description="Show the devices of this machine and what the neutral functions can do here.")
    parser.add_argument("--json", action="store_true", help="print JSON, sizes in bytes")
    given = parser.parse_args(arguments)
    try:
        found = probe_machine()
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed: pip install 'cudafix[runtime]'", file=sys.stderr)
        return 2
    print(json.dumps(found, indent=2) if given.json else _as_table(found))
    return 0


def _probe_device(device: str) -> dict[str, Any]:
    from platform import machine
    from warnings import catch_warnings, simplefilter

    found: dict[str, Any] = {"device": device, "name": None, "free": None, "total": None, "error": None}
    warned = set(_WARNED)
    try:
        with catch_warnings():
            simplefilter("ignore")  # each device in turn is another one than the current
            found["free"], found["total"] = available_device_memory(device, empty_cache=False)
        found["name"] = machine() if device == "cpu" else get_device_name(device)
    except Exception as error:
        found["error"] = f"{type(error).__name__}: {error}".partition("\n")[0]
    finally:
        _WARNED.intersection_update(warned)
    return found


def _state(function: str) -> str:
    kind = _active_type()
    if function in _AMP:
        return "works" if kind is not None and _amp_type() == kind else "partly"
    name = _ASKS[function]
    if kind is None:
        return "missing" if name in _REFUSED_WITHOUT else "partly"
    if _find(name) is not None:
        return "works"
    if name in _REFUSED & _NATIVE.keys():
        try:
            globals()[function]()
        except NotImplementedError:
            return "missing"
        return "partly"
    return "missing" if name in _REFUSED else "partly"


def _as_table(found: dict[str, Any]) -> str:
    from textwrap import fill

    backend = f"backend {found['backend']}" if found["backend"] else "no accelerator: this machine has only its CPU"
    if found["backend"] and not found["available"]:
        backend += ", but no usable device"
    lines = [f"torch {found['torch']}, {backend}", f"distributed backend {found['distributed_backend']}", ""]
    rows = [("device", "free GiB", "total GiB", "name")]
    for device in found["devices"]:
        sizes = ["-" if device[size] is None else f"{device[size] / (1 << 30):.2f}" for size in ("free", "total")]
        rows.append((device["device"], *sizes, device["error"] or device["name"]))
    width = max(len(row[0]) for row in rows)
    lines += [f"{device:{width}}  {free:>8}  {total:>9}  {name}" for device, free, total, name in rows]
    meanings = {"works": "the backend's own", "partly": "a stand-in answers", "missing": "NotImplementedError"}
    for state, meaning in meanings.items():
        functions = [function for function, its_state in found["functions"].items() if its_state == state]
        lines += ["", f"{state} ({meaning}): {len(functions)}"]
        if functions:
            lines.append(fill(", ".join(functions), 100, initial_indent="  ", subsequent_indent="  "))
    return "\n".join(lines)


# Those that ask for no function but for autocast.
_AMP = {"amp_custom_bwd", "amp_custom_fwd", "device_autocast", "device_grad_scaler"}

# What of `_ASKS` no stand-in can answer: without an accelerator, and on a backend that lacks it.
_REFUSED_WITHOUT = {
    "get_device_name",
    "get_device_properties",
    "get_rng_state",
    "initial_seed",
    "mem_get_info",
    "set_per_process_memory_fraction",
}
_REFUSED = _REFUSED_WITHOUT | {"Event", "Stream", "current_stream", "default_stream", "set_rng_state"}


# Registration


def register_backend(
    device_type: str, functions: Mapping[str, Answer] | None = None, distributed_backend: str = ""
) -> None:
    """Say how a backend differs from `torch.cuda`; what is not said is looked for in `torch.<device_type>`.

    An out-of-tree backend need not import this: an entry point of its own in the group `cudafix.backends`, named
    like the device type, can lead to a mapping with the other two arguments. It is read when that backend is first
    asked for something.

    Args:
        device_type: what `torch.device` calls it: "npu".
        functions: by the name below `torch.cuda` (such as "empty_cache" or "mem_get_info"), what this backend has
            for it: a function with the same parameters, as an object or as its path below `torch`; None if it
            has none, or one that does not work.
        distributed_backend: the backend of torch.distributed for its tensors, such as "hccl".

    Raises:
        ValueError: for a name that no function of this file asks a backend for, and for a device type with an index.
    """
    told, collectives = _checked(device_type, functions, distributed_backend)
    _REGISTERED.setdefault(device_type, {}).update(told)
    if device_type in _DIFFERENCES:
        _DIFFERENCES[device_type].update(told)
    if collectives:
        _REGISTERED_COLLECTIVES[device_type] = collectives


def _checked(
    device_type: str, functions: Mapping[str, Answer] | None = None, distributed_backend: str = ""
) -> tuple[dict[str, Answer], str]:
    if not device_type.isidentifier():
        raise ValueError(f"{device_type!r} is no device type, such as 'npu'")
    known = {*_ASKS.values()}
    unknown = sorted(set(functions or {}) - known)
    if unknown:
        raise ValueError(f"no neutral function asks a backend for {', '.join(unknown)}; known: {sorted(known)}")
    return dict(functions or {}), distributed_backend


def _load_announced(kind: str) -> dict[str, Answer]:
    from importlib.metadata import entry_points

    announced: dict[str, Answer] = {}
    for point in entry_points(group="cudafix.backends", name=kind):
        try:
            functions, collectives = _checked(kind, **point.load())
        except Exception as error:
            _warn(f"{point.value}, which the entry point {kind} of cudafix.backends names, was left out: {error}")
            continue
        announced.update(functions)
        if collectives:
            _REGISTERED_COLLECTIVES.setdefault(kind, collectives)
    return announced


# What `register_backend` was told, until the backend is first asked; then it is part of `_DIFFERENCES`.
_REGISTERED: dict[str, dict[str, Answer]] = {}

# The backend of torch.distributed by device type, as it was told or announced.
_REGISTERED_COLLECTIVES: dict[str, str] = {}


if __name__ == "__main__":
    raise SystemExit(print_probe())
