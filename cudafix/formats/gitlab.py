"""Findings → GitLab's Code Quality report: a JSON array, with a fingerprint for each that no other has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from cudafix.formats.places import from_root, sentence
from cudafix.model import Finding
from cudafix.registry import is_cuda_only
from cudafix.suppressions.baseline import keyed


def write(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    stream.write(json.dumps(list(objects(findings)), indent=1) + "\n")


def objects(findings: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    for key, finding in keyed(findings):
        path = from_root(finding.path)
        yield {
            "description": f"{finding.code}: {sentence(finding)}",
            "check_name": finding.code,
            "fingerprint": hashlib.sha256(f"{path}\0{key}".encode("utf-8", "replace")).hexdigest(),
            "severity": "info" if is_cuda_only(finding.code) else "major",
            "location": {"path": path, "lines": {"begin": finding.start.row, "end": finding.end.row}},
        }
