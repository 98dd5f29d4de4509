"""Where a path leads, through all links."""

from __future__ import annotations

import os


def is_inside(path: str, folder: str) -> bool:
    """Whether a path leads, through all links, to a place below a folder, or to the folder itself."""
    place, home = os.path.realpath(path), os.path.realpath(folder)
    return place == home or place.startswith(os.path.join(home, ""))
