"""`cudafix fix --patches FOLDER --split-by dir|rule|owner`: patches for one review each, in whatever order."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from command import invoke

from cudafix.commands.patch_split import Hunk, file_names, hunks_of
from cudafix.files.output import write_new
from cudafix.formats import places

EMPTY = "import torch\n\n\ndef f():\n    torch.cuda.empty_cache()\n"
PARTS = "def f{0}():\n    a = {0}\n    b = {0}\n    c = {0}\n    {1}\n    d = 1\n    e = 2\n    return torch\n"
MANY = "import torch\nfrom cudafix.runtime import empty_device_cache, synchronize_device\n\n\n" + "\n\n".join(
    PARTS.format(number, call)
    for number, call in enumerate(("torch.cuda.empty_cache()", "torch.cuda.synchronize()", "torch.cuda.empty_cache()"))
)


def git(*arguments: object, cwd: Path) -> None:
    subprocess.run(["git", *map(str, arguments)], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with three folders, and the working folder in it."""
    root = tmp_path / "repository"
    for name in ("a.py", "pkg/b.py", "pkg/c.py", "pkg/deep er/d.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(EMPTY, encoding="utf-8")
    git("init", "-q", cwd=root)
    monkeypatch.chdir(root)
    places.root.cache_clear()
    yield root
    places.root.cache_clear()


def content(root: Path) -> dict[str, bytes]:
    return {one.relative_to(root).as_posix(): one.read_bytes() for one in sorted(root.rglob("*.py"))}


def after(root: Path, patches: Sequence[Path], scratch: Path) -> dict[str, bytes]:
    """Return what the files are when `git apply` has taken the patches one after the other."""
    shutil.copytree(root, scratch)
    for patch in patches:
        git("apply", patch, cwd=scratch)
    return content(scratch)


def write_patches(root: Path, by: str, folder: Path) -> list[Path]:
    done = invoke("fix", "--unsafe-fixes", "--patches", folder, "--split-by", by, ".")
    assert done.exit_code == 1
    return sorted(folder.iterdir())


def test_nothing_to_fix_is_no_patch(repository: Path, tmp_path: Path) -> None:
    for one in repository.rglob("*.py"):
        one.write_text("import torch\n", encoding="utf-8")
    done = invoke("fix", "--patches", tmp_path / "out", ".")
    assert (done.exit_code, done.stdout, list((tmp_path / "out").iterdir())) == (0, "", [])


def test_a_patch_for_each_folder_and_the_tree_stays(repository: Path, tmp_path: Path) -> None:
    before = content(repository)
    patches = write_patches(repository, "dir", tmp_path / "out")
    assert [one.name for one in patches] == ["pkg-deep-er.patch", "pkg.patch", "root.patch"]
    assert content(repository) == before


def test_what_is_written_is_told(repository: Path, tmp_path: Path) -> None:
    done = invoke("fix", "--patches", tmp_path / "out", "pkg")
    assert done.stdout == (
        f"{tmp_path}/out/pkg-deep-er.patch: 1 finding in 1 file\n{tmp_path}/out/pkg.patch: 2 findings in 2 files\n"
    )


def test_a_patch_for_each_owner(repository: Path, tmp_path: Path) -> None:
    (repository / "CODEOWNERS").write_text("/pkg/ @org/pkg\n/pkg/c.py @org/c @lead\n", encoding="utf-8")
    patches = write_patches(repository, "owner", tmp_path / "out")
    assert [one.name for one in patches] == ["no-owner.patch", "org-c+lead.patch", "org-pkg.patch"]


def test_changes_of_one_file_by_different_rules_are_told_apart(repository: Path, tmp_path: Path) -> None:
    (repository / "a.py").write_text(MANY, encoding="utf-8")
    patches = write_patches(repository, "rule", tmp_path / "out")
    assert [one.name for one in patches] == ["CFX101.patch", "CFX104.patch"]
    assert b"synchronize" not in patches[0].read_bytes().replace(b"synchronize_device\n", b"")
    assert patches[1].read_bytes().count(b"\n-") == 1


def test_fixes_that_need_the_same_lines_stay_together(repository: Path, tmp_path: Path) -> None:
    (repository / "a.py").write_text(EMPTY + "    torch.cuda.synchronize()\n", encoding="utf-8")
    patches = write_patches(repository, "rule", tmp_path / "out")
    assert [one.name for one in patches] == ["CFX101+CFX104.patch", "CFX101.patch"]


@pytest.mark.parametrize("by", ["dir", "rule", "owner"])
def test_each_patch_applies_alone_and_all_in_any_order(repository: Path, tmp_path: Path, by: str) -> None:
    (repository / "a.py").write_text(MANY, encoding="utf-8")
    (repository / "pkg" / "c.py").write_bytes(EMPTY.replace("\n", "\r\n").encode() + b"x = 1")
    (repository / "CODEOWNERS").write_text("/pkg/ @pkg\n", encoding="utf-8")
    patches = write_patches(repository, by, tmp_path / "out")
    assert len(patches) > 1
    for number, patch in enumerate(patches):
        assert after(repository, [patch], tmp_path / f"alone-{number}") != content(repository)
    orders = list(itertools.permutations(patches))
    results = [after(repository, one, tmp_path / f"order-{number}") for number, one in enumerate(orders)]
    invoke("fix", "--unsafe-fixes", ".")
    assert all(one == content(repository) for one in results)


def test_the_paths_are_those_from_the_root_of_the_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "pkg")
    invoke("fix", "--patches", tmp_path / "out", ".")
    assert (tmp_path / "out" / "pkg.patch").read_bytes().startswith(b"--- a/pkg/b.py\n+++ b/pkg/b.py\n")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--patches", "out", "--diff"], "--patches and --diff exclude each other"),
        (["--split-by", "dir"], "--split-by says what is in one patch: say where they go with --patches FOLDER"),
        (["--patches", "pkg"], "pkg: patches are written to an empty folder, or to a new one"),
        (["--patches", "a.py"], "a.py: patches are written to an empty folder, or to a new one"),
        (["--patches", "dangling"], "dangling: patches are written to an empty folder, or to a new one"),
        (["--patches", "a.py/out", "."], "a.py/out: cannot be written: Not a directory"),
        (["--patches", "x" * 300], f"{'x' * 300}: cannot be written: File name too long"),
        (["--patches", "out", "-"], "- (standard input) cannot be split into patches"),
    ],
)
def test_flags_that_cannot_be_followed_are_one_clear_line(repository: Path, flags: list[str], message: str) -> None:
    (repository / "dangling").symlink_to("nowhere")
    done = invoke("fix", *flags)
    assert (done.exit_code, done.stderr) == (2, f"cudafix: error: {message}\n")
    assert content(repository)["a.py"].decode() == EMPTY


