"""Paths below a project's folder, and whether a glob of the settings is about one."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

LONGEST = 1_000
"""Characters of a glob that are still read: `fnmatch` of Python 3.11 takes minutes for some that are longer."""


def relative(path: PurePath, root: Path) -> PurePath:
    return PurePath(os.path.relpath(path, root))


def module_parts(path: PurePath, root: Path) -> list[str]:
    """Return the parts of the dotted name of a file, from the project's folder, or its `src`, on."""
    return relative(path, root).with_suffix("").as_posix().removeprefix("src/").split("/")


def matches_glob(path: PurePath, glob: str, root: Path) -> bool:
    """Whether `path`, or a folder that it is in, matches `glob`: by name, or by its path below `root`."""
    if len(glob) > LONGEST:
        return False
    below = relative(path, root)
    ways = [PurePath(*below.parts[:length]).as_posix() for length in range(1, len(below.parts) + 1)]
    written = glob.rstrip("/").removeprefix("./")
    patterns = {written, written.replace("**/", "")}  # `**/` may stand for no folder at all
    return any(fnmatchcase(name, pattern) for name in (*ways, *below.parts) for pattern in patterns)
