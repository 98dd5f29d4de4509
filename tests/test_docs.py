"""What the documents say is what the program does; `python docs/make.py` writes those that are made from it anew."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from cudafix.cli import cli
from cudafix.config.settings import READERS, read_settings
from cudafix.registry import RULES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted(DOCS.glob("*.md")))}
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def maker() -> ModuleType:
    """Return the program that makes pages, which lies beside them."""
    found = spec_from_file_location("make", DOCS / "make.py")
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


MAKER = maker()


@pytest.mark.parametrize("name", MAKER.PAGES)
def test_a_page_that_is_made_from_the_program_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == MAKER.PAGES[name]()


@pytest.mark.parametrize("path", [*DOCS.glob("*.md"), *ROOT.glob("*.md")], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for file, anchor in LINK.findall(re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
        target = path.parent / file if file else path
        assert target.exists()
        assert not anchor or anchor in anchors(target)


SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| .+ \| .+ \| `([\w/]+\.py)::(\w+)` \|$", SECURITY, re.MULTILINE)


def test_the_table_of_attacks_names_a_test_in_each_row() -> None:
    rows = [one for one in SECURITY.splitlines() if one.startswith("| ") and not one.endswith(("| | |", "| test |"))]
    assert len(rows) == len(ROWS) > 50


@pytest.mark.parametrize(("file", "test"), ROWS)
def test_a_test_that_the_table_of_attacks_names_is_there(file: str, test: str) -> None:
    assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """Return what a browser calls the headings of a page; a comment in an example is none."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in heads}


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_page_is_reached_from_the_first(path: Path) -> None:
    assert path.name == "index.md" or f"({path.name})" in PAGES["index.md"]


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 150


def test_the_readme_says_where_all_pages_are() -> None:
    assert "(docs/index.md)" in PAGES["README.md"]


@pytest.mark.parametrize("name", PAGES)
def test_settings_that_a_page_shows_can_be_read(name: str) -> None:
    for one in settings_in(name):
        assert read_settings(one, name)


def settings_in(name: str) -> list[dict[str, Any]]:
    """Return what the examples on a page have in `[tool.cudafix]`."""
    tables = [tomllib.loads(one).get("tool", {}) for one in blocks("toml", name)]
    return [one["cudafix"] for one in tables if "cudafix" in one]


def blocks(language: str, name: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[name], re.DOTALL | re.MULTILINE)


def test_the_example_of_targets_has_some_for_some_files() -> None:
    shown = [read_settings(one, "targets.md")["targets"] for one in settings_in("targets.md")]
    assert {"", "tests/*"} in [{entry.glob for entry in one} for one in shown]


def test_the_example_of_a_configuration_shows_nearly_all_settings() -> None:
    (shown,) = settings_in("configuration.md")
    assert READERS.keys() - shown.keys() == {"exclude", "force-exclude"}


@pytest.mark.parametrize("name", PAGES)
def test_commands_that_a_page_shows_can_be_given(name: str) -> None:
    for line in "".join(blocks("sh", name)).splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["cudafix"]:
            assert options_that_are_not_there(cli, words[1:]) == []


def options_that_are_not_there(command: click.Command, words: list[str]) -> list[str]:
    while isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return [word for word in words if word.startswith("-") and word.partition("=")[0] not in known]


def test_the_table_of_rules_has_each_as_it_is() -> None:
    assert list(rules_of_the_table()) == [(rule.code, "on" if rule.default else "opt-in") for rule in RULES]


def rules_of_the_table() -> Iterator[tuple[str, str]]:
    """Yield the codes in the rows of the table, those between two with a dash as well, with what is the default."""
    for codes, default in re.findall(r"^\| (CFX[^|]*) \|.*\| ([^|]*) \|$", PAGES["found.md"], re.MULTILINE):
        for one in codes.split(", "):
            ends = [int(number) for number in re.findall(r"\d+", one)]
            yield from ((f"CFX{number:03}", default) for number in range(ends[0], ends[-1] + 1))


def test_the_count_in_the_readme_is_that_of_the_example() -> None:
    from checks import findings_in

    source = (ROOT / "fixtures" / "example" / "train.py").read_text(encoding="utf-8")
    assert f"It lists {len(findings_in(source, select=[]))} findings" in PAGES["README.md"]
