"""A node → the backends that the branch around it was taken for, so that these are meant there."""

from __future__ import annotations

import re

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.catalogue.backends import BACKENDS, FAMILY, family
from cudafix.matchers.conditions import BackendCondition, Certainty, backend_of, device_of
from cudafix.matchers.cuda_words import names_backend

FOR_ONE_BACKEND = re.compile(r"(?:Accelerator|Platform|Backend|DeviceMixin|DeviceInterface)(?:Base|Mixin)?$")
"""How classes are called that are there for one backend each: `CudaAccelerator`, `XPUPlatform`."""


def find_branch_backends(node: cst.CSTNode, context: RuleContext) -> frozenset[str]:
    """Return the backends that the branch around `node` is taken for; empty where it is taken for any.

    `if torch.cuda.is_available():` alone is no such branch: it is the usual way to ask for a GPU of any make.
    """
    child = node
    guarded: frozenset[str] = frozenset()
    for parent in context.file.tree.ancestors(node):
        found = backends_asked_before(child, parent, context)
        if isinstance(parent, cst.ClassDef):
            found = class_backend(parent)
        elif isinstance(parent, cst.FunctionDef) and parent.body is child:
            found = method_backend(parent, context)
        if found or isinstance(parent, cst.ClassDef):
            return found if not guarded or found & guarded else frozenset()
        if isinstance(parent, (cst.If, cst.IfExp)) and child is parent.body:
            condition = context.condition(parent.test)
            guarded |= condition.backends if condition is not None and not condition.negated else frozenset()
        child = parent
    return frozenset()


def backends_asked_before(child: cst.CSTNode, parent: cst.CSTNode, context: RuleContext) -> frozenset[str]:
    """Return the backends that `parent` asked for before it came to `child`."""
    if isinstance(parent, (cst.If, cst.IfExp)):
        condition = context.condition(parent.test)
        if condition is None or child is parent.test or (child is parent.body) is condition.negated:
            return frozenset()
        return condition.backends if is_meant(condition, parent, context) else frozenset()
    if isinstance(parent, cst.BooleanOperation) and child is parent.right and isinstance(parent.operator, cst.And):
        condition = context.condition(parent.left)
        is_for_one = condition is not None and not condition.negated and condition.certainty is not Certainty.MACHINE
        return condition.backends if condition is not None and is_for_one else frozenset()
    if isinstance(parent, cst.MatchCase):
        return case_backends(parent, context)
    if isinstance(parent, cst.DictElement) and child is parent.value:
        return frozenset({family(backend_of(parent.key))}) & frozenset(BACKENDS)
    return exit_backends(child, parent, context)


def is_meant(condition: BackendCondition, node: cst.If | cst.IfExp, context: RuleContext) -> bool:
    """Whether who asks this means the backends of `condition` and no other."""
    if condition.backends == {"cpu"}:
        return False
    if condition.certainty is not Certainty.MACHINE or "cuda" not in condition.backends:
        return True
    return any(other - condition.backends - {"cpu"} for other in backends_beside(node, context))


def backends_beside(node: cst.If | cst.IfExp, context: RuleContext) -> list[frozenset[str]]:
    """Return what the other branches of the ladder around `node` ask for."""
    first: cst.CSTNode = node
    while isinstance(parent := context.parent(first), type(node)) and parent.orelse is first:
        first = parent
    found = []
    current: cst.CSTNode | None = first
    while isinstance(current, (cst.If, cst.IfExp)):
        condition = context.condition(current.test)
        if condition is not None and not condition.negated:
            found.append(condition.backends)
        current = current.orelse
    return found


def case_backends(case: cst.MatchCase, context: RuleContext) -> frozenset[str]:
    """Return what `case "cuda" | "xpu":` names in a match over a device."""
    match = context.parent(case)
    is_over_device = isinstance(match, cst.Match) and device_of(match.subject) is not None
    return pattern_backends(case.pattern) - {"cpu"} if is_over_device else frozenset()


def pattern_backends(pattern: cst.MatchPattern) -> frozenset[str]:
    """Return what `"cuda" | "xpu"` names; nothing where a part of it is no device."""
    patterns = [one.pattern for one in pattern.patterns] if isinstance(pattern, cst.MatchOr) else [pattern]
    backends = [backend_of(one.value) if isinstance(one, cst.MatchValue) else "" for one in patterns]
    return frozenset(map(family, backends)) if all(backends) else frozenset()


def exit_backends(child: cst.CSTNode, suite: cst.CSTNode, context: RuleContext) -> frozenset[str]:
    """Return the backends for which code goes on after `if device.type != "cuda": return`.

    What is left when other accelerators have returned is CUDA's: the last rung of a ladder.
    """
    tree = context.file.tree
    if not isinstance(suite, cst.IndentedBlock):
        return frozenset()
    for statement in reversed(tree.exits(suite)):
        if tree.position(statement) < tree.position(child):
            condition = context.condition(statement.test)
            if condition is not None and condition.negated and is_meant(condition, statement, context):
                return condition.backends
            if condition is not None and is_rung_of_another(condition):
                return frozenset({"cuda"})
    return frozenset()


def is_rung_of_another(condition: BackendCondition) -> bool:
    """Whether a condition holds for accelerators of torch other than CUDA, whatever else there is."""
    others = set(BACKENDS) - {"cuda"}
    return not condition.negated and not condition.rest and condition.backends <= others


def is_left_by_cuda(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether code comes to `node` when what is for CUDA has returned above, by the device or a flag of the project."""
    tree = context.file.tree
    child = node
    for parent in tree.ancestors(node):
        if isinstance(parent, cst.IndentedBlock):
            above = [one for one in tree.exits(parent) if tree.position(one) < tree.position(child)]
            found = [context.condition(one.test) for one in above]
            if any(one is not None and one.backends == {"cuda"} and not one.negated for one in found):
                return True
        if isinstance(parent, cst.FunctionDef):
            return False
        child = parent
    return False


def class_backend(node: cst.ClassDef) -> frozenset[str]:
    """Return the backend that a class like `CudaAccelerator` is there for."""
    if not FOR_ONE_BACKEND.search(node.name.value):
        return frozenset()
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+", node.name.value)
    return frozenset(family(word) for word in words) & frozenset(BACKENDS)


def method_backend(node: cst.FunctionDef, context: RuleContext) -> frozenset[str]:
    """Return the backend that a method like `cuda` is there for, which moves an object to it as torch's does."""
    block = context.parent(node)
    is_method = block is not None and isinstance(context.parent(block), cst.ClassDef)
    return frozenset({node.name.value}) & frozenset(BACKENDS) if is_method else frozenset()


def is_named_around(backend: str, node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether the condition, function, class or file around `node` names `backend` in a word of its own.

    What stands in the condition itself is a part of it, and must stay for what it decides about to stay.
    """
    words = [backend, *(word for word, known in FAMILY.items() if known == backend)]
    if names_backend(context.path_without_suffix, words):
        return True
    for parent in context.file.tree.ancestors(node):
        condition: cst.BaseExpression | None = None
        if isinstance(parent, (cst.If, cst.IfExp, cst.While)):
            condition = parent.test
        elif isinstance(parent, cst.BooleanOperation):
            condition = parent
        elif isinstance(parent, (cst.FunctionDef, cst.ClassDef)) and names_backend(parent.name.value, words):
            return True
        if condition is not None and names_backend(context.file.code(condition), words):
            return True
    return False
