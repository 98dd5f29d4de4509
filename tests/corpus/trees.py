"""A pinned requirement in, the folder with that published package's files out; downloaded once, then cached."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest


def chosen(*requirements: str) -> tuple[str, ...]:
    """Return those that CUDAFIX_TREES names, by requirement or by name, or all where it is not set."""
    named = os.environ.get("CUDAFIX_TREES", "").split()
    return tuple(one for one in requirements if not named or one in named or one.partition("==")[0] in named)


PINNED = chosen(
    "sglang==0.5.12",
    "transformers==5.23.0",
    "accelerate==1.15.0",
    "diffusers==0.42.1",
    "lightning==2.6.6",
    "megatron-core==0.16.1",
    "timm==1.0.31",
    "torchao==0.18.0",
    "ultralytics==8.4.190",
    "peft==0.21.2",
    "trl==1.16.0",
    "deepspeed==0.19.8",
)
SOURCE_ONLY = frozenset({"deepspeed==0.19.8"})
PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps")
# The same files on every machine that runs the tests, whatever its Python and platform.
SAME_WHEEL = (
    *("--only-binary", ":all:", "--python-version", "3.11"),
    *("--platform", "manylinux_2_34_x86_64", "--platform", "manylinux_2_28_x86_64"),
)
DOWNLOAD_SECONDS = 600


def tree(requirement: str) -> Path:
    """Skips the test, or in CI fails it, when pip cannot get the package."""
    folder = cache() / requirement.replace("-", "_").replace("==", "-")
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            archive = download(requirement, Path(scratch, "download"))
            unpack(archive, Path(scratch, "tree"))
            publish(Path(scratch, "tree"), folder)
    return folder


def cache() -> Path:
    named = os.environ.get("CUDAFIX_CORPUS")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "cudafix-corpus")


def download(requirement: str, folder: Path) -> Path:
    options = () if requirement in SOURCE_ONLY else SAME_WHEEL
    try:
        done = subprocess.run(
            [*PIP, *options, "-d", str(folder), requirement], capture_output=True, text=True, timeout=DOWNLOAD_SECONDS
        )
    except subprocess.TimeoutExpired:
        give_up(requirement, f"no answer within {DOWNLOAD_SECONDS} s")
    if done.returncode:
        give_up(requirement, "".join(done.stderr.strip().splitlines()[-1:]))
    (archive,) = folder.iterdir()
    return archive


def give_up(requirement: str, reason: str) -> NoReturn:
    message = f"pip could not download {requirement}: {reason}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            names = [one for one in wheel.namelist() if not one.endswith((".so", ".cubin", ".pyd", ".dll"))]
            wheel.extractall(folder, names)
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(folder, filter="data")


def publish(unpacked: Path, folder: Path) -> None:
    try:
        unpacked.rename(folder)
    except OSError:  # another test process was faster
        if not folder.is_dir():
            raise
