"""Programs on machines with one backend each (`control_flow.py`): what each called, printed, asked and raised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Outcome(NamedTuple):
    """What a program called of the backend and printed, in that order, what it asked, and what it raised."""

    record: list[str]
    queries: list[str]
    error: str | None

    @property
    def deeds(self) -> tuple[list[str], str | None]:
        """All but the questions: a guard that goes takes one along."""
        return self.record, self.error

    @property
    def calls(self) -> list[str]:
        return [one for one in self.record if not one.startswith("print(")]

    @property
    def functions(self) -> list[str]:
        return [one.partition("(")[0] for one in self.calls]


def run(machines: Sequence[str], programs: Iterable[str]) -> dict[str, dict[str, Outcome]]:
    """Run every program once on every machine, where torch looks as if built for the CPU, or as it is on `bare`."""
    once = list(dict.fromkeys(programs))
    path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(HERE / "control_flow.py"), *machines],
        input=json.dumps(once), capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": path, "CUDAFIX_TORCH_AS_CPU_BUILD": "" if "bare" in machines else "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {machine: each for line in done.stdout.splitlines() for machine, each in json.loads(line).items()}
    return {
        machine: {text: Outcome(**one) for text, one in zip(once, found[machine], strict=True)} for machine in machines
    }
