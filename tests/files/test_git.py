"""What git is asked, and that nothing of a repository decides what runs for it.

Each way in which a repository can make git run a program gets a script that only writes a file. Plain git runs it,
which shows that it is planted well; a run of cudafix that lists files, compares with a commit and follows renames does
not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, git, invoke, run

import cudafix
import cudafix.files.git
from cudafix.files.git import GitError, find_top, list_files, renames_since, run_git

SCRIPT = "#!/bin/sh\necho run >> {marker}\n"
SIGNED = """tree {tree}
parent {parent}
author t <t@example.org> 1700000000 +0000
committer t <t@example.org> 1700000000 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 
 none
 -----END PGP SIGNATURE-----

signed
"""


class Trap:
    """A repository with two commits, the later of which renames a file, and a script that must not run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tree"
        self.marker = folder / "marker"
        self.script = folder / "script"
        self.script.write_text(SCRIPT.format(marker=self.marker))
        self.script.chmod(0o755)
        self.folder.mkdir()
        git("init", "-q", cwd=self.folder)
        self.write("old.py", HARDCODED + "a = 1\nb = 2\n")
        self.write("a.py", HARDCODED)
        invoke("baseline", "create", "--file", self.folder / "known.json", self.folder)
        self.commit("base")
        git("mv", "old.py", "new.py", cwd=self.folder)
        self.write("a.py", HARDCODED + "torch.cuda.synchronize()\n")
        self.commit("later")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def commit(self, name: str) -> None:
        git("add", "-A", cwd=self.folder)
        git("commit", "-q", "-m", name, cwd=self.folder)
        git("tag", name, cwd=self.folder)

    def configure(self, *pairs: str) -> None:
        for pair in pairs:
            name, _, value = pair.partition("=")
            git("config", name, value.replace("SCRIPT", str(self.script)), cwd=self.folder)

    def fires(self, *arguments: str) -> bool:
        """Whether plain git runs the script."""
        subprocess.run(
            ["git", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10
        )
        fired = self.marker.exists()
        self.marker.unlink(missing_ok=True)
        return fired

    def of_another_user(self) -> dict[str, str]:
        """Return the variables with which git takes the repository for somebody else's, as git's own tests do."""
        place = self.script.parent / "bin"
        place.mkdir()
        (place / "git").write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n')
        (place / "git").chmod(0o755)
        return {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull}

    def check_all(self, *paths: str) -> None:
        """Run what asks git, in a state in which git would look into all files."""
        os.utime(self.folder / "a.py")
        invoke("check", "--no-cache", "--diff-base", "base", *paths)
        invoke("check", "--no-cache", "--baseline=known.json", *paths)
        renames_since(self.folder / "known.json")


@pytest.fixture
def trap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Trap:
    trap = Trap(folder)
    monkeypatch.chdir(trap.folder)
    return trap


# No program of the repository runs


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        (["core.fsmonitor=SCRIPT"], ["status"]),
        (["diff.external=SCRIPT"], ["diff", "base"]),
        (["diff.x.command=SCRIPT"], ["diff", "base"]),
        (["diff.x.textconv=SCRIPT"], ["diff", "base"]),
        (["filter.x.clean=SCRIPT"], ["diff", "base"]),
        (["filter.x.process=SCRIPT", "filter.x.required=true"], ["diff", "base"]),
        (["filter.x.smudge=SCRIPT"], ["cat-file", "--filters", "HEAD:a.py"]),
        (["alias.x=!SCRIPT"], ["x"]),
    ],
    ids=lambda value: "",
)
def test_no_setting_of_a_repository_runs_a_program(trap: Trap, settings: list[str], command: list[str]) -> None:
    trap.write(".gitattributes", "*.py diff=x filter=x merge=x\n")
    trap.write("a.py", HARDCODED + "x = 1\n")
    trap.configure(*settings)
    assert trap.fires(*command)
    trap.check_all()
    assert not trap.marker.exists()


@pytest.mark.parametrize("name", ["pre-commit", "post-index-change", "reference-transaction"])
@pytest.mark.parametrize("settings", [[], ["core.hooksPath=hooks"]], ids=["usual place", "place in the tree"])
def test_no_hook_runs(trap: Trap, name: str, settings: list[str]) -> None:
    for place in (".git/hooks", "hooks"):
        (trap.folder / place).mkdir(exist_ok=True)
        (trap.folder / place / name).symlink_to(trap.script)
    trap.configure(*settings)
    trap.write("a.py", CLEAN)
    assert trap.fires("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-a", "-m", "x")
    trap.check_all()
    assert not trap.marker.exists()


