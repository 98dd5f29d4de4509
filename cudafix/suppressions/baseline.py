"""The findings that were there when a project began to check: a file of fingerprints, which only shrinks.

A fingerprint is made of the path, the rule, the symbol, the statement as no formatter changes it, and its number among
equal ones in the file. It names no line: code may move, and lines be added, and the entry still fits.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any

from cudafix.config.settings import ConfigError
from cudafix.files.git import renames_since
from cudafix.files.ordinary import DATA, read_text, reason
from cudafix.files.output import write_output
from cudafix.model import Finding, Position, Result
from cudafix.registry import BY_CODE, STALE, UNREADABLE

VERSION = 1

SHOWN = 100
"""Characters of a statement that an entry shows to those who review it."""

Entries = dict[str, dict[str, str]]
"""Path → the key of an entry → the statement that it is about."""


class BaselineError(ConfigError):
    """A baseline that cannot be used."""


@dataclass
class Baseline:
    """One file of known findings; paths are relative to its folder, with slashes."""

    file: Path
    entries: Entries = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self.entries.values()))

    @cached_property
    def folder(self) -> str:
        return os.path.abspath(self.file.parent)

    def place(self, path: str) -> str:
        """Return how the baseline calls a file."""
        return PurePath(os.path.relpath(path, self.folder)).as_posix()

    def exists(self, place: str) -> bool:
        return os.path.exists(os.path.join(self.folder, place))

    def follow_renames(self) -> None:
        """Let the entries for files that are gone go with them to their new names, as far as git knows those."""
        gone = [one for one in self.entries if not self.exists(one)]
        moved = renames_since(self.file.absolute()) if gone else {}
        for old in gone:
            new = PurePath(moved.get(old, old)).as_posix()
            if new != old and new not in self.entries:
                self.entries[new] = self.entries.pop(old)

    def save(self) -> None:
        """Write the file, or leave it as it is.

        Raises:
            OutputError: where it cannot be written.
        """
        write_output(str(self.file), self.text().encode("utf-8"))

    def text(self) -> str:
        found = {path: entries for path, entries in self.entries.items() if entries}
        return json.dumps({"version": VERSION, "findings": found}, indent=2, sort_keys=True) + "\n"


def load(file: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BaselineError: where there is none, or what is there is none.
    """
    try:
        document = json.loads(read_text(file, DATA))
    except FileNotFoundError:
        raise BaselineError(f"{file}: no such baseline; `cudafix baseline create` makes one") from None
    except OSError as error:
        raise BaselineError(f"{file}: {reason(error)}") from None
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{file}: is no baseline of cudafix: {error}") from None
    if not isinstance(document, dict) or document.get("version") != VERSION or not is_entries(document.get("findings")):
        raise BaselineError(f"{file}: is no baseline of cudafix, or one of another version")
    return Baseline(file, document["findings"])


def is_entries(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(entries, dict) and all(isinstance(text, str) for text in entries.values())
        for entries in value.values()
    )


def keys_of(findings: Iterable[Finding]) -> Iterator[tuple[str, Finding]]:
    """Yield the findings of one file with the keys of their entries, in the order of the file."""
    seen: Counter[str] = Counter()
    for finding in sorted(findings, key=lambda one: one.sort_key):
        said = finding.statement or (finding.message if finding.code != UNREADABLE else "")
        text = f"{finding.code}\0{finding.symbol}\0{said}"
        fingerprint = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
        start = " ".join(filter(None, (finding.code, finding.symbol, fingerprint)))
        seen[start] += 1
        yield f"{start} {seen[start]}", finding


def keyed(findings: Iterable[Finding]) -> Iterator[tuple[str, Finding]]:
    """Yield the findings, by file, with what tells each from all others in its file."""
    for _, same in groupby(sorted(findings, key=lambda one: one.sort_key), key=lambda one: one.path):
        yield from keys_of(same)


def code_in(key: str) -> str:
    """Return the rule that an entry is about."""
    return key.partition(" ")[0]


