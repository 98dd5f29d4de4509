"""Findings → how many there are of each code, and how many fixes are held back by what belongs to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TextIO

from cudafix.model import Finding


def write_statistics(findings: Sequence[Finding], stream: TextIO, output_format: str) -> None:
    rows = count(findings)
    if output_format == "json":
        import json  # not at the top: only this format needs it

        stream.write("[" + ",\n ".join(map(json.dumps, rows)) + "]\n")
        return
    width = max((len(str(row["count"])) for row in rows), default=1)
    for row in rows:
        stream.write(f"{row['count']:>{width}}  {row['code']}  {row['name']}  ({row['fixable']} fixable)\n")
    held = Counter(finding.held for finding in findings if finding.held)
    if held:
        stream.write("Held back, so that no half of a thing stays on CUDA:\n")
    for kind, number in sorted(held.items(), key=lambda item: (-item[1], item[0])):
        stream.write(f"{number:>{width}}  {kind}\n")


def count(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Count the findings by code, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in findings)
    fixable = Counter(finding.code for finding in findings if finding.fix)
    return [
        {"code": code, "name": name, "count": number, "fixable": fixable[code]}
        for (code, name), number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
