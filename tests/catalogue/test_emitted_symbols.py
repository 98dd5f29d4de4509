"""No fix writes a name that the oldest torch of the project does not have: every row, every route, every torch."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from cudafix.catalogue.backends import BACKENDS
from cudafix.catalogue.row import Row
from cudafix.catalogue.table import MODULE_NAMES, ROWS
from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.analyse import analyse
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.fixes.rewriter import rewrite
from cudafix.matchers.references import parse
from cudafix.model import Finding
from cudafix.syntax.module import File

TORCH = json.loads(Path(__file__).with_name("torch_api.json").read_text(encoding="utf-8"))["torch"]
OLDEST, NEWEST = (2, 4), (2, 15)
NATIVE = {form.since for row in ROWS.values() for form in (row.native, row.alias_of) if form is not None}
VERSIONS = sorted({OLDEST, NEWEST, *(one for one in NATIVE if one > OLDEST)})
"""Those with a function of torch's own that the one before has not; what fixes write is the same in between."""

ROUTES = ("runtime", "accelerator", "torch")
WAYS = [("runtime", OLDEST), ("runtime", NEWEST), *product(("accelerator", "torch"), VERSIONS)]
SHAPES = (
    "def f{number}(x):\n    torch.{path}()\n",
    "def f{number}(x):\n    return torch.{path}(x)\n",
    "def f{number}(x):\n    call(torch.{path})\n",
    "def f{number}(x: torch.{path}): ...\n",
    "def f{number}(x):\n    if torch.cuda.is_available():\n        torch.{path}()\n",
    "def f{number}(x):\n    if x.type == 'cuda':\n        torch.{path}()\n"
    "    elif x.type == 'xpu':\n        torch.xpu.empty_cache()\n",
)
"""A statement, an argument, the function itself, an annotation, a guard, a ladder."""


@cache
def program(young: bool) -> File:
    """Return a module that says each name of the catalogue in each shape, or those that torch got a function for."""
    rows = [row for row in ROWS.values() if row.name not in MODULE_NAMES and row.has_neutral_form]
    names = [row.name for row in rows if not young or is_young(row)]
    paths = [f"cuda.{name}" for name in names] + [f"{one}.empty_cache" for one in BACKENDS]
    every = [shape.format(number=number, path=path) for number, path in enumerate(paths) for shape in SHAPES]
    return parse(Source("example.py", ("import torch\n\n" + "\n".join(every)).encode()))


def is_young(row: Row) -> bool:
    """Whether what becomes of a row depends on torch's version: the oldest lacks a function that a newer one has."""
    return any(form is not None and form.since > OLDEST for form in (row.native, row.alias_of))


@cache
def fixed(route: str, version: tuple[int, int]) -> tuple[str, tuple[Finding, ...]]:
    settings = {"route": route, "target-torch": f"{version[0]}.{version[1]}", "select": ["CFX1", "CFX2", "CFX3"]}
    options = Options(**read_settings(settings, "test"), edits=False)
    analysis = analyse(program(young=version not in (OLDEST, NEWEST)), options)
    levels = Work(Mode.FIX, unsafe=True).allowed
    return rewrite(analysis.file, analysis.operations(levels)).code, analysis.fixed(levels)


def torch_names(source: str) -> Iterator[str]:
    """Yield the dotted names below torch that a module says, but for those of the backends' own modules."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Attribute, ast.Name)):
            path = ast.unparse(node)
            if path.startswith("torch.") and path.split(".")[1] not in BACKENDS and "(" not in path:
                yield path
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "torch":
            yield from (f"{node.module}.{one.name}" for one in node.names)


def since(name: str) -> tuple[int, int]:
    major, minor = TORCH[name][0].removeprefix("<=").split(".")
    return int(major), int(minor)


def until(name: str) -> tuple[int, int]:
    major, minor = TORCH[name][1].split(".")
    return int(major), int(minor)


@pytest.mark.parametrize(("route", "version"), WAYS, ids=str)
def test_all_that_a_fix_writes_is_in_the_torch_that_it_is_for(route: str, version: tuple[int, int]) -> None:
    source, _ = fixed(route, version)
    names = set(torch_names(source))
    assert {one for one in names if one not in TORCH} == set()
    assert {one for one in names if not since(one) <= version <= until(one)} == set()


@pytest.mark.parametrize("version", [(2, 4), (2, 9), (2, 15)], ids=lambda one: f"{one[0]}.{one[1]}")
@pytest.mark.parametrize("route", ROUTES)
def test_the_torch_that_fixes_are_said_to_need_has_all_that_they_write(route: str, version: tuple[int, int]) -> None:
    source, findings = fixed(route, version)
    said = max(one.fix.torch for one in findings if one.fix is not None)
    assert max(map(since, torch_names(source))) <= said <= max(version, (2, 4))


def test_the_newest_torch_gets_more_of_its_own_than_the_oldest() -> None:
    old, new = (set(torch_names(fixed("accelerator", version)[0])) for version in ((2, 4), (2, 15)))
    assert "torch.accelerator.empty_cache" in new - old
