"""CONTRIBUTING's lists of files by task, and docs/architecture.md, against the tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cudafix.registry import RULES, Rule

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
BY_TASK = PAGE.partition("## By task\n")[2].partition("\n## ")[0]
TASKS = dict(re.findall(r"### ([^\n]+)\n(.*?)(?=\n### |\Z)", BY_TASK, re.DOTALL))


def paths_in(text: str) -> list[str]:
    """Return the files and folders that a text names."""
    return [name for name in re.findall(r"`([\w./<>*]+)`", text) if "/" in name or name.endswith(".md")]


def stands_for(pattern: str) -> list[Path]:
    """Return what a path of a list stands for; `<rule>` is any."""
    return list(ROOT.glob(re.sub(r"<\w+>", "*", pattern)))


def listed(task: str) -> set[Path]:
    return {path for name in paths_in(TASKS[task]) for path in stands_for(name)}


def test_the_tasks_are_those_that_people_come_with() -> None:
    assert list(TASKS) == [
        "Add a symbol", "Add a rule", "Change a message", "Change where imports go", "Add a format",
        "Why was this guard not collapsed", "Why was this fix held back", "What does a slice keep", "Add a backend",
    ]  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_every_file_of_a_list_is_there(task: str) -> None:
    assert [name for name in paths_in(TASKS[task]) if not stands_for(name)] == []


@pytest.mark.parametrize("task", TASKS)
def test_a_list_names_the_tests(task: str) -> None:
    assert any(name.startswith("tests/") for name in paths_in(TASKS[task]))


@pytest.mark.parametrize(
    ("task", "pattern"),
    [
        ("Change where imports go", "cudafix/fixes/*import*.py"),
        ("Why was this guard not collapsed", "cudafix/analysis/control_flow/[!_]*.py"),
        ("What does a slice keep", "cudafix/prefilter/[!_]*.py"),
        ("Add a format", "cudafix/formats/__init__.py"),
    ],
)
def test_a_list_has_all_of_a_package_that_is_about_it(task: str, pattern: str) -> None:
    assert set(ROOT.glob(pattern)) - listed(task) == set()


def test_the_catalogue_is_listed_for_those_who_add_to_it() -> None:
    known = listed("Add a symbol") | listed("Add a backend")
    assert set(ROOT.glob("cudafix/catalogue/[!_]*.py")) - known == {ROOT / "cudafix/catalogue/row.py"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_list_for_a_rule_is_what_each_rule_has(rule: Rule) -> None:
    family, name = rule.file.split(".")
    wanted = [one.replace("<family>", family).replace("<rule>", name) for one in paths_in(TASKS["Add a rule"])]
    assert [one for one in wanted if not (ROOT / one).exists()] == []
    assert {"tests/interfaces/rules.txt", "docs/rules.md"} <= {*wanted}
    for page in ("tests/interfaces/rules.txt", "docs/rules.md"):
        assert rule.code in (ROOT / page).read_text(encoding="utf-8")


def test_nothing_else_of_the_package_names_a_rule_that_was_added() -> None:
    """No import names one: a new rule goes nowhere but into the files of its list."""
    names = {rule.file.partition(".")[2]: rule for rule in RULES}
    users = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "cudafix").rglob("*.py"))
        for name in re.findall(r"^(?:from|import) .*\b(\w+)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        if name in names
    ]
    assert users == []


# The architecture


def test_every_package_has_its_paragraph() -> None:
    packages = {path.name for path in (ROOT / "cudafix").iterdir() if (path / "__init__.py").exists()}
    headings = " ".join(re.findall(r"^### (.+)$", ARCHITECTURE, re.MULTILINE))
    assert {name for name in packages if f"`{name}/`" not in headings} == set()


def test_every_file_that_the_walk_names_is_there() -> None:
    names = [name for name in paths_in(ARCHITECTURE) if name.endswith(".py")]
    assert [name for name in names if not any((ROOT / at / name).exists() for at in ("", "cudafix"))] == []


def test_every_invariant_is_said() -> None:
    assert re.findall(r"^\* \*\*(I\d+)\*\*", ARCHITECTURE, re.MULTILINE) == [f"I{number}" for number in range(1, 11)]
