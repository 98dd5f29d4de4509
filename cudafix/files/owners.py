"""CODEOWNERS → who owns a file: the last pattern that fits tells, in each section of GitLab's kind its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from cudafix.errors import UserError
from cudafix.files.ordinary import read_text, reason

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where GitHub and GitLab look for the file, in their order."""

SECTION = re.compile(r"\^?\[(?P<name>[^\]]+)\](?:\[\d+\])?(?P<owners>.*)")
PIECE = re.compile(r"\*+|\?|\\.|.", re.DOTALL)
LARGEST = 3_000_000
"""Bytes. GitHub takes no larger file."""

LONGEST = 4_096
"""Characters of a pattern; no path is longer."""


@dataclass(frozen=True)
class Entry:
    """A line of the file: the section that it is in, the paths that it is about, and who owns them."""

    section: str
    pattern: str
    owners: tuple[str, ...]

    @cached_property
    def expression(self) -> re.Pattern[str]:
        return compiled(self.pattern)


class Owners:
    """The owners that the file of a repository tells."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    def of(self, path: str) -> tuple[str, ...]:
        """Return the owners of a path, given from the root of the repository on; () where nobody is named."""
        last: dict[str, tuple[str, ...]] = {}
        for entry in self.entries:
            if entry.expression.fullmatch(path):
                last[entry.section] = entry.owners
        return tuple(dict.fromkeys(owner for owners in last.values() for owner in owners))


def load_owners(root: Path) -> Owners:
    """Return what the repository at `root` tells; nothing where it has no such file.

    Raises:
        UserError: where it cannot be read.
    """
    for place in PLACES:
        try:
            text = read_text(root / place, LARGEST, errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise UserError(f"{root / place}: {reason(error)}") from None
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
            if len(pattern) <= LONGEST:
                yield Entry(section, pattern, tuple(owners) or default)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression for a pattern: `*` is within one folder, `**` any, a folder is all that lies in it.

    What stands between two `**` is looked for at the first place where it fits, and so is what stands between two `*`
    of a name: no later place could be better. So nothing is tried again, and the time is that of path times pattern.
    """
    names = pattern.strip("/").split("/")
    is_anchored = "/" in pattern.rstrip("/")
    (*before, last), groups = runs([] if is_anchored else ["**"], names), count()
    text = "".join(f"{run_text(one, groups)}/" for one in before[:1] if one)
    text += "".join(first_fit(rf"(?:[^/]*/)*?{run_text(one, groups)}/", groups) for one in before[1:] if one)
    if before and last:
        text += "(?:[^/]*/)*?"
    below = "/.+" if pattern.endswith("/") else "" if pattern.endswith("/*") or not last else "(?:/.+)?"
    return re.compile(text + (run_text(last, groups) if last else ".+") + below, re.DOTALL)


def runs(start: list[str], names: list[str]) -> list[list[str]]:
    """Return the names between the `**` of a pattern; the first stand at its beginning, the last at its end."""
    found: list[list[str]] = [[]]
    for name in (*start, *names):
        if name == "**":
            found.append([])
        else:
            found[-1].append(name)
    return found


def run_text(names: list[str], groups: Iterator[int]) -> str:
    return "/".join(name_text(one, groups) for one in names)


def name_text(name: str, groups: Iterator[int]) -> str:
    """Return the expression for one name, in which `*` and `?` stand for everything but a slash."""
    chunks: list[list[str]] = [[]]
    for piece in PIECE.findall(name):
        if piece.startswith("*"):
            chunks.append([])
        else:
            chunks[-1].append("[^/]" if piece == "?" else re.escape(piece[1:] if len(piece) > 1 else piece))
    first, *rest = ("".join(one) for one in chunks)
    if not rest:
        return first
    between = "".join(first_fit(f"[^/]*?{one}", groups) for one in rest[:-1] if one)
    return f"{first}{between}[^/]*{rest[-1]}"


def first_fit(expression: str, groups: Iterator[int]) -> str:
    """Return an expression that fits as another does at first, and in no other way: an atomic group, for any Python."""
    name = f"g{next(groups)}"
    return f"(?=(?P<{name}>{expression}))(?P={name})"
