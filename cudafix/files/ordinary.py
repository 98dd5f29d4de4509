"""A path → what the file holds: read from ordinary files only, and up to a limit that its size is held against first.

A link to a device never ends, a pipe that nobody writes to is waited for, and a sparse file of gigabytes costs nothing
to make: what a tree holds must not decide how much of this machine a run takes.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

SETTINGS = 1_000_000
"""Bytes. More than this is no configuration, whatever its name."""

DATA = 100_000_000
"""Bytes. So large may be what is kept from earlier runs, and a file of the project itself."""

FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class NotReadError(OSError):
    """A file that is not read, for what it is; the text says why."""


class TooLargeError(NotReadError):
    """A file that is larger than its limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(errno.EFBIG, f"is larger than {limit // 1_000_000} MB")


def read_ordinary(path: str | Path, limit: int) -> bytes:
    """Return the bytes of an ordinary file.

    Raises:
        TooLargeError: when there are more than `limit`.
        OSError: when it cannot be read, or is a folder, a device or a pipe.
    """
    check(os.stat(path), limit)  # before it is opened: that alone may do something to a device
    descriptor = os.open(path, FLAGS)
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        check(status, limit)
        data = stream.read(status.st_size + 1) or b""
        while status.st_size < len(data) <= limit and (more := stream.read(limit + 1 - len(data))):
            data += more  # it has grown, or is one of those that the system makes up and that have no size
    if len(data) > limit:
        raise TooLargeError(limit)
    return data


def read_text(path: str | Path, limit: int, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return the text of an ordinary file, with line feeds as line ends.

    Raises:
        OSError: as `read_ordinary` does.
        UnicodeDecodeError: when it is no such text.
    """
    return read_ordinary(path, limit).decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")


def check(status: os.stat_result, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise NotReadError(errno.EINVAL, "is no ordinary file")
    if status.st_size > limit:
        raise TooLargeError(limit)


def reason(error: Exception) -> str:
    """Return on one line why a file was not read."""
    if isinstance(error, NotReadError):
        return str(error.strerror)
    return f"cannot be read: {getattr(error, 'strerror', None) or ' '.join(str(error).split())[:200]}"
