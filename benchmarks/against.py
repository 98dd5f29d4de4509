"""How long this cudafix takes beside another revision of itself, and how much memory.

    python benchmarks/against.py REV [--trees sglang==0.5.12 …] [--rounds 5] [--jobs 1]

Exports the revision of this repository, and lets both take turns on the pinned trees (where the corpus tests keep
theirs, too), in one run: the machine's other work hits both. A ratio is the median over the rounds of this one's time
by the other's; memory is that of the largest process. The lines that each said tell whether they found the same.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from speed import ROOT, fresh_copy, run
from trees import tree

TREES = ("sglang==0.5.12", "sglang==0.5.23", "transformers==5.23.0", "accelerate==1.15.0")
CLEAN = "import os\n\n\ndef f(x):\n    return os.path.join(x)\n"
Prepare = Callable[[], None]


@dataclass
class Side:
    """One of the two: the folder that holds its package, and what was measured of it."""

    name: str
    folder: Path
    seconds: list[float] = field(default_factory=list)
    megabytes: float = 0
    lines: int = 0

    def take_turn(self, arguments: Sequence[str], before: Prepare) -> None:
        before()
        command = ["env", f"PYTHONPATH={self.folder}", sys.executable, "-m", "cudafix", *arguments]
        seconds, megabytes, self.lines = run(command)
        self.seconds.append(seconds)
        self.megabytes = max(self.megabytes, megabytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", metavar="REV")
    parser.add_argument("--trees", nargs="+", default=TREES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", default="1", help="processes of each; 1 is what the profile of one shows")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sides = [Path(scratch, "this"), Path(scratch, "other")]
        export("", sides[0])
        export(options.revision, sides[1])
        for requirement in options.trees:
            measure_tree(requirement, sides, Path(scratch), options.rounds, options.jobs)
        measure_hooks(sides, Path(scratch), options.rounds * 4)


def export(revision: str, folder: Path) -> None:
    """Put the package of a revision, or as it stands in the working tree, into a folder."""
    if not revision:
        fresh_copy(ROOT / "cudafix", folder / "cudafix")
        return
    archive = subprocess.run(["git", "archive", revision, "cudafix"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")


def measure_tree(requirement: str, folders: Sequence[Path], scratch: Path, rounds: int, jobs: str) -> None:
    source, copy = tree(requirement), scratch / "copy"
    check = ["check", "-q", "--isolated", "-j", jobs, str(source)]
    print(f"\n### {requirement}: {sum(1 for _ in source.rglob('*.py')):,} files\n")
    print("| | this, s | other, s | ratio | this, MB | other, MB | lines |\n|---|---|---|---|---|---|---|")
    compare("check, cold", [*check, "--no-cache"], folders, rounds)
    compare("check, warm", [*check, "--cache-dir", "{side}-cache"], folders, rounds)
    fix = ["fix", "-q", "--isolated", "--no-cache", "-j", jobs, str(copy)]
    compare("fix", fix, folders, rounds, lambda: fresh_copy(source, copy))


def measure_hooks(folders: Sequence[Path], scratch: Path, rounds: int) -> None:
    print("\n### Hooks with 5 files\n")
    print("| | this, s | other, s | ratio | this, MB | other, MB | lines |\n|---|---|---|---|---|---|---|")
    with_findings = (ROOT / "fixtures" / "example" / "train.py").read_text(encoding="utf-8")
    for name, source in (("clean", CLEAN), ("with findings", with_findings)):
        files = [scratch / f"{name[:4]}{number}.py" for number in range(5)]
        for file in files:
            file.write_text(source, encoding="utf-8")
        compare(name, ["check", "-q", "--isolated", "--no-cache", *map(str, files)], folders, rounds)
    compare("--version", ["--version"], folders, rounds)


def compare(
    title: str, arguments: Sequence[str], folders: Sequence[Path], rounds: int, before: Prepare = lambda: None
) -> None:
    """Print a row; the first turn of each is not counted, since it compiles the package and fills the cache."""
    this, other = (Side(one.name, one) for one in folders)
    for number in range(rounds + 1):
        for side in (this, other):
            side.take_turn([one.format(side=side.folder) for one in arguments], before)
            if number == 0:
                side.seconds.clear()
    ratio = median(one / two for one, two in zip(this.seconds, other.seconds, strict=True))
    times = f"{median(this.seconds):.3f} | {median(other.seconds):.3f} | {ratio:.2f} x"
    memory = f"{this.megabytes:.0f} | {other.megabytes:.0f}"
    lines = f"{this.lines}" if this.lines == other.lines else f"{this.lines}, other {other.lines}"
    print(f"| {title} | {times} | {memory} | {lines} |", flush=True)


if __name__ == "__main__":
    main()
