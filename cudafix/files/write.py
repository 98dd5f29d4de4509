"""New bytes → the file: all of them or none, with the file's own mode, and only if nobody changed it meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat

from cudafix.files.atomic import put, replacement, write_all

OLD = ".cudafix-old"
"""What the name of a copy ends with that holds a file as it was."""


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
    status = os.stat(target)
    if status.st_nlink > 1:
        write_in_place(target, old, new, status)
        return
    with replacement(target) as temporary:
        write_all(temporary, new)
        keep_attributes(target, temporary)
        check_unchanged(target, old)


def write_in_place(target: str, old: bytes, new: bytes, status: os.stat_result) -> None:
    """Write into a file that has other names, so that they stay names of it; until that is done a copy has the old.

    Raises:
        ChangedMeanwhile: when the file no longer holds `old`.
        OSError: when it cannot be written, or the copy of a run that was killed is there; the file is then as it was.
    """
    check_unchanged(target, old)
    copy = f"{target}{OLD}"
    if os.path.lexists(copy):
        raise FileExistsError(errno.EEXIST, f"{os.path.basename(copy)}, of a run that was killed, is still there")
    with open(copy, "xb"):
        pass
    try:
        write_all(copy, old)
        with open(target, "r+b") as stream:
            try:
                put(stream.fileno(), new)
            except BaseException:
                put(stream.fileno(), old)
                raise
        with contextlib.suppress(OSError):
            os.chmod(target, stat.S_IMODE(status.st_mode))  # writing takes set-id bits away
    except BaseException:
        with contextlib.suppress(OSError):
            check_unchanged(target, old)
            os.unlink(copy)
        raise
    os.unlink(copy)


def check_unchanged(target: str, old: bytes) -> None:
    with open(target, "rb") as stream:
        if stream.read(len(old) + 1) != old:
            raise ChangedMeanwhile(f"{target} was changed by somebody else meanwhile")


def keep_attributes(target: str, temporary: str) -> None:
    """Give `temporary` the mode, owner and extended attributes of `target`, but not its age: bytecode goes by that."""
    if hasattr(os, "chown"):  # before the mode: a new owner takes set-id bits away
        owner = os.stat(target)
        with contextlib.suppress(OSError):
            os.chown(temporary, owner.st_uid, owner.st_gid)
    shutil.copystat(target, temporary)
    os.utime(temporary)
