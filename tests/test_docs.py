"""What the documents say is what the program does; `python docs/make.py` writes those that are made from it anew."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from cudafix.config.settings import READERS, read_settings
from cudafix.registry import RULES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"
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


def anchors(path: Path) -> set[str]:
    """Return what a browser calls the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in heads}


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_page_is_reached_from_the_first(path: Path) -> None:
    assert path.name == "index.md" or f"({path.name})" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_the_targets_that_the_readme_shows_can_be_read() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (shown,) = [one for one in blocks if one.startswith("[tool.cudafix.targets]") and "tests/*" in one]
    table = tomllib.loads(shown)["tool"]["cudafix"]
    entries = read_settings(table, "README")["targets"]
    assert {one.glob for one in entries} == {"", "tests/*"}


@pytest.mark.parametrize("setting", ["select", "extend-select", "ignore", "per-file-ignores", "extend-exclude"])
def test_the_readme_shows_settings_that_exist(setting: str) -> None:
    assert setting in README
    assert setting in READERS


def test_the_readme_names_every_family_of_codes() -> None:
    families = {rule.code[:4] for rule in RULES}
    assert {family for family in families if family in README} == families


def test_the_count_in_the_readme_is_that_of_the_example() -> None:
    from checks import findings_in

    source = (ROOT / "fixtures" / "example" / "train.py").read_text(encoding="utf-8")
    assert f"It lists {len(findings_in(source, select=[]))} findings" in README