def make(
    file: Path, findings: Iterable[Finding], is_taken: Callable[[Finding], bool] = lambda finding: True
) -> Baseline:
    """Return a baseline of all findings that are taken."""
    baseline = Baseline(file)
    for key, finding in keyed(findings):
        if not is_taken(finding):
            continue
        entries = baseline.entries.setdefault(baseline.place(finding.path), {})
        entries[key] = (finding.statement or finding.message)[:SHOWN]
    return baseline


class Gate:
    """Lets through what is not in a baseline, and knows in the end which entries nothing was found for."""

    def __init__(self, baseline: Baseline, only_migrated: bool = False) -> None:
        """`only_migrated`: what is new counts as soon as nothing of its rule is in the baseline any more."""
        self.baseline = baseline
        baseline.follow_renames()
        keys = [key for entries in baseline.entries.values() for key in entries]
        self.open_codes = frozenset(code_in(one) for one in keys) if only_migrated else frozenset()
        self.known = 0
        self.waiting = 0
        """Findings that the baseline does not know, of rules that are not migrated yet."""
        self.left: Entries = {}
        """The entries for which nothing was found, of the files that were looked at."""

    def admit(self, result: Result) -> Result:
        """Return the result without the findings that are known."""
        place = self.baseline.place(result.path)
        entries = self.baseline.entries.get(place)
        return self.counted(result if entries is None else self.without_known(result, place, entries))

    def without_known(self, result: Result, place: str, entries: Mapping[str, str]) -> Result:
        keys = dict(keys_of(result.findings))
        if not result.problems:
            self.left[place] = {key: text for key, text in entries.items() if key not in keys}
        new = tuple(one for key, one in keys.items() if key not in entries)
        self.known += len(result.findings) - len(new)
        return replace(result, findings=new)

    def counted(self, result: Result) -> Result:
        """Return the result without what is new of rules that are not migrated yet."""
        found = tuple(one for one in result.findings if one.code not in self.open_codes)
        self.waiting += len(result.findings) - len(found)
        return replace(result, findings=found)

    def stale(self, roots: Sequence[str], is_on: Callable[[str, str], bool]) -> Entries:
        """Return the entries that fit nothing any more.

        Those of files that were looked at, and of files below `roots` that are gone. `is_on` tells for the path of a
        file, and a code, whether that rule was on.
        """
        gone = [one for one in self.baseline.entries if one not in self.left and not self.baseline.exists(one)]
        checked = [self.baseline.place(one) for one in roots]
        below = [file for file in gone if any(root == "." or f"{file}/".startswith(f"{root}/") for root in checked)]
        candidates = {**self.left, **{file: self.baseline.entries[file] for file in below}}
        found: Entries = {}
        for place, entries in candidates.items():
            path = os.path.relpath(os.path.join(self.baseline.folder, place))
            stale = {key: text for key, text in entries.items() if is_on(path, code_in(key))}
            if stale:
                found[place] = stale
        return found


def stale_findings(baseline: Baseline, stale: Entries) -> Iterator[Finding]:
    """Yield a finding in the baseline's file for each entry that fits nothing any more."""
    rows = dict(rows_of(baseline.file)) if stale else {}
    for place, entries in sorted(stale.items()):
        for key in sorted(entries):
            what = " ".join(key.split(" ")[:-2])
            start = Position(rows.get((place, key), 1), 1)
            message = f"{place}: `{what}` is gone: run `cudafix baseline prune`"
            yield Finding(STALE, BY_CODE[STALE].name, message, "", str(baseline.file), start, start)


def rows_of(file: Path) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield path and key of each entry with its row, in a file that is laid out as we write it."""
    place = ""
    for row, line in enumerate(read_text(file, DATA).split("\n"), 1):
        name, _, value = line.strip().partition('": ')
        if name.startswith('"') and value.startswith("{"):
            place = json.loads(f'{name}"')
        elif name.startswith('"') and value.startswith('"'):
            yield (place, json.loads(f'{name}"')), row
