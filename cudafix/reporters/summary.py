"""Results → their sum, and the closing words that say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cudafix.model import Finding, Result, Safety
from cudafix.run import Mode


@dataclass
class Sum:
    """What a whole run found, fixed and could not deal with."""

    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    fixed: list[Finding] = field(default_factory=list)
    changed: list[Result] = field(default_factory=list)
    uncounted: int = 0
    failed: bool = False

    def add(self, result: Result) -> None:
        self.files += 1
        self.findings += result.findings
        self.fixed += result.fixed
        self.uncounted += result.uncounted
        self.failed = self.failed or any(problem.fatal for problem in result.problems)
        if result.new_bytes is not None:
            self.changed.append(result)


def summary(total: Sum, mode: Mode) -> Iterator[str]:
    if total.fixed:
        verb = "Would fix" if mode is Mode.DIFF else "Fixed"
        yield f"{verb} {plural(len(total.fixed), 'finding')} in {plural(len(total.changed), 'file')}."
    if total.findings:
        verb = "Found" if mode is Mode.CHECK else "Left"
        files = len({one.path for one in total.findings})
        yield f"{verb} {plural(len(total.findings), 'finding')} in {plural(files, 'file')}."
        yield from next_steps(total.findings)
    elif not total.fixed and not total.failed:
        yield f"All clear: no finding in {plural(total.files, 'file')}." if total.files else "No Python file found."
    if total.uncounted:
        yield f"{plural(total.uncounted, 'CUDA-only use')} not counted; list with `--extend-select CFX4`."


def next_steps(findings: Sequence[Finding]) -> Iterator[str]:
    levels = Counter(finding.fix.safety if finding.fix else Safety.MANUAL for finding in findings)
    if levels[Safety.SAFE]:
        yield f"{levels[Safety.SAFE]} fixable with `cudafix fix`; `cudafix fix --diff` shows how."
    if levels[Safety.UNSAFE]:
        yield f"{levels[Safety.UNSAFE]} fixable with `cudafix fix --unsafe-fixes`."
    if levels[Safety.MANUAL]:
        yield f"{levels[Safety.MANUAL]} to be decided by hand; `cudafix explain CODE` says more."


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
