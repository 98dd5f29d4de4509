"""A process whose torch has one recording backend: expressions in, what they gave and called out, as JSON.

`python backends.py SOCKET` forks for each scenario, with its arguments, that comes over the socket (`machine.py`): a
process each, since torch lets a process register one backend, once, and torch, which takes seconds, is imported once.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from inspect import signature  # noqa: F401  (for expressions)
from types import ModuleType, SimpleNamespace
from typing import Any, TextIO

import psutil
import torch

import cudafix.runtime

CALLS: list[str] = []

ANSWERS: dict[str, Any] = {
    "Event": "event",
    "Stream": "stream",
    "current_device": 1,
    "current_stream": "current stream",
    "default_stream": "default stream",
    "device_count": 4,
    "empty_cache": None,
    "get_device_name": "Recorder 9000",
    "get_device_properties": "properties",
    "get_rng_state": "state",
    "get_rng_state_all": ["state", "state"],
    "init": None,
    "initial_seed": 42,
    "ipc_collect": None,
    "is_available": True,
    "is_bf16_supported": True,
    "is_current_stream_capturing": True,
    "is_initialized": True,
    "is_tf32_supported": True,
    "manual_seed": None,
    "manual_seed_all": None,
    "max_memory_allocated": 200,
    "max_memory_reserved": 400,
    "mem_get_info": (1000, 2000),
    "memory_allocated": 100,
    "memory_reserved": 300,
    "memory_snapshot": ["segment"],
    "memory_stats": {"num_ooms": 0},
    "memory_summary": "summary",
    "reset_accumulated_memory_stats": None,
    "reset_peak_memory_stats": None,
    "seed": None,
    "seed_all": None,
    "set_device": None,
    "set_per_process_memory_fraction": None,
    "set_rng_state": None,
    "set_rng_state_all": None,
    "set_stream": None,
    "synchronize": None,
}


def recorder(name: str, answer: Any = None) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        record(name, *args, **kwargs)
        return answer

    return call


def record(name: str, *args: Any, **kwargs: Any) -> None:
    given = [repr(each) for each in args] + [f"{key}={value!r}" for key, value in kwargs.items()]
    CALLS.append(f"{name}({', '.join(given)})")


def recording_context(name: str) -> Callable[[Any], Any]:
    @contextmanager
    def context(chosen: Any) -> Iterator[str]:
        record(name, chosen)
        yield f"inside {name}"

    return context


def record_all(module: Any) -> None:
    """Give `module` every function of `torch.cuda` that the runtime knows, as recorders."""
    for name, answer in ANSWERS.items():
        setattr(module, name, recorder(name, answer))
    for name in ("device", "device_of", "stream"):
        setattr(module, name, recording_context(name))


def register(name: str) -> Any:
    torch.utils.rename_privateuse1_backend(name)
    module = ModuleType(f"torch.{name}")
    torch._register_device_module(name, module)
    return module


def active(device_type: str) -> None:
    accelerator().current_accelerator = lambda check_available=False: torch.device(device_type)
    torch._C._has_cuda = device_type == "cuda"
    torch._C._has_xpu = device_type == "xpu"
    torch._C._has_mps = device_type == "mps"


def accelerator() -> Any:
    """`torch.accelerator`, which torch has from 2.6 on."""
    torch.accelerator = getattr(torch, "accelerator", ModuleType("torch.accelerator"))
    return torch.accelerator


def nothing() -> None:
    """No accelerator, whatever torch was built for."""
    accelerator().current_accelerator = lambda check_available=False: None
    torch._C._has_cuda = torch._C._has_xpu = torch._C._has_mps = False


def complete() -> None:
    """An out-of-tree backend with everything that `torch.cuda` has."""
    module = register("npu")
    record_all(module)
    module.get_amp_supported_dtype = lambda: [torch.float16, torch.bfloat16]


def complete_on_torch_2_5() -> None:
    """The same on a torch whose version has no `torch.accelerator`."""
    complete()
    torch.__version__ = "2.5.1"
    vars(torch).pop("accelerator", None)


def empty() -> None:
    """An out-of-tree backend whose module has nothing at all."""
    register("musa")


def one_device() -> None:
    """An out-of-tree backend whose functions take no arguments, and that is not initialised yet."""
    module = register("acme")
    module.is_available = lambda: True
    module.is_initialized = lambda: False
    module.get_rng_state = lambda: record("get_rng_state") or "state"
    module.device_count = lambda: 2
    module.empty_cache = recorder("empty_cache")
    module.synchronize = lambda: record("synchronize")
    module.memory_snapshot = lambda: record("memory_snapshot") or ["segment"]
    module.is_bf16_supported = lambda: record("is_bf16_supported") or True
    module.memory_summary = lambda device=None: f"summary of {device}"
    module.memory_allocated = lambda device=None: len(device)
    accelerator().get_memory_info = recorder("accelerator.get_memory_info", (10, 20))
    torch.accelerator.current_stream = recorder("accelerator.current_stream", "stream")


def renamed() -> None:
    """A name for an out-of-tree backend, without a module."""
    torch.utils.rename_privateuse1_backend("npu")
    torch._C._has_cuda = False


def cuda() -> None:
    """A CUDA device."""
    active("cuda")
    record_all(torch.cuda)


NO_DRIVER = RuntimeError("Found no NVIDIA driver on your system.")

WITHOUT_DEVICE: dict[str, Exception] = {
    **dict.fromkeys(("current_device", "init", "ipc_collect", "set_device", "synchronize"), NO_DRIVER),
    "is_current_stream_capturing": RuntimeError("CUDA error: CUDA driver version is insufficient"),
    "reset_accumulated_memory_stats": RuntimeError("invalid argument to reset_accumulated_memory_stats"),
    "reset_peak_memory_stats": RuntimeError("invalid argument to reset_peak_memory_stats"),
}
"""What torch 2.9.1, built for CUDA, raises on a machine without a device."""


def cuda_without_device() -> None:
    """A torch that was built for CUDA on a machine without a device."""
    cuda()
    torch.cuda.is_available = torch.cuda.is_initialized = lambda: False
    torch.cuda.device_count = lambda: 0
    for name, error in WITHOUT_DEVICE.items():
        setattr(torch.cuda, name, raiser(error))


def raiser(error: Exception) -> Callable[..., None]:
    def call(*args: Any, **kwargs: Any) -> None:
        raise error

    return call


def cuda_on_torch_2_6() -> None:
    """A CUDA device on a torch whose `current_accelerator` asks the driver."""
    torch.__version__ = "2.6.0+cu124"
    active("cuda")
    torch.accelerator.current_accelerator = recorder("current_accelerator")
    record_all(torch.cuda)


def mps() -> None:
    """An Apple GPU, with the functions that torch 2.5 has for it."""
    active("mps")
    torch.backends.mps.is_available = lambda: True
    torch.backends.mps.get_name = lambda: "Apple M9"
    torch.mps.is_available = lambda: True
    torch.mps.device_count = lambda: 1
    torch.mps.synchronize = lambda: record("synchronize")
    torch.mps.set_per_process_memory_fraction = lambda fraction: record("fraction", fraction)
    torch.mps.empty_cache = recorder("empty_cache")
    torch.mps.event.Event = lambda enable_timing=False: record("Event", enable_timing)
    torch.mps.manual_seed = lambda seed: record("manual_seed", seed)
    torch.mps.seed = lambda: record("seed")
    torch.mps.get_rng_state = recorder("get_rng_state", "state")
    torch.mps.set_rng_state = recorder("set_rng_state")
    torch.mps.current_allocated_memory = lambda: 100
    torch.mps.driver_allocated_memory = lambda: 300
    torch.mps.recommended_max_memory = lambda: 1000
    torch.accelerator.current_stream = recorder("accelerator.current_stream", "stream")


def memory(kind: str) -> None:
    """Two devices with memory: see `lay_out`. The kind "in-tree" is CUDA, until `lay_out` says another."""
    if kind != "in-tree":
        register(kind)
    lay_out("cuda" if kind == "in-tree" else kind)


def lay_out(kind: str, *traits: str) -> None:
    """Two devices of 16 GiB, of which 10 and 7 are free and 3 and 5 allocated; the system has 8 of 32 left.

    Traits: `integrated`, or the name of a function that the backend lacks.
    """
    if kind in ("cuda", "xpu", "mps"):
        active(kind)
    module = getattr(torch, kind)
    cudafix.runtime._WARNED.clear()
    index = lambda device: 0 if device is None else torch.device(kind, device).index  # noqa: E731
    properties = SimpleNamespace(total_memory=16 << 30, is_integrated="integrated" in traits)
    module.device_count = recorder("device_count", 2)
    module.current_device = lambda: 0
    module.is_available = module.is_initialized = lambda: True
    module.empty_cache = recorder("empty_cache")
    module.get_device_properties = recorder("get_device_properties", properties)
    module.get_device_name = lambda device=None: f"Recorder {device}"
    module.memory_allocated = lambda device=None: (3 << 30, 5 << 30)[index(device)]
    module.mem_get_info = lambda device=None: ((10 << 30, 7 << 30)[index(device)], 16 << 30)
    psutil.virtual_memory = lambda: SimpleNamespace(available=8 << 30, total=32 << 30)
    for trait in traits:
        vars(module).pop(trait, None)


def announced(folder: str, before: str) -> None:
    """An out-of-tree backend whose package lies in `folder`, and a program that runs before the first question."""
    sys.path.insert(0, folder)
    module = register("acme")
    module.TOTAL_BYTES = 100
    module.used_bytes = lambda device: 30 if device is None else 60
    module.device_count = lambda: 2
    module.current_device = lambda: 1
    module.is_available = lambda: True
    module.pool = SimpleNamespace(trim=recorder("trim"))
    module.synchronize = recorder("synchronize")
    module.wait = recorder("wait")
    exec(before, globals())


def working(name: str) -> None:
    """A backend with real tensors."""
    import working_device

    working_device.install(name)


def plain() -> None:
    """Torch as it is."""


def printed_by(path: str, *arguments: str) -> str:
    """Run a script as a program with arguments, and return what it prints."""
    import runpy
    from contextlib import redirect_stdout
    from io import StringIO

    sys.argv = [path, *arguments]
    with redirect_stdout(StringIO()) as stream:
        runpy.run_path(path, run_name="__main__")
    return stream.getvalue()


def warned(expression: str) -> list[str]:
    """What evaluating `expression` warns of, with the file that is blamed."""
    import warnings
    from pathlib import Path

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eval(compile(expression, "user.py", "eval"), {**vars(cudafix.runtime), "torch": torch, "__name__": "user"})
    return [f"{Path(one.filename).name}: {one.category.__name__}: {one.message}" for one in caught]


def entered(context: Any, question: Callable[[], Any] | None = None) -> Any:
    """What `with context as …` gives, or what `question` answers inside."""
    with context as given:
        return given if question is None else question()


@contextmanager
def without(owner: Any, name: str) -> Iterator[None]:
    """A context in which `owner` lacks `name`."""
    kept = getattr(owner, name)
    delattr(owner, name)
    try:
        yield
    finally:
        setattr(owner, name, kept)


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """A context in which `owner` has `value` by `name`."""
    with without(owner, name):
        setattr(owner, name, value)
        yield


def replaced_module(name: str) -> Any:
    """A context in which `name` cannot be imported."""
    from unittest.mock import patch

    return patch.dict(sys.modules, {name: None})


def answer(expression: str) -> dict[str, Any]:
    CALLS.clear()
    names = {**vars(cudafix.runtime), **globals()}
    try:
        return {"answer": eval(expression, names), "error": None, "calls": CALLS}
    except Exception as error:
        return {"answer": None, "error": f"{type(error).__name__}: {error}", "calls": CALLS}


def serve(scenario: list[str], stream: TextIO) -> None:
    """Become the machine of a scenario, and answer expressions up to the last."""
    failure = None
    try:
        globals()[scenario[0]](*scenario[1:])
    except Exception:
        failure = traceback.format_exc()
    print(json.dumps(failure), file=stream, flush=True)
    for line in stream:
        print(json.dumps(answer(line), default=repr), file=stream, flush=True)


if __name__ == "__main__":
    way = socket.socket(fileno=int(sys.argv[1]))
    while (received := socket.recv_fds(way, 65536, 1))[0]:
        message, descriptors, *_ = received
        with socket.socket(fileno=descriptors[0]) as client:
            if not os.fork():
                way.close()
                serve(json.loads(message), client.makefile("rw", encoding="utf-8"))
                os._exit(0)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)  # torch takes half a second to end: nobody needs it to
