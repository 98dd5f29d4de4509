"""Blocks that are the same → the method that takes their place: its name, its text, and the changes to the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.repetition.local_names import variables_in
from cudafix.analysis.repetition.method_name import docstring_of, name_method
from cudafix.analysis.repetition.statement_run import Block
from cudafix.fixes.operations import Built, NodeChange, Operations
from cudafix.syntax.conjunctions import conditions, conjunction, trimmed

REVIEW = "the block moves into a method of its own: review its name"


@dataclass(frozen=True, eq=False)
class Plan:
    """What becomes of a group of blocks; without operations, `reason` says why it stays."""

    name: str
    operations: Operations
    reason: str


@dataclass(eq=False)
class Draft:
    """A new method; the transformer puts into `body` what it makes of the block that moves, and takes it out again."""

    name: str
    blocks: Sequence[Block]
    body: list[cst.BaseStatement] = field(default_factory=list)

    @property
    def source(self) -> Block:
        return self.blocks[0]

    def take(self) -> list[cst.BaseStatement]:
        """Return the body, if it is there."""
        body, self.body = self.body, []
        return body

    def function(self, body: list[cst.BaseStatement]) -> cst.FunctionDef:
        user = self.source.method.node
        body[0] = body[0].with_changes(leading_lines=())
        docstring = cst.SimpleStatementLine([cst.Expr(cst.SimpleString(f'"""{docstring_of(self.name)}"""'))])
        params = [self.parameter(self.source.method.first), *map(self.parameter, self.source.free)]
        is_annotated = any(has_annotation(one.method.node) for one in self.blocks)
        decorators = [cst.Decorator(cst.Name("classmethod"))] if self.source.method.is_class else []
        suite = cst.IndentedBlock([docstring, *body], indent=getattr(user.body, "indent", None))
        returns = cst.Annotation(cst.Name("None")) if is_annotated else None
        return cst.FunctionDef(cst.Name(self.name), cst.Parameters(params), suite, decorators, returns)

    def parameter(self, name: str) -> cst.Param:
        return cst.Param(cst.Name(name), self.annotation(name))

    def annotation(self, name: str) -> cst.Annotation | None:
        """Return the annotation that all callers give: of the object itself, all that give one."""
        is_first = name == self.source.method.first
        number = -1 if is_first else self.source.locals.index(name)
        given = [find_annotation(one.method.first if is_first else one.locals[number], one) for one in self.blocks]
        texts = {self.source.context.file.code(one.annotation) if one else "" for one in given}
        if is_first:
            texts.discard("")
        annotation = next(filter(None, given), None)
        unknown = self.source.names.unknown_names
        if len(texts) != 1 or annotation is None or any(one.value in unknown for one in variables_in(annotation)):
            return None
        return annotation


def find_annotation(name: str, block: Block) -> cst.Annotation | None:
    function = block.method.node
    params = (*function.params.posonly_params, *function.params.params, *function.params.kwonly_params)
    return next((one.annotation for one in params if one.name.value == name and function.type_parameters is None), None)


def has_annotation(function: cst.FunctionDef) -> bool:
    params = (*function.params.posonly_params, *function.params.params, *function.params.kwonly_params)
    return function.returns is not None or any(one.annotation is not None for one in params)


class NewMethods:
    """The new methods of one class; those in front of the same method come in one change."""

    def __init__(self, owner: cst.ClassDef, context: RuleContext, helper_name: str) -> None:
        self.owner = owner
        self.context = context
        self.helper_name = helper_name
        """What the configuration calls the first new method of the file, "" once it is taken."""
        self.names_taken: set[str] = set()
        self.drafts: dict[cst.CSTNode, list[Draft]] = {}
        self.insertions: dict[cst.CSTNode, NodeChange] = {}

    def plan(self, blocks: Sequence[Block], flush: str) -> Plan:
        text = re.sub(r"#[^\r\n]*", "", self.context.file.text)
        name, self.helper_name = self.helper_name or name_method(blocks, flush), ""
        if name == self.context.options.helper_name and is_said(name, text):
            return Plan(name, Operations(), f"`{name}` is the name of something else in this file")
        name = next(one for one in numbered(name) if one not in self.names_taken and not is_said(one, text))
        self.names_taken.add(name)
        draft = Draft(name, blocks)
        changes = [change for block in blocks for change in changes_to(block, draft)]
        return Plan(name, Operations(changes=(self.insertion(draft), *changes), deferred=True), REVIEW)

    def insertion(self, draft: Draft) -> NodeChange:
        """Return the change that puts the new method in front of the first that calls it."""
        below = first_of_name(draft.source.method.node, self.owner)
        drafts = self.drafts.setdefault(below, [])
        drafts.append(draft)
        if below not in self.insertions:
            self.insertions[below] = NodeChange(below, lambda updated: spaced(drafts, updated), before=True)
        return self.insertions[below]


def is_said(name: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def first_of_name(function: cst.FunctionDef, owner: cst.ClassDef) -> cst.FunctionDef:
    """Return the first of the methods of one name that stand together: overloads, a property and its setter."""
    first = function
    body = [*owner.body.body]
    for before in reversed(body[: body.index(function)]):
        if not isinstance(before, cst.FunctionDef) or before.name.value != function.name.value:
            break
        first = before
    return first


def spaced(drafts: Sequence[Draft], below: cst.FunctionDef) -> Built:
    """Return the new methods, each with the blank lines that stand above the method `below` them."""
    gap = [*takewhile(lambda line: line.comment is None, below.leading_lines)]
    footer = [] if gap else [cst.EmptyLine(indent=False)]
    new = [draft.function(body) for draft in drafts if (body := draft.take())]
    return [one.with_changes(leading_lines=gap, body=one.body.with_changes(footer=footer)) for one in new]


# What stands where the block stood


def changes_to(block: Block, draft: Draft) -> Iterator[NodeChange]:
    """Yield the changes that leave a call of the new method, and give it its body if `block` is where that is from."""
    is_source = block is draft.source
    first, *others = block.nodes
    if block.kept:
        assert isinstance(first, cst.If)
        stays = first.children if is_source else conditions(first)[: block.kept]
        yield NodeChange(first, lambda updated: split(updated, block, draft), tuple(stays))
        return
    call = call_of(block, draft.name)
    if not is_source:
        yield NodeChange(first, lambda updated: call)
        yield from (NodeChange(one, lambda updated: ()) for one in others)
        return
    yield NodeChange(first, lambda updated: moved(updated, draft, [call]), tuple(first.children))
    yield from (NodeChange(one, lambda updated: moved(updated, draft, []), tuple(one.children)) for one in others)


def moved(updated: cst.BaseStatement, draft: Draft, left: Sequence[cst.BaseStatement]) -> Built:
    """Put a statement into the new method, and return what is left in its place."""
    draft.body.append(updated)
    return left


def split(updated: cst.If, block: Block, draft: Draft) -> Built:
    """Return the `if` with the part of its condition that stays and a call; all else moves."""
    if block is draft.source:
        draft.body.append(trimmed(updated, block.kept))
    stays = conjunction(conditions(updated)[: block.kept])
    body = cst.IndentedBlock([call_of(block, draft.name)], indent=getattr(updated.body, "indent", None))
    return updated.with_changes(test=stays, body=body, whitespace_before_test=cst.SimpleWhitespace(" "))


def call_of(block: Block, name: str) -> cst.SimpleStatementLine:
    """Return the call of the new method, with what this copy calls its locals."""
    function = cst.Attribute(cst.Name(block.method.first), cst.Name(name))
    arguments = [cst.Arg(cst.Name(block.locals[number])) for number in block.free_numbers]
    return cst.SimpleStatementLine([cst.Expr(cst.Call(function, arguments))])
