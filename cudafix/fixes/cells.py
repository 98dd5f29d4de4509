"""The cells of a notebook → which import a place may count on, since not every cell runs wherever another does.

What nbdev exports is a module without the other cells, a cell with `eval: false` does not run, and the code of `%%px`
runs in other processes. Where no cell says such a thing, each may count on those above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import libcst as cst

from cudafix.documents.placeholders import ELSEWHERE
from cudafix.files.source import CELL_THAT_WAITS, Source
from cudafix.fixes.cell_marks import begins_cell, is_between_cells, string_of
from cudafix.fixes.import_placement import leading_lines
from cudafix.fixes.operations import Place
from cudafix.syntax.module import File
from cudafix.syntax.scopes import Binding

SAYS_WHERE = re.compile(
    rf"(?m)^[ \t]*#[ \t]*(?:(?:\|[ \t]*)?export|\|[ \t]*eval[ \t]*:)|^[ \t]*{ELSEWHERE}\("
    rf"|^{re.escape(CELL_THAT_WAITS)}",
    re.IGNORECASE,
)
EXPORTS = re.compile(r"#[ \t]*(?:\|[ \t]*)?export(?:i|s|_and_show)?(?:[ \t]+(?P<module>[\w.]+))?")
DOES_NOT_RUN = re.compile(r"#[ \t]*\|[ \t]*eval[ \t]*:[ \t]*(?:false|no|off)[ \t]*", re.IGNORECASE)


@dataclass(frozen=True)
class Realm:
    """Where a cell runs.

    Attributes:
        module: the module that it is exported to, "" for the one by default; None where it is not exported.
        runs: whether it runs with the others.
        elsewhere: whether it runs in other processes.
    """

    module: str | None = None
    runs: bool = True
    elsewhere: bool = False

    def serves(self, other: Realm) -> bool:
        """Whether what a cell here imports is there in a cell of `other`."""
        runs = self.runs or not other.runs
        return runs and self.elsewhere == other.elsewhere and other.module in (None, self.module)


class Cells:
    def __init__(self, file: File) -> None:
        self.file = file

    @cached_property
    def differ(self) -> bool:
        """Whether a cell says that it runs elsewhere than the others, or not at all."""
        may_hold_cells = Source(self.file.path, self.file.data).may_await
        return may_hold_cells and SAYS_WHERE.search(self.file.text) is not None

    @cached_property
    def realms(self) -> dict[cst.CSTNode, Realm]:
        """The realm of each statement of the module."""
        found: dict[cst.CSTNode, Realm] = {}
        realm, is_first = Realm(), True
        waits = False
        for index, statement in enumerate(self.file.module.body):
            if is_between_cells(statement):
                is_first, waits = True, string_of(statement) == CELL_THAT_WAITS
                continue
            if is_first or begins_cell(statement):
                comments = list(self.comments_above(statement, index))
                realm, is_first = realm_of(statement, comments, waits), False
            found[statement] = Realm(realm.module, realm.runs, True) if calls(statement, ELSEWHERE) else realm
        return found

    def comments_above(self, statement: cst.CSTNode, index: int) -> Iterator[str]:
        lines = [*(self.file.module.header if index == 0 else ()), *leading_lines(statement)]
        yield from (one.comment.value for one in lines if one.comment is not None)

    def realm(self, node: cst.CSTNode) -> Realm:
        around = (node, *self.file.tree.ancestors(node))
        return next((self.realms[one] for one in around if one in self.realms), Realm())

    def are_alike(self, one: cst.CSTNode, other: cst.CSTNode) -> bool:
        return not self.differ or self.realm(one) == self.realm(other)

    def is_seen(self, binding: Binding, place: Place) -> bool:
        """Whether what an import brings is there where `place` runs."""
        if not self.differ:
            return True
        realm, own = self.realm(place.node), self.realm(binding.node)
        is_exported = any(self.realm(one.node).serves(realm) for one in self.imports_of(place))
        return own.serves(realm if is_exported else Realm(None, realm.runs, realm.elsewhere))

    def is_apart(self, place: Place) -> bool:
        """Whether it matters in which cell an import for `place` is: not where that is in a function."""
        suites = [self.file.tree.suite(one.node) for one in place.origins]
        return self.differ and self.file.module in suites

    def provider(self, place: Place) -> Binding | None:
        """Return the first import that a new one for `place` may stand beside; None where there is none."""
        seen = [one for one in self.imports_of(place) if self.is_seen(one, place)]
        return min(seen, key=lambda one: one.order, default=None)

    def imports_of(self, place: Place) -> list[Binding]:
        """Return the imports at the top that `place` goes back to, by another statement than its own as well."""
        names = {one.name for one in place.origins if one.target.startswith("torch")}
        found = [
            one
            for one in self.file.names.imports
            if self.file.tree.suite(one.node) is self.file.module
            and (one.order < place.order or not place.scope.runs_at_import)
        ]
        same = [one for one in found if one.name in names and one.target.startswith("torch")]
        return same if names else found


def realm_of(statement: cst.CSTNode, comments: list[str], waits: bool) -> Realm:
    exports = [found for one in comments if (found := EXPORTS.fullmatch(one.rstrip()))]
    module = (exports[0]["module"] or "") if exports else None
    runs = not waits and not any(DOES_NOT_RUN.fullmatch(one) for one in comments)
    only = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
    return Realm(module, runs, len(only) == 1 and calls(statement, ELSEWHERE))


def calls(statement: cst.CSTNode, name: str) -> bool:
    """Whether a line begins with a call of the function `name`, in the place of a magic."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    first = getattr(statement.body[0], "value", None)
    return isinstance(first, cst.Call) and isinstance(first.func, cst.Name) and first.func.value == name
