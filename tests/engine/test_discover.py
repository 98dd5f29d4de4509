"""Which files are checked: what is skipped, what git says, and what exclusion means."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from command import git

import cudafix.engine.discover
import cudafix.files.git
import cudafix.files.globs
from cudafix.config.options import Options, Overrides, options_for
from cudafix.engine.discover import PathError, discover
from cudafix.files.globs import matches_glob

pytestmark = pytest.mark.usefixtures("folder")


def write(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")


def found(*paths: str, **settings: object) -> list[str]:
    options = Options(root=Path.cwd(), **settings)  # type: ignore[arg-type]
    return [path for path, _ in discover(paths or (".",), lambda folder: options)]


# What is skipped


def test_an_empty_folder_has_no_files() -> None:
    assert found() == []


def test_only_python_files_are_taken_from_a_folder() -> None:
    write("a.py", "b.pyi", "c.pyw", "d.txt", "e.pyc", "f", "py", "g.py.orig", "h.ipynb")
    assert found() == ["a.py", "b.pyi", "c.pyw", "h.ipynb"]


@pytest.mark.parametrize(
    "skipped", [".venv", "venv", "node_modules", "build", "dist", "site-packages", "__pycache__", ".tox", ".eggs"]
)
def test_environments_and_build_folders_are_skipped(skipped: str) -> None:
    write(f"{skipped}/a.py", f"sub/{skipped}/deep/a.py", "b.py")
    assert found() == ["b.py"]


def test_a_virtual_environment_is_known_by_what_is_in_it_whatever_its_name() -> None:
    write("env/pyvenv.cfg", "env/lib/a.py", "conda/conda-meta/history", "conda/lib/a.py", "b.py")
    assert found() == ["b.py"]


def test_a_folder_named_like_a_python_file_is_a_folder() -> None:
    write("x.py/a.py")
    assert found() == ["x.py/a.py"]
    assert found("x.py") == ["x.py/a.py"]


def test_a_pipe_named_like_a_python_file_is_skipped(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    write("a.py")
    assert found() == ["a.py"]


def test_links_are_not_followed(folder: Path) -> None:
    write("a.py", "real/b.py")
    (folder / "link.py").symlink_to("a.py")
    (folder / "dead.py").symlink_to("missing.py")
    (folder / "linked").symlink_to("real")
    (folder / "loop").symlink_to(".")
    assert found() == ["a.py", "real/b.py"]


# What is checked


def test_hidden_folders_are_checked() -> None:
    write(".claude/hooks/a.py", ".github/b.py", ".hidden.py")
    assert found() == [".claude/hooks/a.py", ".github/b.py", ".hidden.py"]


def test_hidden_folders_can_be_excluded() -> None:
    write(".claude/hooks/a.py", "b.py")
    assert found(extend_exclude=(".claude",)) == ["b.py"]


def test_a_file_that_is_named_is_checked_whatever_its_ending() -> None:
    write("script", "a.py")
    assert found("script") == ["script"]


def test_a_link_that_is_named_is_checked(folder: Path) -> None:
    write("a.py")
    (folder / "link.py").symlink_to("a.py")
    assert found("link.py") == ["link.py"]


def test_a_link_to_a_folder_that_is_named_is_entered(folder: Path) -> None:
    write("real/a.py")
    (folder / "linked").symlink_to("real")
    assert found("linked") == ["linked/a.py"]


def test_a_file_met_by_two_names_is_checked_once(folder: Path) -> None:
    write("a.py")
    (folder / "link.py").symlink_to("a.py")
    assert found("link.py", "a.py", ".", str(folder)) == ["link.py"]


def test_a_skipped_folder_is_entered_when_it_is_named() -> None:
    write("build/a.py", "build/build/b.py")
    assert found("build") == ["build/a.py"]


def test_a_project_below_a_folder_with_a_skipped_name_is_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("build/project/a.py")
    monkeypatch.chdir(folder / "build" / "project")
    assert found() == ["a.py"]


def test_files_of_a_folder_come_in_the_order_of_their_names() -> None:
    write("b.py", "a/z.py", "a.py", "B.py", "a-b.py")
    assert found() == ["B.py", "a-b.py", "a.py", "a/z.py", "b.py"]


def test_names_are_as_the_folder_was_named(folder: Path) -> None:
    write("sub/a.py")
    assert found("sub") == ["sub/a.py"]
    assert found("./sub/") == ["sub/a.py"]
    assert found(str(folder)) == [str(folder / "sub" / "a.py")]


def test_names_with_spaces_line_feeds_and_bytes_that_are_no_text_are_found() -> None:
    names = ["a b.py", "a\nb.py", "\udcff.py", "é.py"]
    write(*names)
    assert sorted(found()) == sorted(names)


# What git says


def test_what_git_ignores_is_skipped(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("a.py", "out/b.py", "sub/c.py", "sub/d.py")
    (folder / ".gitignore").write_text("out/\n")
    (folder / "sub" / ".gitignore").write_text("d.py\n")
    assert found() == ["a.py", "sub/c.py"]


def test_what_git_tracks_is_checked_though_it_is_ignored(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("a.py")
    git("add", "a.py", cwd=folder)
    (folder / ".gitignore").write_text("*.py\n")
    assert found() == ["a.py"]


def test_an_ignored_folder_is_entered_when_it_is_named(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("out/a.py")
    (folder / ".gitignore").write_text("out/\n")
    assert found("out") == ["out/a.py"]


def test_an_ignored_file_is_checked_when_it_is_named(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("a.py")
    (folder / ".gitignore").write_text("a.py\n")
    assert found("a.py") == ["a.py"]


def test_a_part_of_a_repository_can_be_checked(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("a.py", "sub/b.py", "sub/c.py")
    (folder / ".gitignore").write_text("sub/c.py\n")
    assert found("sub") == ["sub/b.py"]


def test_environments_are_skipped_in_a_repository_too(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("a.py", ".venv/b.py", "env/pyvenv.cfg", "env/c.py")
    assert found() == ["a.py"]


def test_deleted_files_and_other_repositories_are_skipped(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("a.py", "gone.py", "other/b.py")
    git("add", "gone.py", cwd=folder)
    (folder / "gone.py").unlink()
    git("init", "-q", cwd=folder / "other")
    assert found() == ["a.py"]


def test_names_that_git_would_quote_are_found(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("a b.py", "a\nb.py", "é.py", '"q".py')
    assert sorted(found()) == sorted(["a b.py", "a\nb.py", "é.py", '"q".py'])


def test_the_variables_that_git_sets_for_its_hooks_change_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "-q", cwd=folder)
    write("a.py", "sub/b.py", "out/c.py")
    (folder / ".gitignore").write_text("out/\n")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert found("sub", ".") == ["sub/b.py", "a.py"]


def test_without_git_on_the_machine_folders_are_walked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "-q", cwd=folder)
    write("a.py", ".venv/b.py")
    monkeypatch.setenv("PATH", str(folder))
    assert found() == ["a.py"]


# What exclusion means


def test_exclude_replaces_the_built_in_names() -> None:
    write("build/a.py", "gen/b.py", "c.py")
    assert found(exclude=("gen",)) == ["build/a.py", "c.py"]


def test_exclude_replaces_them_in_a_repository_too(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    write("build/a.py", "gen/b.py", "c.py")
    assert found(exclude=("gen",)) == ["build/a.py", "c.py"]


def test_a_virtual_environment_is_skipped_whatever_exclude_says() -> None:
    write("env/pyvenv.cfg", "env/a.py", "b.py")
    assert found(exclude=()) == ["b.py"]


def test_extend_exclude_adds_to_them() -> None:
    write("build/a.py", "gen/b.py", "c.py")
    assert found(extend_exclude=("gen",)) == ["c.py"]


def test_force_exclude_leaves_out_files_that_are_named() -> None:
    write("gen/a.py", "build/b.py", "c.py")
    names = ("gen/a.py", "build/b.py", "c.py")
    assert found(*names, extend_exclude=("gen",)) == list(names)
    assert found(*names, extend_exclude=("gen",), force_exclude=True) == ["c.py"]


@pytest.mark.parametrize(
    "glob",
    ["gen", "gen/", "./gen", "src/gen", "src/gen/a.py", "a.py", "*.py", "src/*/a.py", "src/**/a.py", "**/gen/**"],
)
def test_a_glob_matches_a_name_or_a_path_below_the_root(glob: str, folder: Path) -> None:
    assert matches_glob(Path("src/gen/a.py"), glob, folder)


def test_two_stars_may_stand_for_no_folder(folder: Path) -> None:
    assert matches_glob(Path("src/a.py"), "src/**/a.py", folder)


@pytest.mark.parametrize("glob", ["ge", "en", "gen/b.py", "/gen", "a", "A.PY", "src/a.py", "b/**"])
def test_a_glob_matches_no_part_of_a_name(glob: str, folder: Path) -> None:
    assert not matches_glob(Path("src/gen/a.py"), glob, folder)


# Wrong paths


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.py", "missing.py: no such file or directory"),
        ("a.py/b.py", "a.py/b.py: not a directory"),
        ("dead.py", "dead.py: no such file or directory"),
        ("x" * 300, "x" * 300 + ": file name too long"),
        ("loop", "loop: too many levels of symbolic links"),
        ("pipe", "pipe: is neither a file nor a folder; `-` reads standard input"),
    ],
)
def test_a_path_that_cannot_be_checked_is_an_error(name: str, message: str, folder: Path) -> None:
    write("a.py")
    os.mkfifo(folder / "pipe")
    (folder / "dead.py").symlink_to("missing.py")
    (folder / "loop").symlink_to("loop")
    with pytest.raises(PathError) as error:
        found(name)
    assert str(error.value) == message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered_is_an_error(folder: Path) -> None:
    write("secret/a.py")
    (folder / "secret").chmod(0)
    with pytest.raises(PathError, match="secret: permission denied"):
        found("secret")


def test_a_folder_that_links_to_itself_is_no_loop(folder: Path) -> None:
    write("pkg/a.py")
    (folder / "pkg" / "again").symlink_to(folder / "pkg")
    (folder / "pkg" / "self").symlink_to("self")
    assert found() == ["pkg/a.py"]


def test_a_folder_that_cannot_be_listed_stands_for_what_is_in_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", "closed/b.py")
    scan = os.scandir

    def fail_in_one(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", fail_in_one)
    assert found() == ["a.py", "closed"]


def test_a_folder_that_is_named_and_may_not_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("closed/a.py")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PathError, match="closed: permission denied"):
        found("closed")


def test_a_folder_that_may_not_be_entered_has_no_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", "closed/b.py")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "closed" and access(path, mode))
    seen: list[str] = []

    def options_of(path: Path) -> Options:
        seen.append(str(path))
        return Options(root=folder)

    list(discover(["."], options_of))
    assert "closed" not in seen


# In a repository git passes over what it may not enter


UNOPENED = b"warning: could not open directory 'x/': Permission denied\n"


def shut(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let nobody enter some folders, as it is for those who are not root."""
    access, scan, ask = os.access, os.scandir, cudafix.files.git.ask

    def may_access(path: str | Path, mode: int) -> bool:
        return Path(path).name not in names and access(path, mode)

    def scan_all_but_these(path: str) -> object:
        if Path(path).name in names:
            raise PermissionError(13, "Permission denied")
        return scan(path)

    def ask_and_hear(top: Path, *arguments: str, stdin: bytes = b"") -> tuple[bytes, bytes]:
        said, beside = ask(top, *arguments, stdin=stdin)
        known = (one for one in said.split(b"\0") if not set(os.fsdecode(one).split("/")[:-1]) & set(names))
        return (b"\0".join(known), UNOPENED) if arguments[0] == "ls-files" else (said, beside)

    monkeypatch.setattr(os, "access", may_access)
    monkeypatch.setattr(os, "scandir", scan_all_but_these)
    monkeypatch.setattr(cudafix.files.git, "ask", ask_and_hear)


