"""What a neutral function costs above the backend's own call, and what importing the runtime costs.

    python benchmarks/runtime_overhead.py

Calls are timed side by side in rounds that alternate, each the best of its rounds, on backends whose functions do
nothing: what is left is the way there. Imports are whole processes, less one that imports nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory
from timeit import Timer
from types import ModuleType
from typing import Any

import torch

from cudafix import runtime

ROUNDS = 15
CALLS = 20_000
IMPORTS = 15

PAIRS: list[tuple[str, str, tuple[Any, ...]]] = [
    ("empty_device_cache", "empty_cache", ()),
    ("synchronize_device", "synchronize", ()),
    ("current_device_index", "current_device", ()),
    ("device_memory_allocated", "memory_allocated", ()),
    ("device_memory_allocated", "memory_allocated", (0,)),
    ("device_memory_info", "mem_get_info", ()),
    ("count_devices", "device_count", ()),
    ("is_accelerator_available", "is_available", ()),
    ("current_device_stream", "current_stream", ()),
    ("manual_seed_all", "manual_seed_all", (1,)),
    ("use_device", "device", (0,)),
]


def register_idle_backend() -> ModuleType:
    """Register a backend, `torch.idle`, each of whose functions does nothing, as fast as Python can."""
    module = ModuleType("torch.idle")
    for _, original, given in PAIRS:
        body = "lambda: None" if not given else "lambda given=None: None"
        if original in ("memory_allocated", "mem_get_info", "synchronize"):
            body = "lambda device=None: None"
        setattr(module, original, eval(body))
    module.is_initialized = lambda: True  # type: ignore[attr-defined]
    torch.utils.rename_privateuse1_backend("idle")  # type: ignore[attr-defined]
    torch._register_device_module("idle", module)  # type: ignore[no-untyped-call]
    return module


def microseconds(*functions: Callable[[], Any]) -> list[float]:
    timers = [Timer(function) for function in functions]
    best = [float("inf")] * len(functions)
    for _ in range(ROUNDS):
        for number, timer in enumerate(timers):
            best[number] = min(best[number], timer.timeit(CALLS))
    return [seconds / CALLS * 1e6 for seconds in best]


def compare(owner: Any, pairs: list[tuple[str, str, tuple[Any, ...]]]) -> None:
    print(f"{'call':38} {'own µs':>8} {'neutral µs':>11} {'more µs':>8}")
    for neutral, original, given in pairs:
        there, here = getattr(owner, original), getattr(runtime, neutral)
        own, ours = microseconds(lambda f=there, g=given: f(*g), lambda f=here, g=given: f(*g))  # type: ignore[misc]
        print(f"{neutral + repr(given).replace(',)', ')'):38} {own:8.2f} {ours:11.2f} {ours - own:8.2f}")


def import_milliseconds(*statements: str) -> list[float]:
    """Time whole processes that find compiled files, as an installed package has them."""
    taken: list[list[float]] = [[] for _ in statements]
    with TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(IMPORTS + 1):
            for number, statement in enumerate(statements):
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
                taken[number].append((time.perf_counter() - start) * 1000)
    return [median(each[1:]) for each in taken]


def main() -> None:
    print(f"torch {torch.__version__}, Python {sys.version.split()[0]}\n")
    print("torch as it is here: torch.cuda's own call against the neutral function")
    cheap = {"empty_cache", "memory_allocated", "device_count", "is_available", "manual_seed_all"}
    compare(torch.cuda, [pair for pair in PAIRS if torch.cuda.is_available() or pair[1] in cheap])
    print("\nan out-of-tree backend whose functions do nothing")
    compare(register_idle_backend(), PAIRS)
    nothing, imported = import_milliseconds("pass", "import cudafix.runtime")
    print(
        f"\nimport cudafix.runtime: {imported - nothing:.1f} ms above a Python that imports nothing ({nothing:.1f} ms)"
    )


if __name__ == "__main__":
    main()
