"""Findings → JSON, one object per finding: in an array, or on a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from cudafix.model import Finding, Fix, Position


def write(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    import json  # not at the top: only this format needs it

    objects = [json.dumps(as_object(finding), ensure_ascii=True) for finding in findings]
    stream.write("[" + ",\n ".join(objects) + "]\n")


def write_lines(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    import json  # not at the top: only this format needs it

    stream.writelines(f"{json.dumps(as_object(finding), ensure_ascii=True)}\n" for finding in findings)


def as_object(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "symbol": finding.symbol,
        "filename": finding.path,
        **({"cell": finding.start.cell} if finding.start.cell else {}),
        "location": place(finding.start),
        "end_location": place(finding.end),
        "help": finding.help,
        "reason": finding.reason,
        "fix": fix_object(finding.fix) if finding.fix else None,
    }


def fix_object(fix: Fix) -> dict[str, Any]:
    edits = [
        {"content": edit.content, "location": place(edit.start), "end_location": place(edit.end)}
        | ({"cell": edit.start.cell} if edit.start.cell else {})
        for edit in fix.edits
    ]
    return {"applicability": fix.safety.value, "message": fix.message, "edits": edits}


def place(position: Position) -> dict[str, int]:
    return {"row": position.row, "column": position.column}
