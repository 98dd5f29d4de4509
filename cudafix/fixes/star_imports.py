"""A star import of a file → whether it may bring a name, by the files of the project that it comes from.

Only text is looked at: a module in which the name does not stand, and none of whose own star imports brings it, brings
none. What cannot be found beside the file may bring anything.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cudafix.files.ordinary import read_text

STAR = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]*\*", re.MULTILINE)
LARGEST = 2_000_000
"""Bytes. More is not read for this."""

DEEPEST = 8
"""Star imports in a row."""


def may_bring(module: str, name: str, path: str, depth: int = 0) -> bool:
    """Whether `from module import *` in the file at `path` may bring `name`."""
    source = find_module(module, Path(os.path.abspath(path)))
    text = text_of(source) if source is not None and depth < DEEPEST else None
    if source is None or text is None or re.search(rf"\b{re.escape(name)}\b", text) is not None:
        return True
    return any(may_bring(one, name, str(source), depth + 1) for one in STAR.findall(text))


def find_module(module: str, path: Path) -> Path | None:
    """Return the file of a module, looked for from the file at `path` on: of a package around it, or relative to it."""
    dots = len(module) - len(module.lstrip("."))
    parts = [one for one in module[dots:].split(".") if one]
    if dots:
        folders = [path.parents[dots - 1]] if dots <= len(path.parents) else []
    else:
        folders = [one.parent for one in path.parents if one.name == parts[0]] + [path.parent]
    for folder in folders:
        whole = folder.joinpath(*parts)
        for file in (whole.with_suffix(".py"), whole / "__init__.py") if parts else (folder / "__init__.py",):
            if file.is_file():
                return file
    return None


def text_of(file: Path) -> str | None:
    try:
        return read_text(file, LARGEST)
    except (OSError, UnicodeError):
        return None
