"""A process with one backend (`backends.py`), which is asked for the value of expressions."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

ARGUMENTS = {
    "amp_custom_bwd": "len",
    "amp_custom_fwd": "len",
    "get_available_gpu_memory": "current_device_type(), 0",
    "manual_seed_all": "1",
    "manual_seed_device": "1",
    "register_backend": "'other'",
    "set_device_index": "0",
    "set_device_memory_fraction": "0.5",
    "set_device_rng_state": "1",
    "set_device_rng_state_all": "[]",
    "set_device_stream": "1",
    "use_device": "0",
    "use_device_of": "torch.ones(1)",
    "use_stream": "1",
}
"""What the runtime's functions need at least, for those that need something."""


@dataclass(frozen=True)
class Outcome:
    """What an expression gave or raised, and which of the backend's functions were called."""

    answer: Any
    error: str | None
    calls: list[str]


@cache
def nursery() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a process that has imported torch and forks for every machine, and return it with the way to it."""
    ours, theirs = socket.socketpair()
    path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    with theirs:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "backends.py"), str(theirs.fileno())],
            cwd=HERE, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
    return process, ours


def close_nursery() -> None:
    if nursery.cache_info().currsize:
        process, way = nursery()
        way.close()
        process.wait(timeout=60)


class Machine:
    """A process with one backend; calling it evaluates an expression there."""

    def __init__(self, *scenario: str) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(nursery()[1], [json.dumps(scenario).encode()], [theirs.fileno()])
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        failure = json.loads(self.stream.readline())
        assert failure is None, failure

    def __call__(self, expression: str) -> Outcome:
        self.stream.write(f"{expression}\n")
        self.stream.flush()
        return Outcome(**json.loads(self.stream.readline()))

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.shutdown(socket.SHUT_WR)  # the end of its input, and so of the process
        self.stream.read()
        self.stream.close()
        self.socket.close()
