"""Published packages, their own tests before and after all fixes: `python tests/proof/real_packages.py [NAME …]`.

Each package is unpacked twice, `cudafix fix --unsafe-fixes --select CFX1,CFX3` goes over one copy, tests and all, and
its tests run in both on this machine. A test that ends otherwise than before is a fault of cudafix, or of how far it
trusts a fix. What a package needs is installed into an environment that is kept beside the downloads.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

import trees  # noqa: E402

SECONDS = 1800
TORCH = "torch==2.13.0"
ALL_NEED = ("pytest", "pytest-timeout", "numpy")
PIP = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:")
PYTEST = ("-q", "--continue-on-collection-errors", "-p", "no:cacheprovider", "--timeout", "300", "-o", "addopts=")
Outcomes = dict[str, str]


@dataclass(frozen=True)
class Package:
    """A pinned package, where its tests are, and what they need beside torch."""

    requirement: str
    tests: tuple[str, ...]
    needs: tuple[str, ...] = ()
    left_out: str = ""
    """An empty file that the tests need and that the sdist lacks."""

    @property
    def name(self) -> str:
        return self.requirement.partition("==")[0]


PACKAGES = (
    Package(
        "accelerate==1.15.0",
        ("tests",),
        ("huggingface_hub", "safetensors", "psutil", "pyyaml", "packaging", "parameterized", "pytest-subtests",
         "pytest-order", "transformers", "scipy", "scikit-learn", "datasets", "evaluate", "tqdm", "torchdata"),
    ),
    Package("gpytorch==1.9.1", ("test",), ("scipy", "scikit-learn", "linear_operator==0.2.0")),
    Package("linear-operator==0.6.1", ("test",), ("scipy", "jaxtyping", "mpmath")),
    Package("opacus==1.6.0", ("opacus/tests",), ("scipy", "opt-einsum", "hypothesis")),
    Package(
        "peft==0.21.2",
        ("tests",),
        ("transformers", "accelerate", "safetensors", "datasets", "parameterized", "scipy", "psutil", "diffusers"),
    ),
    Package("skorch==1.4.0", ("skorch/tests",), ("scikit-learn", "tabulate", "tqdm", "pandas", "flaky", "scipy")),
    Package("stable-baselines3==2.9.2", ("tests",), ("gymnasium", "cloudpickle", "pandas", "matplotlib", "psutil")),
    Package("torch-optimizer==0.3.0", ("tests",), ("pytorch-ranger", "packaging")),
    Package("torchsde==0.2.6", ("tests",), ("scipy", "boltons", "trampoline"), left_out="tests/__init__.py"),
)  # fmt: skip


def main(names: Sequence[str]) -> int:
    wanted = [one for one in PACKAGES if not names or one.name in names]
    changed = 0
    print(f"{'package':28} {'findings':>8} {'tests':>6} {'passed':>7} {'changed':>8}", flush=True)
    for package in wanted:
        folder = cache() / package.name
        before = prepared(package, folder / "before")
        after = prepared(package, folder / "after")
        findings = fix(after)
        old, new = (outcomes(package, one, folder / f"{one.name}.xml") for one in (before, after))
        different = {one for one in old.keys() | new.keys() if old.get(one) != new.get(one)}
        changed += len(different)
        passed = Counter(old.values())["passed"]
        print(f"{package.requirement:28} {findings:8} {len(old):6} {passed:7} {len(different):8}", flush=True)
        for one in sorted(different):
            print(f"    {one}: {old.get(one, 'missing')} before, {new.get(one, 'missing')} after")
    return 1 if changed else 0


def cache() -> Path:
    return trees.cache() / "proof"


def prepared(package: Package, folder: Path) -> Path:
    """Return a fresh copy of a package's sources."""
    if archive(package) is None:
        command = [*PIP, "-d", str(cache() / "archives"), package.requirement]
        subprocess.run(command, check=True, capture_output=True)
    found = archive(package)
    assert found is not None
    shutil.rmtree(folder, ignore_errors=True)
    trees.unpack(found, folder)
    (inner,) = folder.iterdir()
    if package.left_out:
        (inner / package.left_out).touch()
    return inner


def archive(package: Package) -> Path | None:
    """Return the sdist of a package, if it is here; some are named with `-`, others with `_`."""
    wanted = package.requirement.replace("==", "-").replace("-", "_") + ".tar.gz"
    return next((one for one in (cache() / "archives").glob("*") if one.name.replace("-", "_") == wanted), None)


def fix(folder: Path) -> int:
    """Fix a whole copy; return how many findings that took."""
    command = [sys.executable, "-m", "cudafix", "fix", "--isolated", "--no-cache", "--unsafe-fixes"]
    done = subprocess.run(
        [*command, "--select", "CFX1,CFX3", "."], cwd=folder, capture_output=True, text=True, env=environment(folder)
    )
    assert done.returncode in (0, 1), done.stderr
    told = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("Fixed ")]
    return int(told[0]) if told else 0


def environment(folder: Path) -> dict[str, str]:
    """Return the variables under which the tests find the copy and cudafix's runtime, and no network."""
    path = os.pathsep.join(map(str, (folder / "src", folder, ROOT)))
    return {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def python_for(package: Package) -> str:
    """Return the interpreter of an environment with what the package needs."""
    folder = cache() / "environments" / package.name
    program = folder / "bin" / "python"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        command = [str(program), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*command, TORCH, *ALL_NEED, *package.needs], check=True, capture_output=True)
    return str(program)


def outcomes(package: Package, folder: Path, report: Path) -> Outcomes:
    """Run the tests of a copy; return how each ended."""
    command = [python_for(package), "-m", "pytest", *PYTEST, f"--junitxml={report}", *package.tests]
    report.unlink(missing_ok=True)
    subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, check=False, timeout=SECONDS)
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return {f"{one.get('classname')}::{one.get('name')}": outcome(one) for one in cases}


def outcome(case: ElementTree.Element) -> str:
    return next((one.tag for one in case if one.tag in ("failure", "error", "skipped")), "passed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
