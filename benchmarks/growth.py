"""How the cost of a check grows: with trees of one to eight times as much, and with files of unusual size.

    python benchmarks/growth.py [--rounds 3]

Makes the trees and files in a temporary folder, and prints medians of whole processes (one worker, no cache), the ratio
to the first line of a table, and the peak memory of the process. The cost should follow the needles, the places that
name a backend, and not the lines between them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

FUNCTION = '''def function_{number}(first, second, rest=None):
    """Return something about {number}."""
    if rest is None:
        rest = [first, second]
    total = 0
    for index, value in enumerate(rest):
        total += value * index + {number}
        if total > 1000:
            total = total - second
    result = {{"first": first, "second": second, "total": total}}
{needle}    return result


'''
NEEDLE = "    torch.cuda.synchronize()\n"
HEAD = "import torch\n\n\n"


def code(functions: int, needles: int) -> str:
    """Return a module of so many functions, of which so many, evenly spread, call `torch.cuda.synchronize()`."""
    every = functions // needles if needles else 0
    texts = [
        FUNCTION.format(number=one, needle=NEEDLE if every and one % every == 0 and one < every * needles else "")
        for one in range(functions)
    ]
    return HEAD + "".join(texts)


def make_tree(folder: Path, files: int, functions: int, needles: int) -> Path:
    folder.mkdir()
    for number in range(files):
        (folder / f"module_{number}.py").write_text(code(functions, needles), encoding="utf-8")
    return folder


def make_file(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "module.py").write_text(text, encoding="utf-8")
    return folder


def run(folder: Path) -> tuple[float, float]:
    """Return the seconds and the peak memory, in MB, of a check."""
    command = [sys.executable, "-m", "cudafix", "check", "-q", "--isolated", "--no-cache", "-j", "1", str(folder)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{folder}: the check failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def report(title: str, cases: Iterable[tuple[str, Path]], rounds: int) -> None:
    print(f"\n### {title}\n\n| | seconds | ratio | peak MB |\n|---|---|---|---|")
    first = 0.0
    for name, folder in cases:
        results = [run(folder) for _ in range(rounds)]
        seconds, memory = median(one[0] for one in results), max(one[1] for one in results)
        first = first or seconds
        print(f"| {name} | {seconds:.2f} | {seconds / first:.2f} | {memory:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        everything = [(f"{n} x", make_tree(folder / f"all{n}", 50 * n, 40, 4)) for n in (1, 2, 4, 8)]
        report("Trees that grow with their needles", everything, rounds)
        clean = [(f"{n} x", grown(folder / f"clean{n}", 50 * (n - 1))) for n in (1, 2, 4, 8)]
        report("Trees that grow, and their needles do not", clean, rounds)
        dense = [(f"{n} x", make_file(folder / f"dense{n}", code(625 * n, 625 * n))) for n in (1, 2, 4, 8)]
        report("One file that grows with its needles", dense, rounds)
        odd = [
            ("10 MB", code(26_000, 60)),
            ("100,000 lines", code(7_200, 180)),
            ("20,000 findings, one function", f"{HEAD}def f():\n" + NEEDLE * 20_000),
            ("20,000 findings, as many functions", HEAD + f"def f():\n{NEEDLE}\n\n" * 20_000),
        ]
        report("Files of unusual size", [(name, make_file(folder / name, text)) for name, text in odd], rounds)


def grown(folder: Path, more: int) -> Path:
    """Make a tree of 50 files with needles, and so many without."""
    make_tree(folder, 50, 40, 4)
    make_tree(folder / "more", more, 40, 0)
    return folder


if __name__ == "__main__":
    main()
