"""Paths → the files to look at below them: Python, notebooks and, where asked for, documents; each with its options.

Left out are what git ignores, virtual environments and what is excluded. In a git repository git says which
files there are; elsewhere the folders are walked.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from cudafix.config.options import Options
from cudafix.errors import UserError
from cudafix.files.git import GitError, find_top, list_files
from cudafix.files.globs import matches_glob, relative
from cudafix.files.source import DOCUMENTS, SUFFIXES

DEFAULT_EXCLUDE = (
    ".bzr", ".cudafix_cache", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache",
    ".nox", ".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode",
    "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv",
)  # fmt: skip
DEEPEST = 250
"""Folders in one another. More than this nobody has made by hand."""

OptionsFor = Callable[[Path], Options]
"""Folder → the options for its files."""


class PathError(UserError):
    """A path on the command line that cannot be checked."""


@dataclass(frozen=True)
class Folder:
    """What the files of one folder have in common."""

    options: Options
    is_excluded: bool
    real: str


class Listing:
    """The files below folders, as git lists them; where it cannot, all that are there, and `warn` hears why."""

    def __init__(self, options_for: OptionsFor, warn: Callable[[str, str], None]) -> None:
        self.options_for = options_for
        self.warn = warn
        self.refused: set[Path | None] = set()
        """The repositories that git does not answer for: it is asked once."""

    def files_below(self, folder: Path) -> Iterator[str]:
        """Yield the files below `folder`, named as the folder is named; links are not followed.

        A folder that may not be entered stands for what is in it: whoever reads it says so, and that once.
        """
        listed = self.listed_by_git(folder)
        if listed is None:
            yield from walk(os.path.normpath(folder), folder, self.options_for)
            return
        closed: set[str] = set()
        for name in listed:
            path = os.path.normpath(os.path.join(folder, name))
            if name.endswith((*SUFFIXES, *DOCUMENTS)) and is_plain_file(path):
                yield path
            elif name.endswith((*SUFFIXES, *DOCUMENTS, "/")):
                shut = closed_folder(path, name.endswith("/"))
                if shut and shut not in closed and not self.leaves_out(shut, folder):
                    closed.add(shut)
                    yield shut

    def leaves_out(self, closed: str, start: Path) -> bool:
        """Whether a folder that may not be entered, and that has no settings of its own to be read, is left out."""
        return is_excluded(Path(closed, "_.py"), start, self.options_for(Path(closed).parent))

    def listed_by_git(self, folder: Path) -> list[str] | None:
        if self.refused and find_top(folder) in self.refused:
            return None
        try:
            return list_files(folder)
        except GitError as error:
            self.refused.add(find_top(folder))
            self.warn(str(folder), f".gitignore is not followed: {error}")
            return None


def discover(
    paths: Sequence[str],
    options_for: OptionsFor,
    say_excluded: Callable[[str], None] = lambda name: None,
    warn: Callable[[str, str], None] = lambda name, text: None,
) -> Iterator[tuple[str, Options]]:
    """Yield each file once, with the options for its folder; `say_excluded` hears what is left out.

    `warn` hears of a folder whose `.gitignore` git does not read for us, and why.

    Raises:
        PathError: for a path that does not exist, or is neither a file nor a folder.
    """
    seen: set[str] = set()
    listing = Listing(options_for, warn)
    for name in paths:
        is_folder = kind_of(name) == stat.S_IFDIR
        start = Path(name) if is_folder else None
        folders: dict[str, Folder] = {}
        for file in sorted(listing.files_below(Path(name))) if is_folder else [name]:
            path, base = os.path.split(file)
            if path not in folders:
                folders[path] = folder_settings(Path(path), start, options_for)
            folder = folders[path]
            if is_folder and base.endswith(DOCUMENTS) and not folder.options.code_blocks:
                continue
            if (is_folder or folder.options.force_exclude) and (
                folder.is_excluded or has_excluded_name(file, folder.options)
            ):
                say_excluded(file)
                continue
            real = os.path.join(folder.real, base) if is_folder else os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file, folder.options


def kind_of(name: str) -> int:
    """Return whether a path is a folder or a file, as `stat` says it.

    Raises:
        PathError: where it is neither, or cannot be read.
    """
    try:
        kind = stat.S_IFMT(os.stat(name).st_mode)
    except OSError as error:
        raise PathError(f"{name}: {(error.strerror or str(error)).lower()}") from None
    if kind not in (stat.S_IFDIR, stat.S_IFREG):
        raise PathError(f"{name}: is neither a file nor a folder; `-` reads standard input")
    if kind == stat.S_IFDIR and not os.access(name, os.R_OK | os.X_OK):
        raise PathError(f"{name}: permission denied")
    return kind


def walk(folder: str, start: Path, options_for: OptionsFor) -> Iterator[str]:
    """Yield the files below `folder`, and the folders that cannot be entered."""
    waiting = [folder]
    deepest = folder.count(os.sep) + DEEPEST
    while waiting:
        folder = waiting.pop()
        try:
            entries = entries_of(folder, deepest)
        except OSError:
            yield folder
            continue
        for entry in entries:
            path = entry.name if folder == os.curdir else entry.path
            if entry.is_dir(follow_symlinks=False):
                options = options_for(Path(path) if may_be_entered(path) else Path(folder))
                if not is_excluded(Path(path, "_.py"), start, options):
                    waiting.append(path)
            elif entry.name.endswith((*SUFFIXES, *DOCUMENTS)) and entry.is_file(follow_symlinks=False):
                yield path


def entries_of(folder: str, deepest: int) -> list[os.DirEntry[str]]:
    """Return what is in a folder.

    Raises:
        OSError: where it cannot be listed, or there are more than `deepest` folders around it.
    """
    if folder.count(os.sep) > deepest:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if not may_be_entered(folder):  # it could be listed, but no file in it be read
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    with os.scandir(folder) as listing:
        return list(listing)


def is_plain_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def may_be_entered(folder: str) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def closed_folder(path: str, is_folder: bool) -> str:
    """Return the outermost folder above a file that may not be entered, or the folder itself; "" where all may."""
    if is_folder:
        return "" if may_be_entered(path) else path
    above = reversed(PurePath(path).parents)
    return next((str(one) for one in above if os.path.isdir(one) and not os.access(one, os.X_OK)), "")


def is_excluded(path: Path, start: Path | None, options: Options) -> bool:
    """Whether the file `path` is left out; built-in names count only below `start`, the folder that the user named."""
    return has_excluded_name(str(path), options) or is_excluded_folder(path.parent, start, options)


def folder_settings(path: Path, start: Path | None, options_for: OptionsFor) -> Folder:
    options = options_for(path)
    return Folder(options, is_excluded_folder(path, start, options), os.path.realpath(path))


def has_excluded_name(path: str, options: Options) -> bool:
    """Whether the project's settings leave a file out."""
    patterns = (*(options.exclude or ()), *options.extend_exclude)
    return any(matches_glob(PurePath(path), glob, options.root) for glob in patterns)


def is_excluded_folder(folder: Path, start: Path | None, options: Options) -> bool:
    """Whether the files of a folder are left out: by a built-in name of it, or as a virtual environment."""
    names = relative(folder, start or options.root).parts
    if options.exclude is None and any(part in DEFAULT_EXCLUDE for part in names):
        return True
    absolute = Path(os.path.abspath(folder))
    return any(is_virtual_environment(one) for one in [absolute, *absolute.parents][: len(names)])


@cache
def is_virtual_environment(folder: Path) -> bool:
    return os.path.isfile(folder / "pyvenv.cfg") or os.path.isdir(folder / "conda-meta")
