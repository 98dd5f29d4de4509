"""File → Analysis: the findings of all rules, and the matches behind them.

Matches and fixes hold nodes of the file's tree. They serve to verify and to rewrite this file, and go no further: what
the engine hands on is plain data, of `model`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.functions.classify import classify
from cudafix.analysis.functions.messages import match_for, match_reference
from cudafix.analysis.groups.hold_back import hold_back
from cudafix.analysis.groups.in_their_cells import in_their_cells
from cudafix.analysis.match import Match
from cudafix.config.options import Options
from cudafix.engine.active_rules import active_codes
from cudafix.engine.apply_targets import TargetApplier
from cudafix.engine.findings import make_finding
from cudafix.engine.project_helpers import find_helpers
from cudafix.engine.rule_hooks import load
from cudafix.fixes.operations import Operations, combine
from cudafix.fixes.unused_imports import keeps_import
from cudafix.matchers.references import Reference
from cudafix.model import Finding, Helper, Safety
from cudafix.registry import BY_CODE, CUDA_ONLY, RULES, Rule
from cudafix.replacements.replacement import Refusal
from cudafix.suppressions.comments import Suppressions
from cudafix.syntax.module import File


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found in one file.

    Attributes:
        matches: what the rules found in the code.
        comment_findings: what they found in suppression comments.
        uncounted: how many CUDA-only uses there are that no rule was asked to report.
    """

    file: File
    matches: tuple[Match, ...]
    comment_findings: tuple[Finding, ...]
    uncounted: int
    options: Options
    helpers: tuple[Helper, ...] = ()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(sorted([*self.reported.values(), *self.comment_findings], key=lambda one: one.sort_key))

    @cached_property
    def reported(self) -> Mapping[Match, Finding]:
        return {match: make_finding(match, self.file, self.options) for match in self.matches}

    def fixed(self, allowed: Iterable[Safety], without_deferred: bool = False) -> tuple[Finding, ...]:
        """Return the findings with an allowed fix; `without_deferred` leaves out what an earlier round has counted."""
        levels = set(allowed)
        picked = [one for one in self.matches if one.operations and one.trust in levels]
        return tuple(self.reported[one] for one in picked if not (without_deferred and one.operations.deferred))

    @property
    def comment_fixes(self) -> tuple[Finding, ...]:
        """The findings whose fix changes a comment, and no code."""
        return tuple(one for one in self.comment_findings if one.fix is not None)

    def operations(self, allowed: Iterable[Safety]) -> Operations:
        """Return all fixes with an allowed safety, put together; those that change the shape of the code first."""
        levels = set(allowed)
        picked = [match.operations for match in self.matches if match.trust in levels]
        return combine(sorted(picked, key=lambda one: not one.changes), self.file.names)


def analyse(file: File, options: Options) -> Analysis:
    """Ask all rules that are on for a file."""
    active = active_codes(file.path, options)
    rules = [(rule, load(rule)) for rule in RULES if rule.code in active]
    suppressions = Suppressions(file.text)
    context, targets = RuleContext(file, options), TargetApplier(file, options)
    codes = {reference: classify(reference, context) for reference in context.references}
    context = context.with_silenced(find_silenced(codes, active, suppressions, file))
    found = [of_rule(match, rule) for rule, hooks in rules if hooks.find for match in hooks.find(context)]
    covered = {reference for match in found for reference in match.covers}
    left = [one for one, code in codes.items() if code in active and one not in context.silenced | covered]
    matches = [match_reference(one, codes[one], context) for one in left if not one.is_import]
    matches = refine(matches, context)
    matches += [one for one in found if not is_silenced(one, suppressions, file)]
    matches = targets.apply(matches)
    if options.groups:
        matches = hold_back(matches, codes, active, context)
    matches = in_their_cells(matches, context)
    matches += [match_import(one, matches, context) for one in left if one.is_import]
    late = [of_rule(match, rule) for rule, hooks in rules if hooks.follow for match in hooks.follow(context, matches)]
    matches += targets.apply([one for one in late if not is_silenced(one, suppressions, file)])
    checks = [hooks.check_comments for _, hooks in reversed(rules) if hooks.check_comments]
    comment_findings = tuple(finding for check in checks for finding in check(file, suppressions, active))
    uncounted = count_cuda_only(codes.values(), active, context)
    return Analysis(file, tuple(matches), comment_findings, uncounted, options, find_helpers(context))


