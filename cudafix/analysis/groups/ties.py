"""The members of a file → those that belong together: what is fixed must leave none of them behind.

Uses belong together where the value of one meets the other (`value_flow`), where they stand under one test, and where
a file captures graphs: what a stream does there is a part of the capture.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.guards_and_ladders import dispatches, is_ladder
from cudafix.analysis.control_flow.substitutes import tests_of
from cudafix.analysis.groups.members import Member, code_in_line
from cudafix.analysis.groups.value_flow import met_by
from cudafix.catalogue.table import CAPTURES, OF_ONE_BACKEND, RAW_HANDLES
from cudafix.files.source import OutsideUse
from cudafix.matchers.device_text import BEGINNING, WHOLE
from cudafix.matchers.patches import find_patched
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.registry import code_of
from cudafix.syntax.expressions import dotted_name

LITERAL = code_of("hardcoded-device-literal")
STREAMS = code_of("hardcoded-stream")
CAPTURE = "the capture of graphs"
AMP = code_of("hardcoded-amp")
RANDOM = code_of("hardcoded-random-state")
STATES = ("state", "generators")


class Ties:
    """Which members belong together; a hub is anything through which they do."""

    def __init__(self, members: Mapping[cst.CSTNode, Member], active: frozenset[str], context: RuleContext) -> None:
        self.members = dict(members)
        self.active = active
        self.context = context
        self.names = context.file.names
        self.roots: dict[Hashable, Hashable] = {}

    def groups(self) -> list[list[Member]]:
        """Return the members that belong together; those that are alone are left out."""
        references = [one for one in self.context.references if not one.is_import and one.node in self.members]
        for reference in references:
            self.tie_values(reference)
            self.tie_capture(reference)
            self.tie_kin(reference)
        self.tie_scalers()
        self.tie_patches(references)
        self.tie_ladders()
        self.tie_matches()
        for node in list(self.members):
            for test in self.tests_around(node):
                self.tie(node, test)
        found: dict[Hashable, list[Member]] = {}
        for node, member in self.members.items():
            found.setdefault(self.root(node), []).append(member)
        return [one for one in found.values() if len(one) > 1]

    def root(self, key: Hashable) -> Hashable:
        while (above := self.roots.get(key, key)) != key:
            key = above
        return key

    def tie(self, one: Hashable, other: Hashable) -> None:
        self.roots[self.root(one)] = self.root(other)

    def tie_matches(self) -> None:
        """Tie what one fix changes."""
        for node, member in self.members.items():
            for match in member.matches:
                self.tie(node, match)

    # Values

    def tie_values(self, reference: Reference) -> None:
        """Tie a function to the devices that are written out in its arguments, and to all that its value meets."""
        call = reference.call
        if call is not None and reference.symbol.row.device_places:
            self.tie_call(reference, call)
        if reference.symbol.row.name in OF_ONE_BACKEND:
            for met in met_by(call or reference.node, self.context):
                self.tie(reference.node, met)
                self.tie_met(reference, met)

    def tie_met(self, reference: Reference, met: cst.CSTNode) -> None:
        if isinstance(met, cst.Call):
            self.tie_call(reference, met)
        elif isinstance(met, cst.Attribute) and met.attr.value in RAW_HANDLES:
            self.tie(reference.node, self.loose(met, f"`.{met.attr.value}`", "a raw handle of CUDA"))
        elif isinstance(met, cst.FormattedString):
            self.tie_literals(reference, met)
        elif isinstance(met, cst.BinaryOperation):
            self.tie_literals(reference, met.left)

    def tie_call(self, reference: Reference, call: cst.Call) -> None:
        """Tie a reference to the function that is called with it, and to the devices beside it."""
        self.tie(reference.node, call)
        if call.func in self.members:
            self.tie(reference.node, call.func)
        for argument in call.args:
            self.tie_literals(reference, argument.value)
            if isinstance(argument.value, cst.Call) and self.is_torch_device(argument.value):
                for inner in argument.value.args:
                    self.tie_literals(reference, inner.value)

    def tie_literals(self, reference: Reference, value: cst.BaseExpression) -> None:
        """Tie a reference to the name of a CUDA device."""
        if value in self.members:
            self.tie(reference.node, value)
        elif self.names_device(value) and value not in self.context.references_by_node:
            node = self.loose(value, f"`{code_in_line(value, self.context)}`", "", LITERAL)
            self.tie(reference.node, node)

    def names_device(self, value: cst.BaseExpression) -> bool:
        if isinstance(value, cst.SimpleString):
            text = value.evaluated_value
            return isinstance(text, str) and bool(WHOLE.fullmatch(text) or BEGINNING.fullmatch(text))
        first = value.parts[0] if isinstance(value, cst.FormattedString) and value.parts else None
        return isinstance(first, cst.FormattedStringText) and first.value.startswith("cuda:")

    def is_torch_device(self, call: cst.Call) -> bool:
        meaning = self.names.resolve(call.func)
        return meaning is not None and meaning.path == "torch.device"

    def loose(self, node: cst.CSTNode, name: str, why: str, code: str = "") -> cst.CSTNode:
        """Make a member of what no rule has found, and that stays as it is."""
        if node not in self.members:
            off = code if code and code not in self.active else ""
            self.members[node] = Member(node, name, Safety.MANUAL, off=off, why=why)
        return node

    # Kin

    def tie_kin(self, reference: Reference) -> None:
        """Tie the streams of a class, and its states of random generators."""
        row = reference.symbol.row
        around = self.names.tree.ancestors(reference.node)
        owner = next((one for one in around if isinstance(one, cst.ClassDef)), None)
        if owner is not None and (
            row.code == STREAMS or (row.code == RANDOM and any(one in row.name for one in STATES))
        ):
            self.tie(reference.node, (owner, row.code))

    def tie_scalers(self) -> None:
        """Tie what a file says of AMP, where a scaler is in it: what is scaled was computed under autocast."""
        about = [node for node, one in self.members.items() if any(match.code == AMP for match in one.matches)]
        if "GradScaler" in self.context.file.text or "is_autocast_enabled" in self.context.file.text:
            for node in about:
                self.tie(node, AMP)

    # Captures

    def tie_capture(self, reference: Reference) -> None:
        """Tie the streams of a file to the graphs that it captures."""
        row = reference.symbol.row
        if reference.symbol.backend == "cuda" and (row.code == STREAMS or row.name in CAPTURES):
            self.tie(reference.node, CAPTURE if self.captures else reference.node)

    @property
    def captures(self) -> bool:
        return any(one.symbol.row.name in CAPTURES for one in self.context.references)

    # Ladders

    def tie_ladders(self) -> None:
        """Tie what stands in the branches of a ladder to the ladder."""
        for dispatch in dispatches(self.context):
            ladder = dispatch.branches[0].test or dispatch.nodes[0]
            if ladder in self.members and is_ladder(dispatch, self.context):
                for reference in self.context.references_in(*dispatch.parts):
                    if reference.node in self.members:
                        self.tie(reference.node, ladder)

    # Patches

    def tie_patches(self, references: list[Reference]) -> None:
        """Tie the uses of a function to the calls that replace it for a test, and the module that these are given."""
        for patched in find_patched(self.context.file):
            node = self.loose(patched.call, f"the stand-in for `{patched.symbol.name}`", "")
            given = {arg.value for arg in patched.call.args}
            for reference in references:
                if reference.node in given or reference.symbol.name == patched.symbol.name:
                    self.tie(reference.node, node)
        for use in self.context.file.outside_uses:
            if use.replaces:
                self.tie_outside(use, references)

    def tie_outside(self, use: OutsideUse, references: list[Reference]) -> None:
        """Tie what a test in another file replaces here to its stand-in: that of a module is one for all below it."""
        node = cst.Name("stand_in")
        for reference in references:
            written = dotted_name(reference.node) if isinstance(reference.node, cst.BaseExpression) else ""
            if written and (f"{written}.".startswith(f"{use.name}.") or f"{use.name}.".startswith(f"{written}.")):
                outside = f"in {use.path} on line {use.row}"
                self.members[node] = Member(node, f"the stand-in for `{use.name}`", Safety.MANUAL, outside=outside)
                self.tie(reference.node, node)

    # Tests

    def tests_around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the tests for CUDA on which it depends, inside its function, whether `node` is reached."""
        child = node
        for parent in self.names.tree.ancestors(node):
            if isinstance(parent, (cst.If, cst.IfExp, cst.While)) and child is not parent.test:
                yield from self.tests_in(parent.test)
            elif isinstance(parent, cst.BooleanOperation) and child is parent.right:
                yield from self.tests_in(parent.left)
            elif isinstance(parent, cst.IndentedBlock):
                exits = [one for one in self.names.tree.exits(parent) if self.is_above(one, child)]
                for one in exits:
                    yield from self.tests_in(one.test)
            elif isinstance(parent, (cst.FunctionDef, cst.ClassDef)):
                for decorator in parent.decorators:
                    if decorator is not child:
                        yield from self.tests_of_decorator(decorator)
                if isinstance(parent, cst.FunctionDef):
                    return
            child = parent

    def is_above(self, statement: cst.CSTNode, other: cst.CSTNode) -> bool:
        return self.names.tree.position(statement) < self.names.tree.position(other)

    def tests_in(self, test: cst.BaseExpression) -> Iterator[cst.CSTNode]:
        """Yield a condition that a fix changes, else what it asks of torch.cuda, itself or behind a flag."""
        if test in self.members and self.members[test].trust is not Safety.MANUAL:
            yield test
            return
        yield from (one.node for one in self.context.references_in(test) if one.node in self.members)
        condition = self.context.condition(test)
        if condition is not None and "cuda" in condition.backends:
            yield from (one.node for one in tests_of(condition, self.context) if one.node in self.members)

    def tests_of_decorator(self, decorator: cst.Decorator) -> Iterator[cst.CSTNode]:
        """Yield the questions in `@pytest.mark.skipif(not torch.cuda.is_available(), …)`."""
        call = decorator.decorator
        if isinstance(call, cst.Call):
            for argument in call.args:
                yield from self.tests_in(argument.value)
