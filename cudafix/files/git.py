"""Questions to git: which files there are, which were renamed. Nothing of a repository decides what runs for an answer.

The configuration and the attributes of a repository can make git run programs: monitors of the file system, hooks,
filters, other diffs, helpers of a transport. So git is asked at a folder that has a `.git` itself, only for what takes
no comparison of the work tree, with what can run switched off, in an environment of its own and for a limited time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from cudafix.errors import UserError

PATIENCE = 14.0
"""Seconds that git may take for an answer. Twice as much, for files and then for changes, is still no hang."""

SETTINGS = (
    "color.ui=false",
    "core.askPass=",
    f"core.attributesFile={os.devnull}",
    "core.bigFileThreshold=512m",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.untrackedCache=false",
    "credential.helper=",
    "diff.ignoreSubmodules=all",
    "gc.auto=0",
    "log.showSignature=false",
    "maintenance.auto=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)
"""They stand before those of the repository."""

OPTIONS = ("--no-pager", "--no-optional-locks", "--no-replace-objects")

VARIABLES = {
    "GIT_ALLOW_PROTOCOL": "none",  # before `protocol.file.allow` of a repository, which `protocol.allow` is not
    "GIT_ASKPASS": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

PASSED_ON = frozenset((
    "APPDATA", "DEVELOPER_DIR", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM",
    "HOME", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PROGRAMDATA", "SUDO_UID", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR",
    "USERPROFILE", "XDG_CONFIG_HOME",
))  # fmt: skip
"""Variables that say who the user is and where their settings are. What git sets for its hooks is not among them."""

SEARCHED = ("PATH", "LD_LIBRARY_PATH")
"""Variables that name folders; those that are relative would be folders of the checked tree."""


class GitError(UserError):
    """Git has no answer.

    `status` is its exit code; None where it did not come to the question at all, and will not come to another one.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


UNOPENED = b"could not open directory"
"""What git says of a folder that it looks for files in, and may not enter."""


def run_git(top: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Return what git prints, asked in a folder that has a `.git`.

    Raises:
        GitError: where it fails, refuses the repository, takes too long, or cannot be run.
    """
    return ask(top, *arguments, stdin=stdin)[0]


def ask(top: Path, *arguments: str, stdin: bytes = b"") -> tuple[bytes, bytes]:
    """Return what git prints, and what it says beside that; it raises as `run_git` does."""
    import subprocess  # not at the top: a hook names its files

    settings = [word for one in SETTINGS for word in ("-c", one)]
    command = [find_program(), "-C", str(top), *OPTIONS, *settings, *arguments]
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, env=environment(top), timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise GitError(f"git gives no answer within {PATIENCE:g} seconds") from None
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror}") from None
    if done.returncode != 0:
        raise error_of(top, done.returncode, done.stderr)
    return done.stdout, done.stderr


def find_program() -> str:
    """Return git's path; that of no program in the working folder, as an operating system might find it."""
    name = "git.exe" if os.name == "nt" else "git"
    for folder in absolute(os.environ.get("PATH", os.defpath)).split(os.pathsep):
        path = os.path.join(folder, name)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise GitError("git is not installed")


def environment(top: Path) -> dict[str, str]:
    given = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON or name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))
    }
    searched = {name: absolute(os.environ[name]) for name in SEARCHED if name in os.environ}
    places = {"GIT_CEILING_DIRECTORIES": str(top.parent), "GIT_WORK_TREE": str(top)}  # before `core.worktree`
    return {**given, **searched, **VARIABLES, **places}


def absolute(folders: str) -> str:
    return os.pathsep.join(one for one in folders.split(os.pathsep) if os.path.isabs(one))


def error_of(top: Path, status: int, stderr: bytes) -> GitError:
    if b"safe.directory" in stderr:
        import shlex  # not at the top: see above

        allow = f"git config --global --add safe.directory {shlex.quote(top.as_posix())}"
        return GitError(f"git refuses the repository of another user; `{allow}` allows it")
    lines = os.fsdecode(stderr).splitlines() or [f"it ended with {status}"]
    said = next((one for one in lines if one.startswith("fatal: ")), lines[0])
    return GitError(f"git: {said.removeprefix('fatal: ')}", status)


