"""`cudafix baseline`: a check whose findings go into the file, or take entries out of it; and what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import click

from cudafix.commands.baseline_import import Allowance, allowed_paths
from cudafix.commands.conventions import BASELINE, CLEAN, ERROR, FlagError
from cudafix.commands.session import Session, baseline_file, read_overrides
from cudafix.config.options import Options, Overrides
from cudafix.engine.work import Mode
from cudafix.files.output import protect
from cudafix.files.paths import is_inside
from cudafix.formats.summary import plural
from cudafix.formats.text import printable
from cudafix.model import Finding
from cudafix.registry import BY_CODE
from cudafix.suppressions.baseline import Baseline, Gate, load, make


class BaselineSession(Session):
    def __init__(self, flags: dict[str, Any], file: str | None) -> None:
        configured = baseline_file({"baseline": file}, read_overrides(flags))
        self.file = configured or Path(BASELINE)
        self.is_named = file is not None
        super().__init__({**flags, "baseline": str(self.file)}, Mode.CHECK, unsafe=True)

    def make_gate(self) -> Gate | None:
        return None

    def find_output(self) -> str:
        return str(self.file)

    def protect(self, used: Iterable[str | int]) -> None:
        protect(str(self.file), used)

    def check_place(self) -> None:
        """Complain about a file that cannot be written, or that a stranger's settings may have chosen."""
        root = self.options_for(Path.cwd()).root
        if not self.is_named and not is_inside(str(self.file), str(root)):
            raise FlagError(f"{self.file}: setting `baseline` leads out of the project: name the file with --file")
        self.check_output()

    def create(self, force: bool) -> int:
        return self.write(force, lambda finding: True)

    def write(self, force: bool, is_taken: Callable[[Finding], bool]) -> int:
        self.check_place()
        if self.file.exists() and not force:
            raise FlagError(
                f"{self.file}: is there already; `cudafix baseline prune` takes out what is gone, --force replaces it"
            )
        self.run_paths()
        if self.total.failed:
            return ERROR
        baseline = make(self.file, self.total.findings, is_taken)
        baseline.save()
        left = len(self.total.findings) - baseline.size
        others = f" {plural(left, 'other finding')} left." if left else ""
        files = plural(len(baseline.entries), "file")
        click.echo(printable(f"Wrote {plural(baseline.size, 'finding')} in {files} to {self.file}.{others}"))
        return CLEAN

    def take_over(self, force: bool, comments: Sequence[str], lists: Sequence[Path]) -> int:
        """Write the findings that a hook of the project's own let through, and no others."""
        root = self.options_for(Path.cwd()).root
        paths = [path for file in lists for path in allowed_paths(file, root)]
        return self.write(force, Allowance(root, comments, paths).covers)

    def prune(self) -> int:
        self.check_place()
        gate = self.gate = Gate(load(self.file))
        before = gate.baseline.size
        self.run_paths()
        if self.total.failed:
            return ERROR
        gate.baseline.save()
        taken = before - gate.baseline.size
        click.echo(printable(f"Took {entries(taken)} out of {self.file}, and left {gate.baseline.size}."))
        return CLEAN

    def report_stale(self, options: Mapping[str, Options]) -> None:
        """Take the entries that fit nothing out, instead."""
        if self.gate is not None:
            for place, gone in self.find_stale(self.gate, options).items():
                for key in gone:
                    del self.gate.baseline.entries[place][key]


def show_baseline(file: str | None) -> int:
    path = baseline_file({"baseline": file}, Overrides({})) or Path(BASELINE)
    baseline = load(path)
    click.echo(f"{entries(baseline.size)} in {plural(len(baseline.entries), 'file')}")
    for title, counts in (("rule", by_rule(baseline)), ("folder", by_folder(baseline))):
        click.echo(f"\n{title}")
        for name, count in sorted(counts.items()):
            click.echo(f"{count:7}  {name}")
    return CLEAN


def by_rule(baseline: Baseline) -> Counter[str]:
    codes = (key.partition(" ")[0] for found in baseline.entries.values() for key in found)
    return Counter(f"{code} {BY_CODE[code].name}" if code in BY_CODE else code for code in codes)


def by_folder(baseline: Baseline) -> Counter[str]:
    found: Counter[str] = Counter()
    for place, known in baseline.entries.items():
        found[str(PurePath(place).parent)] += len(known)
    return found


def entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"
