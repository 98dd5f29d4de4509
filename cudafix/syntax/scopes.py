"""The nouns of the name table: scopes, bindings, uses, and what a use stands for."""

from __future__ import annotations

import builtins
from bisect import bisect_left
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

import libcst as cst

Key = TypeVar("Key")

Item = TypeVar("Item")

BUILTINS = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__path__", "__package__", "__spec__", "__loader__", "__builtins__",
    "__class__", "__annotations__", "__module__", "__qualname__", "__debug__", "WindowsError", "reveal_type",
}  # fmt: skip

FRAME_READERS = frozenset(("locals", "vars", "dir", "eval", "exec"))
"""Functions that read names which nobody writes."""


class ScopeKind(Enum):
    MODULE = auto()
    FUNCTION = auto()
    CLASS = auto()
    COMPREHENSION = auto()
    TYPE_PARAMETERS = auto()


class BindingKind(Enum):
    IMPORT = auto()
    ALIAS = auto()
    PLACEHOLDER = auto()
    """`package = None`, the other half of an optional import."""
    OTHER = auto()
    DELETED = auto()


@dataclass(eq=False)
class Scope:
    kind: ScopeKind
    node: cst.CSTNode
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)

    @property
    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def runs_at_import(self) -> bool:
        """Whether the code of this scope runs while the module is imported."""
        scope: Scope | None = self
        while scope is not None:
            if scope.kind is ScopeKind.FUNCTION:
                return False
            scope = scope.parent
        return True

    def encloses(self, other: Scope) -> bool:
        """Whether a name bound here can be seen from `other`."""
        scope: Scope | None = other
        while scope is not None and scope is not self:
            scope = scope.parent
        return scope is self and (self.kind is not ScopeKind.CLASS or other is self)


@dataclass(eq=False)
class Binding:
    """One place that gives a name a meaning; `scope` is where the statement stands, not always what it binds in."""

    name: str
    kind: BindingKind
    node: cst.CSTNode
    scope: Scope
    order: int
    target: str = ""
    value: cst.BaseExpression | None = None
    alias: cst.ImportAlias | None = None
    outer: bool = False
    """Bound through `global` or `nonlocal`."""


@dataclass(frozen=True, eq=False)
class Definition:
    """A binding, the node in all of which it is in force once it ran, and the loops that it runs in."""

    binding: Binding
    dominated_region: cst.CSTNode
    loops: Set[cst.CSTNode]


class History:
    """The bindings of one name in one scope, in the order of the file."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.definitions = definitions
        self.orders = [one.binding.order for one in definitions]
        self.is_of_one_scope = not any(one.binding.outer for one in definitions)

    def last_before(self, order: int, around: Set[cst.CSTNode]) -> list[Binding]:
        """Return what may be the last to have run: all down to one that certainly ran, as `around` tells."""
        live: list[Binding] = []
        for number in range(bisect_left(self.orders, order) - 1, -1, -1):
            definition = self.definitions[number]
            live.append(definition.binding)
            if definition.dominated_region in around:
                break
        return live[::-1]


@dataclass(eq=False)
class Use:
    """A name that is read."""

    node: cst.Name
    scope: Scope
    order: int


@dataclass(frozen=True)
class Resolution:
    """The dotted path that an expression stands for, and the import statements behind it.

    There are several where each branch of an `if` or `try` imports the same thing.
    """

    path: str
    origins: tuple[Binding, ...]
    through: tuple[Binding, ...] = ()
    """The aliases on the way (`part = package.part`), outermost first."""
    doubt: Binding | None = None
    """Something else that the name may be bound to at this place."""

    def below(self, attributes: tuple[str, ...]) -> Resolution:
        path = ".".join((self.path, *attributes))
        return Resolution(path, self.origins, self.through, self.doubt)


def grouped(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, list[Item]]:
    groups: dict[Key, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups
