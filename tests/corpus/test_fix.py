"""`cudafix fix` on copies of published packages: every file still works, and no line changes that need not."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools import check, compiles, cudafix, line_style, listed, python_files, ruff_counts, stray_changes, text
from trees import PINNED, tree

pytestmark = pytest.mark.corpus


@dataclass(frozen=True)
class Fixed:
    """A tree as published, its fixed copy, and what was said about the copy before."""

    original: Path
    copy: Path
    flagged_rows: dict[str, set[int]]
    ruff_before: Counter[tuple[str, str]]

    def changed_files(self) -> list[str]:
        """The Python files that differ and that were valid before."""
        return [
            file
            for file in python_files(self.original)
            if (self.original / file).read_bytes() != (self.copy / file).read_bytes() and compiles(self.original / file)
        ]


@pytest.fixture(scope="module", params=PINNED)
def fixed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fixed:
    original = tree(request.param)
    copy = tmp_path_factory.mktemp("fixed") / "tree"
    shutil.copytree(original, copy, symlinks=True)
    result = Fixed(original, copy, flagged_rows(copy), ruff_counts(copy))
    fix(copy)
    return result


def fix(folder: Path) -> None:
    cudafix("fix", "--isolated", "--unsafe-fixes", "--select", "CFX1", str(folder))


def flagged_rows(folder: Path) -> dict[str, set[int]]:
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for one in check(folder, "CFX1"):
        rows[one.file].update(range(one.row, one.end_row + 1))
    return rows


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_no_file_but_python_changes_and_none_comes_or_goes(fixed: Fixed) -> None:
    before, after = digests(fixed.original), digests(fixed.copy)
    touched = [
        file
        for file in sorted(before.keys() | after.keys())
        if before.get(file) != after.get(file)
        and not (file in before and file in after and file.endswith((".py", ".pyi", ".ipynb")))
    ]
    assert not touched, listed("files that are not Python, or new, or gone", touched)


def test_every_file_that_compiled_still_compiles(fixed: Fixed) -> None:
    broken = [file for file in fixed.changed_files() if not compiles(fixed.copy / file)]
    assert not broken, listed("files that no longer compile", broken)


def test_ruff_finds_nothing_in_any_file_that_it_did_not_find_before(fixed: Fixed) -> None:
    risen = [
        f"{file}: {code} {fixed.ruff_before[file, code]} -> {count}"
        for (file, code), count in sorted(ruff_counts(fixed.copy).items())
        if count > fixed.ruff_before[file, code]
    ]
    assert not risen, listed("files with more ruff findings than before", risen)


def test_only_lines_with_a_finding_and_import_lines_change(fixed: Fixed) -> None:
    strays = [
        f"{file}:{stray}"
        for file in fixed.changed_files()
        if compiles(fixed.copy / file)
        for stray in stray_changes(
            text(fixed.original / file), text(fixed.copy / file), fixed.flagged_rows.get(file, ())
        )
    ]
    assert not strays, listed("changed lines without a finding", strays)


def test_line_ends_and_byte_order_marks_stay(fixed: Fixed) -> None:
    restyled = [
        file
        for file in fixed.changed_files()
        if line_style((fixed.original / file).read_bytes()) != line_style((fixed.copy / file).read_bytes())
    ]
    assert not restyled, listed("files whose line ends, final newline or byte order mark changed", restyled)


def test_a_second_run_changes_no_byte(fixed: Fixed) -> None:
    before = digests(fixed.copy)
    fix(fixed.copy)
    after = digests(fixed.copy)
    unstable = sorted(file for file in before.keys() | after.keys() if before.get(file) != after.get(file))
    assert not unstable, listed("files that a second run changes", unstable)
