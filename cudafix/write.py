"""New bytes → the file: all of them or none, with the file's own mode, and only if nobody changed it meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile


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
        raise PermissionError(f"{path} is not writable")
    folder, name = os.path.split(target)
    handle, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".cudafix-tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(new)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copystat(target, temporary)
        with open(target, "rb") as stream:
            if stream.read() != old:
                raise ChangedMeanwhile(f"{path} was changed by somebody else meanwhile")
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
