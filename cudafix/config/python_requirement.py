"""A project's folder → the oldest Python that it says it runs with; its files are read as text, and nothing is run."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from cudafix.files.ordinary import SETTINGS, read_text

FILES = ("pyproject.toml", "setup.cfg", "setup.py")
SPACE = r"[ \t]{0,9}"
REQUIREMENT = re.compile(
    rf"(?m)^[ \t]{{0,40}}(?:[\"']?requires-python[\"']?|python_requires|python){SPACE}={SPACE}"
    rf"[\"']?{SPACE}(?:>=|\^|~=|==|>){SPACE}(\d{{1,4}})\.(\d{{1,4}})"
)
"""`requires-python = ">=3.9"`, setuptools' `python_requires`, Poetry's `python = "^3.9"`."""

Version = tuple[int, int]


@cache
def oldest_python(folder: Path) -> Version | None:
    """Return the lower bound that the files of a project give; None where none gives one."""
    for name in FILES:
        try:
            text = read_text(folder / name, SETTINGS, errors="replace")
        except OSError:
            continue
        found = REQUIREMENT.search(text)
        if found is not None:
            return int(found[1]), int(found[2])
    return None
