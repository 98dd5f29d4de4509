"""A fix that says what stands beside it already → the same, and said once: `except (A, A)`, `Union[A, A]`, `A | A`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.fixes.operations import NodeChange
from cudafix.matchers.references import Reference
from cudafix.replacements.replacement import Replacement
from cudafix.syntax.expressions import last_name

Types: TypeAlias = cst.Tuple | cst.Subscript | cst.BinaryOperation


def without_duplicates(reference: Reference, replacement: Replacement, context: RuleContext) -> tuple[NodeChange, ...]:
    """Return the change of the types around a reference, where its neutral form is there twice then."""
    types = types_around(reference.node, context)
    if types is None or replacement.attributes or replacement.passed is not None:
        return ()
    new = path_of(replacement)
    others = [one for one in parts(types) if one is not reference.node]
    if not any(meant(one, context) == new for one in others):
        return ()
    return (NodeChange(types, partial(said_once, context=context), kept=tuple(parts(types))),)


def types_around(node: cst.CSTNode, context: RuleContext) -> Types | None:
    """Return the tuple of classes, or the union of types, that `node` is one of."""
    parent = context.parent(node)
    if isinstance(parent, cst.BinaryOperation):
        return parent if isinstance(parent.operator, cst.BitOr) else None
    around = context.parent(parent) if parent is not None else None
    if isinstance(around, cst.Tuple):
        user = context.parent(around)
        call = context.parent(user) if isinstance(user, cst.Arg) else None
        is_asked = isinstance(call, cst.Call) and last_name(call.func) in ("isinstance", "issubclass")
        return around if isinstance(user, (cst.ExceptHandler, cst.ExceptStarHandler)) or is_asked else None
    subscript = context.parent(around) if isinstance(parent, cst.Index) and around is not None else None
    return subscript if isinstance(subscript, cst.Subscript) and last_name(subscript.value) == "Union" else None


def parts(types: cst.CSTNode) -> list[cst.BaseExpression]:
    """Return the types of a tuple or a union."""
    if isinstance(types, cst.Tuple):
        return [one.value for one in types.elements]
    if isinstance(types, cst.Subscript):
        return [one.slice.value for one in types.slice if isinstance(one.slice, cst.Index)]
    assert isinstance(types, cst.BinaryOperation)
    return [types.left, types.right]


def meant(node: cst.BaseExpression, context: RuleContext) -> str:
    """Return the path of what an expression will stand for after the fixes."""
    reference = context.references_by_node.get(node)
    form = context.replacement(reference) if reference is not None else None
    if isinstance(form, Replacement):
        return path_of(form)
    meaning = context.file.names.resolve(node)
    return meaning.path if meaning is not None else ""


def path_of(replacement: Replacement) -> str:
    return f"{replacement.imported.module}.{replacement.imported.name}"


def said_once(updated: Types, context: RuleContext) -> cst.BaseExpression:
    """Return the types without those that are there already; the last one alone where no other is left."""
    found = parts(updated)
    codes = [context.file.code(one) for one in found]
    firsts = [number for number, code in enumerate(codes) if code not in codes[:number]]
    if len(firsts) == len(found):
        return updated
    if len(firsts) == 1 or isinstance(updated, cst.BinaryOperation):
        return found[0]
    if isinstance(updated, cst.Tuple):
        return updated.with_changes(elements=chosen(updated.elements, firsts))
    return updated.with_changes(slice=chosen(updated.slice, firsts))


def chosen(
    elements: Sequence[cst.BaseElement] | Sequence[cst.SubscriptElement], numbers: Sequence[int]
) -> list[cst.BaseElement | cst.SubscriptElement]:
    """Return some of several elements; the last of them with the comma that the last had."""
    found = [elements[number] for number in numbers]
    found[-1] = found[-1].with_changes(comma=elements[-1].comma)
    return found
