"""A reference, and the rule that reports it → the match: what is said of it, and its fix."""

from __future__ import annotations

from dataclasses import replace

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends
from cudafix.analysis.functions.classify import BACKEND_BRANCH, WRONG_BRANCH
from cudafix.analysis.functions.duplicates import without_duplicates
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Operations, substitution_for
from cudafix.matchers.references import Reference
from cudafix.registry import CUDA_ONLY
from cudafix.replacements.module_in_scope import find_meant
from cudafix.replacements.replacement import Refusal, Replacement


def match_reference(reference: Reference, code: str, context: RuleContext) -> Match:
    replacement = context.replacement(reference)
    if code == BACKEND_BRANCH:
        return match_for(reference, code, find_meant(reference, replacement, context.file))
    if code == WRONG_BRANCH:
        return match_mistake(reference, context)
    match = match_for(reference, code, replacement)
    if isinstance(replacement, Replacement):
        changes = without_duplicates(reference, replacement, context)
        match = replace(match, operations=replace(match.operations, changes=changes))
    return match


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
