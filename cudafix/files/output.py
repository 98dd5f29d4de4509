"""Bytes → the place that the user names for output, so that nothing is lost there but earlier output.

An ordinary file is replaced as a whole; a link to one stays a link. What is a pipe, a terminal or another device is
written into, and never replaced. Code, folders and disks are refused.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cudafix.errors import UserError
from cudafix.files.atomic import new_mode, put, replacement, write_all
from cudafix.files.attributes import NotKeptError, extended, give_back, keep_attributes
from cudafix.files.paths import is_inside
from cudafix.files.source import SUFFIXES

NEVER_OUTPUT = (
    *SUFFIXES, ".pth", ".toml", ".cfg", ".ini", ".yaml", ".yml", ".lock", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h",
    ".hpp", ".js", ".ts", ".sh", ".bat", ".ps1", "Makefile", "Dockerfile", "CODEOWNERS", ".gitignore", ".env",
    ".gitattributes",
)  # fmt: skip
"""How the names of files end that hold code or settings: what is there is no earlier output of ours."""

GIT = f"{os.sep}.git{os.sep}"

READER_WITHIN = 5.0
"""Seconds that a named pipe may be without a reader."""

STALLED = 25.0
"""Seconds that a pipe or a terminal may take nothing."""

STANDARD_STREAMS = (1, 2)
FOLDERS_OF_DESCRIPTORS = ("/dev/fd", "/proc/{0}/fd", "/proc/{0}/task/{0}/fd")
MOST_LINKS = 40
IN_PLACE = frozenset((errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS))
"""Why a file may have to be written where it is: its folder takes no other, or it is mounted by itself."""


class OutputError(UserError):
    """A place that output cannot go to; the text names it."""


def check_output(name: str) -> None:
    """Complain before a run about a place that its output could not go to.

    Raises:
        OutputError: where it cannot.
    """
    with one_line(name):
        if descriptor_of(name) is not None:
            return
        status = status_of(name)
        folder = os.path.dirname(os.path.abspath(name))
        if status is None and not os.path.isdir(folder):
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not os.access(folder if status is None else name, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))


def protect(name: str, used: Iterable[str | int]) -> None:
    """Refuse output that would take the place of code, of settings, or of a file or open descriptor that is `used`.

    Raises:
        OutputError: where it would.
    """
    with one_line(name):
        status = status_of(name)
        if status is None or not stat.S_ISREG(status.st_mode):
            return
        if holds_code(name):
            raise OutputError(f"{name}: holds code or settings, which output would replace")
        if any(is_at(one, status) for one in used):
            raise OutputError(f"{name}: is used by this run itself, and output would replace it")


def holds_code(name: str) -> bool:
    """Whether what stands at `name` is code or settings, by its name or that of where it leads."""
    target = os.path.realpath(name)
    return name.endswith(NEVER_OUTPUT) or target.endswith(NEVER_OUTPUT) or GIT in target


def is_at(path: str | int, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), status)
    except (OSError, ValueError):
        return False


def write_output(name: str, data: bytes) -> None:
    """Write `data` to where `name` leads: all of it or none, where that is an ordinary file.

    Raises:
        OutputError: where it cannot be written.
    """
    with one_line(name):
        descriptor = descriptor_of(name)
        if descriptor is not None:
            write_to_descriptor(descriptor, data)
            return
        status = status_of(name)
        if status is None or stat.S_ISREG(status.st_mode):
            replace_file(os.path.realpath(name), data, status)
        else:
            write_into(name, data)


def write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that are not there yet into a folder, which is made where it is missing: all of them or none.

    Raises:
        OSError: where one cannot be written.
    """
    made: list[Path] = []
    try:
        for one in (*reversed(folder.parents), folder):
            if not one.is_dir():
                if os.path.lexists(one):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
                one.mkdir()
                made.append(one)
        for name, data in files.items():
            with open(folder / name, "xb") as stream:  # what has come there meanwhile stays
                made.append(folder / name)
                stream.write(data)
    except BaseException:
        for one in reversed(made):
            with contextlib.suppress(OSError):
                one.rmdir() if one.is_dir() else one.unlink()
        raise


