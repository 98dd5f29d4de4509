"""The harness of the rule tests: say what is found in a source, and what a fix makes of it.

`check_fixes` also holds every fix to what cudafix promises: the output compiles, a second run changes nothing, the
text edits say the same as the transformer, and a source with CRLF line ends gives the CRLF answer.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cudafix.catalogue.table import ROWS
from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.analyse import Analysis, analyse
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.fixes.rewriter import rewrite
from cudafix.fixes.text_edits import edits
from cudafix.matchers.references import parse
from cudafix.model import Edit, Finding, Result
from cudafix.registry import RULES, code_of

ABOUT_FUNCTIONS = {row.code for row in ROWS.values()} | {code_of("backend-branch")}
APART = [rule.code for rule in RULES if not rule.default and rule.code not in ABOUT_FUNCTIONS]
WHOLE_FAMILIES = {code[:4] for code in APART} - {rule.code[:4] for rule in RULES if rule.code not in APART}
OPT_IN = sorted({code[:4] if code[:4] in WHOLE_FAMILIES else code for code in APART})
PROJECT = Path(__file__).parent / "project"
"""A project that says no more than that it runs with Python 3.10."""

EVERY_RULE = {"select": ["CFX"], "ignore": OPT_IN}
"""Every rule about a backend's functions: devices, texts and settings are matters of their own."""


def dedent(source: str) -> str:
    return textwrap.dedent(source).removeprefix("\n")


def options(**settings: object) -> Options:
    given = {key.replace("_", "-"): value for key, value in (EVERY_RULE | settings).items()}
    return replace(Options(root=PROJECT), **read_settings(given, "test"))


def analysis_of(source: str, path: str = "example.py", **settings: object) -> Analysis:
    return analyse(parse(Source(str(PROJECT / path), dedent(source).encode())), options(**settings))


def findings_in(source: str, path: str = "example.py", **settings: object) -> list[Finding]:
    return list(analysis_of(source, path, **settings).findings)


def check_noop(source: str, path: str = "example.py", **settings: object) -> None:
    """Nothing is found."""
    assert [(one.start.row, one.symbol) for one in findings_in(source, path, **settings)] == []


def check_finds(source: str, *expected: str, path: str = "example.py", **settings: object) -> None:
    """Exactly these are found, in the order of the file, each as `row code symbol`."""
    found = [f"{one.start.row} {one.code} {one.symbol}" for one in findings_in(source, path, **settings)]
    assert found == list(expected)


def check_stays(source: str, reason: str, path: str = "example.py", **settings: object) -> None:
    """Something is found, has no fix, and the finding says why in words that contain `reason`."""
    found = findings_in(source, path, **settings)
    assert [one.fix for one in found] == [None] * len(found)
    assert found
    assert reason in " ".join(one.reason for one in found)
    assert fixed(dedent(source).encode(), path, unsafe=True, **settings).new_bytes is None


def check_fixes(
    before: str, after: str, path: str = "example.py", unsafe: bool = False, edits: bool = True, **settings: object
) -> None:
    """The safe fixes (with `unsafe`, all) make `after` of `before`; so do their edits, but for those of comments."""
    old, new = dedent(before), dedent(after)
    result = fixed(old.encode(), path, unsafe, **settings)
    assert result.problems == ()
    assert (result.new_bytes or old.encode()).decode() == new
    ast.parse(new)
    assert fixed(new.encode(), path, unsafe, **settings).new_bytes is None
    assert not edits or text_of_edits(old, path, unsafe, **settings) == new
    crlf = old.replace("\n", "\r\n").encode()
    assert (fixed(crlf, path, unsafe, **settings).new_bytes or crlf).decode() == new.replace("\n", "\r\n")


def check_unsafe(before: str, after: str, reason: str, path: str = "example.py", **settings: object) -> None:
    """The fix makes `after` of `before`, but only when unsafe fixes are asked for, and a finding says why."""
    check_fixes(before, before, path, **settings)
    check_fixes(before, after, path, unsafe=True, **settings)
    assert reason in " ".join(one.reason for one in findings_in(before, path, **settings))


def fixed(data: bytes, path: str = "example.py", unsafe: bool = False, **settings: object) -> Result:
    return process(Source(str(PROJECT / path), data), options(**settings), Work(Mode.FIX, unsafe))


def text_of_edits(source: str, path: str, unsafe: bool, **settings: object) -> str:
    analysis = analyse(parse(Source(str(PROJECT / path), source.encode())), options(**settings))
    operations = analysis.operations(Work(Mode.FIX, unsafe).allowed)
    text = apply_edits(analysis.file.lines, edits(analysis.file, operations))
    assert rewrite(analysis.file, operations).code == text
    return text


def apply_edits(lines: Sequence[str], changes: Sequence[Edit]) -> str:
    """Return the text with `changes` made; they must not overlap."""
    text = "".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces, done = [], 0
    for edit in sorted(changes, key=lambda one: (one.start, one.end)):
        start = starts[edit.start.row - 1] + edit.start.column - 1
        pieces += [text[done:start], edit.content]
        done = starts[edit.end.row - 1] + edit.end.column - 1
    return "".join([*pieces, text[done:]])
