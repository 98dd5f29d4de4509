"""What a fix does to a tree, as plain operations that `rewriter` carries out and `text_edits` shows as text.

A `Substitution` puts a neutral form in the place of an expression. A `NodeChange` alters the shape of what is around: a
guard goes and its body stays, one branch of a ladder is left. Both compose: a change gets the updated node, with all
substitutions made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import libcst as cst

from cudafix.matchers.references import Reference
from cudafix.replacements.replacement import Refusal, Replacement
from cudafix.syntax.name_table import NameTable
from cudafix.syntax.scopes import FRAME_READERS, Binding, Scope, ScopeKind, Use
from cudafix.syntax.tree import BLOCKS


@dataclass(frozen=True, eq=False)
class Place:
    """Where new code takes the place of old: all that the planner of imports asks of it.

    Attributes:
        node: what is replaced.
        scope: where it stands.
        order: its place in the order in which things are read and bound.
        origins: the imports behind it, beside which a new one goes.
        root: the name at its left end, which goes with it; None where there is none, or it stays.
        is_of_torch: whether that name stands for torch, or a part of it.
    """

    node: cst.CSTNode
    scope: Scope
    order: int
    origins: tuple[Binding, ...]
    root: Use | None = None
    is_of_torch: bool = True


class Substitution(NamedTuple):
    """A replacement, and what it takes the place of."""

    place: Place
    replacement: Replacement


Spelling: TypeAlias = Mapping[Substitution, tuple[str, ...]]
"""What a place calls the functions that its neutral form needs."""

Built: TypeAlias = "cst.CSTNode | Sequence[cst.BaseStatement]"


@dataclass(frozen=True, eq=False)
class NodeChange:
    """An expression, a statement of a block or an `elif` that changes its shape.

    Attributes:
        node: the original.
        build: makes what replaces it of the updated node: a node or, in a block, statements (none: it goes).
        substitutions: the neutral forms that are new in what it makes; `build` gets their text as well.
        kept: the parts of the original that the new code still holds; all else goes, and what it reads with it.
        before: whether what `build` makes goes in front of the node, which stays.
        names_said: the names of the file that the new code says, beside those in what is kept.
    """

    node: cst.CSTNode
    build: Callable[..., Built]
    kept: tuple[cst.CSTNode, ...] = ()
    before: bool = False
    substitutions: tuple[Substitution, ...] = ()
    names_said: tuple[str, ...] = ()

    def made(self, updated: cst.CSTNode, spelling: Spelling) -> Built:
        """Return what `build` makes, of the updated node and of how the file calls what it needs."""
        return self.build(updated, *(one.replacement.text(*spelling[one]) for one in self.substitutions))

    def statements(self, updated: cst.CSTNode, spelling: Spelling) -> Sequence[cst.CSTNode]:
        """Return the statements that `build` makes."""
        built = self.made(updated, spelling)
        return [built] if isinstance(built, cst.CSTNode) else [*built]


@dataclass(frozen=True)
class Wording:
    """Characters `start` to `end` of a comment or a string literal that become `text`; a node may have several."""

    node: cst.Comment | cst.SimpleString
    start: int
    end: int
    text: str


@dataclass(frozen=True, eq=False)
class Constant:
    """A name of the module that gets a neutral value, before statement number `index`."""

    name: str
    value: Substitution
    index: int


@dataclass(frozen=True, eq=False)
class Operations:
    """The operations of one fix, or of all fixes of a file.

    `removable_assignments` only worked out what the old code asked: they go when nothing reads them any more.
    `deferred`: done as a whole or, where another fix changes the same statements, not in this round.
    """

    substitutions: tuple[Substitution, ...] = ()
    changes: tuple[NodeChange, ...] = ()
    removable_assignments: tuple[Binding, ...] = ()
    wordings: tuple[Wording, ...] = ()
    constants: tuple[Constant, ...] = ()
    deferred: bool = False

    def __bool__(self) -> bool:
        return bool(self.substitutions or self.changes or self.wordings)

    @property
    def reason(self) -> str:
        """What is said of the form that takes the place of what is flagged."""
        _, replacement = self.substitutions[0] if self.substitutions else self.changes[-1].substitutions[-1]
        return replacement.reason

    @property
    def all_substitutions(self) -> tuple[Substitution, ...]:
        """All neutral forms that the new code has: those that take the place of something, and those that are added."""
        added = [substitution for change in self.changes for substitution in change.substitutions]
        return (*self.substitutions, *added, *(one.value for one in self.constants))


def substitution_for(reference: Reference, replacement: Replacement) -> Substitution:
    """Return what puts `replacement` in the place of a reference, or of its whole call."""
    place = place_of(reference)
    if replacement.whole_call and reference.call is not None:
        place = replace(place, node=reference.call)
    return Substitution(place, replacement)


def place_of(reference: Reference) -> Place:
    origins = reference.resolution.origins
    return Place(reference.node, reference.scope, reference.order, origins, reference.root)


def with_reason(fix: Operations | Refusal) -> tuple[Operations, str]:
    """Return a fix, or none, and why it is not safe, or why there is none."""
    return (Operations() if isinstance(fix, Refusal) else fix), fix.reason


def combine(fixes: Iterable[Operations], names: NameTable) -> Operations:
    """Put fixes together: each place is rewritten once, by the first that does, and nothing inside what goes."""
    together = without_deferred(list(fixes), names)
    changes: dict[cst.CSTNode, NodeChange] = {}
    fronts: list[NodeChange] = []
    substitutions: dict[cst.CSTNode, Substitution] = {}
    for fix in together:
        fronts += [change for change in fix.changes if change.before]
        for change in fix.changes:
            if not change.before:
                changes.setdefault(change.node, change)
        for substitution in fix.substitutions:
            substitutions.setdefault(substitution.place.node, substitution)
    removable = dict.fromkeys(assignment for fix in together for assignment in fix.removable_assignments)
    gone = {name for change in changes.values() for name in dropped_names(change, names)}
    gone |= {name for node in substitutions for name in names_in(node, names)}
    for assignment in removable:
        line = removable_line(assignment, gone, names)
        if line is not None:
            changes[line] = NodeChange(line, lambda updated: ())
    return Operations(
        tuple(one for node, one in substitutions.items() if not is_dropped(node, changes, names)),
        tuple(one for one in (*dict.fromkeys(fronts), *changes.values()) if not is_dropped(one.node, changes, names)),
        wordings=tuple(wording for fix in together for wording in fix.wordings),
        constants=tuple(dict.fromkeys(constant for fix in together for constant in fix.constants)),
    )


def without_deferred(fixes: Sequence[Operations], names: NameTable) -> list[Operations]:
    """Leave out the deferred fixes where others change the same statements, or what is around or inside them."""
    firm = [fix for fix in fixes if not fix.deferred]
    changed: set[cst.CSTNode] = {change.node for fix in firm for change in fix.changes}
    changed |= {assignment.node for fix in firm for assignment in fix.removable_assignments}
    around = {parent for node in changed for parent in names.tree.ancestors(node)} | changed

    def is_free(change: NodeChange) -> bool:
        return change.before or (change.node not in around and changed.isdisjoint(names.tree.ancestors(change.node)))

    return [fix for fix in fixes if not fix.deferred or all(is_free(change) for change in fix.changes)]


def removable_line(binding: Binding, gone: set[cst.Name], names: NameTable) -> cst.CSTNode | None:
    """Return the line of an assignment whose name nothing reads any more, if nothing else is lost with it."""
    scope = binding.scope
    is_own = scope.kind is ScopeKind.FUNCTION and not names.uses_by_name.keys() & FRAME_READERS
    same = names.uses_by_name.get(binding.name, ())
    uses = [one for one in same if names.find_scope(binding.name, one.scope) is scope]
    if not is_own or binding.outer or any(one.node not in gone for one in uses):
        return None
    line = next((one for one in names.tree.ancestors(binding.node) if isinstance(one, cst.SimpleStatementLine)), None)
    block = names.tree.parents.get(line) if line is not None else None
    if line is None or not isinstance(block, BLOCKS) or len(block.body) == 1:
        return None
    only = line.body[0]
    above = any(one.comment is not None for one in line.leading_lines)
    has_comment = above or line.trailing_whitespace.comment is not None
    is_single = len(line.body) == 1 and isinstance(only, cst.Assign) and len(only.targets) == 1
    return line if is_single and not has_comment else None


def is_dropped(node: cst.CSTNode, changes: dict[cst.CSTNode, NodeChange], names: NameTable) -> bool:
    """Whether `node` stands in a part that one of `changes` takes out."""
    kept = {node}
    for parent in names.tree.ancestors(node):
        change = changes.get(parent)
        if change is not None and kept.isdisjoint(change.kept):
            return True
        kept.add(parent)
    return False


def names_that_go(operations: Operations, names: NameTable) -> set[cst.Name]:
    """Return the names that the changes take out of the code."""
    gone: set[cst.Name] = set()
    for change in operations.changes:
        gone |= dropped_names(change, names)
    return gone


def dropped_names(change: NodeChange, names: NameTable) -> set[cst.Name]:
    if change.before:
        return set()
    return names_in(change.node, names).difference(*(names_in(one, names) for one in change.kept))


def names_in(node: cst.CSTNode, names: NameTable) -> set[cst.Name]:
    found: set[cst.Name] = set()
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, cst.Name) and part in names.uses:
            found.add(part)
        pending += part.children
    return found
