"""Changed files → a unified diff in bytes, which `git apply` and `patch -p1` take whatever the encoding."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from cudafix.model import Result

CONTEXT = 3
"""The lines around a change by which its place is found."""

ESCAPES = {b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b'"': b'\\"', b"\\": b"\\\\"}


def diff(changed: Sequence[Result]) -> bytes:
    return b"".join(diff_of(result, below_working_folder(result.path)) for result in changed)


def below_working_folder(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def diff_of(result: Result, name: str) -> bytes:
    """Return the diff of one file, which it calls `name`."""
    hunks = b"".join(hunks_of(lines(result.old_bytes or b""), lines(result.new_bytes or b"")))
    return b"--- %s\n+++ %s\n%s" % (quoted("a", name), quoted("b", name), hunks) if hunks else b""


def hunks_of(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    from cudafix.files.line_matcher import LineMatcher  # not at the top: only `--diff` needs it

    for group in LineMatcher(old, new).get_grouped_opcodes(CONTEXT):
        (_, start, _, new_start, _), (_, _, end, _, new_end) = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (range_of(start, end), range_of(new_start, new_end))
        for tag, first, last, new_first, new_last in group:
            is_same = tag == "equal"
            yield from marked(b" " if is_same else b"-", old[first:last])
            yield from marked(b"+", () if is_same else new[new_first:new_last])


def range_of(start: int, end: int) -> bytes:
    """Return which lines are meant, as a unified diff says it: none are those behind a line."""
    size = end - start
    return b"%d" % (start + 1) if size == 1 else b"%d,%d" % (start + (size > 0), size)


def marked(mark: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
    return (mark + (one if one.endswith(b"\n") else one + b"\n\\ No newline at end of file\n") for one in lines)


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
