"""Whole files in `fixtures/`: the findings are marked on their lines, what the fix makes of the file stands below.

The first line may say `# flags: --unsafe`, and name findings on lines that can bear no comment (`on line 7: CFX101`).
The result follows the line `# output`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checks import check_fixes, findings_in

FIXTURES = sorted(Path(__file__).parent.parent.joinpath("fixtures").glob("*.py"))
every_fixture = pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)


def parts(path: Path) -> tuple[str, str, bool]:
    before, after = path.read_text(encoding="utf-8").split("# output\n")
    return before, after, before.startswith("# flags: --unsafe")


@every_fixture
def test_the_findings_are_those_marked_on_the_lines(path: Path) -> None:
    before, _, _ = parts(path)
    lines = enumerate(before.split("\n"), 1)
    first = before.partition("\n")[0]
    named = {(int(row), code) for row, code in re.findall(r"on line (\d+): (CFX\d+)", first)}
    marked = {
        (row, code) for row, line in lines if row > 1 for code in re.findall(r"CFX\d+", line.partition("  # ")[2])
    }
    assert {(one.start.row, one.code) for one in findings_in(before)} == marked | named


@every_fixture
def test_the_fix_makes_the_output(path: Path) -> None:
    before, after, unsafe = parts(path)
    check_fixes(before, after, unsafe=unsafe)
