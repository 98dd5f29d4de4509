"""Findings → GitLab's Code Quality report: a JSON array, with a fingerprint for each that no other has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TextIO

from cudafix.baseline import keys_of
from cudafix.model import Finding
from cudafix.reporters.places import from_root, is_note, sentence


def report(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    stream.write(json.dumps(list(objects(findings)), indent=1) + "\n")


def objects(findings: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    for key, one in fingerprinted(findings):
        path = from_root(one.path)
        yield {
            "description": f"{one.code}: {sentence(one)}",
            "check_name": one.code,
            "fingerprint": hashlib.sha256(f"{path}\0{key}".encode("utf-8", "replace")).hexdigest(),
            "severity": "info" if is_note(one) else "major",
            "location": {"path": path, "lines": {"begin": one.start.row, "end": one.end.row}},
        }


def fingerprinted(findings: Iterable[Finding]) -> Iterator[tuple[str, Finding]]:
    """Yield the findings, by file, with what tells each from all others in its file."""
    for _, same in groupby(sorted(findings, key=lambda one: one.sort_key), key=lambda one: one.path):
        yield from keys_of(same)
