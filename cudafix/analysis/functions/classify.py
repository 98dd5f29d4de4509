"""Reference → the rule that reports it: that of its group, or one that heeds the branch which it stands in."""

from __future__ import annotations

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends, is_left_by_cuda, is_named_around
from cudafix.catalogue.backends import BACKENDS, STANDS_IN
from cudafix.matchers.references import Reference
from cudafix.registry import CUDA_ONLY, code_of
from cudafix.replacements.project_targets import find_entry

HELPER, WRONG_BRANCH, BACKEND_BRANCH = map(code_of, ("hardcoded-helper", "wrong-branch", "backend-branch"))


def classify(reference: Reference, context: RuleContext) -> str:
    """Return the code of the rule that reports `reference`, or "" where there is nothing to report."""
    row, backend = reference.symbol.row, reference.symbol.backend
    if row.code == CUDA_ONLY and has_target(reference, context):
        return HELPER
    if reference.is_import or row.code == CUDA_ONLY:
        return row.code
    if reference.symbol.is_module and is_passed_on(reference, context):
        return ""
    branch_backends = find_branch_backends(reference.node, context)
    if row.name == "is_available":
        if branch_backends and is_statement(reference, context):
            return WRONG_BRANCH
        return BACKEND_BRANCH if backend in branch_backends else row.code
    if branch_backends and backend not in branch_backends and is_mistake(reference, branch_backends, context):
        return WRONG_BRANCH
    if backend in branch_backends or (backend != "cuda" and is_meant_there(reference, context)):
        return BACKEND_BRANCH
    if backend == "mps" and row.name == "empty_cache" and is_unchecked(reference, context):
        return WRONG_BRANCH
    return row.code


def is_meant_there(reference: Reference, context: RuleContext) -> bool:
    """Whether a backend other than CUDA is named around a call of its function, or left when CUDA has returned."""
    return is_named_around(reference.symbol.backend, reference.node, context) or is_left_by_cuda(
        reference.node, context
    )


def has_target(reference: Reference, context: RuleContext) -> bool:
    """Whether a target stands for what no other backend has."""
    path, options = context.file.path, context.options
    return find_entry(reference.symbol, path, options, reference.call is not None) is not None


def is_passed_on(reference: Reference, context: RuleContext) -> bool:
    """Whether a backend's module is given to a neutral function, which asks for one."""
    call = context.file.tree.call_around(reference.node)
    return call is not None and bool(context.neutral_function(call))


def is_statement(reference: Reference, context: RuleContext) -> bool:
    return reference.call is not None and isinstance(context.parent(reference.call), cst.Expr)


def is_mistake(reference: Reference, branch_backends: frozenset[str], context: RuleContext) -> bool:
    """Whether the call of one backend's function in the branch for others can only be a mistake."""
    if reference.call is None or reference.symbol.is_module or not branch_backends <= set(BACKENDS):
        return False
    functions = [one for one in context.file.tree.ancestors(reference.node) if isinstance(one, cst.FunctionDef)]
    test = f"{reference.symbol.backend}.is_available"
    if any(test in context.file.code(one) for one in functions[:1]):
        return False
    return not any(STANDS_IN.get(one, "\0") in context.file.text for one in branch_backends)


def is_unchecked(reference: Reference, context: RuleContext) -> bool:
    """Whether `torch.mps.empty_cache()` is called without a look whether there is MPS; it raises without."""
    if reference.call is None:
        return False
    for parent in context.file.tree.ancestors(reference.node):
        if isinstance(parent, (cst.Try, cst.TryStar)):
            return False
        if isinstance(parent, (cst.FunctionDef, cst.ClassDef)) and "mps" in parent.name.value.lower():
            return False
        if isinstance(parent, cst.FunctionDef) and "mps" in context.file.code(parent).lower().replace("torch.mps.", ""):
            return False
    return True
