"""The harness of the command line's tests: run cudafix in this process, in one of its own, or on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner, Result

import cudafix.commands.progress as progress
from cudafix.cli import cli, main

HARDCODED = "import torch\n\nx = torch.ones(1)\ntorch.cuda.empty_cache()\n"
NEUTRAL = "import torch\nfrom cudafix.runtime import empty_device_cache\n\nx = torch.ones(1)\nempty_device_cache()\n"
LINE = "a.py:4:1: CFX101 [*] `torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`\n"
"""What is said of HARDCODED where it stands in `a.py`."""

UNSAFE = "import torch\n\nx = torch.ones(1)\ny = torch.cuda.empty_cache()\n"
MANUAL = "import torch\n\nx = torch.ones(1)\nfast = x.cuda() if torch.cuda.is_available() else x\n"
CLEAN = "import torch\n\nx = torch.ones(1)\n"
COMMAND = (sys.executable, "-m", "cudafix")


def invoke(*arguments: object, stdin: str | bytes | None = None) -> Result:
    """Run `cudafix ARGUMENTS` in this process."""
    return CliRunner().invoke(cli, [str(one) for one in arguments], input=stdin, catch_exceptions=False)


def run(*arguments: object, cwd: Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run `cudafix ARGUMENTS` in a process of its own, where it must come to an end."""
    command = [*COMMAND, *map(os.fsencode, map(str, arguments))]
    return subprocess.run(
        command, cwd=cwd, input=stdin, capture_output=True, check=False, timeout=60, env={**os.environ, **environment}
    )


def invoke_on_terminal(
    *arguments: object, cwd: Path, stdout: IO[str] | None = None, **environment: str
) -> tuple[int, str]:
    """Run `cudafix ARGUMENTS` on a terminal in this process; return the exit code and what the terminal received."""
    ours, theirs = pty.openpty()
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.MonkeyPatch.context() as patch,
        open(theirs, "w", encoding="utf-8") as terminal,
    ):
        received = pool.submit(read_all, ours)
        patch.chdir(cwd)
        patch.delenv("NO_COLOR", raising=False)
        for name, value in {"TERM": "xterm", **environment}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdout", terminal if stdout is None else stdout)
        patch.setattr(sys, "stderr", terminal)
        patch.setattr(progress, "PATIENCE", 60.0)
        with pytest.raises(SystemExit) as done:
            main(args=list(map(str, arguments)), prog_name="cudafix")
        terminal.close()
    os.close(ours)
    return int(done.value.code or 0), received.result().decode().replace("\r\n", "\n")


def run_on_terminal(
    *arguments: object, cwd: Path, command: tuple[str, ...] = COMMAND, **environment: str
) -> tuple[int, str]:
    """Do the same in a process of its own, perhaps with another command."""
    ours, theirs = pty.openpty()
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**variables, "TERM": "xterm", **environment},
    ) as process:
        os.close(theirs)
        received = read_all(ours)
    os.close(ours)
    return process.returncode, received.decode().replace("\r\n", "\n")


def read_all(descriptor: int) -> bytes:
    """Read from a terminal until its other side is closed, which Linux reports as an error."""
    received = b""
    while True:
        try:
            block = os.read(descriptor, 65536)
        except OSError:
            return received
        if not block:
            return received
        received += block


def read_until(end: str, stream: IO[bytes]) -> None:
    """Read lines up to the one that says `end`."""
    while (line := stream.readline()) and line.decode().strip() != end:
        pass


def git(*arguments: str, cwd: Path) -> str:
    """Run git, without the configuration of whoever runs the tests."""
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    names = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *names, *arguments], cwd=cwd, capture_output=True, text=True, check=True, env={**os.environ, **quiet}
    )
    return done.stdout


def names_below(folder: Path) -> list[str]:
    """Return every file below `folder`, so that nothing is left behind unseen."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def write_many(folder: Path, count: int, source: str) -> None:
    """Write `source` into `count` files, 00.py and so on."""
    write_named(folder, [f"{number:02}.py" for number in range(count)], source)


def write_named(folder: Path, names: Iterable[str], source: str) -> None:
    for name in names:
        (folder / name).write_text(source)