@contextlib.contextmanager
def one_line(name: str) -> Iterator[None]:
    """Turn what goes wrong with a file into what the user is told."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{name}: cannot be written: {error.strerror or error}") from None
    except (ValueError, OverflowError) as error:  # a name that no file, or a number that no descriptor, can have
        raise OutputError(f"{name}: cannot be written: {error}") from None


def status_of(name: str) -> os.stat_result | None:
    """Return what stands at `name`; None where nothing does, and a file may.

    Raises:
        OutputError: for what is neither an ordinary file nor a pipe or device, or a link that leads elsewhere.
        OSError: for what cannot be asked.
    """
    try:
        status = os.stat(name)
    except FileNotFoundError:
        if os.path.islink(name):
            raise OutputError(f"{name}: is a link to nothing") from None
        if not os.path.basename(name):
            raise OutputError(f"{name or repr(name)}: is not the name of a file") from None
        return None
    if stat.S_ISDIR(status.st_mode):
        raise OutputError(f"{name}: is a folder, not a file")
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)):
        raise OutputError(f"{name}: is neither a file nor a pipe or terminal")
    if stat.S_ISREG(status.st_mode) and os.path.islink(name) and leads_away(name) and descriptor_of(name) is None:
        raise OutputError(f"{name}: is a link to a file elsewhere: name that file ({os.path.realpath(name)})")
    return status


def leads_away(link: str) -> bool:
    """Whether a link leads out of its folder and of the working folder: the link may be that of a stranger."""
    return not any(is_inside(link, home) for home in (os.path.dirname(os.path.abspath(link)), os.curdir))


def descriptor_of(name: str) -> int | None:
    """Return the descriptor of this process that a name stands for (`/dev/stdout`, `/dev/fd/3`, the file that standard
    output goes to): what others have written there stays. None for all else.

    Raises:
        OSError: for one that is not open.
    """
    number = number_of_descriptor(name)
    if number is not None:
        os.fstat(number)
        return number
    with contextlib.suppress(OSError):
        status = os.stat(name)
        if stat.S_ISREG(status.st_mode):
            return next((one for one in STANDARD_STREAMS if is_at(one, status)), None)
    return None


def number_of_descriptor(name: str) -> int | None:
    """Return the number in a name that leads, perhaps through links, to a descriptor of this process."""
    folders = [os.path.realpath(one.format(os.getpid())) for one in FOLDERS_OF_DESCRIPTORS]
    for _ in range(MOST_LINKS):
        folder, base = os.path.split(name)
        folder = os.path.realpath(folder)
        if base.isdecimal() and folder in folders:
            return int(base)
        try:
            name = os.path.join(folder, os.readlink(os.path.join(folder, base)))
        except OSError:
            break
    return None


def write_to_descriptor(descriptor: int, data: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with open(descriptor, "wb", closefd=False) as target:
        target.write(data)


def replace_file(target: str, data: bytes, old: os.stat_result | None) -> None:
    """Put a file with `data` in the place of `target`, with all else that `old` has, or write into that."""
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    try:
        with replacement(target) as temporary:
            write_all(temporary, data)
            if old is None:
                os.chmod(temporary, new_mode())
            else:
                keep_attributes(target, temporary)
    except NotKeptError:
        overwrite(target, data)
    except OSError as error:
        if old is None or error.errno not in IN_PLACE:
            raise
        overwrite(target, data)


def overwrite(target: str, data: bytes) -> None:
    """Write `data` into a file; where that fails, put back what was there."""
    mode, attributes = stat.S_IMODE(os.stat(target).st_mode), extended(target)
    with open(target, "r+b") as stream:
        old = stream.read()
        try:
            put(stream.fileno(), data)
        except BaseException:
            with contextlib.suppress(OSError):
                put(stream.fileno(), old)
            raise
    give_back(target, mode, attributes)


def write_into(name: str, data: bytes) -> None:
    """Write `data` into a pipe or a device, but wait for nobody for long."""
    if os.name == "nt":  # there a device cannot be waited for
        with open(name, "wb") as stream:
            stream.write(data)
        return
    descriptor = open_for_writing(name)
    try:
        rest = memoryview(data)
        while rest:
            if not select.select([], [descriptor], [], STALLED)[1]:
                raise TimeoutError(errno.ETIMEDOUT, "nobody reads what is written")
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def open_for_writing(name: str) -> int:
    """Open a pipe or a device, once a pipe has a reader."""
    until = time.monotonic() + READER_WITHIN
    while True:
        try:
            return os.open(name, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(name).st_mode):
                raise
            if time.monotonic() > until:
                raise TimeoutError(errno.ETIMEDOUT, "it is a pipe that nobody reads from") from None
        time.sleep(0.05)
