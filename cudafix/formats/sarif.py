"""Findings → SARIF 2.1.0, as GitHub's code scanning and other viewers take it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO
from urllib.parse import quote

from cudafix.formats.places import PROJECT, from_root, rule_address, sentence
from cudafix.model import Edit, Finding, Position
from cudafix.registry import BY_CODE, Rule, is_cuda_only
from cudafix.suppressions.baseline import keyed
from cudafix.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "SRCROOT"
LONGEST_DESCRIPTION = 1024
"""Characters; GitHub takes no more."""


def write(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
    codes = sorted({one.code for one in findings})
    driver = {
        "name": "cudafix",
        "informationUri": PROJECT,
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [rule_object(BY_CODE[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [result(key, finding, codes.index(finding.code)) for key, finding in keyed(findings)],
    }
    stream.write(json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n")


def rule_object(rule: Rule) -> dict[str, Any]:
    what = rule.doc.partition("## What it does")[2].partition("\n## ")[0]
    return {
        "id": rule.code,
        "name": rule.name.title().replace("-", ""),
        "shortDescription": {"text": shortened(f"{rule.summary}.")},
        "fullDescription": {"text": shortened(" ".join(what.split()))},
        "helpUri": rule_address(rule),
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": "note" if rule.is_cuda_only else "error"},
        "properties": {"tags": ["portability"]},
    }


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[: LONGEST_DESCRIPTION - 1]}…"


def result(key: str, finding: Finding, index: int) -> dict[str, Any]:
    file, place = artifact(finding.path), region(finding.start, finding.end)
    found: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": "note" if is_cuda_only(finding.code) else "error",
        "message": {"text": f"{sentence(finding)}."},
        "locations": [{"physicalLocation": {"artifactLocation": file, "region": place}}],
        "partialFingerprints": {"primaryLocationLineHash": ":".join(key.split(" ")[-2:])},
    }
    fix = finding.fix
    if fix is not None and fix.edits:
        changes = [{"artifactLocation": file, "replacements": [replacement(edit) for edit in fix.edits]}]
        found["fixes"] = [{"description": {"text": f"{fix.message}."}, "artifactChanges": changes}]
    return found


def artifact(path: str) -> dict[str, str]:
    return {"uri": quote(from_root(path), errors="surrogateescape"), "uriBaseId": ROOT}


def region(start: Position, end: Position) -> dict[str, int]:
    return {
        "startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column,
    }  # fmt: skip


def replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": region(edit.start, edit.end), "insertedContent": {"text": edit.content}}
