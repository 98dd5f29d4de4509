"""A process whose torch was built for CUDA, as far as it can tell: programs in, what they call, print and raise out.

`python recording.py cuda < JOBS`, where `cpu` leaves torch as it is. The Python of `torch.cuda` runs for real; what it
calls in C is recorded, and answered as a machine with two devices would. The recorders are there before `torch.cuda` is
imported, for it looks at `torch._C` then.
"""

from __future__ import annotations

import builtins
import importlib.abc
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

RECORD: list[str] = []
"""What the program at hand called in C, printed and raised, in that order."""

DEVICES = [
    SimpleNamespace(name="Recorder 9000", total_memory=2000, major=9, minor=0),
    SimpleNamespace(name="Recorder 7000", total_memory=1000, major=7, minor=0),
]
CUDA = 1
"""The number of the device type."""

PER_POOL = ("allocated_bytes", "active_bytes", "requested_bytes", "reserved_bytes", "inactive_split_bytes",
            "allocation", "active", "segment", "inactive_split")  # fmt: skip
WRONG_ARGUMENTS = re.compile(r"takes .*positional argument|unexpected keyword argument|required positional argument")


def note(name: str, *args: Any, **kwargs: Any) -> None:
    given = [described(each) for each in args] + [f"{key}={described(value)}" for key, value in kwargs.items()]
    RECORD.append(f"{name}({', '.join(given)})")


def described(value: Any) -> str:
    """The type and the value, without addresses, which differ from run to run."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, (list, tuple)):
        return f"{kind}[{', '.join(map(described, value))}]"
    if type(value).__repr__ is object.__repr__ and hasattr(value, "__dict__"):
        return f"{kind}({', '.join(f'{key}={described(each)}' for key, each in sorted(vars(value).items()))})"
    text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
    return text if value is None or isinstance(value, (bool, int, float, str)) else f"{kind}: {text}"


def called(name: str, *args: Any, **kwargs: Any) -> None:
    note(name, *args, **kwargs)
    if DRIVER.error is not None:
        raise DRIVER.error("the driver says no")


def recorder(name: str, answer: Callable[..., Any] = lambda *args, **kwargs: None) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        called(name, *args, **kwargs)
        return answer(*args, **kwargs)

    return call


class Driver:
    """What `torch._C._cuda_NAME` answers, by NAME."""

    def __init__(self) -> None:
        self.error: type[Exception] | None = None
        self.device = 0
        self.streams: Counter[int] = Counter()
        self.made = 0

    def init(self) -> None:
        """Also do to the module what the C function does."""
        import torch

        torch.cuda.default_generators = tuple(Generator(index) for index in range(len(DEVICES)))
        torch.cuda._get_device_properties = recorder("_get_device_properties", DEVICES.__getitem__)

    def getDeviceCount(self) -> int:
        return len(DEVICES)

    def getDevice(self) -> int:
        return self.device

    def setDevice(self, index: int) -> None:
        if index not in range(len(DEVICES)):
            raise RuntimeError("CUDA error: invalid device ordinal")
        self.device = index

    def exchangeDevice(self, index: int) -> int:
        if index < 0:
            return -1
        before = self.device
        self.setDevice(index)
        return before

    maybeExchangeDevice = exchangeDevice

    def getCurrentStream(self, index: int) -> tuple[int, int, int]:
        return self.streams[index], index, CUDA

    def getDefaultStream(self, index: int) -> tuple[int, int, int]:
        return 0, index, CUDA

    def setStream(self, stream_id: int, device_index: int, device_type: int) -> None:
        self.setDevice(device_index)
        self.streams[device_index] = stream_id

    def memoryStats(self, index: int) -> dict[str, Any]:
        numbers = {"current": 100 + index, "peak": 200 + index, "allocated": 300 + index, "freed": 200}
        pools = dict.fromkeys(("all", "large_pool", "small_pool"), numbers)
        once = {"oversize_allocations": numbers, "oversize_segments": numbers}
        return {**dict.fromkeys(PER_POOL, pools), **once, "num_ooms": index, "num_alloc_retries": 0}

    def memorySnapshot(self, pool: Any = None) -> dict[str, Any]:
        return {"segments": [{"device": 0, "pool": pool}]}

    def isCurrentStreamCapturing(self) -> bool:
        return True


class Generator:
    """A device's generator of random numbers."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.number = 42 + index

    def called(self, name: str, *args: Any) -> None:
        called(f"generator {self.index}: {name}", *args)

    def get_state(self) -> Any:
        import torch

        self.called("get_state")
        return torch.full((16,), self.number, dtype=torch.uint8)

    def set_state(self, state: Any) -> None:
        self.called("set_state", state)

    def manual_seed(self, seed: int) -> None:
        self.called("manual_seed", seed)
        self.number = seed

    def seed(self) -> int:
        self.called("seed")
        self.number = 99 + self.index
        return self.number

    def initial_seed(self) -> int:
        self.called("initial_seed")
        return self.number


