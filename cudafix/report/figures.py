"""Findings → the figures of a report: how many there are of each kind, by rule, symbol, folder and owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any

from cudafix.model import Finding, Safety
from cudafix.registry import is_cuda_only

VERSION = 1
"""Of the JSON that a report is kept as; a later cudafix reads what an earlier one wrote."""

NOBODY = "(nobody)"
HERE = "."


class Kind(Enum):
    """What can be done about a finding."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"
    CUDA_ONLY = "cuda_only"

    @property
    def title(self) -> str:
        return TITLES[self]


TITLES = {
    Kind.SAFE: "automatic, safe",
    Kind.UNSAFE: "automatic, to be reviewed",
    Kind.MANUAL: "by hand",
    Kind.CUDA_ONLY: "CUDA only by nature",
}


@dataclass
class Tally:
    """How many findings there are of each kind."""

    safe: int = 0
    unsafe: int = 0
    manual: int = 0
    cuda_only: int = 0

    def add(self, kind: Kind) -> None:
        setattr(self, kind.value, getattr(self, kind.value) + 1)

    def of(self, kind: Kind) -> int:
        return int(getattr(self, kind.value))

    def __sub__(self, other: Tally) -> Tally:
        return Tally(*(self.of(kind) - other.of(kind) for kind in Kind))

    @property
    def total(self) -> int:
        return sum(self.of(kind) for kind in Kind)

    @property
    def automatic(self) -> int:
        return self.safe + self.unsafe

    @property
    def share(self) -> float:
        """How much of it a command can do, from 0 to 1."""
        return self.automatic / self.total if self.total else 0.0


@dataclass
class Group:
    """The findings that have a rule, a symbol, a folder or an owner in common; `title` says more of that."""

    name: str
    title: str = ""
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Step:
    """Something to do next: a command, how many findings it clears (0: it only shows them), and in how many files."""

    command: str
    clears: int
    files: int
    text: str


@dataclass(frozen=True)
class Figures:
    """A report without its findings.

    Attributes:
        title: what was looked at.
        created: when, in ISO 8601 (UTC).
        commit: the commit that was checked out, "" where git does not say.
        cudafix: the version that looked.
        select: the codes that were looked for; empty for the rules that are on by default.
        files: how many files were looked at; `affected` have findings, `unreadable` could not be analysed.
        rules, symbols, folders, owners: groups of findings; a folder counts what lies below it.
        steps: what to do next, the best first.
    """

    title: str
    created: str
    commit: str
    cudafix: str
    select: tuple[str, ...]
    files: int
    affected: int
    unreadable: int
    total: Tally
    rules: tuple[Group, ...] = ()
    symbols: tuple[Group, ...] = ()
    folders: tuple[Group, ...] = ()
    owners: tuple[Group, ...] = ()
    steps: tuple[Step, ...] = ()

    def as_object(self) -> dict[str, Any]:
        return {"version": VERSION, **asdict(self)}


def tally_of(findings: Iterable[Finding]) -> Tally:
    tally = Tally()
    for finding in findings:
        tally.add(kind_of(finding))
    return tally


def by_rule(findings: Sequence[Finding]) -> tuple[Group, ...]:
    return grouped(findings, lambda one: [(one.code, one.name)])


def by_symbol(findings: Sequence[Finding]) -> tuple[Group, ...]:
    return grouped(findings, lambda one: [(one.symbol, "")] if one.symbol else [])


def by_folder(findings: Sequence[Finding]) -> tuple[Group, ...]:
    return grouped(findings, lambda one: [(folder, "") for folder in folders_of(one.path)])


def by_owner(findings: Sequence[Finding], owners: Mapping[str, Sequence[str]]) -> tuple[Group, ...]:
    """Group by who owns the file; nothing where nobody owns any."""
    if not any(owners.values()):
        return ()
    return grouped(findings, lambda one: [(owner, "") for owner in owners.get(one.path) or (NOBODY,)])


def grouped(findings: Iterable[Finding], names_of: Callable[[Finding], Iterable[tuple[str, str]]]) -> tuple[Group, ...]:
    """Return the groups that findings belong to, each by its name and title; the largest first."""
    groups: dict[str, Group] = {}
    for finding in findings:
        kind = kind_of(finding)
        for name, title in names_of(finding):
            groups.setdefault(name, Group(name, title)).tally.add(kind)
    return tuple(sorted(groups.values(), key=lambda one: (-one.tally.total, one.name)))


def folders_of(path: str) -> list[str]:
    """Return the folders that a file lies in, from the outermost on: `.`, `a`, `a/b`."""
    parts = path.split("/")[:-1]
    outermost = [] if path.startswith("/") else [HERE]
    return [*outermost, *("/".join(parts[:length]) or "/" for length in range(1, len(parts) + 1))]


def kind_of(finding: Finding) -> Kind:
    if is_cuda_only(finding.code):
        return Kind.CUDA_ONLY
    if finding.fix is None:
        return Kind.MANUAL
    return Kind.SAFE if finding.fix.safety is Safety.SAFE else Kind.UNSAFE


def counted(count: int, noun: str) -> str:
    """Return a number with its noun as people write it: `1 file`, `1,958 files`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def from_object(value: Any) -> Figures:
    """Return the figures that `as_object` made an object of.

    Raises:
        ValueError: for what is no such object.
    """
    try:
        if value["version"] != VERSION:
            raise ValueError(f"is of version {value['version']!r}, which this cudafix does not know")
        known = {one.name for one in fields(Figures)}
        given = {name: part for name, part in value.items() if name in known}
        given |= {name: tuple(map(group_from, given[name])) for name in ("rules", "symbols", "folders", "owners")}
        given |= {"total": tally_from(given["total"]), "steps": tuple(Step(**one) for one in given["steps"])}
        texts = (given[name] for name in ("title", "created", "commit", "cudafix"))
        if not all(isinstance(one, str) for one in texts):
            raise TypeError
        return Figures(**{**given, "select": tuple(map(str, given["select"]))})
    except (KeyError, TypeError, AttributeError):
        raise ValueError("is no report of cudafix") from None


def group_from(value: Any) -> Group:
    return Group(str(value["name"]), str(value["title"]), tally_from(value["tally"]))


def tally_from(value: Any) -> Tally:
    counts = {kind.value: value[kind.value] for kind in Kind}
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in counts.values()):
        raise TypeError
    return Tally(**counts)
