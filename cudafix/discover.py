"""Paths → the Python files below them, without what git ignores, virtual environments and the excluded.

In a git repository git says which files there are; elsewhere the folders are walked.
"""

from __future__ import annotations

import os
import stat
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
GIT_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What git sets for its hooks; it would make git speak of another folder than the one we ask about."""

OptionsFor = Callable[[Path], Options]


class PathError(Exception):
    """A path on the command line that cannot be checked."""


def discover(
    paths: Sequence[str], options_for: OptionsFor, say_excluded: Callable[[str], None] = lambda name: None
) -> Iterator[tuple[str, Options]]:
    """Yield each file once, with the options for its folder; `say_excluded` hears what is left out.

    Raises:
        PathError: for a path that does not exist, or is neither a file nor a folder.
    """
    seen: set[str] = set()
    for name in paths:
        is_folder = kind_of(name) == stat.S_IFDIR
        for file in sorted(files_below(Path(name), options_for)) if is_folder else [name]:
            options = options_for(Path(file).parent)
            start = Path(name) if is_folder else None
            if (is_folder or options.force_exclude) and is_excluded(Path(file), start, options):
                say_excluded(file)
                continue
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file, options


def kind_of(name: str) -> int:
    try:
        kind = stat.S_IFMT(os.stat(name).st_mode)
    except OSError as error:
        raise PathError(f"{name}: {(error.strerror or str(error)).lower()}") from None
    if kind not in (stat.S_IFDIR, stat.S_IFREG):
        raise PathError(f"{name}: is neither a file nor a folder; `-` reads standard input")
    if kind == stat.S_IFDIR and not os.access(name, os.R_OK | os.X_OK):
        raise PathError(f"{name}: permission denied")
    return kind


def files_below(folder: Path, options_for: OptionsFor) -> Iterator[str]:
    """Yield the Python files below `folder`, named as the folder is named; links are not followed."""
    listed = list_by_git(folder)
    names = walk(folder, options_for) if listed is None else iter(listed)
    for name in names:
        path = folder / name
        if name.endswith(SUFFIXES) and path.is_file() and not path.is_symlink():
            yield os.path.normpath(path)


def list_by_git(folder: Path) -> list[str] | None:
    """Return what git tracks or does not ignore below `folder`; None where git has no say."""
    if run_git(folder, "check-ignore", "-q", ".") is not None:
        return None  # who names an ignored folder wants it checked
    listing = run_git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    return None if listing is None else sorted({os.fsdecode(name) for name in listing.split(b"\0") if name})


def run_git(folder: Path, *arguments: str) -> bytes | None:
    import subprocess  # not at the top: a hook names its files

    environment = {name: value for name, value in os.environ.items() if name not in GIT_VARIABLES}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def walk(folder: Path, options_for: OptionsFor) -> Iterator[str]:
    for current, folders, files in os.walk(folder):
        inside = [Path(current, one, "_.py") for one in folders]
        folders[:] = [path.parent.name for path in inside if not is_excluded(path, folder, options_for(path.parent))]
        for name in files:
            yield os.path.relpath(os.path.join(current, name), folder)


def is_excluded(path: Path, start: Path | None, options: Options) -> bool:
    """Whether `path` is left out; built-in names count only below `start`, the folder that the user named."""
    patterns = (*(options.exclude or ()), *options.extend_exclude)
    if any(matches_glob(path, glob, options.root) for glob in patterns):
        return True
    folders = relative(path, start or options.root).parts[:-1]
    if options.exclude is None and any(part in DEFAULT_EXCLUDE for part in folders):
        return True
    return any(is_virtual_environment(folder) for folder in list(Path(os.path.abspath(path)).parents)[: len(folders)])


@cache
def is_virtual_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file() or (folder / "conda-meta").is_dir()


def relative(path: PurePath, root: Path) -> PurePath:
    return PurePath(os.path.relpath(path, root))


def matches_glob(path: PurePath, glob: str, root: Path) -> bool:
    """Whether `path`, or a folder that it is in, matches `glob`: by name, or by its path below `root`."""
    below = relative(path, root)
    ways = [PurePath(*below.parts[:length]).as_posix() for length in range(1, len(below.parts) + 1)]
    pattern = glob.rstrip("/").removeprefix("./")
    patterns = {pattern, pattern.replace("**/", "")}  # `**/` may stand for no folder at all
    return any(fnmatchcase(name, one) for name in (*ways, *below.parts) for one in patterns)
