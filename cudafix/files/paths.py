"""Where a path leads, through all links."""

from __future__ import annotations

import os
from collections.abc import Iterable


def is_inside(path: str, folder: str) -> bool:
    """Whether a path leads, through all links, to a place below a folder, or to the folder itself."""
    place, home = os.path.realpath(path), os.path.realpath(folder)
    return place == home or place.startswith(os.path.join(home, ""))


def is_below(folder: str, top: str) -> bool:
    """Whether a folder is `top` or lies in it, as the file system has it: whatever links and names say.

    Raises:
        OSError: where that cannot be asked.
    """
    goal = os.stat(top)
    here = os.stat(folder)
    while not os.path.samestat(here, goal):
        folder = os.path.join(folder, os.pardir)
        above = os.stat(folder)
        if os.path.samestat(here, above):
            return False
        here = above
    return True


def folders_of(paths: Iterable[str]) -> frozenset[str]:
    """Return the folders that paths lead to, or that the files are in that they lead to."""
    real = map(os.path.realpath, paths)
    return frozenset(one if os.path.isdir(one) else os.path.dirname(one) for one in real)
