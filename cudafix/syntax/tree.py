"""Which node of a module stands in which: parents, blocks, and what is around a node."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from cudafix.syntax.blocks import is_import, leaves

SUITES = (cst.Module, cst.IndentedBlock, cst.SimpleStatementSuite)
"""What holds statements."""

BLOCKS = (cst.Module, cst.IndentedBlock)
"""What holds whole statements, so that one may become several or none."""


class Tree:
    """The nodes of one module by what they stand in."""

    def __init__(self) -> None:
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self.places: dict[cst.CSTNode, dict[cst.CSTNode, int]] = {}
        """The place of each statement in its block, for blocks that were asked for."""
        self.found_imports: dict[cst.CSTNode, Sequence[tuple[int, cst.CSTNode]]] = {}
        self.found_exits: dict[cst.IndentedBlock, Sequence[cst.If]] = {}

    def ancestors(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        """Return the nodes around `node`, innermost first."""
        found = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return found

    def suite(self, node: cst.CSTNode) -> cst.CSTNode:
        """Return the innermost suite that `node` stands in, or is."""
        while not isinstance(node, SUITES) and node in self.parents:
            node = self.parents[node]
        return node

    def suites(self, node: cst.CSTNode) -> set[cst.CSTNode]:
        """Return all suites that `node` stands in."""
        return {parent for parent in self.ancestors(node) if isinstance(parent, SUITES)}

    def call_around(self, node: cst.CSTNode) -> cst.Call | None:
        """Return the call that `node` is an argument of."""
        argument = self.parents.get(node)
        call = self.parents.get(argument) if isinstance(argument, cst.Arg) else None
        return call if isinstance(call, cst.Call) else None

    def comparison_around(self, node: cst.CSTNode) -> cst.Comparison | None:
        """Return the comparison that `node` is a side of."""
        parent = self.parents.get(node)
        comparison = self.parents.get(parent) if isinstance(parent, cst.ComparisonTarget) else parent
        return comparison if isinstance(comparison, cst.Comparison) else None

    def attempts(self, node: cst.CSTNode) -> list[cst.Try]:
        """Return the `try` statements in whose body `node` stands, innermost first, up to the function around it."""
        found = []
        child = node
        for parent in self.ancestors(node):
            if isinstance(parent, (cst.FunctionDef, cst.Lambda)):
                break
            if isinstance(parent, cst.Try) and parent.body is child:
                found.append(parent)
            child = parent
        return found

    # Statements of a block

    def exits(self, block: cst.IndentedBlock) -> Sequence[cst.If]:
        """Return the statements of a block like `if …: return`; they are asked for at each statement after them."""
        if block not in self.found_exits:
            ifs = [one for one in block.body if isinstance(one, cst.If)]
            self.found_exits[block] = [one for one in ifs if one.orelse is None and leaves(one.body)]
        return self.found_exits[block]

    def imports(self, block: cst.CSTNode) -> Sequence[tuple[int, cst.CSTNode]]:
        """Return the import statements of a block, with their places in it; they are asked for at each finding."""
        if block not in self.found_imports:
            statements = block.body if isinstance(block, BLOCKS) else ()
            self.found_imports[block] = [(index, one) for index, one in enumerate(statements) if is_import(one)]
        return self.found_imports[block]

    def statements_around(self, node: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """Return the statements of the block in which `node` is one; none where it is not."""
        block = self.parents.get(node)
        return block.body if isinstance(block, BLOCKS) else ()

    def position(self, statement: cst.CSTNode) -> int:
        """Return the place of a statement in its block; of a long one it is asked for each statement."""
        block = self.parents[statement]
        if block not in self.places:
            assert isinstance(block, BLOCKS)
            self.places[block] = {one: index for index, one in enumerate(block.body)}
        return self.places[block][statement]

    def following(self, statement: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """Return the statements after one in its block."""
        around = self.statements_around(statement)
        return around[self.position(statement) + 1 :] if around else ()

    def neighbour(self, statement: cst.CSTNode, step: int) -> cst.CSTNode | None:
        """Return the statement so many steps after one in its block, or before it."""
        around = self.statements_around(statement)
        index = self.position(statement) + step if around else -1
        return around[index] if 0 <= index < len(around) else None
