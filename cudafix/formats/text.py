"""Findings → lines for people: place, code, what is wrong, the way out; with the source line on a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import TextIO

import click

from cudafix.formats.excerpts import Excerpts
from cudafix.model import Finding, Safety

LABELS = {Safety.SAFE: "[*]", Safety.UNSAFE: "[unsafe]"}
WIDEST_LINE = 300
"""Columns; a longer source line (data, minified code) says nothing to people."""


def write(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    excerpts = Excerpts()
    for finding in findings:
        stream.write(excerpt(finding, excerpts) if rich else line(finding))


def write_concise(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    stream.writelines(map(line, findings))


def write_grouped(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    for path, same in groupby(findings, key=lambda one: one.path):
        stream.write(f"{click.style(harmless(path), bold=True)}:\n")
        for finding in same:
            where = finding.place.removeprefix(f"{path}:")
            stream.write(f"  {where:<8} {what(finding)}{way_out(finding)}\n")
        stream.write("\n")


def line(finding: Finding) -> str:
    return f"{place(finding)}: {what(finding)}{way_out(finding)}\n"


def way_out(finding: Finding) -> str:
    text = f": {finding.help}" if finding.help else ""
    if has_reason(finding):
        text += f" ({'unsafe' if finding.fix else 'no fix'}: {finding.reason})"
    return printable(text)


def excerpt(finding: Finding, excerpts: Excerpts) -> str:
    text = f"{place(finding)}: {what(finding)}\n{marked_source(finding, excerpts)}"
    if finding.help:
        text += f"  = {click.style('help', bold=True)}: {printable(finding.help)}\n"
    if has_reason(finding):
        title = "unsafe because" if finding.fix else "no fix"
        text += f"  = {click.style(title, bold=True)}: {printable(finding.reason)}\n"
    return text + "\n"


def place(finding: Finding) -> str:
    return click.style(harmless(finding.place), bold=True)


def what(finding: Finding) -> str:
    """Return the code, how far a fix can be trusted, and what is wrong."""
    label = click.style(LABELS[finding.fix.safety], fg="cyan") + " " if finding.fix else ""
    return f"{click.style(finding.code, fg='red', bold=True)} {label}{printable(finding.message)}"


def has_reason(finding: Finding) -> bool:
    return finding.reason not in ("", finding.help)


def marked_source(finding: Finding, excerpts: Excerpts) -> str:
    """Return the source line with the place marked below it, or nothing where there is no line to show."""
    code = excerpts.line(finding.path, finding.start)
    if not code.strip() or len(code) > WIDEST_LINE:
        return ""
    stop = finding.end.column if finding.end.row == finding.start.row else len(code) + 1
    before, marked = code[: finding.start.column - 1], code[finding.start.column - 1 : stop - 1]
    marks = " " * width(before) + click.style("^" * max(1, width(marked)), fg="red")
    number, bar = str(finding.start.row), click.style("|", fg="blue")
    return f"{number} {bar} {printable(code)}\n{' ' * len(number)} {bar} {marks}\n"


def printable(text: str) -> str:
    """Return `text` without control characters and commands: a file must not steer the terminal, or a CI service."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return shown.replace("##vso[", "## vso[").replace("##[", "## [")


def harmless(path: str) -> str:
    """Return a path that stands at the beginning of a line, where `::error` would be a command to a CI service."""
    return f"./{printable(path)}" if path.startswith(("::", "##")) else printable(path)


def width(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in printable(text))
