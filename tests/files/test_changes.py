"""Which rows of a file have changed since a commit, by content alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NoReturn

import pytest
from command import CLEAN, HARDCODED, git, invoke

import cudafix.commands.session
import cudafix.files.changes
from cudafix.files.changes import ALL, Rows, changed_rows, changes_since

HEAD = "import torch\n\n\n"
CALL = "torch.cuda.empty_cache()\n"


@pytest.fixture
def tree(folder: Path) -> Path:
    git("init", "-q", cwd=folder)
    return folder


def commit(tree: Path, **files: str) -> None:
    """Commit files, whose names are given without `.py`."""
    for name, text in files.items():
        (tree / f"{name}.py").write_bytes(text.encode())
    git("add", "-A", cwd=tree)
    git("commit", "-q", "-m", "x", cwd=tree)


def rows(tree: Path, name: str = "a.py") -> list[Rows]:
    changes = changes_since(tree, "HEAD")
    assert changes is not None
    return [*changes.rows(str(tree / name), (tree / name).read_bytes())]


def between(old: str, new: str) -> list[Rows]:
    return [*changed_rows(old.split(), new.split())]


def found() -> list[str]:
    lines = invoke("check", "-q", "--no-cache", "--diff-base", "HEAD").stdout.splitlines()
    return [line.partition(": ")[0] for line in lines]


# What has not changed


def test_a_file_that_is_as_it_was_has_no_changed_rows(tree: Path) -> None:
    commit(tree, a=HEAD + CALL)
    assert rows(tree) == []


def test_lines_that_end_otherwise_are_the_same(tree: Path) -> None:
    commit(tree, a=HEAD + CALL)
    (tree / "a.py").write_bytes((HEAD + CALL).replace("\n", "\r\n").encode())
    assert rows(tree) == []
    (tree / "a.py").write_bytes((HEAD + CALL + "x = 1\n").replace("\n", "\r\n").encode())
    assert rows(tree) == [(5, 5)]


def test_what_git_itself_calls_changed_is_asked_of_the_content(tree: Path) -> None:
    commit(tree, a=HEAD + CALL)
    (tree / "a.py").chmod(0o755)
    git("rm", "-q", "--cached", "a.py", cwd=tree)
    assert rows(tree) == []


def test_lines_that_are_gone_have_no_rows(tree: Path) -> None:
    commit(tree, a=HEAD + CALL + "x = 1\n")
    (tree / "a.py").write_text(HEAD + "x = 1\n")
    assert rows(tree) == []


def test_a_repository_with_longer_hashes_is_understood(folder: Path) -> None:
    git("init", "-q", "--object-format=sha256", cwd=folder)
    commit(folder, a=HEAD + CALL)
    assert rows(folder) == []


# What has changed


def test_a_line_between_two_is_a_row(tree: Path) -> None:
    commit(tree, a="a\nb\n")
    (tree / "a.py").write_text("a\nx\nb\n")
    assert rows(tree) == [(2, 2)]


def test_a_file_that_the_commit_does_not_have_has_changed_as_a_whole(tree: Path) -> None:
    commit(tree, a=CLEAN)
    (tree / "new.py").write_text(HARDCODED)
    assert rows(tree, "new.py") == [*ALL]


def test_a_file_that_git_ignores_has_changed_as_a_whole(tree: Path) -> None:
    (tree / ".gitignore").write_text("gen.py\n")
    commit(tree, a=CLEAN)
    (tree / "gen.py").write_text(HARDCODED)
    assert invoke("check", "-q", "--diff-base", "HEAD", "gen.py").exit_code == 1


def test_a_link_that_became_a_file_has_changed_as_a_whole(tree: Path) -> None:
    (tree / "a.py").symlink_to("b.py")
    commit(tree, b=CLEAN)
    (tree / "a.py").unlink()
    (tree / "a.py").write_text("b.py")
    assert rows(tree) == [*ALL]


def test_of_a_renamed_file_the_edited_rows_have_changed(tree: Path) -> None:
    commit(tree, a=HEAD + CALL + "x = 1\ny = 2\n")
    git("mv", "a.py", "b.py", cwd=tree)
    (tree / "b.py").write_text(HEAD + CALL + "x = 1\ny = 2\n" + CALL)
    assert rows(tree, "b.py") == [(7, 7)]


def test_rows_are_counted_as_python_counts_them(tree: Path) -> None:
    commit(tree, a="import torch\n")
    (tree / "a.py").write_bytes(b"import torch\n\f\rtorch.cuda.empty_cache()\r")
    assert found() == ["a.py:3:1"]


def test_another_encoding_of_the_same_bytes_is_a_change(tree: Path) -> None:
    commit(tree, a="# coding: utf-8\nimport torch\nx = '+AAo-'\n")
    (tree / "a.py").write_text("# coding: utf-7\nimport torch\nx = '+AAo-'\n")
    assert rows(tree) == [(1, 1), (3, 4)]


def test_what_is_found_in_a_file_that_is_gone_since_is_reported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tree, a=HARDCODED)

    def fail(path: str) -> NoReturn:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(cudafix.commands.session, "read", fail)
    assert found() == ["a.py:4:1"]


def test_what_was_too_much_to_be_code_is_not_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tree, a=CLEAN)
    (tree / "a.py").write_text(HARDCODED)
    monkeypatch.setattr(cudafix.files.changes, "HUGE", 10)
    assert rows(tree) == [*ALL]


# What a repository says of diffs


@pytest.mark.parametrize(
    "settings",
    [
        "diff.interHunkContext=100", "diff.context=50", "diff.noprefix=true", "diff.mnemonicPrefix=true",
        "diff.renames=false", "diff.renameLimit=1", "diff.algorithm=patience", "diff.orderFile=order",
        "diff.ignoreSubmodules=none", "diff.wordRegex=.", "diff.relative=true", "color.ui=always", "color.diff=always",
        "core.quotePath=true", "core.fileMode=false", "core.autocrlf=true", "core.ignoreStat=true",
        "core.checkStat=minimal", "status.showUntrackedFiles=no", "diff.external=true", "diff.x.binary=true",
    ],
)  # fmt: skip
def test_no_setting_changes_what_is_reported(tree: Path, settings: str) -> None:
    edit(tree)
    (tree / ".gitattributes").write_text("*.py diff=x\n")
    git("config", *settings.split("="), cwd=tree)
    assert found() == ["a.py:5:1", "a.py:8:1", "c.py:14:1", "new.py:4:1"]


@pytest.mark.parametrize("attributes", ["-diff", "-text", "binary", "diff=x filter=x", "ident eol=crlf"])
def test_no_attribute_changes_what_is_reported(tree: Path, attributes: str) -> None:
    edit(tree)
    (tree / ".gitattributes").write_text(f"* {attributes}\n")
    assert found() == ["a.py:5:1", "a.py:8:1", "c.py:14:1", "new.py:4:1"]


def edit(tree: Path) -> None:
    """Leave a file with two new calls, a renamed one with one, and a new one."""
    commit(tree, a=HEAD + CALL + "x = 1\ny = 2\n" + CALL, b=HEAD + CALL + "z = 1\n" * 9)
    (tree / "a.py").write_text(HEAD + CALL + CALL + "x = 1\ny = 2\n" + CALL + CALL)
    git("mv", "b.py", "c.py", cwd=tree)
    (tree / "c.py").write_text(HEAD + CALL + "z = 1\n" * 9 + CALL)
    (tree / "new.py").write_text(HEAD + CALL)


@pytest.mark.parametrize("bits", ["--assume-unchanged", "--skip-worktree"])
def test_what_the_index_claims_changes_nothing(tree: Path, bits: str) -> None:
    commit(tree, a=CLEAN)
    git("update-index", bits, "a.py", cwd=tree)
    (tree / "a.py").write_text(HARDCODED)
    assert found() == ["a.py:4:1"]


def test_an_object_in_the_place_of_another_changes_nothing(tree: Path) -> None:
    commit(tree, a=CLEAN)
    (tree / "a.py").write_text(HARDCODED)
    new = git("hash-object", "-w", "a.py", cwd=tree).strip()
    git("replace", git("rev-parse", "HEAD:a.py", cwd=tree).strip(), new, cwd=tree)
    assert found() == ["a.py:4:1"]


@pytest.mark.parametrize(
    "name",
    ["a b.py", "a\tb.py", "a\nb.py", '"q".py', "é.py", "\udcff.py", ":(exclude)a.py", "-a.py", "+++ b.py", "*.py"],
)
def test_odd_names_change_nothing(tree: Path, name: str) -> None:
    (tree / name).write_text(HEAD + CALL)
    commit(tree)
    assert rows(tree, name) == []
    (tree / name).write_text(HEAD + CALL + CALL)
    assert rows(tree, name) == [(5, 5)]


# The comparison


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("a b c", "a b c", []),
        ("a b c", "a c", []),
        ("a c", "a b c", [(2, 2)]),
        ("", "a b", [(1, 2)]),
        ("a", "a a", [(2, 2)]),
        ("a b c d", "x b c y", [(1, 1), (4, 4)]),
        ("1 f 2 f 3", "7 f 8 f 9", [(1, 1), (3, 3), (5, 5)]),
    ],
)
def test_rows_that_are_new_are_told(old: str, new: str, expected: list[Rows]) -> None:
    assert between(old, new) == expected


def test_long_files_are_compared_between_lines_that_occur_once() -> None:
    old = " ".join(f"a{n} f" for n in range(500))
    new = " ".join(f"a{n} f" if n % 100 else f"b{n} f" for n in range(500))
    assert between(old, new) == [(2 * n + 1, 2 * n + 1) for n in range(0, 500, 100)]


def test_what_is_not_told_apart_in_time_counts_as_changed() -> None:
    assert between("a b " * 200, "b " + "a a b " * 200 + "c") == [(1, 602)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([*range(50_000)], [*range(50_000)][::-1]),
        ([n % 2 for n in range(50_000)], [n % 3 for n in range(50_000)]),
        ([n // 2 for n in range(50_000)], [n // 3 for n in range(50_000)]),
        ([n % 99 for n in range(50_000)], [(n * n) % 99 for n in range(50_000)]),
    ],
    ids=["turned round", "two lines", "pairs", "a hundred lines"],
)
def test_the_time_does_not_grow_with_the_square(old: list[int], new: list[int]) -> None:
    start = time.monotonic()
    rows = [*changed_rows([*map(str, old)], [*map(str, new)])]
    assert time.monotonic() - start < 5
    assert rows
