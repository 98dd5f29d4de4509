"""Results of a run → their sum, and the closing words that say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cudafix.engine.work import Mode
from cudafix.formats.advice import needed_torch, proposals
from cudafix.model import NOT_READ, Finding, Helper, Result, Safety
from cudafix.registry import CUDA_ONLY, is_cuda_only


@dataclass
class Sum:
    """What a whole run found, fixed and could not deal with."""

    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    fixed: list[Finding] = field(default_factory=list)
    changed: list[Result] = field(default_factory=list)
    uncounted: int = 0
    helpers: list[tuple[str, Helper]] = field(default_factory=list)
    known: int = 0
    """Findings that a baseline holds back."""
    waiting: int = 0
    """New ones of rules that are not migrated yet."""
    failed: bool = False
    unread: int = 0
    """Places that name a backend and were not read."""

    def add(self, result: Result) -> None:
        self.files += 1
        self.findings += result.findings
        self.fixed += result.fixed
        self.uncounted += result.uncounted
        self.helpers += [(result.path, one) for one in result.helpers]
        self.failed = self.failed or any(problem.fatal for problem in result.problems)
        unread = [problem.message for problem in result.problems if problem.message.startswith(NOT_READ)]
        self.unread += sum(message.count("; ") + 1 for message in unread)
        if result.new_bytes is not None:
            self.changed.append(result)


def summary(total: Sum, mode: Mode, root: Path) -> Iterator[str]:
    if total.fixed:
        verb = "Would fix" if mode is Mode.DIFF else "Fixed"
        yield f"{verb} {plural(len(total.fixed), 'finding')} in {plural(len(total.changed), 'file')}."
    to_migrate = [one for one in total.findings if not is_cuda_only(one.code)]
    if to_migrate:
        verb = "Found" if mode is Mode.CHECK else "Left"
        files = len({one.path for one in to_migrate})
        yield f"{verb} {plural(len(to_migrate), 'finding')} in {plural(files, 'file')}."
        yield from next_steps(to_migrate)
        yield from needed_torch(to_migrate, root)
        yield from proposals(total.helpers, to_migrate, root)
    elif not total.findings and not total.fixed and not total.failed and not total.unread:
        yield f"All clear: no finding in {plural(total.files, 'file')}." if total.files else "No Python file found."
    if total.unread:
        yield f"{plural(total.unread, 'place')} that may name a backend not read: see the lines above."
    if total.known:
        yield f"{plural(total.known, 'known finding')} held back by the baseline."
    if total.waiting:
        yield f"{plural(total.waiting, 'new finding')} of rules that the baseline still knows: see `gate`."
    cuda_only = total.uncounted + len(total.findings) - len(to_migrate)
    if cuda_only:
        more = "; `--extend-select CFX4` lists them" if total.uncounted else ""
        why = f"`cudafix explain {CUDA_ONLY}` says why"
        yield f"{plural(cuda_only, 'CUDA-only use')}, nothing to do automatically: {why}{more}."


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
