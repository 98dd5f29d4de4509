"""The bundled runtime as one file of another project: written with a header that says what it is, and checked."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

from cudafix import __version__
from cudafix.read import RUNTIME_MARK

HEADER = """\
# SPDX-License-Identifier: Apache-2.0
{mark}: a copy made by `cudafix vendor`, @generated.
# Do not edit it: `cudafix vendor {path}` refreshes it, `cudafix vendor --check {path}` tells whether it was edited.
# cudafix-version: {version}
# cudafix-sha256: {digest}
"""


def runtime_source() -> str:
    """Return the runtime's code without the comment lines at its top, which a copy replaces."""
    text = files("cudafix").joinpath("runtime.py").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines)


def vendored(path: Path) -> str:
    """Return the text of a vendored copy that stands at `path`."""
    body = runtime_source()
    digest = hashlib.sha256(body.encode()).hexdigest()
    mark = RUNTIME_MARK.decode()
    return HEADER.format(mark=mark, path=path.as_posix(), version=__version__, digest=digest) + body


def state_of(path: Path) -> str:
    """Return "" when `path` is a current copy, or what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "does not exist"
    match = re.search(r"^# cudafix-sha256: ([0-9a-f]{64})\n", text, re.MULTILINE)
    if match is None:
        return "is no copy of the runtime"
    body = text[match.end() :]
    if hashlib.sha256(body.encode()).hexdigest() != match[1]:
        return "was edited by hand"
    if body != runtime_source():
        return "is out of date"
    return ""
