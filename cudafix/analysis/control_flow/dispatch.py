"""The nouns of code that chooses by backend: a dispatch, its branches, and the shapes in which they stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import libcst as cst

from cudafix.matchers.conditions import BackendCondition

LINES = (cst.SimpleStatementLine, cst.SimpleStatementSuite)
"""What holds simple statements: a line, or what stands behind a colon."""


class Shape(Enum):
    LADDER = auto()
    """`if …: … elif …: … else: …`, of one branch or more."""
    CHAIN = auto()
    """`if …: …` after `if …: …`, each of its own."""
    EXITS = auto()
    """`if …: return …` after `if …: return …`, and what comes after them."""
    DEFAULT = auto()
    """`device = "cpu"`, and `if …: device = …` after it, of one branch or more."""
    EARLY = auto()
    """`if not …: return`, and what comes after it."""
    CHOICE = auto()
    """`… if … else …`"""
    CASES = auto()
    """`match device.type:`"""
    AND = auto()
    """`torch.cuda.is_available() and torch.cuda.synchronize()`, as a statement."""


@dataclass(frozen=True, eq=False)
class Branch:
    """One branch of a dispatch.

    Attributes:
        parts: what it does: its statements, or its expression.
        condition: what is asked before it is taken; None for the default branch.
        test: the expression that asks; None where there is none, as in a `case`.
        holder: what goes with it: the `if`, the `elif`, the statement.
    """

    parts: tuple[cst.CSTNode, ...]
    condition: BackendCondition | None
    test: cst.BaseExpression | None
    holder: cst.CSTNode

    @property
    def is_idle(self) -> bool:
        """Whether it does nothing: `pass`, `...`, a string."""
        lines = [one for one in self.parts if isinstance(one, LINES)]
        return len(lines) == len(self.parts) and all(is_idle(statement) for line in lines for statement in line.body)

    @property
    def raises(self) -> bool:
        """Whether it does no more than to raise."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return isinstance(only, LINES) and isinstance(only.body[-1], cst.Raise)

    @property
    def gives_value(self) -> bool:
        """Whether it is an expression, or no more than statements that give one to a name or return it."""
        return all(isinstance(one, cst.BaseExpression) or gives_value(one) for one in self.parts)


@dataclass(frozen=True, eq=False)
class Dispatch:
    """Branches among which one is taken; `nodes` are the statements, or the expression, that they make up."""

    shape: Shape
    nodes: tuple[cst.CSTNode, ...]
    branches: tuple[Branch, ...]

    @property
    def tested_branches(self) -> list[tuple[Branch, BackendCondition]]:
        return [(branch, branch.condition) for branch in self.branches if branch.condition is not None]

    @property
    def default_branch(self) -> Branch | None:
        """The branch that is left when nothing that was asked holds."""
        return self.branches[-1] if self.branches[-1].condition is None else None

    @property
    def parts(self) -> tuple[cst.CSTNode, ...]:
        """What all branches do."""
        return tuple(part for branch in self.branches for part in branch.parts)

    @property
    def backends(self) -> frozenset[str]:
        return frozenset(name for _, condition in self.tested_branches for name in condition.backends)


def is_idle(statement: cst.BaseSmallStatement) -> bool:
    is_text = isinstance(statement, cst.Expr) and isinstance(statement.value, (cst.Ellipsis, cst.SimpleString))
    return isinstance(statement, cst.Pass) or is_text


def gives_value(node: cst.CSTNode) -> bool:
    giving = (cst.Assign, cst.AnnAssign, cst.Return)
    return isinstance(node, LINES) and all(isinstance(one, giving) for one in node.body)
