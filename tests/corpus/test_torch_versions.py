"""The runtime's own tests on older versions of torch, each in a virtual environment of its own (2 GB each).

For Linux these versions are published with CUDA alone. Of the libraries that CUDA is (2.5 GB more), only its runtime
is installed, which finds that there is no device here. The others are replaced by a placeholder, so that torch can be
loaded: a function of theirs that were ever called would end the process. The tests run on torch as it is, and once
more on what it is without CUDA (`tests/runtime/cpu_build.py` says how).
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import distributions, requires
from pathlib import Path

import pytest
from tools import ROOT
from trees import cache, chosen, give_up, publish

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the wheels are those for Linux on x86-64"
    ),
]

VERSIONS = chosen("torch==2.4.1", "torch==2.6.0", "torch==2.9.1")
TESTS_NEED = ("numpy", "psutil", f"pytest=={pytest.__version__}", *(requires("cudafix") or ()))
ONLY_FOR_A_GPU = re.compile(r"nvidia-(?!cuda-runtime)|triton")
NEEDED_LIBRARY = re.compile(r"\(NEEDED\) .*\[(lib(?:cu|nccl|nv)\S+)\]")
MISSING_FUNCTION = re.compile(r" UND ((?:cuFile|cu[a-z]{3,}|nccl|nvrtc|nvshmem|nvtx)\w*)")
IN_THE_CUDA_RUNTIME = re.compile(r"libcudart\.|cuda[A-Z]\w*$")
ANSWERS = "test_the_answer_without_an_accelerator_is_the_one_that_the_runtime_gives"
PIP_SECONDS = 900


@pytest.fixture(scope="module", params=VERSIONS)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Python that has this version of torch; kept where CUDAFIX_CORPUS says, else removed after the tests."""
    if os.environ.get("CUDAFIX_CORPUS"):
        yield kept_environment(request.param) / "bin" / "python"
        return
    environment = tmp_path_factory.mktemp("torch")
    fill(environment, request.param)
    yield environment / "bin" / "python"
    shutil.rmtree(environment)


def kept_environment(version: str) -> Path:
    environment = cache() / f"{version.replace('==', '-')}-python{sys.version_info.major}.{sys.version_info.minor}"
    if not environment.is_dir():
        environment.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=environment.parent) as scratch:
            fill(Path(scratch, "environment"), version)
            publish(Path(scratch, "environment"), environment)
    return environment


def fill(environment: Path, version: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install(environment, "--no-deps", version)
    (packages,) = environment.glob("lib/python*/site-packages")
    (torch,) = distributions(name="torch", path=[str(packages)])
    required = [each for each in torch.requires or () if not ONLY_FOR_A_GPU.match(each)]
    install(environment, *required, *TESTS_NEED)
    replace_missing_libraries(packages / "torch" / "lib")


def install(environment: Path, *arguments: str) -> None:
    pip = (str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", "--no-cache-dir")
    try:
        done = subprocess.run([*pip, *arguments], capture_output=True, text=True, timeout=PIP_SECONDS)
    except subprocess.TimeoutExpired:
        give_up(arguments[-1], f"no answer within {PIP_SECONDS} s")
    if done.returncode:
        give_up(" ".join(arguments), "".join(done.stderr.strip().splitlines()[-1:]))


def replace_missing_libraries(folder: Path) -> None:
    """Links the loader to one library with every function that torch's libraries miss, in their own folder."""
    missing = [tool for tool in ("cc", "readelf") if shutil.which(tool) is None]
    if missing:
        give_up("torch", f"its CUDA libraries cannot be replaced without {' and '.join(missing)}")
    command = ["readelf", "--wide", "--dynamic", "--dyn-syms", *map(str, sorted(folder.glob("lib*.so*")))]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    libraries = {name for name in NEEDED_LIBRARY.findall(said) if not (folder / name).exists()}
    functions = {name for name in MISSING_FUNCTION.findall(said) if not IN_THE_CUDA_RUNTIME.match(name)}
    placeholder = folder / "libplaceholder.so"
    stop = "extern int puts(const char *); extern void abort(void);\n"
    source = stop + "".join(f'void {name}(void) {{ puts("{name}: a placeholder"); abort(); }}\n' for name in functions)
    compiler = ["cc", "-shared", "-fPIC", "-w", "-x", "c", "-", "-o", str(placeholder)]
    subprocess.run(compiler, input=source, text=True, check=True)
    for name in libraries:
        if not IN_THE_CUDA_RUNTIME.match(name):
            (folder / name).symlink_to(placeholder.name)


def passed(python: Path, *arguments: str, **environment: str) -> str:
    """What pytest says of tests that pass, run in the repository, whose `cudafix` is the one that is imported."""
    options = ("-q", "-rs", "--tb=short", "-p", "no:cacheprovider", "-o", "addopts=")  # no xdist is there
    command = [str(python), "-m", "pytest", *options, *arguments]
    surroundings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_the_runtime_passes_its_tests_on_an_older_torch_without_a_device(python: Path) -> None:
    passed(python, "tests/runtime", f"tests/catalogue/test_catalogue.py::{ANSWERS}")


def test_the_runtime_passes_its_tests_on_an_older_torch_without_cuda(python: Path) -> None:
    said = passed(python, "tests/runtime/test_runtime_on_cpu.py", CUDAFIX_TORCH_AS_CPU_BUILD="1")
    assert "this torch has an accelerator" not in said
