"""What a fix does to a tree, as plain operations that `rewrite` carries out and `edits` shows as text.

A `Choice` replaces an expression by a neutral form. A `Change` alters the shape of what is around: a guard goes and
its body stays, one branch of a ladder is left. Both compose: a change gets the updated node, with all choices made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import libcst as cst

from cudafix.names import NameTable
from cudafix.neutral import Neutral
from cudafix.references import Reference

Choice: TypeAlias = tuple[Reference, Neutral]

Built: TypeAlias = "cst.CSTNode | Sequence[cst.BaseStatement]"


def choice_of(reference: Reference, neutral: Neutral) -> Choice:
    """Return the choice that puts `neutral` in the place of the reference, or of its whole call."""
    if neutral.whole_call and reference.call is not None:
        return replace(reference, node=reference.call), neutral
    return reference, neutral


@dataclass(frozen=True, eq=False)
class Change:
    """An expression, a statement of a block or an `elif` that changes its shape.

    Attributes:
        node: the original.
        build: makes what replaces it of the updated node: a node or, in a block, statements (none: it goes).
        kept: the parts of the original that the new code still holds; all else goes, and what it reads with it.
        before: whether what `build` makes goes in front of the node, which stays.
    """

    node: cst.CSTNode
    build: Callable[[Any], Built]
    kept: tuple[cst.CSTNode, ...] = ()
    before: bool = False

    def statements(self, updated: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """Return what stands in a block where the node stood."""
        built = self.build(updated)
        new = [built] if isinstance(built, cst.CSTNode) else [*built]
        return [*new, updated] if self.before else new


@dataclass(frozen=True, eq=False)
class Rewrites:
    """The operations of one fix, or of all fixes of a file."""

    choices: tuple[Choice, ...] = ()
    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.choices or self.changes)


def combine(fixes: Iterable[Rewrites], names: NameTable) -> Rewrites:
    """Put fixes together: each place is rewritten once, by the first that does, and nothing inside what goes."""
    together = list(fixes)
    changes: dict[cst.CSTNode, Change] = {}
    choices: dict[cst.CSTNode, Choice] = {}
    for fix in together:
        for change in fix.changes:
            changes.setdefault(change.node, change)
        for choice in fix.choices:
            choices.setdefault(choice[0].node, choice)
    return Rewrites(
        tuple(one for node, one in choices.items() if not is_dropped(node, changes, names)),
        tuple(one for node, one in changes.items() if not is_dropped(node, changes, names)),
    )


def is_dropped(node: cst.CSTNode, changes: dict[cst.CSTNode, Change], names: NameTable) -> bool:
    """Whether `node` stands in a part that one of `changes` takes out."""
    kept = {node}
    for parent in names.ancestors(node):
        change = changes.get(parent)
        if change is not None and not change.before and kept.isdisjoint(change.kept):
            return True
        kept.add(parent)
    return False


def names_that_go(rewrites: Rewrites, names: NameTable) -> set[cst.Name]:
    """Return the names that the changes take out of the code."""
    gone: set[cst.Name] = set()
    for change in rewrites.changes:
        if not change.before:
            gone |= names_in(change.node, names).difference(*(names_in(one, names) for one in change.kept))
    return gone


def names_in(node: cst.CSTNode, names: NameTable) -> set[cst.Name]:
    found: set[cst.Name] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, cst.Name) and one in names.uses:
            found.add(one)
        waiting += one.children
    return found
