"""The code of a file that chooses by backend: guards, `if`/`elif` ladders, chains of `if`s, `… if … else …`, `match`.

In: the references of a file. Out: `Dispatch`es: the branches with what each asks, and the shape in which they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.dispatch import LINES, Branch, Dispatch, Shape
from cudafix.analysis.control_flow.enclosing_branch import pattern_backends
from cudafix.analysis.control_flow.equivalence import device_literals, nodes_in
from cudafix.matchers.conditions import BackendCondition, Certainty, device_of
from cudafix.syntax.blocks import leaves
from cudafix.syntax.expressions import dotted_name
from cudafix.syntax.tree import BLOCKS


def find_dispatches(context: RuleContext) -> list[Dispatch]:
    """Return the dispatches around the references of a file, and around the flags that were set from them."""
    seen: set[cst.CSTNode] = set()
    found: list[Dispatch] = []
    for start in (*context.references_by_node, *uses_of_flags(context)):
        for node in candidates(start, context):
            first = first_of(node, context)
            if first in seen:
                continue
            seen.add(first)
            dispatch = read_dispatch(first, context)
            if dispatch is not None:
                seen.update(dispatch.nodes)
                found.append(dispatch)
    return found


def candidates(start: cst.CSTNode, context: RuleContext) -> Iterator[cst.CSTNode]:
    """Yield what may choose by backend around `start`: what it stands in, and the exit that stands before that."""
    names = context.file.names
    for node in (start, *names.tree.ancestors(start)):
        before = names.tree.neighbour(node, -1)
        if isinstance(before, cst.If) and before.orelse is None and leaves(before.body):
            yield before
        yield node


def uses_of_flags(context: RuleContext) -> Iterator[cst.Name]:
    """Yield the uses of names that hold what a reference to `is_available` answered."""
    references = context.references_by_node.values()
    tests = [one.node for one in references if one.symbol.row.name == "is_available"]
    values = {node for test in tests for node in (test, *context.file.tree.ancestors(test))}
    for binding in context.file.value_bindings:
        if binding.value in values:
            for use in context.file.names.uses_by_name.get(binding.name, ()):
                if context.file.names.find_scope(binding.name, use.scope) is binding.scope:
                    yield use.node


def first_of(node: cst.CSTNode, context: RuleContext) -> cst.CSTNode:
    """Return the beginning of the construct that `node` continues: of a ladder, of a chain of `if`s."""
    parent = context.parent(node)
    if isinstance(node, (cst.If, cst.IfExp)) and isinstance(parent, type(node)) and parent.orelse is node:
        return first_of(parent, context) if context.condition(parent.test) else node
    if isinstance(node, cst.If) and is_rung(node, context):
        before = context.file.tree.neighbour(node, -1)
        if isinstance(before, cst.If) and is_rung(before, context) and continues(before, node, context):
            return first_of(before, context)
    return node


def read_dispatch(node: cst.CSTNode, context: RuleContext) -> Dispatch | None:
    """Return the dispatch that begins with `node`; None where nothing there chooses by backend."""
    if isinstance(node, cst.IfExp):
        return dispatch_of(Shape.CHOICE, (node,), choice_branches(node, context))
    if isinstance(node, cst.Match):
        return dispatch_of(Shape.CASES, (node,), case_branches(node))
    if isinstance(node, cst.BooleanOperation):
        return read_and(node, context)
    if not isinstance(node, cst.If):
        return None
    if is_rung(node, context):
        return read_chain(node, context)
    branches = ladder_branches(node, context)
    last = context.file.tree.neighbour(node, 1)
    exits = all(branch.condition is not None and is_exit_block(branch.parts) for branch in branches)
    if exits and isinstance(last, cst.SimpleStatementLine) and is_exit(last):
        return dispatch_of(Shape.EXITS, (node, last), [*branches, Branch((last,), None, None, last)])
    return read_default((node,), branches, context) or dispatch_of(Shape.LADDER, (node,), branches)


def is_exit_block(parts: tuple[cst.CSTNode, ...]) -> bool:
    last = parts[-1]
    return isinstance(last, (cst.SimpleStatementLine, cst.SimpleStatementSuite)) and is_exit(last)


def is_exit(line: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> bool:
    return isinstance(line.body[-1], (cst.Return, cst.Raise))


def dispatch_of(shape: Shape, nodes: tuple[cst.CSTNode, ...], branches: Sequence[Branch]) -> Dispatch | None:
    """Make a dispatch if something is asked in it; the last branch alone may ask nothing."""
    if not branches or any(branch.condition is None or branch.condition.negated for branch in branches[:-1]):
        return None
    if branches[0].condition is None or (branches[-1].condition is not None and branches[-1].condition.negated):
        return None
    return Dispatch(shape, nodes, tuple(branches))


def ladder_branches(node: cst.If, context: RuleContext) -> list[Branch]:
    condition = context.condition(node.test)
    body, orelse = statements(node.body), node.orelse
    if condition is not None and condition.negated and isinstance(orelse, cst.Else):
        return [Branch(statements(orelse.body), turned(condition), node.test, orelse), Branch(body, None, None, node)]
    branches = [Branch(body, condition, node.test, node)]
    if isinstance(orelse, cst.If) and context.condition(orelse.test) is None:
        return [*branches, Branch((orelse,), None, None, orelse)]  # `elif` of something else: as in `else: if …`
    if isinstance(orelse, cst.If):
        return branches + ladder_branches(orelse, context)
    if orelse is not None:
        branches.append(Branch(statements(orelse.body), None, None, orelse))
    return branches


def statements(body: cst.BaseSuite) -> tuple[cst.CSTNode, ...]:
    """Return what a block does; a line behind the colon is one statement."""
    return tuple(body.body) if isinstance(body, cst.IndentedBlock) else (body,)


def turned(condition: BackendCondition) -> BackendCondition:
    return replace(condition, negated=not condition.negated)


def choice_branches(node: cst.IfExp, context: RuleContext) -> list[Branch]:
    condition = context.condition(node.test)
    if condition is not None and condition.negated:
        return [Branch((node.orelse,), turned(condition), node.test, node), Branch((node.body,), None, None, node)]
    branches = [Branch((node.body,), condition, node.test, node)]
    if isinstance(node.orelse, cst.IfExp) and context.condition(node.orelse.test) is not None:
        return branches + choice_branches(node.orelse, context)
    return [*branches, Branch((node.orelse,), None, None, node)]


def case_branches(node: cst.Match) -> list[Branch]:
    """Read a match over a device; `case _:` is the default branch."""
    device = device_of(node.subject)
    if device is None:
        return []
    branches = []
    for case in node.cases:
        backends = pattern_backends(case.pattern)
        is_any = isinstance(case.pattern, cst.MatchAs) and case.pattern.pattern is None and case.pattern.name is None
        if case.guard is not None or not (is_any or backends):
            return []
        condition = None if is_any else BackendCondition(backends, Certainty.DEVICE, devices=(device,))
        branches.append(Branch(statements(case.body), condition, None, case))
    return branches


def read_and(node: cst.BooleanOperation, context: RuleContext) -> Dispatch | None:
    """Read `torch.cuda.is_available() and torch.cuda.synchronize()` where it is a statement."""
    if not isinstance(context.parent(node), cst.Expr) or not isinstance(node.operator, cst.And):
        return None
    condition = context.condition(node.left)
    return dispatch_of(Shape.AND, (node,), [Branch((node.right,), condition, node.left, node)])


# Statements of their own that belong together


def is_rung(node: cst.If, context: RuleContext) -> bool:
    """Whether `node` is an `if` without `else` that asks for backends, in a block of statements."""
    in_block = isinstance(context.parent(node), BLOCKS)
    return node.orelse is None and in_block and context.condition(node.test) is not None


def continues(before: cst.CSTNode, after: cst.If, context: RuleContext) -> bool:
    """Whether two `if`s ask the same kind of thing of different backends."""
    if not isinstance(before, cst.If):
        return False
    first, second = context.condition(before.test), context.condition(after.test)
    if first is None or second is None or first.negated or second.negated:
        return False
    return not first.backends & second.backends and leaves(before.body) == leaves(after.body)


def read_chain(node: cst.If, context: RuleContext) -> Dispatch | None:
    condition = context.condition(node.test)
    if condition is not None and condition.negated:
        return read_early_exit(node, condition, context)
    rungs = [node]
    for statement in context.file.tree.following(node):
        if not isinstance(statement, cst.If) or not is_rung(statement, context):
            break
        if not continues(rungs[-1], statement, context):
            break
        rungs.append(statement)
    branches = [branch for rung in rungs for branch in ladder_branches(rung, context)]
    last = context.file.tree.neighbour(rungs[-1], 1)
    if leaves(node.body) and isinstance(last, cst.SimpleStatementLine) and is_exit(last):
        return dispatch_of(Shape.EXITS, (*rungs, last), [*branches, Branch((last,), None, None, last)])
    shape = Shape.LADDER if len(rungs) == 1 else Shape.CHAIN
    return read_default(tuple(rungs), branches, context) or dispatch_of(shape, tuple(rungs), branches)


def read_default(nodes: tuple[cst.If, ...], branches: Sequence[Branch], context: RuleContext) -> Dispatch | None:
    """Read `device = "cpu"`, and after it branches that each do no more than to give that name another device."""
    above = context.file.tree.neighbour(nodes[0], -1)
    name = assigned_name((above,)) if above is not None else ""
    if not name or any(branch.condition is None or assigned_name(branch.parts) != name for branch in branches):
        return None
    assert above is not None
    if not device_literals((above,), frozenset({"cpu"})) or any(reads(name, branch, context) for branch in branches):
        return None
    return dispatch_of(Shape.DEFAULT, (*nodes, above), [*branches, Branch((above,), None, None, above)])


def assigned_name(parts: tuple[cst.CSTNode, ...]) -> str:
    """Return the name that the one statement of `parts` gives a value, "" where they do anything else."""
    line = parts[0] if len(parts) == 1 else None
    small = line.body[0] if isinstance(line, LINES) and len(line.body) == 1 else None
    if isinstance(small, cst.AnnAssign) and small.value is not None:
        return dotted_name(small.target)
    return dotted_name(small.targets[0].target) if isinstance(small, cst.Assign) and len(small.targets) == 1 else ""


def reads(name: str, branch: Branch, context: RuleContext) -> bool:
    """Whether the condition of a branch, or the value that it gives to `name`, depends on `name`."""
    values = [node.value for node in nodes_in(branch.parts) if isinstance(node, (cst.Assign, cst.AnnAssign))]
    nodes = nodes_in([one for one in (*values, branch.test) if one is not None])
    uses = context.file.names.uses
    return any(dotted_name(one) == name for one in nodes if isinstance(one, cst.Attribute) or one in uses)  # type: ignore[arg-type]


def read_early_exit(node: cst.If, condition: BackendCondition, context: RuleContext) -> Dispatch | None:
    """Read `if not torch.cuda.is_available(): return`, and all that comes after it."""
    rest = tuple(context.file.tree.following(node))
    if not rest or not leaves(node.body):
        return None
    branches = [Branch(rest, turned(condition), node.test, node), Branch(statements(node.body), None, None, node)]
    return dispatch_of(Shape.EARLY, (node,), branches)
