"""Where the value of an expression goes: the calls that take it, what is done with it, and the names that it is given.

In: an expression. Out: the nodes that it meets. It is followed through names, attributes, containers, loops and
functions that pass on what they get. It ends in arithmetic, a number worked out of it is no part of it, and where a
function begins or ends: a slice of the file would not show the other end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.syntax.assigned_values import enclosing_method
from cudafix.syntax.name_table import COMPREHENSIONS
from cudafix.syntax.scopes import grouped

PASSES_ON = frozenset((
    "torch.device", "device", "str", "int", "range", "list", "tuple", "sorted", "reversed", "enumerate", "iter", "set",
    "zip", "cycle", "itertools.cycle",
))  # fmt: skip
"""The functions whose result stands for what they are given."""

CONTAINERS = (
    cst.IfExp, cst.BooleanOperation, cst.Element, cst.List, cst.Tuple, cst.Set, cst.DictElement, cst.Dict,
    cst.StarredElement,
)  # fmt: skip
"""What holds a value, or is one of several."""


@once
def met_by(value: cst.CSTNode, context: RuleContext) -> list[cst.CSTNode]:
    """Return what the value of an expression meets; it is asked for again when fixes are held back."""
    return list(ValueFlow(context).meets(value))


class ValueFlow:
    """Follows one value to all that it meets."""

    def __init__(self, context: RuleContext) -> None:
        self.context = context
        self.names = context.file.names
        self.seen: set[cst.CSTNode] = set()

    def meets(self, value: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield what the value of an expression meets.

        A call that takes it or that is made on it, a comparison, a string with it, and an attribute that is read of it.
        """
        pending = [value]
        while pending:
            node = pending.pop()
            if node in self.seen:
                continue
            self.seen.add(node)
            parent = self.context.parent(node)
            if parent is None:
                continue
            taker = self.taker(node, parent)
            if taker is not None:
                yield taker
            pending += self.goes_on(node, parent)

    def taker(self, node: cst.CSTNode, parent: cst.CSTNode) -> cst.CSTNode | None:
        """Return what uses a value that stands in `parent`; None for what only hands it on."""
        if isinstance(parent, cst.Arg):
            return self.context.parent(parent)
        if isinstance(parent, cst.Attribute):
            call = self.context.parent(parent)
            return call if isinstance(call, cst.Call) and call.func is parent else parent
        if isinstance(parent, cst.FormattedStringExpression):
            return self.context.parent(parent)
        if isinstance(parent, (cst.Comparison, cst.BinaryOperation)):
            return parent
        return self.context.parent(parent) if isinstance(parent, cst.ComparisonTarget) else None

    def goes_on(self, node: cst.CSTNode, parent: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the expressions that stand for the same value, or hold it."""
        if isinstance(parent, CONTAINERS):
            if not (isinstance(parent, cst.IfExp) and parent.test is node):
                yield parent
        elif isinstance(parent, cst.Subscript) and parent.value is node:
            yield parent
        elif isinstance(parent, cst.Arg):
            call = self.context.parent(parent)
            if isinstance(call, cst.Call) and self.passes_on(call):
                yield call
        elif isinstance(parent, cst.NamedExpr) and parent.value is node:
            yield parent
            yield from self.reads(parent.target, node)
        elif isinstance(parent, cst.Assign):
            for one in parent.targets:
                yield from self.reads(one.target, node)
        elif isinstance(parent, cst.AnnAssign) and parent.value is node:
            yield from self.reads(parent.target, node)
        elif isinstance(parent, cst.For) and parent.iter is node:
            yield from self.reads_in(parent, parent.target)
        elif isinstance(parent, COMPREHENSIONS):
            yield from self.comes_out_of(parent, node)

    def passes_on(self, call: cst.Call) -> bool:
        meaning = self.names.resolve(call.func)
        if meaning is not None:
            return meaning.path in PASSES_ON
        return isinstance(call.func, cst.Name) and call.func.value in PASSES_ON and self.names.is_builtin(call.func)

    def reads(self, target: cst.BaseExpression, value: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the expressions that read what an assignment of `value` gives to `target`."""
        if isinstance(target, cst.Subscript):
            target = target.value
            yield from self.reads_of_attribute(target) if isinstance(target, cst.Attribute) else self.uses(target)
        elif isinstance(target, cst.Attribute):
            yield from self.reads_of_attribute(target)
        elif isinstance(target, cst.Name):
            for use in self.names.uses_by_name.get(target.value, ()):
                if any(one.value is value for one in self.names.reaching_definitions(use)):
                    yield use.node

    def uses(self, name: cst.BaseExpression) -> Iterator[cst.CSTNode]:
        """Yield the other places in its scope that read a name whose item is set."""
        use = self.names.uses.get(name) if isinstance(name, cst.Name) else None
        scope = self.names.find_scope(use.node.value, use.scope) if use is not None else None
        if use is not None and scope is not None:
            same = self.names.uses_by_name.get(use.node.value, ())
            yield from (one.node for one in same if self.names.find_scope(use.node.value, one.scope) is scope)

    def comes_out_of(self, comprehension: cst.BaseComp, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the reads of the variables that go over `node`; where it is the element, the whole."""
        loop: cst.CompFor | None = comprehension.for_in
        while loop is not None:
            if loop.iter is node:
                yield from self.reads_in(comprehension, loop.target)
                return
            loop = loop.inner_for_in
        yield comprehension

    def reads_in(self, loop: cst.CSTNode, target: cst.BaseExpression) -> Iterator[cst.CSTNode]:
        """Yield the reads of the variables of a loop inside it."""
        for name in names_bound(target):
            for use in self.names.uses_by_name.get(name.value, ()):
                if loop in self.names.tree.ancestors(use.node):
                    yield use.node

    def reads_of_attribute(self, target: cst.Attribute) -> Iterator[cst.CSTNode]:
        """Yield the reads of an attribute in the class around; of an attribute of no `self`, in the file."""
        _, around = enclosing_method(target, self.context.file)
        for read in attributes(self.context).get(target.attr.value, ()):
            if read is not target and (around is None or enclosing_method(read, self.context.file)[1] is around):
                yield read


def names_bound(target: cst.BaseExpression) -> Iterator[cst.Name]:
    """Yield the names in a target, those in tuples included."""
    if isinstance(target, cst.Name):
        yield target
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from names_bound(element.value)


@once
def attributes(context: RuleContext) -> Mapping[str, Sequence[cst.Attribute]]:
    """Return the attributes of a file, by their names."""
    found = [one for one in context.file.names.places if isinstance(one, cst.Attribute)]
    return grouped((one.attr.value, one) for one in found)
