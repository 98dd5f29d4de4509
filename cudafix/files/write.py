"""New bytes → the file: all of them or none, with the file's own mode, and only if nobody changed it meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil

from cudafix.files.atomic import replacement, write_all


class ChangedMeanwhile(Exception):
    """Somebody else wrote the file between our reading and our writing."""


def write(path: str, old: bytes, new: bytes) -> None:
    """Replace the content of `path`; a link is followed, so that it stays one.

    Raises:
        ChangedMeanwhile: when the file no longer holds `old`.
        OSError: when it cannot be written; the file is then as it was.
    """
    target = os.path.realpath(path)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target)
    with replacement(target) as temporary:
        write_all(temporary, new)
        keep_attributes(target, temporary)
        with open(target, "rb") as stream:
            if stream.read() != old:
                raise ChangedMeanwhile(f"{path} was changed by somebody else meanwhile")


def keep_attributes(target: str, temporary: str) -> None:
    """Give `temporary` the mode, owner and extended attributes of `target`, but not its age: bytecode goes by that."""
    shutil.copystat(target, temporary)
    os.utime(temporary)
    if hasattr(os, "chown"):
        owner = os.stat(target)
        with contextlib.suppress(OSError):
            os.chown(temporary, owner.st_uid, owner.st_gid)
