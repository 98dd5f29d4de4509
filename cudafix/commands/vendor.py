"""The bundled runtime as one file of another project: written with a header that says what it is, and checked."""

from __future__ import annotations

import hashlib
import os
import re
from enum import Enum
from importlib.resources import files
from pathlib import Path

from cudafix.config.names import fault_of_module
from cudafix.errors import UserError
from cudafix.files.ordinary import TooLargeError, read_text
from cudafix.files.output import write_output
from cudafix.files.source import HUGE, RUNTIME_MARK
from cudafix.version import __version__

HEADER = """\
# SPDX-License-Identifier: Apache-2.0
{mark}: a copy made by `cudafix vendor`, @generated.
# Do not edit it: `cudafix vendor {path}` refreshes it, `cudafix vendor --check {path}` tells whether it was edited.
# cudafix-version: {version}
# cudafix-sha256: {digest}
"""


class VendorError(UserError):
    """A copy that cannot be read or written, or must not be overwritten."""


class State(Enum):
    """What a file is to the bundled runtime; the value completes a sentence that begins with its path."""

    CURRENT = "is up to date"
    OUTDATED = "is out of date"
    EDITED = "was edited by hand"
    FOREIGN = "is no copy of the runtime"
    ABSENT = "does not exist"


def write_copy(path: Path, force: bool) -> None:
    """Write a current copy to `path`.

    Raises:
        VendorError: when something else stands there and `force` is not given.
        OutputError: when it cannot be written.
    """
    state = state_of(path)
    if state in (State.EDITED, State.FOREIGN) and not force:
        raise VendorError(f"{path} {state.value}: --force overwrites it")
    write_output(str(path), vendored(path).encode("utf-8"))


def state_of(path: Path) -> State:
    """Compare the file at `path` with the bundled runtime.

    Raises:
        VendorError: when it cannot be read.
    """
    if not str(path).isprintable():
        raise VendorError(f"{path}: a name with such characters cannot stand in the copy, which says how to refresh it")
    try:
        if path.is_dir():
            raise VendorError(f"{path} is a folder: name the file, such as {path / 'device_runtime.py'}")
        if not os.path.lexists(path):
            return State.ABSENT
        if not path.is_file():
            raise VendorError(f"{path}: is neither an ordinary file nor a link to one")
        text = read_text(path, HUGE)
    except (UnicodeDecodeError, TooLargeError):
        return State.FOREIGN
    except OSError as error:
        raise VendorError(f"{path}: cannot be read: {error.strerror}") from error
    match = re.search(r"^# cudafix-sha256: ([0-9a-f]{64})\n", text, re.MULTILINE)
    if match is None:
        return State.FOREIGN
    body = text[match.end() :]
    if hashlib.sha256(body.encode()).hexdigest() != match[1]:
        return State.EDITED
    return State.CURRENT if body == runtime_source() else State.OUTDATED


def vendored(path: Path) -> str:
    """Return the text of a vendored copy that stands at `path`."""
    body = runtime_source()
    digest = hashlib.sha256(body.encode()).hexdigest()
    mark = RUNTIME_MARK.decode()
    return HEADER.format(mark=mark, path=path.as_posix(), version=__version__, digest=digest) + body


def runtime_source() -> str:
    """Return the runtime's code without the comment lines at its top, which a copy replaces."""
    text = files("cudafix").joinpath("runtime.py").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines)


def how_to_use(path: Path) -> str:
    """Say what to set for a copy at `path`."""
    name = module_name(path)
    if fault_of_module(name):
        return "Code cannot import a module that is called so: give the file, and its folders, names of Python."
    return f'Set `runtime-module = "{name}"` in [tool.cudafix].'


def module_name(path: Path) -> str:
    """Guess how the project imports the file at `path`: its place below the working folder, without `src`."""
    parts = Path(os.path.relpath(path)).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "src" else parts).lstrip(".")