def stream_class(base: Any) -> type:
    """`torch._C._CudaStreamBase` on top of torch's real stream class."""

    class Stream(base):  # type: ignore[misc]
        def __new__(cls, priority: int = 0, stream_id: int = 0, device_index: int = 0, device_type: int = 0) -> Any:
            if not device_type:
                DRIVER.made += 1
                called("new stream", priority)
                stream_id, device_index, device_type = DRIVER.made, DRIVER.device, CUDA
            return super().__new__(cls, stream_id=stream_id, device_index=device_index, device_type=device_type)

        @property
        def cuda_stream(self) -> int:
            return int(self.stream_id)

        def __enter__(self) -> Any:
            called("enter stream", self)
            return self

        def __exit__(self, *error: object) -> None:
            called("exit stream", self)

    for name in ("query", "synchronize"):
        setattr(Stream, name, recorder(f"stream.{name}"))
    return Stream


def event_class(base: Any) -> type:
    """`torch._C._CudaEventBase` on top of torch's real event class, which makes one for the CPU."""

    class Event(base):  # type: ignore[misc]
        cuda_event = 0

        def __new__(cls, **options: bool) -> Any:
            called("new event", **options)
            return super().__new__(cls, "cpu")

    for name in ("record", "wait", "query", "elapsed_time", "synchronize", "ipc_handle"):
        setattr(Event, name, recorder(f"event.{name}"))
    return Event


DRIVER = Driver()


