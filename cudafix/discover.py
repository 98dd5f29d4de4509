"""Paths → the Python files below them, without what git ignores, virtual environments and the excluded.

In a git repository git says which files there are; elsewhere the folders are walked.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath

from cudafix.config import Options

SUFFIXES = (".py", ".pyi", ".pyw")
DEFAULT_EXCLUDE = (
    ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d",
    ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__",
    "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv",
)  # fmt: skip

OptionsFor = Callable[[Path], Options]


class PathError(Exception):
    """A path on the command line that is not there."""


def discover(paths: Sequence[str], options_for: OptionsFor) -> Iterator[tuple[str, Options]]:
    """Yield each file once, with the options for its folder.

    Raises:
        PathError: for a path that does not exist.
    """
    seen: set[str] = set()
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise PathError(f"{name}: no such file or directory")
        is_folder = path.is_dir()
        for file in sorted(files_below(path)) if is_folder else [name]:
            options = options_for(Path(file).parent)
            if (is_folder or options.force_exclude) and is_excluded(Path(file), path if is_folder else None, options):
                continue
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file, options


def files_below(folder: Path) -> Iterator[str]:
    """Yield the Python files below `folder`, named as the folder is named; links are not followed."""
    listed = list_by_git(folder)
    names = walk(folder) if listed is None else iter(listed)
    for name in names:
        path = folder / name
        if name.endswith(SUFFIXES) and path.is_file() and not path.is_symlink():
            yield os.path.normpath(path)


def list_by_git(folder: Path) -> list[str] | None:
    """Return what git tracks or does not ignore below `folder`; None where git has no say."""
    if run_git(folder, "check-ignore", "-q", ".") is not None:
        return None
    listing = run_git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    return None if listing is None else sorted({os.fsdecode(name) for name in listing.split(b"\0") if name})


def run_git(folder: Path, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def walk(folder: Path) -> Iterator[str]:
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in DEFAULT_EXCLUDE)
        for name in files:
            yield os.path.relpath(os.path.join(current, name), folder)


def is_excluded(path: Path, start: Path | None, options: Options) -> bool:
    """Whether `path` is left out; built-in names count only below `start`, the folder that the user named."""
    patterns = (*(options.exclude or ()), *options.extend_exclude)
    if any(matches_glob(path, glob, options.root) for glob in patterns):
        return True
    below = PurePath(os.path.relpath(path, start)) if start is not None else relative(path, options.root)
    folders = below.parts[:-1]
    if options.exclude is None and any(part in DEFAULT_EXCLUDE for part in folders):
        return True
    return any(is_virtual_environment(folder) for folder in folders_between(path, len(folders)))


def folders_between(path: Path, depth: int) -> list[Path]:
    return list(path.parents)[:depth]


@cache
def is_virtual_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file()


def relative(path: PurePath, root: Path) -> PurePath:
    return PurePath(os.path.relpath(path, root))


def matches_glob(path: PurePath, glob: str, root: Path) -> bool:
    """Whether `path`, or a folder that it is in, matches `glob`: by name, or by its path below `root`."""
    below = relative(path, root)
    ways = [PurePath(*below.parts[:length]).as_posix() for length in range(1, len(below.parts) + 1)]
    pattern = glob.rstrip("/").removeprefix("./")
    return any(fnmatchcase(way, pattern) for way in ways) or any(fnmatchcase(part, pattern) for part in below.parts)
