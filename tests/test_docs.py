"""What the documents say is what the program does; `python tests/test_docs.py` writes docs/rules.md anew."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from cudafix.rules import RULES
from cudafix.settings import READERS, read_settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEAD = "<!-- Made from the docstrings in cudafix/rules by `python tests/test_docs.py`: edit those. -->\n\n"


def rules_page() -> str:
    pages = [re.sub(r"^(#+) ", r"#\1 ", rule.page, flags=re.MULTILINE) for rule in RULES]
    return HEAD + "# Rules\n\n" + "\n".join(pages)


def test_the_targets_that_the_readme_shows_can_be_read() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (shown,) = [one for one in blocks if one.startswith("[tool.cudafix.targets]") and "tests/*" in one]
    table = tomllib.loads(shown)["tool"]["cudafix"]
    entries = read_settings(table, "README")["targets"]
    assert {one.glob for one in entries} == {"", "tests/*"}


def test_the_page_of_rules_is_made_from_the_docstrings() -> None:
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == rules_page()


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


if __name__ == "__main__":
    (ROOT / "docs" / "rules.md").write_text(rules_page(), encoding="utf-8")
