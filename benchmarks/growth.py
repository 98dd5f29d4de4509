"""How the cost of a check, or a fix, grows: with trees of one to eight times as much, and with files of unusual size.

    python benchmarks/growth.py [--rounds 3] [--only WORD]

Makes the trees and files in a temporary folder, and prints the processor's time for whole processes (medians; one
worker, no cache), the ratio to the first line of a table, and the peak memory. The cost should follow the needles, the
places that name a backend, and not the lines between them. Where a table says what a ratio may be, more is a fault.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
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
FIX = "fix --isolated --no-cache"
Case = tuple[str, Path] | tuple[str, Path, str]
"""What a line of a table is called, the folder, and the command where it is not the usual one."""


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


def changes(count: int) -> str:
    """Return a module of so many lines that a fix changes, each between lines that it does not."""
    return "import torch\n" + f"{NEEDLE.strip()}\nx = 1\n" * count


def notebook(folder: Path, cells: int, needles: int) -> Path:
    """Make a notebook of so many cells, of which so many call `torch.cuda.synchronize()`."""
    last = ["torch.cuda.synchronize()" if one % (cells // needles) == 0 else f"print(x{one})" for one in range(cells)]
    sources = [["import torch\n", f"x{one} = {one}\n", line] for one, line in enumerate(last)]
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": one} for one in sources]
    folder.mkdir()
    (folder / "a.ipynb").write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4}, indent=1))
    return folder


def flat(folder: Path, files: int, settings: str = "", ignored: str = "") -> Path:
    """Make a folder of so many tiny files, of which one in a hundred has a needle; with `ignored` a git repository."""
    folder.mkdir()
    for number in range(files):
        (folder / f"m{number}.py").write_text("x = 1\n" if number % 100 else f"import torch\n{NEEDLE.strip()}\n")
    (folder / "cudafix.toml").write_text(settings)
    if ignored:
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        (folder / ".gitignore").write_text(ignored)
    return folder


def run(folder: Path, arguments: Sequence[str]) -> tuple[float, float]:
    """Return the seconds of the processor and the peak memory, in MB, of a command about a folder."""
    shutil.rmtree(folder.parent / "patches", ignore_errors=True)
    command = [sys.executable, "-m", "cudafix", *arguments, "-q", "-j", "1", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder.parent)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{folder}: the check failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def report(title: str, cases: Iterable[Case], rounds: int) -> None:
    print(f"\n### {title}\n\n| | seconds | ratio | peak MB |\n|---|---|---|---|")
    first = 0.0
    for name, folder, *others in cases:
        results = [run(folder, (others[0] if others else "check --isolated --no-cache").split()) for _ in range(rounds)]
        seconds, memory = median(one[0] for one in results), max(one[1] for one in results)
        first = first or seconds
        print(f"| {name} | {seconds:.2f} | {seconds / first:.2f} | {memory:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=TABLES)
    given = parser.parse_args()
    for name in [given.only] if given.only else TABLES:
        with tempfile.TemporaryDirectory() as scratch:
            TABLES[name](Path(scratch), given.rounds)


def trees(folder: Path, rounds: int) -> None:
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


def patches(folder: Path, rounds: int) -> None:
    same = make_file(folder / "same", changes(1500))
    ways = [(one, same, f"{FIX} --patches patches --split-by {one}") for one in ("rule", "dir", "owner")]
    report("Ways to split 1,500 changes: 2 x a diff at most", [("diff", same, f"{FIX} --diff"), *ways], rounds)
    more = [(f"{n}", make_file(folder / str(n), changes(n)), ways[0][2]) for n in (750, 1500, 3000)]
    report("Changes, split by rule: 4.5 x at most", more, rounds)


def notebooks(folder: Path, rounds: int) -> None:
    for name, share in (("every", 1), ("every tenth", 10)):
        made = [(n, notebook(folder / f"{share}-{n}", n, n // share)) for n in (250, 1250, 5000)]
        for command in ("check --isolated --no-cache", f"{FIX} --diff"):
            cases = [(f"{n} cells", one, command) for n, one in made]
            report(f"Notebooks with a finding in {name} cell, {command.split()[0]}: 20 x at most", cases, rounds)


def files(folder: Path, rounds: int) -> None:
    settings = 'extend-exclude = ["m1*0.py", "other"]\n[per-file-ignores]\n"m2*" = ["CFX1"]\n"tests/**" = ["CFX2"]\n'
    for name, given in (("plain", {}), ("globs", {"settings": settings}), ("git", {"ignored": "m*7.py\nbuild/\n"})):
        made = [(f"{n}", flat(folder / f"{name}-{n}", n, **given), "check --no-cache") for n in (50_000, 100_000)]
        report(f"Files in one folder, {name}: 2.2 x at most", made, rounds)
    cold = [(f"{n}", folder / f"plain-{n}", f"check --cache-dir {folder / str(n)}") for n in (50_000, 100_000)]
    report("The same, and the cache is written: 2.2 x at most", cold, 1)


TABLES = {"trees": trees, "patches": patches, "notebooks": notebooks, "files": files}


def grown(folder: Path, more: int) -> Path:
    """Make a tree of 50 files with needles, and so many without."""
    make_tree(folder, 50, 40, 4)
    make_tree(folder / "more", more, 40, 0)
    return folder


if __name__ == "__main__":
    main()
