"""Dispatches → matches: guards and ladders that are one neutral call, or why they are not.

A branch is left of a dispatch where all branches do the same, each on its own backend, and where what is left may run
without the condition. Where it may not, the condition becomes neutral.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.analysis.control_flow.collapse_decision import backends_of_default, chooses_device, decide_collapse
from cudafix.analysis.control_flow.dispatch import Dispatch, Shape
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends
from cudafix.analysis.control_flow.equivalence import (
    canonical_form,
    does_nothing_without_accelerator,
    form_without_accelerator,
    nodes_in,
)
from cudafix.analysis.control_flow.find_dispatches import find_dispatches
from cudafix.analysis.control_flow.substitutes import anchor, direct_tests
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Operations, Substitution
from cudafix.matchers.conditions import Certainty
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.registry import CUDA_ONLY
from cudafix.syntax.assigned_values import only_binding
from cudafix.syntax.scopes import Binding


def reported_dispatches(context: RuleContext) -> list[Dispatch]:
    """Return the guards and ladders that one of the two rules reports."""
    return [one for one in dispatches(context) if is_ladder(one, context) or is_guard(one, context)]


@once
def dispatches(context: RuleContext) -> list[Dispatch]:
    """Return the dispatches of a file that are about what the rules report; several rules ask for them."""
    found = [one for one in find_dispatches(context) if is_about_functions(one, context)]
    return [one for one in found if not find_branch_backends(one.nodes[0], context) & one.backends]


def is_about_functions(dispatch: Dispatch, context: RuleContext) -> bool:
    """Whether a function with a neutral form stands in a branch, or a device is chosen by what torch finds."""
    if not context.silenced.isdisjoint(tests_in(dispatch, context)):
        return False
    inside = context.references_in(*dispatch.parts)
    if any(one.symbol.row.code != CUDA_ONLY and one.symbol.row.name != "is_available" for one in inside):
        return True
    calls = [one for one in nodes_in(dispatch.parts) if isinstance(one, cst.Call)]
    asks_torch = any(condition.tests for _, condition in dispatch.tested_branches)
    if asks_torch and any(context.neutral_function(one) not in ("", "is_available") for one in calls):
        return True  # half migrated: the neutral call does nothing elsewhere
    return (asks_torch or has_flag(dispatch)) and chooses_device(dispatch)


def tests_in(dispatch: Dispatch, context: RuleContext) -> list[Reference]:
    """Return the references to functions of torch in the conditions themselves."""
    conditions = [condition for _, condition in dispatch.tested_branches]
    return [test for condition in conditions for test in direct_tests(condition, context)]


def has_flag(dispatch: Dispatch) -> bool:
    """Whether a flag is asked that was set from what torch finds."""
    return any(
        condition.flags and condition.certainty is Certainty.MACHINE for _, condition in dispatch.tested_branches
    )


def is_ladder(dispatch: Dispatch, context: RuleContext) -> bool:
    """Whether several backends have a branch; the default branch is one for the backend that it calls."""
    accelerators = [condition.backends - {"cpu"} for _, condition in dispatch.tested_branches]
    named = [one for one in accelerators if one]
    return len(named) > 1 or (len(named) == 1 and bool(backends_of_default(dispatch, context) - named[0]))


def is_guard(dispatch: Dispatch, context: RuleContext) -> bool:
    """Whether CUDA is asked for as one asks for a GPU of any make, or alone decides about neutral calls."""
    ((_, condition),) = dispatch.tested_branches[:1]
    if "cuda" not in condition.backends:
        return False
    if condition.tests or (condition.flags and condition.certainty is Certainty.MACHINE):
        return True
    if condition.certainty is Certainty.MACHINE:
        return False
    return does_nothing_at_all(dispatch, context) or answers_as_default(dispatch, context)


def does_nothing_at_all(dispatch: Dispatch, context: RuleContext) -> bool:
    branch, default = dispatch.branches[0], dispatch.default_branch
    if dispatch.shape is Shape.EARLY or (default is not None and not default.is_idle):
        return False
    return all(does_nothing_without_accelerator(one, context) for one in branch.parts)


def answers_as_default(dispatch: Dispatch, context: RuleContext) -> bool:
    """Whether the neutral call gives by itself what the default branch gives: `… else 0` after an amount of memory."""
    branch, default = dispatch.branches[0], dispatch.default_branch
    if default is None or not branch.gives_value or not default.gives_value:
        return False
    return form_without_accelerator(branch.parts, context) == canonical_form(default.parts, context)


def match_dispatch(
    dispatch: Dispatch, message: Callable[[Reference], str], takes_all: bool, context: RuleContext
) -> Match:
    """Return the match for a guard or ladder.

    Arguments:
        message: makes what is said of it, of the reference that it is named by.
        takes_all: whether its fix is also that of all functions in the branches, whatever was asked.
    """
    verdict = decide_collapse(dispatch, context)
    tests = tests_in(dispatch, context)
    inside = list(context.references_in(*dispatch.parts))
    operations = Operations()
    if not verdict.refusal:
        flags = removable_flags(dispatch, context)
        operations = Operations(tuple(verdict.substitutions), verdict.changes, removable_assignments=flags)
    named = tests[0] if tests else inside[0] if inside else anchor(dispatch, context)
    takes_inside = bool(operations) and (takes_all or dispatch.tested_branches[0][1].certainty is not Certainty.MACHINE)
    return Match(
        dispatch.branches[0].test or dispatch.nodes[0], named.symbol.name, message(named), operations,
        safety=Safety.UNSAFE if verdict.caveats else Safety.SAFE,
        reason=verdict.refusal or "; ".join(dict.fromkeys([*verdict.caveats, *reasons_of(verdict.substitutions)])),
        help="" if operations.substitutions or not operations else "drop the condition",
        reference=named, covers=(*tests, *inside) if takes_inside else tuple(tests),
    )  # fmt: skip


def removable_flags(dispatch: Dispatch, context: RuleContext) -> tuple[Binding, ...]:
    """Return the assignments of the flags that were asked, if they hold no more than what torch finds."""
    conditions = [condition for _, condition in dispatch.tested_branches]
    pure = [one for one in conditions if one.certainty is Certainty.MACHINE and not one.rest]
    flags = [flag for condition in pure for flag in condition.flags if isinstance(flag, cst.Name)]
    bindings = [only_binding(flag, context.file) for flag in flags]
    return tuple(one for one in bindings if one is not None)


def reasons_of(substitutions: Sequence[Substitution]) -> list[str]:
    """Return what makes the substitutions less than safe."""
    unsafe = [replacement for _, replacement in substitutions if replacement.safety is not Safety.SAFE]
    return [one.reason for one in unsafe if one.reason]