def find_top(folder: Path) -> Path | None:
    """Return the closest folder with a `.git`; a bare repository, which anybody can put into a tree, is none."""
    real = Path(os.path.realpath(folder))
    return next((one for one in (real, *real.parents) if has_repository(one)), None)


def has_repository(folder: Path) -> bool:
    """Whether `.git` is one, or names one; where we may not look into it, git shall say so."""
    mark = os.path.join(folder, ".git")
    if not os.path.isdir(mark):
        return os.path.isfile(mark)
    return os.path.lexists(os.path.join(mark, "HEAD")) or not os.access(mark, os.X_OK)


def list_files(folder: Path) -> list[str] | None:
    """Return what git tracks or does not ignore below `folder`; None where all is meant that is there.

    With a slash behind them: other repositories, and folders that may not be entered and whose files git does not know.

    Raises:
        GitError: where git cannot say what it ignores.
    """
    top = find_top(folder)
    if top is None:
        return None
    place = PurePath(os.path.relpath(os.path.realpath(folder), top)).as_posix()
    if ".git" in place.split("/") or is_ignored(top, place):
        return None  # who names such a folder wants it checked
    place_alone = f":(literal){place}"
    listing, said = ask(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", place_alone)
    closed = closed_folders(top, top / place) if UNOPENED in said else ()
    start = "" if place == "." else f"{place}/"
    return sorted({one.removeprefix(start) for one in (*names(listing), *closed) if one.startswith(start)})


def closed_folders(top: Path, folder: Path) -> list[str]:
    """Return the folders below one that may not be entered and are not ignored, from `top` on, with a slash behind."""
    closed, waiting = [], [str(folder)]
    while waiting:
        for path in folders_in(waiting.pop()):
            if not os.access(path, os.R_OK | os.X_OK):
                closed.append(f"{PurePath(os.path.relpath(path, top)).as_posix()}/")
            elif not os.path.lexists(os.path.join(path, ".git")):
                waiting.append(path)
    try:
        answer = run_git(top, "check-ignore", "-z", "--stdin", stdin=os.fsencode("".join(f"{one}\0" for one in closed)))
    except GitError as error:
        if error.status != 1:  # which stands for none
            raise
        return closed
    ignored = set(names(answer))
    return [one for one in closed if one not in ignored]


def folders_in(folder: str) -> list[str]:
    """Return the folders in one, but not git's own and no links; none where it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            return [one.path for one in listing if one.name != ".git" and one.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def is_ignored(top: Path, place: str) -> bool:
    if place == ".":
        return False
    try:
        run_git(top, "check-ignore", "-q", "--", f"./{place}")
    except GitError as error:
        if error.status != 1:
            raise
        return False
    return True


def names(listing: bytes) -> Iterator[str]:
    return (os.fsdecode(name) for name in listing.split(b"\0") if name)


def renames(top: Path, revision: str) -> dict[str, str]:
    """Return old path → new path of what git's index has under another name than `revision`, from `top` on.

    Raises:
        GitError: where git cannot say.
    """
    listing = run_git(
        top, "diff-index", "--cached", "-z", "--name-status", "-M50%", "-l1000", "--diff-filter=R", "--no-ext-diff",
        "--no-textconv", "--ignore-submodules=all", revision, "--",
    )  # fmt: skip
    parts = [os.fsdecode(one) for one in listing.split(b"\0")]
    return dict(zip(parts[1::3], parts[2::3], strict=False))


def renames_since(file: Path) -> dict[str, str]:
    """Return old path → new path of what was renamed since `file` was committed, relative to its folder."""
    folder = os.path.realpath(file.parent)
    top = find_top(file.parent)
    if top is None:
        return {}
    place = PurePath(os.path.relpath(os.path.join(folder, file.name), top)).as_posix()
    try:
        revision = run_git(top, "rev-list", "-1", "HEAD", "--", f":(literal){place}").decode().strip()
        moved = renames(top, revision) if revision else {}
    except GitError:
        return {}
    return {os.path.relpath(top / old, folder): os.path.relpath(top / new, folder) for old, new in moved.items()}
