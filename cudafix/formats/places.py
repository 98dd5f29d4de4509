"""Finding → what formats for other tools say of it: its file, from the root of the repository and with slashes, what is
wrong on one line, and where its rule is documented.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path, PurePath

from cudafix.model import Finding
from cudafix.registry import Rule

PROJECT = "https://github.com/cudafix/cudafix"


@cache
def root() -> Path:
    """Return the top of the repository that the current folder is in; that folder where it is in none."""
    here = Path.cwd()
    return next((one for one in (here, *here.parents) if os.path.exists(one / ".git")), here)


def from_root(path: str) -> str:
    return PurePath(os.path.relpath(os.path.abspath(path), root())).as_posix()


def sentence(finding: Finding) -> str:
    """Return what is wrong and the way out, on one line."""
    return finding.message + (f": {finding.help}" if finding.help else "")


def rule_address(rule: Rule) -> str:
    """Return where the documentation of a rule is on the web: what a browser calls its heading in docs/rules.md."""
    anchor = f"{rule.name}-{rule.code.lower()}-{'on-by-default' if rule.default else 'opt-in'}"
    return f"{PROJECT}/blob/main/docs/rules.md#{anchor}"
