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
LONGEST = 1024
"""Characters of a description, for GitHub."""


def report(findings: Sequence[Finding], stream: TextIO, rich: bool) -> None:
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
        "results": [result(key, one, codes.index(one.code)) for key, one in keyed(findings)],
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
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def result(key: str, one: Finding, index: int) -> dict[str, Any]:
    file = artifact(one.path)
    found: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": "note" if is_cuda_only(one.code) else "error",
        "message": {"text": f"{sentence(one)}."},
        "locations": [{"physicalLocation": {"artifactLocation": file, "region": region(one.start, one.end)}}],
        "partialFingerprints": {"primaryLocationLineHash": ":".join(key.split(" ")[-2:])},
    }
    if one.fix is not None and one.fix.edits:
        changes = [{"artifactLocation": file, "replacements": [replacement(edit) for edit in one.fix.edits]}]
        found["fixes"] = [{"description": {"text": f"{one.fix.message}."}, "artifactChanges": changes}]
    return found


def artifact(path: str) -> dict[str, str]:
    return {"uri": quote(from_root(path), errors="surrogateescape"), "uriBaseId": ROOT}


def region(start: Position, end: Position) -> dict[str, int]:
    return {
        "startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column,
    }  # fmt: skip


def replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": region(edit.start, edit.end), "insertedContent": {"text": edit.content}}
