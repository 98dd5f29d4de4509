"""A run of statements in a method → what it is up to the names of locals, what it needs, and why it cannot move."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.collapse_edits import comments_in
from cudafix.analysis.control_flow.equivalence import nodes_in
from cudafix.analysis.repetition.local_names import Method, is_imported, is_local, renamed_form, variables_in
from cudafix.replacements.replacement import Replacement
from cudafix.syntax.conjunctions import conditions, trimmed
from cudafix.syntax.name_table import LOOPS, NameTable
from cudafix.syntax.scopes import FRAME_READERS, Binding, BindingKind


@dataclass(frozen=True, eq=False)
class Block:
    """Statements that follow each other in a method, or an `if` of which the first `kept` operands stay behind."""

    method: Method
    nodes: tuple[cst.BaseStatement, ...]
    context: RuleContext = field(repr=False)
    kept: int = 0

    @property
    def names(self) -> NameTable:
        return self.context.file.names

    @property
    def rows(self) -> tuple[int, int]:
        file = self.context.file
        return file.start(self.nodes[0]).row, file.end(self.nodes[-1]).row

    @cached_property
    def roots(self) -> frozenset[cst.CSTNode]:
        """The nodes with all that moves."""
        (first, *_) = self.nodes
        if not self.kept:
            return frozenset(self.nodes)
        assert isinstance(first, cst.If)
        return frozenset([*conditions(first)[self.kept :], first.body])

    @cached_property
    def moved(self) -> Sequence[cst.BaseStatement]:
        """What a method of its own would hold, in the words of this copy."""
        return [trimmed(self.nodes[0], self.kept), *self.nodes[1:]]

    @cached_property
    def variables(self) -> list[cst.Name]:
        """The names of locals in it, in the order of the text."""
        found = [name for node in self.moved for name in variables_in(node)]
        return [one for one in found if is_local(one, self.method, self.names)]

    @cached_property
    def locals(self) -> list[str]:
        return list(dict.fromkeys(one.value for one in self.variables if one.value != self.method.first))

    @cached_property
    def form(self) -> str:
        """What it does, with locals numbered and without layout and comments."""
        names = {self.method.first: "FIRST"} | {name: f"LOCAL_{number}" for number, name in enumerate(self.locals)}
        renamed = [one for one in self.variables if not is_imported(one.value, self.method)]
        return renamed_form(self.moved, {one: cst.Name(names[one.value]) for one in renamed})

    @cached_property
    def comments(self) -> tuple[str, ...]:
        """The comments inside; those above it stay where they are."""
        first = self.moved[0].with_changes(leading_lines=())
        return tuple(text for node in (first, *self.moved[1:]) for text in comments_in(node))

    @cached_property
    def bound(self) -> list[Binding]:
        """What it binds."""
        bindings = self.method.scope.bindings.values()
        return [binding for same in bindings for binding in same if self.holds(binding.node)]

    @cached_property
    def free(self) -> list[str]:
        """The locals that it reads and that get their value outside, in the order of their first use."""
        return list(dict.fromkeys(one.value for one in self.variables if self.comes_from_outside(one)))

    @property
    def key(self) -> object:
        """What is the same in all blocks that one method can stand for."""
        return self.form, self.free_numbers, self.method.is_class

    @property
    def free_numbers(self) -> tuple[int, ...]:
        """The numbers of the locals that are free."""
        return tuple(self.locals.index(name) for name in self.free)

    @property
    def flag_count(self) -> int:
        """How many operands at the front of the condition that moves are flags: those are the caller's business."""
        (first, *_) = self.nodes
        moving = conditions(first)[self.kept :] if isinstance(first, cst.If) and len(self.nodes) == 1 else []
        return len([*takewhile(lambda one: is_flag(one, self), moving)])

    @property
    def hangs_on_flags(self) -> bool:
        """Whether all of it stands under a condition of flags."""
        (first, *_) = self.nodes
        return (
            isinstance(first, cst.If) and self.flag_count > 0 and self.kept + self.flag_count == len(conditions(first))
        )

    @property
    def is_under_flags(self) -> bool:
        """Whether it is all that an `if` does which asks for flags."""
        suite = self.names.tree.parents[self.nodes[0]]
        around = self.names.tree.parents[suite]
        if not isinstance(around, cst.If) or around.body is not suite:
            return False
        is_all = tuple(getattr(suite, "body", ())) == self.nodes
        return is_all and all(is_flag(one, self) for one in conditions(around))

    @property
    def is_whole_method(self) -> bool:
        """Whether the method does nothing else."""
        body = self.method.node.body.body
        has_docstring = self.method.node.get_docstring(clean=False) is not None
        return not self.kept and self.nodes == tuple(body[has_docstring:])

    def overlaps(self, other: Block) -> bool:
        mine, its = ({*one.nodes, *one.names.tree.ancestors(one.nodes[0])} for one in (self, other))
        return not (its.isdisjoint(self.nodes) and mine.isdisjoint(other.nodes))

    def holds(self, node: cst.CSTNode) -> bool:
        return node in self.roots or not self.roots.isdisjoint(self.names.tree.ancestors(node))

    def comes_from_outside(self, name: cst.Name) -> bool:
        use = self.names.uses.get(name)
        if use is None or name.value == self.method.first:
            return False
        reaching = self.names.reaching_definitions(use)
        return not reaching or any(not self.holds(one.node) for one in reaching)

    @cached_property
    def loops(self) -> set[cst.CSTNode]:
        """The loops around it."""
        return {one for one in self.names.tree.ancestors(self.nodes[0]) if isinstance(one, LOOPS)}

    # Why it cannot move

    def obstacle(self, twins: Sequence[Block]) -> str:
        """Return why it cannot become a method, or ""; what its `twins` bind goes with them."""
        found = (
            self.find_bound_before(twins),
            self.find_read_after(twins),
            self.find_unready(),
            self.find_frame_reader(),
        )
        return next(filter(None, (*found, self.find_local_import())), "")

    def find_bound_before(self, twins: Sequence[Block]) -> str:
        """An object that a local holds would live on in the caller: memory that the block frees would stay in use."""
        for binding in self.bound:
            for other in self.method.scope.bindings[binding.name]:
                before = other.order < binding.order or self.loops & set(self.names.tree.ancestors(other.node))
                if before and not any(one.holds(other.node) for one in (self, *twins)):
                    return f"`{binding.name}`, which it binds, is bound before it as well"
        return ""

    def find_read_after(self, twins: Sequence[Block]) -> str:
        """Return what reads a name that the block binds; if nothing else bound it, it would be a global there."""
        scope, copies = self.method.scope, (self, *twins)
        for name in dict.fromkeys(one.name for one in self.bound):
            uses = [one for one in self.names.uses_by_name.get(name, ()) if not self.holds(one.node)]
            others = [binding for binding in scope.bindings[name] if not any(one.holds(binding.node) for one in copies)]
            for use in uses:
                is_twins = any(one.holds(use.node) for one in twins)
                is_global = not others and not is_twins and self.names.find_scope(name, use.scope) is scope
                if is_global or any(one in self.bound for one in self.names.reaching_definitions(use)):
                    return f"`{name}`, which it binds, is read on line {self.context.file.start(use.node).row}"
        return ""

    def find_unready(self) -> str:
        """Return why a local cannot be passed on."""
        for name in self.variables:
            bindings = self.method.scope.bindings.get(name.value, ())
            if name.value not in self.free or name not in self.names.uses:
                continue
            if any(one.kind is BindingKind.IMPORT for one in bindings):
                return f"`{name.value}` is imported inside the method"
            reaching = self.names.reaching_definitions(self.names.uses[name])
            is_certain = self.names.is_replaced(reaching, self.names.uses[name])
            if not is_certain or any(one.outer or one.kind is BindingKind.DELETED for one in reaching):
                return f"`{name.value}` may be unbound before it, or changed by another function"
        return ""

    def find_frame_reader(self) -> str:
        for node in nodes_in(self.moved):
            if isinstance(node, cst.Name) and node.value in FRAME_READERS and self.names.is_builtin(node):
                return f"`{node.value}` looks at the locals of the method"
        return ""

    def find_local_import(self) -> str:
        """A neutral form may need what is imported inside the method only, or a local that the block does not have."""
        references = list(self.context.references_in(*self.roots))
        scope = self.method.scope
        origins = {origin for reference in references for origin in reference.resolution.origins}
        bindings = [binding for same in scope.bindings.values() for binding in same]
        own = [one for one in bindings if one.kind is BindingKind.IMPORT]
        runtime = self.context.options.runtime_module
        if origins.intersection(own) or (references and any(one.target.startswith(runtime) for one in own)):
            return "what it calls is imported inside the method"
        for reference in references:
            replacement = self.context.replacement(reference)
            names = replacement.names_said if isinstance(replacement, Replacement) else set()
            hidden = {name for name in names if name in scope.bindings} - {*self.free, self.method.first}
            if hidden:
                return f"its neutral form reads `{min(hidden)}`"
        return ""


def is_flag(condition: cst.BaseExpression, block: Block) -> bool:
    """Whether a condition is a local, or `not` one, that does not ask for the flush itself."""
    if isinstance(condition, cst.UnaryOperation) and isinstance(condition.operator, cst.Not):
        condition = condition.expression
    if not isinstance(condition, cst.Name) or re.search("flush|empty|clear|cache", condition.value):
        return False
    return is_local(condition, block.method, block.names)
