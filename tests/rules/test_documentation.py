"""A rule's docstring is its documentation: complete, true, and the same wherever it is shown."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from checks import findings_in, fixed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from cudafix import rules
from cudafix.analysis.match import Rule
from cudafix.rules import RULES

SECTIONS = ("What it does", "Why is this bad?", "Example", "Use instead", "Fix safety")
FOLDER = Path(rules.__file__).parent
NO_EXAMPLE_RUNS = {"CFX001", "CFX003"}  # what cannot be read, what is not in the file


def examples(rule: Rule) -> tuple[str, str]:
    before, after = re.findall(r"```python\n(.*?)```", rule.doc, re.DOTALL)
    return before, after


def settings_of(rule: Rule) -> dict[str, Any]:
    """Return the settings under which the example holds: those that the documentation shows."""
    told = re.findall(r"```toml\n(.*?)```", rule.doc, re.DOTALL)
    document = tomllib.loads(told[0]) if told else {}
    return {"ignore": [], **document.get("tool", {}).get("cudafix", {})}


def ids(rule: Rule) -> str:
    return rule.code


with_example = pytest.mark.parametrize("rule", [one for one in RULES if one.code not in NO_EXAMPLE_RUNS], ids=ids)
every_rule = pytest.mark.parametrize("rule", RULES, ids=ids)


def test_every_file_in_the_folder_is_a_rule_in_the_tuple() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == {rule.module.rpartition(".")[2] for rule in RULES}


def test_codes_are_unique_and_sorted() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))


@every_rule
def test_a_rule_has_every_section_in_order(rule: Rule) -> None:
    assert tuple(re.findall(r"^## (.+)$", rule.doc, re.MULTILINE)) == SECTIONS


@every_rule
def test_a_summary_is_one_line_that_ends_with_a_stop(rule: Rule) -> None:
    first, second, *_ = rule.doc.split("\n")
    assert first.endswith(".")
    assert second == ""


@with_example
def test_the_example_is_found_by_the_rule(rule: Rule) -> None:
    assert rule.code in {one.code for one in findings_in(examples(rule)[0], **settings_of(rule))}


@with_example
def test_what_to_use_instead_is_clean(rule: Rule) -> None:
    assert findings_in(examples(rule)[1], **settings_of(rule)) == []


@with_example
def test_the_fix_of_the_example_is_what_to_use_instead_or_nothing(rule: Rule) -> None:
    before, after = examples(rule)
    new = fixed(before.encode(), unsafe=True, **settings_of(rule)).new_bytes
    assert new is None or new.decode() == after


@pytest.mark.parametrize("rule", [one for one in RULES if "There is no fix" not in one.doc], ids=ids)
def test_a_rule_that_speaks_of_its_fix_has_one(rule: Rule) -> None:
    assert fixed(examples(rule)[0].encode(), unsafe=True, **settings_of(rule)).new_bytes is not None


@every_rule
def test_what_to_use_instead_is_python(rule: Rule) -> None:
    assert ast.parse(examples(rule)[1]).body
