"""A rule's docstring is its documentation: complete, true, and the same wherever it is shown."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

import pytest
from checks import findings_in, fixed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.prefilter.needles import NEEDLES, may_have_findings
from cudafix.registry import RULES, Rule

SECTIONS = ("What it does", "Why is this bad?", "Example", "Use instead", "Fix safety")
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


# The prefilter: a rule whose needles are missing there would be silent


@every_rule
def test_a_rule_asks_for_needles_that_are_there(rule: Rule) -> None:
    assert [one for one in rule.prefilter if one not in NEEDLES] == []


@with_example
def test_the_needles_of_a_rule_let_its_example_pass(rule: Rule) -> None:
    source, options = Source("a.py", examples(rule)[0].encode()), Options(**read_settings(settings_of(rule), "here"))
    assert any(NEEDLES[one](source, options) for one in rule.prefilter)


@with_example
def test_the_example_passes_the_prefilter_where_the_rule_alone_is_selected(rule: Rule) -> None:
    settings = read_settings({**settings_of(rule), "select": [rule.code]}, "here")
    assert may_have_findings(Source("a.py", examples(rule)[0].encode()), Options(**settings))


@with_example
def test_the_example_is_found_by_the_whole_command_and_its_slices(rule: Rule) -> None:
    settings = read_settings({**settings_of(rule), "extend-select": [rule.code]}, "here")
    result = process(Source("a.py", examples(rule)[0].encode()), Options(**settings), Work(Mode.CHECK))
    assert rule.code in {one.code for one in result.findings}


def test_devices_in_a_branch_are_looked_for_where_that_rule_alone_is_selected() -> None:
    source = 'import torch\n\nif device == "cuda":\n    x = y.to("cuda")\n'
    assert [one.code for one in findings_in(source, select=["CFX305"])] == ["CFX305"]
