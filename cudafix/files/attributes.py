"""What a file has beside its content: mode, owner, access lists and other extended attributes; not its age."""

from __future__ import annotations

import contextlib
import os
import stat


class NotKeptError(Exception):
    """A new file cannot have all that the old one has: only writing into the old one keeps it."""


def keep_attributes(target: str, temporary: str) -> None:
    """Give `temporary` what `target` has, and nothing else, but not its age: bytecode goes by that.

    Raises:
        NotKeptError: where it cannot have it.
    """
    status = os.stat(target)
    if hasattr(os, "chown"):  # before the mode: a new owner takes set-id bits away
        with contextlib.suppress(OSError):
            os.chown(temporary, status.st_uid, status.st_gid)
    attributes = extended(target)
    give_back(temporary, stat.S_IMODE(status.st_mode), attributes)
    if hasattr(os, "chflags"):  # on macOS and BSD
        with contextlib.suppress(OSError):
            os.chflags(temporary, getattr(status, "st_flags", 0))
    if rights(os.stat(temporary)) != rights(status) or extended(temporary) != attributes:
        raise NotKeptError


def give_back(path: str, mode: int, attributes: dict[str, bytes]) -> None:
    """Give a file a mode and extended attributes, and take those away that it has from its folder."""
    has = extended(path)
    for name in has.keys() - attributes.keys():
        with contextlib.suppress(OSError):
            os.removexattr(path, name)
    for name, value in attributes.items():
        if has.get(name) != value:
            with contextlib.suppress(OSError):
                os.setxattr(path, name, value)
    with contextlib.suppress(OSError):
        os.chmod(path, mode)


def extended(path: str) -> dict[str, bytes]:
    """Return the extended attributes of a file, among which Linux has access lists; none on other systems."""
    found: dict[str, bytes] = {}
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(path):
                with contextlib.suppress(OSError):  # it is gone again, or its value is not for us
                    found[name] = os.getxattr(path, name)
    return found


def rights(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
