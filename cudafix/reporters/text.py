"""Findings → lines for people: place, code, what is wrong, the way out; with the source line on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TextIO

import click

from cudafix.model import Finding, Safety

LABELS = {Safety.SAFE: "[*]", Safety.UNSAFE: "[unsafe]"}


def report(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    for finding in findings:
        stream.write(excerpt(finding) if rich else line(finding) + "\n")


def line(finding: Finding) -> str:
    label = LABELS[finding.fix.safety] + " " if finding.fix else ""
    place = f"{finding.path}:{finding.start.row}:{finding.start.column}"
    return f"{printable(place)}: {finding.code} {label}{printable(finding.message)}{way_out(finding)}"


def way_out(finding: Finding) -> str:
    text = f": {finding.help}" if finding.help else ""
    if finding.reason and finding.reason != finding.help:
        text += f" ({'unsafe' if finding.fix else 'no fix'}: {finding.reason})"
    return printable(text)


def excerpt(finding: Finding) -> str:
    place = f"{finding.path}:{finding.start.row}:{finding.start.column}"
    head = f"{click.style(printable(place), bold=True)}: {click.style(finding.code, fg='red', bold=True)}"
    label = " " + click.style(LABELS[finding.fix.safety], fg="cyan") if finding.fix else ""
    text = f"{head}{label} {printable(finding.message)}\n"
    source = source_line(finding.path, finding.start.row)
    if source.strip():
        stop = finding.end.column if finding.end.row == finding.start.row else len(source) + 1
        marks = " " * (finding.start.column - 1) + "^" * max(1, stop - finding.start.column)
        number = str(finding.start.row)
        bar = click.style("|", fg="blue")
        text += f"{number} {bar} {printable(source)}\n{' ' * len(number)} {bar} {click.style(marks, fg='red')}\n"
    if finding.help:
        text += f"  = {click.style('help', bold=True)}: {printable(finding.help)}\n"
    if finding.reason and finding.reason != finding.help:
        title = "unsafe because" if finding.fix else "no fix"
        text += f"  = {click.style(title, bold=True)}: {printable(finding.reason)}\n"
    return text + "\n"


@lru_cache(maxsize=4)
def source_lines(path: str) -> tuple[str, ...]:
    try:
        return tuple(Path(path).read_text(encoding="utf-8", errors="replace").split("\n"))
    except OSError:
        return ()


def source_line(path: str, row: int) -> str:
    lines = source_lines(path)
    return lines[row - 1].replace("\t", " ").rstrip() if row <= len(lines) else ""


def printable(text: str) -> str:
    """Return `text` without control characters: a file's name or content must not steer the terminal."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
