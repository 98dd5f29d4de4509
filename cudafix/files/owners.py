"""CODEOWNERS → who owns a file: the last pattern that fits tells, in each section of GitLab's kind its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where GitHub and GitLab look for the file, in their order."""

SECTION = re.compile(r"\^?\[(?P<name>[^\]]+)\](?:\[\d+\])?(?P<owners>.*)")
PIECE = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\\.|.", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A line of the file: the section that it is in, the paths that it is about, and who owns them."""

    section: str
    pattern: re.Pattern[str]
    owners: tuple[str, ...]


class Owners:
    """The owners that the file of a repository tells."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    def of(self, path: str) -> tuple[str, ...]:
        """Return the owners of a path, given from the root of the repository on; () where nobody is named."""
        last: dict[str, tuple[str, ...]] = {}
        for entry in self.entries:
            if entry.pattern.fullmatch(path):
                last[entry.section] = entry.owners
        return tuple(dict.fromkeys(owner for owners in last.values() for owner in owners))


def load_owners(root: Path) -> Owners:
    """Return what the repository at `root` tells; nothing where it has no such file."""
    for place in PLACES:
        try:
            text = (root / place).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return Owners([*read_entries(text)])
    return Owners(())


def read_entries(text: str) -> Iterator[Entry]:
    section, default = "", ()
    for line in text.splitlines():
        code = re.split(r"(?:^|(?<=\s))#", line, maxsplit=1)[0].strip()
        heading = SECTION.fullmatch(code)
        if heading is not None:
            section, default = heading["name"].lower(), tuple(heading["owners"].split())
        elif code:
            pattern, *owners = (one.replace("\\ ", " ") for one in re.split(r"(?<!\\)\s+", code))
            yield Entry(section, compiled(pattern), tuple(owners) or default)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression for a pattern: `*` is within one folder, `**` any, a folder is all that lies in it."""
    is_anchored = "/" in pattern.rstrip("/")
    parts = [translated(one) for one in PIECE.findall(pattern.strip("/"))]
    below = "/.+" if pattern.endswith("/") else "" if pattern.endswith("/*") else "(?:/.+)?"
    return re.compile(("" if is_anchored else "(?:.*/)?") + "".join(parts) + below, re.DOTALL)


def translated(piece: str) -> str:
    known = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return known.get(piece) or re.escape(piece.removeprefix("\\") if len(piece) > 1 else piece)