def test_a_folder_that_cannot_be_written_is_one_line(repository: Path) -> None:
    (repository / "taken").write_text("", encoding="utf-8")
    done = invoke("fix", "--unsafe-fixes", "--patches", "taken/patches", ".")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("cudafix: error: taken")


def test_folders_whose_names_would_be_one_have_a_patch_each(repository: Path, tmp_path: Path) -> None:
    (repository / "pkg" / "deep-er").mkdir()
    (repository / "pkg" / "deep-er" / "d.py").write_text(EMPTY, encoding="utf-8")
    patches = write_patches(repository, "dir", tmp_path / "patches")
    assert len({one.name.lower() for one in patches}) == 4
    assert sum("deep-er" in one.name for one in patches) == 2


def test_a_name_is_cut_to_what_file_systems_allow(repository: Path, tmp_path: Path) -> None:
    for name in ("é" * 120, "x" * 200, "x" * 201):
        (repository / name).mkdir()
        (repository / name / "a.py").write_text(EMPTY, encoding="utf-8")
    long = [one.name for one in write_patches(repository, "dir", tmp_path / "patches") if len(one.name) > 50]
    assert long == [f"{'x' * 120}-2.patch", f"{'x' * 120}.patch", f"{'é' * 60}.patch"]


def test_many_folders_whose_names_would_be_one_are_numbered() -> None:
    names = file_names(["a b", "a-b", "A B", "a-b-2", "", "."])
    assert names == ["a-b", "a-b-2", "A-B-3", "a-b-2-2", "root", "root-2"]


def test_a_patch_that_cannot_be_written_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="File name too long"):
        write_new(tmp_path / "new" / "out", {"a.patch": b"a", "x" * 300: b"b"})
    assert list(tmp_path.iterdir()) == []


def test_what_came_into_the_folder_meanwhile_stays(tmp_path: Path) -> None:
    (tmp_path / "b.patch").symlink_to("a.py")
    with pytest.raises(FileExistsError):
        write_new(tmp_path, {"a.patch": b"a", "b.patch": b"b"})
    assert [one.name for one in tmp_path.iterdir()] == ["b.patch"]


def test_a_file_with_lone_carriage_returns_is_one_patch(repository: Path, tmp_path: Path) -> None:
    (repository / "a.py").write_bytes(MANY.replace("    a = 0\n", "    a = '''\r'''\n").encode())
    patches = write_patches(repository, "rule", tmp_path / "patches")
    assert all("a.py" in one.read_bytes().decode() for one in patches if "synchronize" in one.name)


# Where a file has changed


def text(lines: str) -> list[bytes]:
    return [f"{one}\n".encode() for one in lines.split()]


def test_lines_that_stay_are_no_change() -> None:
    assert hunks_of(text("a b c"), text("a b c"), [(1, 2)]) == []


@pytest.mark.parametrize(
    ("old", "new", "places", "hunks"),
    [
        ("a b c", "a x c", [(1, 2)], [Hunk(1, 2, (b"x\n",))]),
        ("a b c", "a x y c", [(1, 2)], [Hunk(1, 2, (b"x\n", b"y\n"))]),
        ("a b c", "a c", [(1, 2)], [Hunk(1, 2, ())]),
        ("a b c", "a x b c", [(1, 1)], [Hunk(1, 1, (b"x\n",))]),
        ("a b c", "a b c x", [(3, 3)], [Hunk(3, 3, (b"x\n",))]),
        ("a b a b a", "x b x b x", [(0, 1), (2, 3), (4, 5)], [Hunk(one, one + 1, (b"x\n",)) for one in (0, 2, 4)]),
    ],
)
def test_changes_are_found_at_the_places_of_the_fixes(
    old: str, new: str, places: list[tuple[int, int]], hunks: list[Hunk]
) -> None:
    assert hunks_of(text(old), text(new), places) == hunks


def test_an_import_that_goes_is_a_change_though_no_fix_says_so() -> None:
    old, new = [b"import torch\n", b"x\n", b"a\n"], [b"x\n", b"b\n"]
    assert hunks_of(old, new, [(2, 3)]) == [Hunk(0, 1, ()), Hunk(2, 3, (b"b\n",))]


def test_a_change_elsewhere_is_found_by_comparing() -> None:
    assert hunks_of(text("a b c d"), text("a x c y"), [(1, 2)]) == [Hunk(1, 2, (b"x\n",)), Hunk(3, 4, (b"y\n",))]
