"""Blocks of statements: what follows a statement, what stands beside it, and whether control goes on behind it."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from cudafix.names import NameTable

BLOCKS = (cst.Module, cst.IndentedBlock)
"""What holds whole statements, so that one may become several or none."""


def statements_around(node: cst.CSTNode, names: NameTable) -> Sequence[cst.CSTNode]:
    """Return the statements of the block in which `node` is one; none where it is not."""
    block = names.parents.get(node)
    return block.body if isinstance(block, BLOCKS) else ()


def following(node: cst.CSTNode, names: NameTable) -> Sequence[cst.CSTNode]:
    """Return the statements after `node` in its block."""
    around = list(statements_around(node, names))
    return around[around.index(node) + 1 :] if around else ()


def neighbour(node: cst.CSTNode, step: int, names: NameTable) -> cst.CSTNode | None:
    """Return the statement so many steps after `node` in its block, or before it."""
    around = list(statements_around(node, names))
    index = around.index(node) + step if around else -1
    return around[index] if 0 <= index < len(around) else None


def leaves(body: cst.BaseSuite) -> bool:
    """Whether control never goes on behind `body`."""
    last = body.body[-1] if body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, (cst.Return, cst.Raise, cst.Continue, cst.Break))
