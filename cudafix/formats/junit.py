"""Findings → JUnit's XML: one suite for each file, one failed case for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from cudafix.formats.places import from_root, sentence
from cudafix.formats.text import printable
from cudafix.model import Finding

CLEAN = """\
  <testsuite name="cudafix" tests="1" failures="0" errors="0" skipped="0" time="0" timestamp="1970-01-01T00:00:00" \
hostname="localhost">
    <testcase name="No finding" classname="cudafix" time="0"/>
  </testsuite>
"""


def write(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    total = max(1, len(findings))
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(f'<testsuites name="cudafix" tests="{total}" failures="{len(findings)}" errors="0" time="0">\n')
    if not findings:
        stream.write(CLEAN)
    for path, same in groupby(findings, key=lambda one: from_root(one.path)):
        write_suite(path, list(same), stream)
    stream.write("</testsuites>\n")


def write_suite(path: str, findings: Sequence[Finding], stream: TextIO) -> None:
    name = quoteattr(printable(path))
    stream.write(
        f'  <testsuite name={name} tests="{len(findings)}" failures="{len(findings)}" errors="0" skipped="0" '
        'time="0" timestamp="1970-01-01T00:00:00" hostname="localhost">\n'
    )
    for finding in findings:
        code, start = finding.code, finding.start
        case = quoteattr(f"{code} {finding.name}, line {start.row}, column {start.column}")
        text = printable(sentence(finding))
        place = printable(f"{path}:{start.row}:{start.column}: {code}")
        stream.write(f'    <testcase name={case} classname={name} time="0">\n')
        stream.write(
            f'      <failure message={quoteattr(text)} type="{code}">{escape(place)} {escape(text)}</failure>\n'
        )
        stream.write("    </testcase>\n")
    stream.write("  </testsuite>\n")
