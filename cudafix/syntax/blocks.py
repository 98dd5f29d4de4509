"""Blocks of statements: what follows a statement, what stands beside it, and whether control goes on behind it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import libcst as cst

from cudafix.syntax.name_table import NameTable

BLOCKS = (cst.Module, cst.IndentedBlock)
"""What holds whole statements, so that one may become several or none."""


def statements_around(node: cst.CSTNode, names: NameTable) -> Sequence[cst.CSTNode]:
    """Return the statements of the block in which `node` is one; none where it is not."""
    block = names.parents.get(node)
    return block.body if isinstance(block, BLOCKS) else ()


def following(node: cst.CSTNode, names: NameTable) -> Sequence[cst.CSTNode]:
    """Return the statements after `node` in its block."""
    around = statements_around(node, names)
    return around[position(node, names) + 1 :] if around else ()


def neighbour(node: cst.CSTNode, step: int, names: NameTable) -> cst.CSTNode | None:
    """Return the statement so many steps after `node` in its block, or before it."""
    around = statements_around(node, names)
    index = position(node, names) + step if around else -1
    return around[index] if 0 <= index < len(around) else None


def position(node: cst.CSTNode, names: NameTable) -> int:
    """Return the place of a statement in its block; of a long one it is asked for each statement."""
    return positions(names.parents[node])[node]


@lru_cache(maxsize=64)
def positions(block: cst.CSTNode) -> dict[cst.CSTNode, int]:
    assert isinstance(block, BLOCKS)
    return {statement: index for index, statement in enumerate(block.body)}


@lru_cache(maxsize=64)
def exits(block: cst.IndentedBlock) -> list[cst.If]:
    """Return the statements of a block like `if …: return`."""
    ifs = [one for one in block.body if isinstance(one, cst.If)]
    return [one for one in ifs if one.orelse is None and leaves(one.body)]


def leaves(body: cst.BaseSuite) -> bool:
    """Whether control never goes on behind `body`."""
    last = body.body[-1] if body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, (cst.Return, cst.Raise, cst.Continue, cst.Break))


def does_nothing(body: cst.BaseSuite) -> bool:
    lines = [one.body if isinstance(one, cst.SimpleStatementLine) else [one] for one in body.body]
    return all(isinstance(one, cst.Pass) for line in lines for one in line)
