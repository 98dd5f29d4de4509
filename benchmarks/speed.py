"""How long a check, a warm check, a fix and a hook take, beside the tools that people would use instead.

    python benchmarks/speed.py [--trees transformers==5.23.0 …] [--rounds 5] [--without semgrep]

Downloads the pinned trees (where the corpus tests keep theirs, too), installs the pinned peers and this cudafix in an
environment of its own, and prints one table for each tree: medians over rounds in which the tools take turns, the ratio
of cudafix to each, the peak memory of the largest process (from what this script takes upwards), and the lines that
were found.

The peers do less: ruff's TID251 and the patterns of ast-grep and semgrep find names, and no guards, ladders or fixes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

from trees import cache, tree  # noqa: E402

from cudafix.catalogue.backends import BACKENDS  # noqa: E402

PEERS = ("ruff==0.17.6", "ast-grep-cli==0.51.1", "semgrep==1.185.0")
TREES = ("transformers==5.23.0", "diffusers==0.42.1", "accelerate==1.15.0", "lightning==2.6.6", "sglang==0.5.12",
         "megatron-core==0.16.1")  # fmt: skip
PATTERN = "torch.cuda.$F"
NEEDLE = rf"\btorch\.(?:{'|'.join(BACKENDS)})\b"
REGEX_HOOK = """
import pathlib, re, sys
needle = re.compile(sys.argv[1].encode())
for path in pathlib.Path(sys.argv[2]).rglob("*.py"):
    for row, line in enumerate(path.read_bytes().splitlines(), 1):
        if needle.search(line):
            print(f"{path}:{row}")
"""


@dataclass
class Timing:
    """The seconds of each round, and what the last one said."""

    seconds: list[float] = field(default_factory=list)
    megabytes: float = 0
    lines: int = 0

    @property
    def median(self) -> float:
        return median(self.seconds)


@dataclass(frozen=True)
class Contender:
    """A command that takes turns with others; `before` is done first, and not timed."""

    name: str
    command: Sequence[str]
    before: Callable[[], None] = lambda: None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", nargs="+", default=TREES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without", nargs="*", default=[], metavar="PEER")
    options = parser.parse_args()
    tools = install([one for one in PEERS if one.partition("==")[0].removesuffix("-cli") not in options.without])
    with tempfile.TemporaryDirectory() as scratch:
        for requirement in options.trees:
            measure(requirement, tools, Path(scratch, requirement), options.rounds)
        measure_hook(tools, Path(scratch), options.rounds * 4)


def install(peers: Sequence[str]) -> Path:
    """Return the folder of programs of an environment with the peers and this cudafix."""
    folder = cache().parent / "cudafix-benchmark"
    if not (folder / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *peers], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", str(ROOT)], check=True)
    subprocess.run([*pip, "libcst", "click"], check=True)
    return folder / "bin"


def measure(requirement: str, tools: Path, scratch: Path, rounds: int) -> None:
    source = tree(requirement)
    scratch.mkdir()
    rules = write_rules(scratch)
    cudafix = [str(tools / "cudafix"), "check", "-q", "--isolated", str(source)]
    ruff = [str(tools / "ruff"), "check", "-q", "--config", str(rules / "ruff.toml"), "--output-format", "concise"]
    kept, ours = str(scratch / "ruff"), str(scratch / "cudafix")
    cold = [
        Contender("cudafix", [*cudafix, "--no-cache"]),
        Contender("ruff", [*ruff, "--no-cache", str(source)]),
        Contender(
            "ast-grep", [str(tools / "ast-grep"), "run", "-l", "py", "-p", PATTERN, "--color", "never", str(source)]
        ),
        Contender("semgrep", semgrep(tools, rules, source)),
        Contender("regex hook", [sys.executable, "-c", REGEX_HOOK, NEEDLE, str(source)]),
    ]
    warm = [
        Contender("cudafix", [*cudafix, "--cache-dir", ours]),
        Contender("ruff", [*ruff, "--cache-dir", kept, str(source)]),
    ]
    copy = scratch / "copy"
    fix = [str(tools / "cudafix"), "fix", "-q", "--isolated", "--no-cache", str(copy)]
    rewrite = [
        str(tools / "ast-grep"),
        "run",
        "-l",
        "py",
        "-p",
        "torch.cuda.empty_cache()",
        "-r",
        "empty_device_cache()",
    ]
    fixes = [
        Contender("cudafix", fix, lambda: fresh_copy(source, copy)),
        Contender("ast-grep", [*rewrite, "--update-all", str(copy)], lambda: fresh_copy(source, copy)),
    ]
    print(f"\n### {requirement}: {sum(1 for _ in source.rglob('*.py')):,} files\n")
    report("check, cold", cold, rounds)
    for one in warm:
        run(one.command)
    report("check, warm", warm, rounds)
    report("fix", fixes, rounds)


def measure_hook(tools: Path, scratch: Path, rounds: int) -> None:
    """Time five files that are named, as a hook names them, beside a Python that does nothing."""
    print("\n### a hook with 5 files\n")
    for name, source in (
        ("nothing to find", "import os\n\n\ndef f(x):\n    return os.path.join(x)\n"),
        ("findings", ""),
    ):
        files = [scratch / f"{name[:4]}{number}.py" for number in range(5)]
        for file in files:
            file.write_text(source or (ROOT / "fixtures" / "example" / "train.py").read_text())
        hook = [str(tools / "cudafix"), "check", "-q", "--isolated", *map(str, files)]
        report(name, [Contender("cudafix", hook), Contender("python -c pass", [sys.executable, "-c", "pass"])], rounds)


def write_rules(folder: Path) -> Path:
    banned = "".join(f'"torch.{one}".msg = "x"\n' for one in BACKENDS)
    ruff = f'[lint]\nselect = ["TID251"]\n[lint.flake8-tidy-imports.banned-api]\n{banned}'
    (folder / "ruff.toml").write_text(ruff)
    rule = f"id: cuda, pattern: {PATTERN}, message: x, languages: [python], severity: INFO"
    (folder / "semgrep.yml").write_text(f"rules: [{{{rule}}}]\n")
    return folder


def semgrep(tools: Path, rules: Path, source: Path) -> list[str]:
    options = ["--metrics", "off", "--quiet", "--disable-version-check", "--no-git-ignore", "--emacs"]
    return [str(tools / "semgrep"), "scan", *options, "--config", str(rules / "semgrep.yml"), str(source)]


def fresh_copy(source: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source, copy)


def report(title: str, contenders: Sequence[Contender], rounds: int) -> None:
    able = [one for one in contenders if shutil.which(one.command[0])]
    timings = {one.name: Timing() for one in able}
    for _ in range(rounds):
        for one in able:
            one.before()
            seconds, megabytes, lines = run(one.command)
            timing = timings[one.name]
            timing.seconds.append(seconds)
            timing.megabytes, timing.lines = max(timing.megabytes, megabytes), lines
    own = timings["cudafix"].median
    print(f"| {title} | seconds | cudafix takes | MB | lines |\n|---|---|---|---|---|")
    for name, timing in timings.items():
        ratio = f"{own / timing.median:.2f} x"
        print(f"| {name} | {timing.median:.3f} | {ratio} | {timing.megabytes:.0f} | {timing.lines} |", flush=True)
    print()


def run(command: Sequence[str]) -> tuple[float, float, int]:
    """Return the seconds of a command, the megabytes of its largest process, and the lines that it said."""
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL, env=environment)
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = 0
        said.seek(0)
        return seconds, usage.ru_maxrss / 1024, said.read().count(b"\n")


if __name__ == "__main__":
    main()