def test_no_signature_is_checked(trap: Trap) -> None:
    tree, parent = (git("rev-parse", one, cwd=trap.folder).strip() for one in ("HEAD^{tree}", "base"))
    (trap.folder / ".git" / "commit").write_text(SIGNED.format(tree=tree, parent=parent))
    commit = git("hash-object", "-t", "commit", "-w", ".git/commit", cwd=trap.folder).strip()
    git("reset", "-q", "--hard", commit, cwd=trap.folder)
    trap.configure("log.showSignature=true", "gpg.program=SCRIPT")
    assert trap.fires("log", "-1")
    trap.check_all()
    assert not trap.marker.exists()


@pytest.mark.parametrize(
    "settings",
    [
        ["remote.origin.url=ext::SCRIPT", "protocol.ext.allow=always"],
        ["remote.origin.url=ssh://example.invalid/x", "core.sshCommand=SCRIPT", "protocol.ssh.allow=always"],
        ["remote.origin.url=/", "remote.origin.uploadpack=SCRIPT", "protocol.file.allow=always"],
    ],
    ids=["a program as transport", "ssh", "a program for the other side"],
)
def test_nothing_is_fetched_for_a_partial_clone(trap: Trap, settings: list[str]) -> None:
    blob = git("rev-parse", "base:a.py", cwd=trap.folder).strip()
    (trap.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    trap.configure("core.repositoryFormatVersion=1", "extensions.partialClone=origin", "remote.origin.promisor=true")
    trap.configure(*settings)
    assert trap.fires("cat-file", "-p", blob)
    trap.check_all()
    assert not trap.marker.exists()
    done = invoke("check", "--no-cache", "--diff-base", "base")
    assert done.exit_code == 2
    assert "cudafix: error: a.py: its old content is not here, and nothing is fetched for it: git: " in done.stderr


def test_a_bare_repository_in_the_tree_is_none(trap: Trap) -> None:
    git("init", "-q", "--bare", "fixtures/x.git", cwd=trap.folder)
    trap.write("fixtures/x.git/b.py", HARDCODED)
    for pair in ("core.bare=false", "core.worktree=.", f"core.fsmonitor={trap.script}"):
        git("config", "--file", "fixtures/x.git/config", *pair.split("="), cwd=trap.folder)
    assert trap.fires("-C", "fixtures/x.git", "status")
    trap.check_all("fixtures/x.git")
    assert not trap.marker.exists()
    assert list_files(trap.folder / "fixtures" / "x.git") is not None
    assert "b.py" in (list_files(trap.folder / "fixtures" / "x.git") or [])
    assert find_top(trap.folder / "fixtures" / "x.git") == trap.folder


def test_a_repository_in_the_repository_runs_nothing(trap: Trap) -> None:
    git("init", "-q", "sub", cwd=trap.folder)
    trap.write("sub/b.py", HARDCODED)
    git("-C", "sub", "add", ".", cwd=trap.folder)
    git("-C", "sub", "commit", "-q", "-m", "x", cwd=trap.folder)
    git("add", "sub", cwd=trap.folder)
    git("-C", "sub", "config", "core.fsmonitor", str(trap.script), cwd=trap.folder)
    assert trap.fires("status")
    trap.check_all()
    trap.check_all("sub")
    assert not trap.marker.exists()


@pytest.mark.parametrize("path", ["", ".", "tools"], ids=["empty", "a dot", "a folder"])
def test_a_program_named_git_in_the_tree_is_not_git(trap: Trap, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (trap.folder / path).mkdir(exist_ok=True)
    (trap.folder / path / "git").symlink_to(trap.script)
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}{os.environ['PATH']}")
    assert trap.fires("version")
    trap.check_all()
    assert not trap.marker.exists()


def test_a_report_runs_nothing(trap: Trap) -> None:
    trap.configure("core.fsmonitor=SCRIPT")
    done = run("report", "--format", "json", cwd=trap.folder)
    assert json.loads(done.stdout)["commit"] == git("rev-parse", "later", cwd=trap.folder).strip()
    assert not trap.marker.exists()


@pytest.mark.parametrize(
    ("name", "place"), [("GIT_EXTERNAL_DIFF", "script"), ("GIT_TRACE", "marker"), ("GIT_TRACE2_EVENT", "marker")]
)
def test_no_variable_for_git_reaches_it(trap: Trap, monkeypatch: pytest.MonkeyPatch, name: str, place: str) -> None:
    monkeypatch.setenv(name, str(trap.script.with_name(place)))
    assert trap.fires("diff", "base")
    trap.check_all()
    assert not trap.marker.exists()


def test_the_settings_of_the_user_do_reach_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "-q", cwd=folder)
    (folder / "own").write_text("b.py\n")
    (folder / "a.py").touch()
    (folder / "b.py").touch()
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.excludesFile")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(folder / "own"))
    assert list_files(folder) == ["a.py", "own"]


# It comes to an end, or says why not


