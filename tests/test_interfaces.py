"""What others build upon stays as the examples in `tests/interfaces` have it (docs/interfaces.md says what that is)."""

from __future__ import annotations

import inspect
import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from command import invoke

import cudafix
from cudafix.registry import RULES

EXAMPLES = Path(__file__).parent / "interfaces"
SELECT = ("--isolated", "--no-cache", "--select", "CFX1,CFX401")
WORDING = ("message", "help", "reason")
"""What is for people, and may be said better."""


@pytest.fixture
def _in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("source.py", "cells.ipynb", "baseline.json"):
        shutil.copy(EXAMPLES / name, tmp_path)
    monkeypatch.chdir(tmp_path)


def without_wording(value: Any) -> Any:
    """Return a JSON value with the type of each text for people in its place."""
    if isinstance(value, dict):
        return {key: type(one) if key in WORDING else without_wording(one) for key, one in value.items()}
    return [without_wording(one) for one in value] if isinstance(value, list) else value


def test_every_rule_keeps_its_code_and_its_name() -> None:
    assert (EXAMPLES / "rules.txt").read_text().split("\n")[:-1] == [f"{rule.code} {rule.name}" for rule in RULES]


@pytest.mark.usefixtures("_in_a_copy")
def test_json_output_has_the_keys_and_the_places_of_the_example() -> None:
    found = json.loads(invoke("check", *SELECT, "--output-format", "json").stdout)
    expected = json.loads((EXAMPLES / "findings.json").read_text())
    assert without_wording(found) == without_wording(expected)


@pytest.mark.usefixtures("_in_a_copy")
def test_the_keys_of_json_output_come_in_the_order_of_the_example() -> None:
    found = json.loads(invoke("check", *SELECT, "--output-format", "json").stdout)
    expected = json.loads((EXAMPLES / "findings.json").read_text())
    assert [list(one) for one in found] == [list(one) for one in expected]


@pytest.mark.usefixtures("_in_a_copy")
def test_a_baseline_of_version_1_still_excuses_what_it_was_made_of() -> None:
    assert invoke("check", *SELECT, "--baseline=baseline.json").exit_code == 0


@pytest.mark.usefixtures("_in_a_copy")
def test_a_new_baseline_is_that_of_version_1_to_the_byte() -> None:
    assert invoke("baseline", "create", *SELECT, "--file", "new.json").exit_code == 0
    assert Path("new.json").read_bytes() == (EXAMPLES / "baseline.json").read_bytes()


@pytest.mark.usefixtures("_in_a_copy")
def test_a_baseline_of_a_later_version_is_an_error_and_not_guessed_at() -> None:
    later = json.loads((EXAMPLES / "baseline.json").read_text()) | {"version": 2}
    Path("baseline.json").write_text(json.dumps(later))
    done = invoke("check", *SELECT, "--baseline=baseline.json")
    assert done.exit_code == 2
    assert "version" in done.stderr


def test_the_functions_of_the_library_keep_their_arguments() -> None:
    assert list(inspect.signature(cudafix.check_source).parameters) == ["source", "path", "settings"]
    assert list(inspect.signature(cudafix.fix_source).parameters) == ["source", "path", "settings", "unsafe_fixes"]
    assert list(inspect.signature(cudafix.check_paths).parameters) == ["paths", "settings", "isolated", "processes"]


@pytest.mark.parametrize(
    ("noun", "attributes"),
    [
        (cudafix.Checked, ["findings", "problems"]),
        (cudafix.CheckedPaths, ["findings", "problems", "files"]),
        (cudafix.Fixed, ["source", "fixed", "findings", "problems"]),
        (cudafix.Finding, ["code", "name", "message", "symbol", "path", "start", "end", "fix", "reason", "help"]),
        (cudafix.Fix, ["safety", "message", "edits"]),
        (cudafix.Edit, ["start", "end", "content"]),
        (cudafix.Position, ["row", "column", "cell"]),
        (cudafix.Problem, ["path", "message", "position"]),
    ],
)
def test_the_nouns_of_the_library_keep_their_attributes(noun: type[Any], attributes: list[str]) -> None:
    assert [one.name for one in fields(noun)][: len(attributes)] == attributes


def test_the_levels_of_safety_keep_their_words() -> None:
    assert [level.value for level in cudafix.Safety] == ["safe", "unsafe", "manual"]


@pytest.mark.usefixtures("_in_a_copy")
def test_a_report_has_the_keys_of_the_example() -> None:
    found = json.loads(invoke("report", *SELECT, "--format", "json").stdout)
    expected = json.loads((EXAMPLES / "report.json").read_text())
    assert list(found) == list(expected)
    for name in ("total", "rules", "symbols", "files", "affected"):
        assert found[name] == expected[name]
    assert [list(one) for one in found["steps"]] == [list(one) for one in expected["steps"]]


@pytest.mark.usefixtures("_in_a_copy")
def test_a_report_of_version_1_is_a_history() -> None:
    shutil.copy(EXAMPLES / "report.json", "before.json")
    assert invoke("report", *SELECT, "--output-file", "-", "--history", "before.json").exit_code == 0
