"""Findings → what to do next: which command clears how much, and what people must decide."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from cudafix.model import Finding
from cudafix.registry import CUDA_ONLY_FAMILY
from cudafix.report.figures import Kind, Step, kind_of

LINE = re.compile(r" on line \d+")
MOST_RULES = 4
"""That are named one by one; the rest comes in their wake."""


class Advisor:
    """Says what to do about findings; `select` and `paths` are what a command needs to find the same ones again."""

    def __init__(self, findings: Sequence[Finding], select: Sequence[str], paths: Sequence[str]) -> None:
        self.kinds: dict[Kind, list[Finding]] = {kind: [] for kind in Kind}
        for finding in findings:
            self.kinds[kind_of(finding)].append(finding)
        self.select = [one for one in select if not one.startswith(CUDA_ONLY_FAMILY)]
        self.paths = [] if list(paths) == ["."] else [shlex.quote(one) for one in paths]

    def steps(self) -> tuple[Step, ...]:
        return (*self.safe(), *self.unsafe(), *self.by_hand(), *self.the_rest())

    def command(self, *words: str, select: Sequence[str] = ()) -> str:
        codes = ",".join(select or self.select)
        chosen = ["--select", codes] if codes else []
        return " ".join(["cudafix", *words, *chosen, *self.paths])

    def safe(self) -> Iterator[Step]:
        found = self.kinds[Kind.SAFE]
        if found:
            text = "The code does the same as before on CUDA, and nothing where there is no accelerator."
            yield Step(self.command("fix"), len(found), files(found), text)

    def unsafe(self) -> Iterator[Step]:
        for code, found in largest(self.kinds[Kind.UNSAFE]):
            text = f"{title(found)}: review what changes. Most often: {usual(found)}."
            yield Step(self.command("fix", "--unsafe-fixes", select=[code]), len(found), files(found), text)

    def by_hand(self) -> Iterator[Step]:
        for code, found in largest(self.kinds[Kind.MANUAL]):
            text = f"{len(found)} of {title(found)} to be decided by hand. Most often: {usual(found)}."
            yield Step(self.command("check", select=[code]), 0, files(found), text)

    def the_rest(self) -> Iterator[Step]:
        left = [*self.kinds[Kind.UNSAFE], *self.kinds[Kind.MANUAL]]
        if left:
            text = (
                "Keeps what is left in a file: `cudafix check --baseline` then fails on what is new, and on that alone."
            )
            yield Step(self.command("baseline", "create"), 0, files(left), text)


def largest(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """Return the findings of the rules that have the most of them."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_RULES]


def files(findings: Sequence[Finding]) -> int:
    return len({one.path for one in findings})


def title(findings: Sequence[Finding]) -> str:
    return f"{findings[0].code} {findings[0].name}"


def usual(findings: Sequence[Finding]) -> str:
    """Return the reason that most of them have, wherever it is about."""
    reasons = Counter(LINE.sub("", one.reason or one.help or one.message) for one in findings)
    return min(reasons, key=lambda one: (-reasons[one], one)).rstrip(".")