class BeforeCuda(importlib.abc.MetaPathFinder):
    """Puts the recorders into `torch._C` when `torch.cuda` is about to be imported."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name == "torch.cuda":
            sys.meta_path.remove(self)
            torch = sys.modules["torch"]
            sources = Path(str(torch.__file__)).parent.joinpath("cuda").glob("*.py")
            put_recorders(torch._C, "".join(source.read_text(encoding="utf-8") for source in sources))


def put_recorders(layer: Any, source: str) -> None:
    """Stand in for every C function that `source`, the Python of `torch.cuda`, calls."""
    import torch

    def answer(name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: getattr(DRIVER, name, lambda *args, **kwargs: None)(*args, **kwargs)

    for name in sorted(set(re.findall(r"\b_cuda_(\w+)", source)) - {"CUDAAllocator", "isInBadFork"}):
        setattr(layer, f"_cuda_{name}", recorder(f"_cuda_{name}", answer(name)))
    free_and_total = recorder("cudaMemGetInfo", lambda index: (500, DEVICES[index].total_memory))
    layer._cudart = SimpleNamespace(cudaMemGetInfo=free_and_total)
    layer._CudaStreamBase = stream_class(layer.Stream)
    layer._CudaEventBase = event_class(layer.Event)
    layer._CUDAGraph = type("_CUDAGraph", (), {})
    layer._graph_pool_handle = recorder("_graph_pool_handle")
    layer._has_cuda = True
    layer._accelerator_getAccelerator = lambda: torch.device("cuda")
    layer._cuda_isInBadFork = lambda: False


def record_the_rest(torch: Any) -> None:
    """Record what `torch.cuda` does not reach through its C layer: autocast, a tensor made as a trial, and NVML."""
    for name in dir(torch):
        if re.match(r"set_autocast_\w+$|clear_autocast|autocast_(in|de)crement", name):
            setattr(torch, name, recorder(name, getattr(torch, name)))
    on_cpu = torch.tensor

    def tensor(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        if device is not None:
            called("torch.tensor", device)
        return on_cpu(*args, **kwargs)

    torch.tensor = tensor
    torch.cuda._raw_device_count_nvml = recorder("nvml device count", lambda: len(DEVICES))


class Machine:
    """torch, set back to how it was at the start before each program."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.at_the_start = dict(vars(torch.cuda))

    def start(self, state: str) -> None:
        """Begin anew: "fresh", "busy" on the second device, or there with a driver that raises this error."""
        global DRIVER
        cuda = self.torch.cuda
        for name in vars(cuda).keys() - self.at_the_start.keys():
            delattr(cuda, name)
        vars(cuda).update(self.at_the_start, _queued_calls=[], _lazy_seed_tracker=type(cuda._lazy_seed_tracker)())
        if hasattr(cuda, "_check_bf16_tensor_supported"):
            cuda._check_bf16_tensor_supported.cache_clear()
        DRIVER = Driver()
        self.torch.set_autocast_enabled("cuda", False)
        self.torch.set_autocast_dtype("cuda", self.torch.float16)
        if state not in ("cpu", "fresh"):
            cuda.init()
            cuda.set_stream(cuda.Stream(1))
            self.torch.set_autocast_dtype("cuda", self.torch.bfloat16)
            DRIVER.error = getattr(builtins, state, None)
        RECORD.clear()

    def run(self, source: Any, function: str, state: str) -> dict[str, Any]:
        """Run the module `source` and, unless it is "", its `function`; then initialise, to see what is queued."""
        self.start(state)
        names: dict[str, Any] = {"__name__": "program", "print": lambda *values: note("print", *values)}

        def program() -> None:
            exec(source, names)
            if function:
                names[function]()

        error = error_of(program)
        if state != "cpu":
            RECORD.append(f"at the end: {error_of(self.torch.cuda.init)}")
        return {"record": list(RECORD), "error": error}


def error_of(function: Callable[[], None]) -> str | None:
    try:
        function()
    except Exception as error:
        return told(error)
    return None


def told(error: Exception) -> str:
    """The error's type and message; the message of a wrong call names the function, which has another name."""
    text = re.sub(r"(?s)\s*CUDA call was originally invoked at.*", "", str(error))
    wrong = isinstance(error, TypeError) and WRONG_ARGUMENTS.search(text)
    return f"{type(error).__name__}: {'wrong arguments' if wrong else text}"


def does_nothing(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    pass


def synchronizes_first(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    sys.modules["torch"].cuda.synchronize()
    return function(*args, **kwargs)


def drops_its_arguments(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function()


@contextmanager
def mistaken(function: str, how: str) -> Iterator[None]:
    """A context in which a function of the runtime is wrong on purpose."""
    import cudafix.runtime

    kept = getattr(cudafix.runtime, function)
    setattr(cudafix.runtime, function, partial(globals()[how], kept))
    try:
        yield
    finally:
        setattr(cudafix.runtime, function, kept)


def outcomes(machine: Machine, job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what each function of the job's program did, in each of its states."""
    if job["mistake"]:
        with mistaken(*job["mistake"]):
            return outcomes(machine, {**job, "mistake": None})
    source = compile(job["source"], "program", "exec")
    return [machine.run(source, function, state) for state in job["states"] for function in job["functions"]]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "cuda":
        sys.meta_path.insert(0, BeforeCuda())
        import torch

        record_the_rest(torch)
    machine = Machine()
    json.dump([outcomes(machine, job) for job in json.load(sys.stdin)], sys.stdout)
