"""What earlier runs found, kept so that files which have not changed need no second look.

In: a path and its options. Out: the result of the last look at the same content, by the same cudafix, under the same
options. A cache that is broken, somebody else's, or cannot be written is no cache: nothing depends on it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cudafix import version
from cudafix.config.options import Options
from cudafix.files.atomic import replacement
from cudafix.files.ordinary import DATA, read_ordinary
from cudafix.files.source import digest
from cudafix.model import Edit, Finding, Fix, Helper, Position, Problem, Result, Safety

FOLDER = ".cudafix_cache"
DAYS = 30
"""An entry that no run needed for so long goes."""

SETTLED = 2_000_000_000
"""Nanoseconds. A file that changed so little ago may change again without a newer time: only its content counts."""

OPTIONS_ELSEWHERE = frozenset(("root", "exclude", "extend_exclude", "force_exclude", "cache_dir", "baseline", "gate"))
"""What decides which files are looked at, not what is found in them."""

TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of cudafix; it may be deleted at any time.\n"
)

Identity = list[int]
"""[time of the content, time of the entry, size, inode] of a file"""

Entry = list[Any]
"""[identity, digest of the content, day, findings, problems, uncounted, helpers]"""


class Cache:
    """The results of earlier runs; one shelf, a JSON file, for each set of options."""

    def __init__(self, folder: str = "") -> None:
        self.folder = folder
        self.shelves: dict[tuple[str, str], Shelf] = {}
        self.by_id: dict[int, tuple[Options, Shelf]] = {}
        self.identities: dict[str, Identity] = {}

    def find(self, path: str, options: Options) -> Result | None:
        """Return what is known of the file; None where it must be looked at."""
        identity = self.identities[path] = identity_of(path)
        return self.shelf(options).find(path, identity)

    def keep(self, result: Result, options: Options) -> None:
        """Remember the result for a file that `find` was asked for."""
        if not result.digest or result.new_bytes is not None or any(one.fatal for one in result.problems):
            return
        self.shelf(options).keep(result, self.identities[result.path])

    def shelf(self, options: Options) -> Shelf:
        if id(options) not in self.by_id:  # each folder of a tree has its own, and all are equal
            known = next((shelf for one, shelf in self.by_id.values() if one == options), None)
            self.by_id[id(options)] = options, known or self.make_shelf(options)
        return self.by_id[id(options)][1]

    def make_shelf(self, options: Options) -> Shelf:
        root = str(options.root)
        folder = self.folder or os.path.join(root, options.cache_dir or FOLDER)
        name = digest(f"{self.stamp} {settings_of(options)}".encode())
        return self.shelves.setdefault((folder, name), Shelf(folder, name, root))

    @cached_property
    def stamp(self) -> str:
        """What tells this cudafix from others: its version, and the times of its files for those who work on it."""
        modules = Path(version.__file__).parent.rglob("*.py")
        times = sorted((str(one), one.stat().st_mtime_ns) for one in modules)
        return f"{version.__version__} {sys.version_info[:2]} {times}"

    def save(self) -> None:
        for shelf in self.shelves.values():
            shelf.save()


class Shelf:
    """What is known under one set of options: the entries of files, by their path below `root`."""

    def __init__(self, folder: str, name: str, root: str) -> None:
        self.folder = folder
        self.name = name
        self.root = root
        self.path = os.path.join(folder, f"{name}.json")
        self.has_changed = False
        self.today = int(time.time() // 86_400)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        if not is_ours(self.folder):
            return {}
        try:
            entries = json.loads(read_ordinary(self.path, DATA))
        except (OSError, ValueError, RecursionError):
            return {}
        return entries if isinstance(entries, dict) else {}

    def key(self, path: str) -> str:
        absolute = os.path.abspath(path)
        return absolute.removeprefix(os.path.join(self.root, ""))

    def find(self, path: str, identity: Identity) -> Result | None:
        key = self.key(path)
        entry = self.entries.get(key)
        if entry is None:
            return None
        try:
            known, content, day, *details = entry
            if known != identity or not any(identity):
                if digest(read_ordinary(path, DATA)) != content:
                    return None
                self.has_changed = self.has_changed or any(identity)
            result = replace(read_result(path, *details), digest=content)
        except (OSError, TypeError, ValueError, RecursionError):
            return None
        if known != identity or day != self.today:
            self.entries[key] = [identity, content, self.today, *details]
            self.has_changed = self.has_changed or day != self.today
        return result

    def keep(self, result: Result, identity: Identity) -> None:
        self.has_changed = True
        findings = [finding_as_list(one) for one in result.findings]
        problems = [[one.message, place_as_list(one.position)] for one in result.problems]
        helpers = [[one.name, one.symbol, one.backends, one.row] for one in result.helpers]
        details = [findings, problems, result.uncounted, helpers]
        self.entries[self.key(result.path)] = [identity, result.digest, self.today, *(details if any(details) else ())]

    def save(self) -> None:
        if not self.has_changed or not is_ours(self.folder):
            return
        oldest = self.today - DAYS
        entries = {key: one for key, one in self.entries.items() if is_recent(one, oldest)}
        try:
            make_folder(self.folder)
            with replacement(self.path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
                json.dump(entries, stream, separators=(",", ":"))
        except OSError:
            return


def identity_of(path: str) -> Identity:
    """Return what changes whenever a file does: its times, size and inode. Zeros where that is not certain."""
    try:
        status = os.stat(path)
    except OSError:
        return [0, 0, 0, 0]
    if max(status.st_mtime_ns, status.st_ctime_ns) > time.time_ns() - SETTLED:
        return [0, 0, 0, 0]
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def settings_of(options: Options) -> str:
    return repr([getattr(options, one.name) for one in fields(options) if one.name not in OPTIONS_ELSEWHERE])


def is_ours(folder: str) -> bool:
    """Whether a folder is one that this user made, or is not there yet; a link would lead elsewhere."""
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return os.path.isdir(folder) and not os.path.islink(folder) and getattr(os, "getuid", lambda: 0)() == status.st_uid


def is_recent(entry: object, oldest: int) -> bool:
    return isinstance(entry, list) and len(entry) > 2 and isinstance(entry[2], int) and entry[2] >= oldest


def make_folder(folder: str) -> None:
    """Make the folder of a cache, which git and backups leave out."""
    if not os.path.isdir(folder):
        os.makedirs(folder, exist_ok=True)
        Path(folder, ".gitignore").write_text("*\n", encoding="utf-8")
        Path(folder, "CACHEDIR.TAG").write_text(TAG, encoding="utf-8")


# Results as JSON


def finding_as_list(finding: Finding) -> list[Any]:
    fix = None
    if finding.fix is not None:
        edits = [[place_as_list(one.start), place_as_list(one.end), one.content] for one in finding.fix.edits]
        fix = [finding.fix.safety.value, finding.fix.message, edits, *finding.fix.torch]
    kind = [finding.code, finding.name, finding.message, finding.symbol]
    why = [finding.reason, finding.help, finding.statement, finding.held]
    shown = [place_as_list(place) for place in finding.shown or ()]
    return [*kind, *why, place_as_list(finding.start), place_as_list(finding.end), fix, shown]


def place_as_list(position: Position | None) -> list[int]:
    return [position.row, position.column, position.cell] if position is not None else []


def read_result(
    path: str,
    findings: Sequence[Any] = (),
    problems: Sequence[Any] = (),
    uncounted: int = 0,
    helpers: Sequence[Any] = (),
) -> Result:
    """Make the result that was kept as JSON.

    Raises:
        TypeError, ValueError: for what cudafix did not write.
    """
    return Result(
        path,
        tuple(read_finding(path, *one) for one in findings),
        problems=tuple(
            Problem(path, text(message), read_place(*place) if place else None) for message, place in problems
        ),
        uncounted=number(uncounted),
        helpers=tuple(
            Helper(text(name), text(symbol), number(count), number(row)) for name, symbol, count, row in helpers
        ),
    )


def read_finding(
    path: str, code: str, name: str, message: str, symbol: str, reason: str, help_text: str, statement: str, held: str,
    first: list[Any], last: list[Any], fix: list[Any] | None, shown: list[Any],
) -> Finding:  # fmt: skip
    start, end = read_place(*first), read_place(*last)
    places = (read_place(*shown[0]), read_place(*shown[1])) if shown else None
    known_fix = read_fix(*fix) if fix else None
    texts = [text(one) for one in (code, name, message, symbol, reason, help_text, statement, held)]
    return Finding(*texts[:4], path, start, end, known_fix, *texts[4:], places)  # type: ignore[call-arg, arg-type]


def read_fix(safety: str, message: str, edits: list[Any], major: int, minor: int) -> Fix:
    places = [(read_place(*start), read_place(*end), text(content)) for start, end, content in edits]
    return Fix(Safety(safety), text(message), tuple(Edit(*one) for one in places), (number(major), number(minor)))


def read_place(row: int, column: int, cell: int) -> Position:
    return Position(number(row), number(column), number(cell))


def text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value
