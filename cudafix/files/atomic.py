"""A file is replaced as a whole or not at all; what a run that was killed has left behind, the next one takes away."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from functools import cache

PREFIX = ".cudafix-"
SUFFIX = ".tmp"
ABANDONED = re.compile(rf"{re.escape(PREFIX)}(?P<host>[\w.]*)-(?P<process>\d+)-\w+{re.escape(SUFFIX)}")


@contextlib.contextmanager
def replacement(target: str) -> Iterator[str]:
    """Yield the name of an empty file beside `target`, which takes its place when the block ends well.

    Raises:
        OSError: where there cannot be such a file, or it cannot take the place.
    """
    folder, name = os.path.split(os.path.abspath(target))
    remove_abandoned(os.path.realpath(folder))
    start = f"{PREFIX}{host()}-{os.getpid()}-"
    with held(folder) as place:
        handle, temporary = tempfile.mkstemp(prefix=start, suffix=SUFFIX, dir=place)
        try:
            os.close(handle)
            yield temporary
            os.replace(temporary, os.path.join(place, name))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


@contextlib.contextmanager
def held(folder: str) -> Iterator[str]:
    """Yield a path that leads to this very folder, whatever others put in its place meanwhile; elsewhere than on Linux,
    the path as it is."""
    descriptor = -1
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    place = f"/proc/self/fd/{descriptor}"
    try:
        yield place if descriptor >= 0 and os.path.isdir(place) else folder
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def open_new(name: str) -> None:
    """Make an empty file that only its owner may read, whatever others may do with the one that it is a copy of.

    Raises:
        OSError: where there is one, or cannot be one.
    """
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.close(handle)
    except OSError:
        os.unlink(name)
        raise


def write_all(temporary: str, data: bytes) -> None:
    """Write `data`, and wait until it is on the disk."""
    with open(temporary, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def put(descriptor: int, data: bytes) -> None:
    """Make `data` the content of an open file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)


def new_mode() -> int:
    """Return the mode that a new file gets."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@cache
def remove_abandoned(folder: str) -> None:
    """Remove the files of processes of this machine that are no more; once for each folder."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            found = ABANDONED.fullmatch(entry.name)
            if found is not None and found["host"] == host() and not is_running(int(found["process"])):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


@cache
def host() -> str:
    """Return what tells this machine from others that share its folders, in letters that any file's name may have."""
    import platform  # not at the top: only those who write ask

    return re.sub(r"[^\w.]", "", platform.node(), flags=re.ASCII)[:32]


def is_running(process: int) -> bool:
    if os.name == "nt":
        return True  # there `os.kill` would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
