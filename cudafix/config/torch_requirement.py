"""A project's folder → the oldest torch that it says it runs with; its files are read as text, and nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cudafix.files.ordinary import SETTINGS, read_text

FILES = ("pyproject.toml", "setup.cfg", "setup.py", "requirements*.txt", "requirements/*.txt")
SPACE = r"[ \t]{0,9}"
REQUIREMENT = re.compile(
    rf"(?<![\w.-])torch(?![\w-]){SPACE}(?:\[[^\]\n]{{0,200}}\])?[\"']?{SPACE}(?:={SPACE}(?=[\"'{{]))?{SPACE}"
    rf"(?:\{{{SPACE}version{SPACE}={SPACE})?[\"']?"
    r"(?P<bounds>[\^~<>=!][^\"'\n;#}]*)"
)
BOUND = re.compile(r"(?:>=|==|~=|\^|>|~)\s*(\d{1,9})(?:\.(\d{1,9}))?")
COMMENT = re.compile(r"(?m)^[ \t]*#.*$")

Version = tuple[int, int]


@cache
def oldest_torch(folder: Path) -> Version | None:
    """Return the lowest of the lower bounds that the files of a project give; None where none gives one."""
    found = [bound for pattern in FILES for path in sorted(folder.glob(pattern)) for bound in bounds_in(path)]
    return min(found, default=None)


def bounds_in(path: Path) -> Iterator[Version]:
    """Yield the lower bound of each requirement of torch; the highest, where one has several."""
    try:
        text = read_text(path, SETTINGS, errors="replace")
    except OSError:
        return
    for match in REQUIREMENT.finditer(COMMENT.sub("", text)):
        bounds = [(int(one[1]), int(one[2] or 0)) for one in BOUND.finditer(match["bounds"])]
        if bounds:
            yield max(bounds)
