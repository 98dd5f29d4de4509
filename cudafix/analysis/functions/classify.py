"""Reference → the rule that reports it: that of its group, or one that heeds the branch which it stands in; and the
match for it.
"""

from __future__ import annotations

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends, is_named_around
from cudafix.analysis.match import Match
from cudafix.catalogue.backends import BACKENDS, STANDS_IN
from cudafix.catalogue.row import CUDA_ONLY
from cudafix.fixes.operations import Operations, substitution_for
from cudafix.matchers.references import Reference
from cudafix.registry import code_of
from cudafix.replacements.module_in_scope import find_meant
from cudafix.replacements.project import find_entry
from cudafix.replacements.replacement import Refusal, Replacement

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
    if backend in branch_backends or (backend != "cuda" and is_named_around(backend, reference.node, context)):
        return BACKEND_BRANCH
    if backend == "mps" and row.name == "empty_cache" and is_unchecked(reference, context):
        return WRONG_BRANCH
    return row.code


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


def match_reference(reference: Reference, code: str, context: RuleContext) -> Match:
    replacement = context.replacement(reference)
    if code == BACKEND_BRANCH:
        return match_for(reference, code, find_meant(reference, replacement, context.file))
    if code == WRONG_BRANCH:
        return match_mistake(reference, context)
    return match_for(reference, code, replacement)


def match_mistake(reference: Reference, context: RuleContext) -> Match:
    backends = " or ".join(sorted(one.upper() for one in find_branch_backends(reference.node, context)))
    name = reference.symbol.name
    if reference.symbol.row.name == "is_available":
        message, reason = f"`{name}()` is asked in a branch for {backends}, and nobody hears the answer", ""
    elif backends:
        message = f"`{name}` is called in a branch for {backends}"
        reason = "only who knows the code can say which is meant"
    else:
        message, reason = f"`{name}` is called without a test for MPS", "it raises on every other machine"
    return Match(reference.node, name, message, Operations(), reason=reason, reference=reference, code=WRONG_BRANCH)


def match_for(reference: Reference, code: str, replacement: Replacement | Refusal) -> Match:
    """Return the match for a reference that `replacement` takes the place of, or for which it says why none does."""
    row = reference.symbol.row
    fix = Operations()
    if isinstance(replacement, Replacement):
        fix = Operations((substitution_for(reference, replacement),))
    return Match(
        reference.node, reference.symbol.name, message_for(reference), fix, reason=replacement.reason,
        help="" if row.has_neutral_form or fix else row.note, reference=reference, code=code,
    )  # fmt: skip


def message_for(reference: Reference) -> str:
    symbol = reference.symbol
    subject = f"import of `{symbol.name}`" if reference.is_import else f"`{symbol.name}`"
    backend = symbol.backend.upper()
    return f"{subject} is {backend} only" if symbol.row.code == CUDA_ONLY else f"{subject} is tied to {backend}"