def test_a_new_folder_that_may_not_be_entered_stands_for_what_is_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", cwd=folder)
    write("a.py", "closed/b.py", "new/sub/closed/c.py", "new/d.py")
    shut(monkeypatch, "closed")
    assert found() == ["a.py", "closed", "new/d.py", "new/sub/closed"]
    assert found("new") == ["new/d.py", "new/sub/closed"]


def test_one_that_is_ignored_or_excluded_or_of_another_repository_does_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", cwd=folder)
    write("a.py", "own/build/b.py", "mine/closed/c.py", "other/closed/d.py", "build/e.py")
    git("init", cwd=folder / "other")
    (folder / ".gitignore").write_text("mine\n")
    shut(monkeypatch, "closed", "build")
    assert found() == ["a.py"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_git_says_so_of_a_real_one(folder: Path) -> None:
    git("init", cwd=folder)
    write("a.py", "clo\nsed/b.py", "new/closed/c.py")
    for name in ("clo\nsed", "new/closed"):
        (folder / name).chmod(0)
    assert found() == ["a.py", "clo\nsed", "new/closed"]


def test_an_excluded_folder_is_not_missed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", "build/b.py")
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "build")
    assert found() == ["a.py"]


def test_folders_may_lie_in_one_another_up_to_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a/a/a/b.py", "a/a/a/a/b.py")
    monkeypatch.setattr(cudafix.engine.discover, "DEEPEST", 2)
    assert found() == ["a/a/a/a", "a/a/a/b.py"]


def test_a_folder_whose_path_is_longer_than_any_may_be_stands_for_what_is_in_it(folder: Path) -> None:
    for _ in range(25):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    os.chdir(folder)
    write("a.py")
    files = [path for path, _ in discover(["."], lambda place: options_for(place, Overrides({})))]
    assert (files[0], len(files)) == ("a.py", 2)
    assert set(files[1]) == {"d", "/"}


def test_a_glob_that_is_longer_than_a_limit_fits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cudafix.files.globs, "LONGEST", 5)
    assert matches_glob(Path("a.py"), "*a.py", Path())
    assert not matches_glob(Path("a.py"), "[a]*py", Path())


@pytest.mark.parametrize("glob", ["*a" * 6 + "b", "**/" * 6 + "b"], ids=["stars", "any"])
def test_a_glob_that_fits_nearly_everywhere_is_answered_at_once(glob: str) -> None:
    start = time.process_time()
    assert not matches_glob(Path("/".join(["a" * 80] * 15)), glob, Path())
    assert time.process_time() - start < 1
