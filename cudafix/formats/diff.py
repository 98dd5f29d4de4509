"""Changed files → a unified diff in bytes, which `git apply` and `patch -p1` take whatever the encoding."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from cudafix.model import Result

ESCAPES = {b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b'"': b'\\"', b"\\": b"\\\\"}


def diff(changed: Sequence[Result]) -> bytes:
    return b"".join(diff_of(result, below_working_folder(result.path)) for result in changed)


def below_working_folder(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def diff_of(result: Result, name: str) -> bytes:
    """Return the diff of one file, which it calls `name`."""
    import difflib  # not at the top: only `--diff` needs it

    old, new = lines(result.old_bytes or b""), lines(result.new_bytes or b"")
    parts = difflib.diff_bytes(difflib.unified_diff, old, new, quoted("a", name), quoted("b", name))
    return b"".join(part if part.endswith(b"\n") else part + b"\n\\ No newline at end of file\n" for part in parts)


def lines(data: bytes) -> list[bytes]:
    """Split at line feeds only, as git and patch do."""
    return re.findall(rb"[^\n]*\n|[^\n]+$", data)


def quoted(side: str, name: str) -> bytes:
    """Return the name as git writes it in a header: quoted when it holds what would end or blur the line."""
    raw = os.fsencode(f"{side}/{name.replace(os.sep, '/').lstrip('/')}")
    if not re.search(rb'[\x00-\x1f\x7f"\\]', raw):
        return raw + b"\t" if b" " in raw else raw
    return b'"' + re.sub(rb'[\x00-\x1f\x7f"\\]', lambda match: escape(match[0]), raw) + b'"'


def escape(byte: bytes) -> bytes:
    return ESCAPES.get(byte) or b"\\%03o" % byte[0]
