"""Findings → reviewdog's JSON, with the fixes as suggestions. Its columns count bytes of UTF-8."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO

from cudafix.formats.excerpts import Excerpts
from cudafix.formats.places import from_root, sentence
from cudafix.model import Finding, Position
from cudafix.registry import is_cuda_only


def write(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    excerpts = Excerpts()
    diagnostics = [diagnostic(one, excerpts) for one in findings]
    document = {"source": {"name": "cudafix"}, "severity": "ERROR", "diagnostics": diagnostics}
    stream.write(json.dumps(document, indent=1) + "\n")


def diagnostic(finding: Finding, excerpts: Excerpts) -> dict[str, Any]:
    lines = excerpts.lines(finding.path)
    found: dict[str, Any] = {
        "message": sentence(finding),
        "location": {"path": from_root(finding.path), "range": span(lines, finding.start, finding.end)},
        "severity": "INFO" if is_cuda_only(finding.code) else "ERROR",
        "code": {"value": finding.code},
    }
    if finding.fix is not None and finding.fix.edits:
        found["suggestions"] = [
            {"range": span(lines, edit.start, edit.end), "text": edit.content} for edit in finding.fix.edits
        ]
    return found


def span(lines: Sequence[str], start: Position, end: Position) -> dict[str, dict[str, int]]:
    return {"start": place(lines, start), "end": place(lines, end)}


def place(lines: Sequence[str], position: Position) -> dict[str, int]:
    before = lines[position.row - 1][: position.column - 1] if position.row <= len(lines) else ""
    more = len(before.encode("utf-8", "replace")) - len(before)
    return {"line": position.row, "column": position.column + more}
