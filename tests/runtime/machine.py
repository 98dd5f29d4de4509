"""A process with one backend (`backends.py`), which is asked for the value of expressions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
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


class Machine:
    """A process with one backend; calling it evaluates an expression there."""

    def __init__(self, *scenario: str) -> None:
        path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "backends.py"), *scenario],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    def __call__(self, expression: str) -> Outcome:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{expression}\n")
        self.process.stdin.flush()
        return Outcome(**json.loads(self.process.stdout.readline() or self.last_words()))

    def last_words(self) -> str:
        return json.dumps({"answer": None, "error": self.process.communicate()[1], "calls": []})

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *exception: object) -> None:
        if "COVERAGE_PROCESS_CONFIG" not in os.environ:  # torch takes half a second to end: nobody needs it to
            self.process.kill()
        self.process.communicate(timeout=60)  # ends its input, and so the process
