"""A baseline of a real tree: what a formatter and edits elsewhere do to it, and what the next release adds."""

from __future__ import annotations

import ast
import difflib
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from trees import chosen, tree

DEVICE = re.compile(r"cuda|xpu|npu|musa|mlu|hpu|mps|mtia|sdaa|device|avail", re.IGNORECASE)
COMMAND = (sys.executable, "-m", "cudafix")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def copy(requirement: str, folder: Path) -> None:
    shutil.copytree(tree(requirement), folder / "tree")


def found(folder: Path) -> list[str]:
    done = run(folder, "check", "-q", "--isolated", "--no-cache", "--baseline=known.json", "--select", "ALL", "tree")
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


def create(folder: Path) -> None:
    run(
        folder, "baseline", "create", "--isolated", "--file", "known.json", "--select", "ALL", "tree"
    ).check_returncode()


@pytest.mark.corpus
@pytest.mark.parametrize("width", ["60", "120"])
@pytest.mark.parametrize("requirement", chosen("accelerate==1.15.0", "diffusers==0.42.1"))
def test_a_tree_that_ruff_formats_has_no_new_finding(requirement: str, width: str, tmp_path: Path) -> None:
    copy(requirement, tmp_path)
    create(tmp_path)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--quiet", "--line-length", width, "tree"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert found(tmp_path) == []


@pytest.mark.corpus
def test_a_thousand_edits_elsewhere_invalidate_nothing(tmp_path: Path) -> None:
    copy("accelerate==1.15.0", tmp_path)
    create(tmp_path)
    chance = random.Random(1)
    places = [(path, *place) for path in sorted((tmp_path / "tree").rglob("*.py")) for place in places_in(path)]
    edited = sorted(chance.choices(places, k=1000), reverse=True)  # from below, so that the other rows stay right
    for path, row, indent in edited:
        lines = path.read_text(encoding="utf-8").split("\n")
        lines.insert(row - 1, " " * indent + chance.choice(["an_edit = 1", "# an edit", ""]))
        path.write_text("\n".join(lines), encoding="utf-8")
    assert found(tmp_path) == []


def places_in(path: Path) -> list[tuple[int, int]]:
    """Return row and indentation of the last statement of each function that has nothing to do with a device."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    functions = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.FunctionDef)]
    others = [one for one in functions if not any(map(DEVICE.search, lines[one.lineno - 1 : one.end_lineno]))]
    last = [(one.body[-1].lineno, one.body[-1].col_offset) for one in others]
    return [(row, indent) for row, indent in last if not lines[row - 1][:indent].strip()]


@pytest.mark.corpus
def test_what_the_next_release_adds_is_what_is_reported(tmp_path: Path) -> None:
    """Each finding that is no known one stands in lines that the release before did not have."""
    copy("sglang==0.5.11", tmp_path)
    create(tmp_path)
    old = tmp_path / "old"
    (tmp_path / "tree").rename(old)
    copy("sglang==0.5.12", tmp_path)
    new = [one for one in found(tmp_path) if "CFX003" not in one]
    places = {(one.split(":")[0], int(one.split(":")[1])) for one in new}
    assert len(places) > 50
    for path, row in places:
        assert is_near_new_line(old / Path(path).relative_to("tree"), tmp_path / path, row), (path, row)


def is_near_new_line(old: Path, new: Path, row: int) -> bool:
    """Whether the statement around a row of a file, or a line that says the same, was not in the older file."""
    if not old.exists():
        return True
    before, after = (path.read_text(encoding="utf-8").split("\n") for path in (old, new))
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = {number for block in blocks for number in range(block.b + 1, block.b + block.size + 1)}
    first, last = rows_around(ast.parse("\n".join(after)), row)
    alike = [number for number, line in enumerate(after, 1) if line.strip() == after[row - 1].strip()]
    return not kept.issuperset((*range(first, last + 1), *alike))


def rows_around(module: ast.Module, row: int) -> tuple[int, int]:
    spans = [(one.lineno, one.end_lineno or one.lineno) for one in ast.walk(module) if isinstance(one, ast.stmt)]
    return min((one for one in spans if one[0] <= row <= one[1]), key=lambda span: span[1] - span[0])
