"""The runtime reads from top to bottom as the contents in its docstring say, and so does a copy of it."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from cudafix import runtime

TEXT = Path(runtime.__file__).read_text(encoding="utf-8")
TREE = ast.parse(TEXT)
ENTRY = re.compile(r"^([A-Z][\w ]*): .+\n((?: {4}.+\n)+)", re.MULTILINE)
HEADING = re.compile(r"\n\n# (.+)\n\n")
PUBLIC, PRIVATE, TABLE = range(3)


def contents() -> dict[str, list[str]]:
    """Return the sections that the contents name, each with its public functions."""
    _, _, listed = (ast.get_docstring(TREE) or "").partition("\nContents, ")
    return {section: names.replace(",", " ").split() for section, names in ENTRY.findall(listed + "\n")}


def headings() -> list[tuple[str, int]]:
    """Return each comment that stands alone between empty lines, and its line."""
    return [(match[1], TEXT.count("\n", 0, match.start(1)) + 1) for match in HEADING.finditer(TEXT)]


def names_of(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def kind_of(name: str) -> int:
    if not name.startswith("_"):
        return PUBLIC
    return TABLE if name.isupper() else PRIVATE


def sections() -> dict[str, list[str]]:
    """Return the names that each section of the file defines, in their order; an overload counts once."""
    found: dict[str, list[str]] = {}
    for (section, first), (_, end) in pairwise([*headings(), ("", TEXT.count("\n") + 1)]):
        names = [name for statement in TREE.body if first < statement.lineno < end for name in names_of(statement)]
        found[section] = list(dict.fromkeys(names))
    return found


def test_the_sections_of_the_file_are_those_of_the_contents_in_that_order() -> None:
    assert [section for section, _ in headings()] == list(contents())


def test_the_contents_name_every_public_function_once() -> None:
    assert sorted(name for names in contents().values() for name in names) == runtime.__all__


@pytest.mark.parametrize("section", contents())
def test_a_section_has_the_public_functions_that_the_contents_give_it_in_that_order(section: str) -> None:
    assert [name for name in sections()[section] if kind_of(name) == PUBLIC] == contents()[section]


@pytest.mark.parametrize("section", contents())
def test_a_section_has_its_public_functions_first_and_its_tables_last(section: str) -> None:
    kinds = [kind_of(name) for name in sections()[section]]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("section", contents())
def test_the_private_functions_of_a_section_stand_in_reading_order(section: str) -> None:
    """None stands before all that need it: a section's is first needed by what is above, or by another section."""
    above = {name for name in sections()[section] if kind_of(name) == PUBLIC}
    misplaced = []
    for name in (name for name in sections()[section] if kind_of(name) == PRIVATE):
        if not any(user in above or user not in sections()[section] for user in users(name)):
            misplaced.append(name)
        above.add(name)
    assert misplaced == []


def users(name: str) -> set[str]:
    """Return what reads a name of the file, other than itself."""
    return {
        user
        for statement in TREE.body
        if any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(statement))
        for user in names_of(statement)
        if user != name
    }


def test_nothing_of_the_file_stands_before_the_first_section_but_types_and_all() -> None:
    (_, first), *_ = headings()
    before = [name for statement in TREE.body if statement.lineno < first for name in names_of(statement)]
    assert before == ["TYPE_CHECKING", "__all__"]