def find_silenced(
    codes: Mapping[Reference, str], active: frozenset[str], suppressions: Suppressions, file: File
) -> frozenset[Reference]:
    """Return the references that a suppression comment is about."""
    asked = [(one, code) for one, code in codes.items() if code in active] if suppressions.directives else []
    return frozenset(one for one, code in asked if suppressions.silence(code, *whole_rows(one, file)))


def whole_rows(reference: Reference, file: File) -> tuple[int, int]:
    """Return the lines on which a suppression comment silences `reference`: those of its whole call or import."""
    whole = reference.resolution.origins[0].node if reference.is_import else reference.call or reference.node
    first = min(file.start(reference.node).row, file.start(whole).row)
    return first, file.end(whole).row


def of_rule(match: Match, rule: Rule) -> Match:
    return replace(match, code=rule.code)


def refine(matches: list[Match], context: RuleContext) -> list[Match]:
    """Let rules look at their replacements anew, in the light of all other matches."""
    by_node: Mapping[cst.CSTNode, Match] = {match.node: match for match in matches}
    refined = []
    for match in matches:
        hook, reference = load(BY_CODE[match.code]).refine, match.reference
        if hook is not None and match.operations and reference is not None:
            replacement = hook(reference, match.operations.substitutions[0].replacement, context, by_node)
            match = match_for(reference, match.code, replacement)
        refined.append(match)
    return refined


def match_import(reference: Reference, matches: list[Match], context: RuleContext) -> Match:
    """Match an import of a backend's function: it goes when every use of the name can be rewritten."""
    code, file = reference.symbol.row.code, context.file
    binding = reference.resolution.origins[0]
    users = [one for one in context.references if not one.is_import and binding in one.resolution.origins]
    fixes = [(user, next((match for match in matches if takes_out(match, user)), None)) for user in users]
    stuck = next((user for user, match in fixes if match is None), None)
    if stuck is not None:
        return match_for(reference, code, Refusal(f"its use on line {file.start(stuck.node).row} stays"))
    obstacle = keeps_import(binding, file, {one.root.node for one in users if one.root})
    if obstacle:
        return match_for(reference, code, Refusal(obstacle))
    used = list(dict.fromkeys(match for _, match in fixes if match is not None))
    together = combine([match.operations for match in used], file.names)
    doubtful = [match for match in used if match.trust is not Safety.SAFE]
    match = replace(match_for(reference, code, Refusal("")), operations=together)
    return replace(match, safety=Safety.UNSAFE, reason=doubtful[0].reason) if doubtful else match


def takes_out(match: Match, reference: Reference) -> bool:
    """Whether the fix of `match` takes the name of `reference` out of the code."""
    return bool(match.operations) and (match.reference is reference or reference in match.covers)


def is_silenced(match: Match, suppressions: Suppressions, file: File) -> bool:
    """Whether a suppression comment is about a match. Places are worked out only where there are such comments."""
    return bool(suppressions.directives) and suppressions.silence(match.code, *(match.rows or file.rows(match.node)))


def count_cuda_only(codes: Iterable[str], active: frozenset[str], context: RuleContext) -> int:
    """Count the uses that are of CUDA by nature and that no rule was asked to report."""
    off = [load(rule).find for rule in RULES if rule.is_cuda_only and rule.code not in active]
    found = sum(len(list(find(context))) for find in off if find)
    return found + sum(code == CUDA_ONLY and code not in active for code in codes)