def test_git_that_gives_no_answer_is_ended(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    (trap.folder / ".gitignore").unlink(missing_ok=True)
    os.mkfifo(trap.folder / ".gitignore")
    monkeypatch.setattr(cudafix.files.git, "PATIENCE", 0.3)
    result = invoke("check", "--no-cache", "-q", ".", ".")
    assert result.stderr == "cudafix: .: .gitignore is not followed: git gives no answer within 0.3 seconds\n"
    assert [one.partition(":")[0] for one in result.stdout.splitlines()] == ["a.py", "a.py", "new.py"]


@pytest.mark.parametrize("command", [["check", "-q"], ["fix", "--diff"]])
def test_a_repository_of_another_user_is_one_line(trap: Trap, command: list[str]) -> None:
    (trap.folder / "gen").mkdir()
    trap.write(".gitignore", "gen/\n")
    done = run(*command, "--no-cache", cwd=trap.folder, **trap.of_another_user())
    said = [one for one in done.stderr.decode().splitlines() if ".gitignore" in one]
    assert said == [
        "cudafix: .: .gitignore is not followed: git refuses the repository of another user; "
        f"`git config --global --add safe.directory {trap.folder}` allows it"
    ]


def test_changed_lines_in_a_repository_of_another_user_are_an_error(trap: Trap) -> None:
    done = run("check", "--diff-base", "base", cwd=trap.folder, **trap.of_another_user())
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == (
        "cudafix: error: --diff-base base: git refuses the repository of another user; "
        f"`git config --global --add safe.directory {trap.folder}` allows it\n"
    )


def test_what_the_user_allows_is_followed(trap: Trap, folder: Path) -> None:
    variables = {**trap.of_another_user(), "GIT_CONFIG_GLOBAL": str(folder / "allowed")}
    git("config", "--file", str(folder / "allowed"), "safe.directory", str(trap.folder), cwd=folder)
    done = run("check", "-q", "--diff-base", "base", cwd=trap.folder, **variables)
    assert b"git" not in done.stderr


def test_a_broken_repository_is_one_line(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    (trap.folder / ".git" / "config").write_text("[core\n")
    result = invoke("check", "--no-cache", "-q")
    assert result.stderr == "cudafix: .: .gitignore is not followed: git: bad config line 1 in file .git/config\n"


def test_without_git_what_it_ignores_is_checked_and_said(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(trap.folder))
    result = invoke("check", "--no-cache", "-q")
    assert result.stderr == "cudafix: .: .gitignore is not followed: git is not installed\n"


def test_a_library_hears_of_it_too(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(trap.folder))
    checked = cudafix.check_paths([trap.folder])
    assert [str(one) for one in checked.problems] == [
        f"{trap.folder}: .gitignore is not followed: git is not installed"
    ]


def test_git_that_cannot_be_started_is_an_error(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    program = trap.folder / "git"
    program.write_text("no program")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(trap.folder))
    with pytest.raises(GitError, match="git cannot be run: Exec format error"):
        run_git(trap.folder, "version")


# Names


def test_odd_names_of_folders_are_no_patterns(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    for name in (":(exclude)x", "*", "a[b]"):
        (folder / name).mkdir()
        (folder / name / "a.py").write_text(CLEAN)
    assert list_files(folder / ":(exclude)x") == ["a.py"]
    assert list_files(folder / "*") == ["a.py"]
    assert list_files(folder / "a[b]") == ["a.py"]


@pytest.mark.parametrize("setting", ["core.worktree=/", "core.bare=true", "core.sparseCheckout=true"])
def test_a_repository_cannot_point_at_other_files(trap: Trap, setting: str) -> None:
    trap.write("b.py", CLEAN)
    trap.configure(setting)
    assert list_files(trap.folder) == ["a.py", "b.py", "known.json", "new.py"]


def test_a_folder_of_git_itself_is_walked_when_it_is_named(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    assert list_files(folder / ".git" / "hooks") is None


def test_an_empty_folder_named_dot_git_is_no_repository(folder: Path) -> None:
    git("init", "-q", cwd=folder)
    (folder / "sub" / ".git").mkdir(parents=True)
    assert find_top(folder / "sub") == folder


# Renames


@pytest.mark.parametrize("settings", [["diff.renames=false"], ["diff.noprefix=true"], ["diff.renameLimit=1"]])
def test_renames_are_followed_whatever_is_set(trap: Trap, settings: list[str]) -> None:
    trap.configure(*settings)
    trap.write(".gitattributes", "*.py binary -diff\n")
    assert renames_since(trap.folder / "known.json") == {"old.py": "new.py"}


def test_a_file_that_was_never_committed_has_no_renames(trap: Trap) -> None:
    trap.write("mine.json", "{}")
    assert renames_since(trap.folder / "mine.json") == {}
