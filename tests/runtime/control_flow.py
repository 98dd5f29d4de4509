"""Processes with one backend each (`backends.py`): programs in, what each called, printed and raised out, as JSON.

`python control_flow.py MACHINE … < PROGRAMS`, where PROGRAMS are sources with a function `main`. Questions about a
machine are told apart from what is done there. In a program's environment, DEVICE is the backend's device type.
"""

from __future__ import annotations

import cpu_build  # noqa: F401  (before torch)

# isort: split

import json
import os
import sys
import warnings
from functools import partial
from typing import Any

import backends
import torch

QUERIES = ("is_available(", "is_initialized(", "device_count(")


def cpu() -> None:
    """No accelerator."""


def bare() -> None:
    """No accelerator, and torch as it is: built for CUDA, for one."""


def cuda() -> None:
    """A CUDA device, with what only CUDA has."""
    backends.cuda()
    torch.cuda.get_device_capability = backends.recorder("get_device_capability", (9, 0))
    torch.version.cuda = "12.8"


def npu() -> None:
    """An out-of-tree backend with everything that `torch.cuda` has."""
    backends.complete()
    backends.active("npu")


def mps() -> None:
    """An Apple GPU that tells when it is asked for its memory, and whether it is there."""
    backends.mps()
    torch.backends.mps.is_available = torch.mps.is_available = backends.recorder("is_available", True)
    torch.mps.current_allocated_memory = backends.recorder("current_allocated_memory", 100)
    torch.mps.driver_allocated_memory = backends.recorder("driver_allocated_memory", 300)


def outcome(source: str) -> dict[str, Any]:
    """What the program called and printed, in that order, what it asked about the machine, and what it raised."""
    backends.CALLS.clear()
    names: dict[str, Any] = {"__name__": "program", "print": partial(backends.record, "print")}
    error = None
    try:
        exec(compile(source, "program", "exec", dont_inherit=True), names)
        names["main"]()
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    record = [one for one in backends.CALLS if not one.startswith(QUERIES)]
    return {"record": record, "queries": [one for one in backends.CALLS if one.startswith(QUERIES)], "error": error}


def outcomes(machine: str, sources: list[str]) -> list[dict[str, Any]]:
    """Become the machine, and run the programs on it."""
    globals()[machine]()
    device = "cpu" if machine == "bare" else machine
    torch._C._get_accelerator = lambda: torch.device(device)
    os.environ["DEVICE"] = device
    return [outcome(source) for source in sources]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    programs = json.load(sys.stdin)
    for machine in sys.argv[1:]:  # a process each, and torch is imported once
        if not os.fork():
            print(json.dumps({machine: outcomes(machine, programs)}), flush=True)
            os._exit(0)
        if os.wait()[1]:
            sys.exit(1)
