"""Pinned requirements in, an environment of their own out, which sees torch and cudafix as they are here; cached."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT
from trees import cache, give_up, publish

PIP_SECONDS = 900
SECONDS = 300


@dataclass(frozen=True)
class Environment:
    """The folder of a virtual environment."""

    folder: Path

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run its Python: the scripts beside that one name the folder that it was made in."""
        surroundings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
        command = [str(self.folder / "bin" / "python"), *arguments]
        return subprocess.run(
            command, cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=SECONDS, check=False
        )

    def passed(self, *arguments: str, cwd: Path) -> str:
        """Return what a program says that ends well."""
        done = self.run(*arguments, cwd=cwd)
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


def environment(*requirements: str) -> Environment:
    """Return the environment with these packages; the test is skipped, or in CI fails, where pip cannot get them."""
    name = hashlib.sha256(" ".join(requirements).encode()).hexdigest()[:12]
    folder = cache() / f"tools-{name}-python{sys.version_info.major}.{sys.version_info.minor}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            fill(Path(scratch, "environment"), requirements)
            publish(Path(scratch, "environment"), folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "behind.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return Environment(folder)


def fill(folder: Path, requirements: tuple[str, ...]) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input")
    try:
        done = subprocess.run([*pip, *requirements], capture_output=True, text=True, timeout=PIP_SECONDS)
    except subprocess.TimeoutExpired:
        give_up(requirements[0], f"no answer within {PIP_SECONDS} s")
    if done.returncode:
        give_up(" ".join(requirements), "".join(done.stderr.strip().splitlines()[-1:]))
