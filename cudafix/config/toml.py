"""The text of a TOML file → its tables."""

from __future__ import annotations

import sys
from typing import Any

MOST_DOTS = 1_000
"""In one line. `tomllib` of Python 3.11 takes minutes for some lines that have more."""


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises:
        ValueError: where it is not valid, or is nested too deeply.
    """
    if sys.version_info >= (3, 11):  # not at the top: most projects have no settings, and a hook has no time
        import tomllib
    else:
        import tomli as tomllib

    if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
        raise ValueError(f"a line has more than {MOST_DOTS:,} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
