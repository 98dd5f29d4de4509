"""Findings → lines that a CI service reads: GitHub's and Azure's commands, and pylint's lines, which many read.

What is written is source text and file names in part: all that could end a command, or begin one, is escaped.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import TextIO

import click

from cudafix.files.output import holds_code
from cudafix.formats.places import from_root, sentence
from cudafix.formats.statistics import count
from cudafix.formats.summary import plural
from cudafix.formats.text import harmless, printable
from cudafix.model import Finding
from cudafix.registry import is_cuda_only


def write_github(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    """Write a workflow command for each finding, and a table for the job's page."""
    for finding in findings:
        start, end = finding.start, finding.end
        properties = {
            "file": printable(from_root(finding.path)), "line": start.row, "endLine": end.row, "col": start.column,
            "endColumn": end.column, "title": f"cudafix ({finding.code})",
        }  # fmt: skip
        if start.row != end.row:  # GitHub takes columns on one line only
            del properties["col"], properties["endColumn"]
        details = ",".join(f"{name}={escaped(str(value), ':,')}" for name, value in properties.items())
        text = f"{finding.path}:{start.row}:{start.column}: {finding.code} {sentence(finding)}"
        stream.write(f"::{'notice' if is_cuda_only(finding.code) else 'error'} {details}::{escaped(printable(text))}\n")
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            append(path, table(findings))
        except OSError as error:
            click.echo(f"cudafix: GITHUB_STEP_SUMMARY: {printable(path)} cannot be written: {error.strerror}", err=True)


def append(path: str, text: str) -> None:
    """Add to a file, or write to a device or a pipe; one that nobody reads from is an error, and not waited for."""
    if holds_code(path) and os.path.isfile(path):
        raise OSError(errno.EINVAL, "it holds code or settings")
    waits_not = getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | waits_not, 0o666)
    with open(descriptor, "a", encoding="utf-8") as page:
        page.write(text)


def escaped(text: str, more: str = "") -> str:
    """Return a value of a command; a `%` and three characters stand for each that would be read as something else."""
    return "".join(f"%{ord(one):02X}" if one in f"%\r\n{more}" else one for one in text)


def table(findings: Sequence[Finding]) -> str:
    """Return the findings by rule, as Markdown."""
    if not findings:
        return "### cudafix\n\nNo finding.\n"
    rows = [f"| {row['code']} | {row['name']} | {row['count']} | {row['fixable']} |" for row in count(findings)]
    total = f"Findings: {len(findings)} in {plural(len({one.path for one in findings}), 'file')}"
    heading = ["### cudafix", "", total, "", "| code | rule | findings | fixable |", "|---|---|---|---|"]
    return "\n".join([*heading, *rows, ""])


def write_azure(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    for finding in findings:
        properties = {
            "type": "warning" if is_cuda_only(finding.code) else "error",
            "sourcepath": printable(from_root(finding.path)), "linenumber": finding.start.row,
            "columnnumber": finding.start.column, "code": finding.code,
        }  # fmt: skip
        details = "".join(f"{name}={escaped_for_azure(str(value))};" for name, value in properties.items())
        stream.write(f"##vso[task.logissue {details}]{escaped_for_azure(printable(sentence(finding)))}\n")


def escaped_for_azure(text: str) -> str:
    for character, shown in (("%", "%AZP25"), (";", "%3B"), ("\r", "%0D"), ("\n", "%0A"), ("]", "%5D")):
        text = text.replace(character, shown)
    return text


def write_pylint(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    for finding in findings:
        place = f"{harmless(finding.path)}:{finding.start.row}"
        stream.write(f"{place}: [{finding.code}] {printable(sentence(finding))}\n")
