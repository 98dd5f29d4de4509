"""New bytes → the file: all of them or none, with all else that it has, and only if nobody changed it meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Collection

from cudafix.files.atomic import held, open_new, put, replacement, write_all
from cudafix.files.attributes import NotKeptError, extended, give_back, keep_attributes
from cudafix.files.ordinary import NotReadError, read_ordinary
from cudafix.files.paths import is_below

OLD = ".cudafix-old"
"""What the name of a copy ends with that holds a file as it was."""

FLAGS = os.O_RDWR | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))
"""How a file is opened that by now might be a link, or a pipe."""


class ChangedMeanwhile(Exception):
    """Somebody else wrote the file between our reading and our writing."""


def write(path: str, old: bytes, new: bytes, tops: Collection[str] = ()) -> None:
    """Replace the content of `path`; a link is followed, so that it stays one.

    Raises:
        ChangedMeanwhile: when the file no longer holds `old`, or by now lies in none of the folders `tops`.
        OSError: when it cannot be written; the file is then as it was.
    """
    folder, name = os.path.split(os.path.realpath(path))
    with held(folder) as place:
        if tops and not any(is_below(place, one) for one in ([folder] if folder in tops else tops)):
            raise ChangedMeanwhile("somebody else changed it meanwhile")
        write_at(os.path.join(place, name), old, new)


def write_at(target: str, old: bytes, new: bytes) -> None:
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target)
    status = os.stat(target)
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        write_in_place(target, old, new)
        return
    try:
        with replacement(target) as temporary:
            write_all(temporary, new)
            keep_attributes(target, temporary)
            check_unchanged(target, old)
    except NotKeptError:
        write_in_place(target, old, new)
    except OSError as error:
        if error.errno != errno.EBUSY:  # which says that it is mounted by itself
            raise
        write_in_place(target, old, new)


def write_in_place(target: str, old: bytes, new: bytes) -> None:
    """Write into a file, which keeps its other names and whatever else no other file can have; until that is done a
    copy has the old content.

    Raises:
        ChangedMeanwhile: when the file no longer holds `old`.
        OSError: when it cannot be written, or the copy of another run is there; the file is then as it was.
    """
    copy = f"{target}{OLD}"
    try:
        open_new(copy)  # nobody else writes while it is there
    except FileExistsError:
        text = f"{os.path.basename(copy)}, of a run that goes on or was killed, is there"
        raise FileExistsError(errno.EEXIST, text) from None
    try:
        check_unchanged(target, old)
        write_all(copy, old)
        mode, attributes = stat.S_IMODE(os.stat(target).st_mode), extended(target)
        handle = os.open(target, FLAGS)
    except BaseException:
        os.unlink(copy)
        raise
    try:
        put(handle, new)
    except BaseException:
        with contextlib.suppress(OSError, ChangedMeanwhile):  # else the copy is all that there is
            put(handle, old)
            check_unchanged(target, old)
            os.unlink(copy)
        raise
    finally:
        with contextlib.suppress(OSError):  # what was written is on the disk
            os.close(handle)
    give_back(target, mode, attributes)  # writing takes set-id bits away
    os.unlink(copy)


def check_unchanged(target: str, old: bytes) -> None:
    try:
        data = read_ordinary(target, max(1, len(old)))
    except NotReadError:  # it has grown, or is a pipe by now
        data = None
    if data != old:
        raise ChangedMeanwhile("somebody else changed it meanwhile")
