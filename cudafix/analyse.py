"""File → Analysis: the findings of all rules, and the matches behind them, from one walk over the tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath

import libcst as cst

from cudafix.config import Options
from cudafix.discover import matches_glob
from cudafix.file import File
from cudafix.imports import Choice
from cudafix.model import Finding, Fix, Safety
from cudafix.neutral import Refusal, find_neutral
from cudafix.references import Reference, find_references
from cudafix.rewrite import edits
from cudafix.row import CUDA_ONLY
from cudafix.rule import Match
from cudafix.rules import BY_CODE, RULES
from cudafix.rules.unused_suppression import find_unused_suppressions
from cudafix.suppress import Suppressions
from cudafix.unused import keeps_import


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found in one file; `uncounted` are the CUDA-only references that no rule was asked to report."""

    file: File
    matches: tuple[Match, ...]
    other_findings: tuple[Finding, ...]
    uncounted: int

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        found = [make_finding(match, self.file) for match in self.matches]
        return tuple(sorted([*found, *self.other_findings], key=lambda one: one.sort_key))

    def choices(self, allowed: Iterable[Safety]) -> list[Choice]:
        """Return the rewrites of all fixes with an allowed safety, each reference once."""
        levels = set(allowed)
        picked = {choice[0]: choice for match in self.matches if match.safety in levels for choice in match.choices}
        return list(picked.values())


def analyse(file: File, options: Options) -> Analysis:
    active = active_codes(file.path, options)
    suppressions = Suppressions(file.text)
    matches: list[Match] = []
    imports: list[Reference] = []
    uncounted = 0
    for reference in find_references(file.names):
        code = reference.symbol.row.code
        if code not in active:
            uncounted += code == CUDA_ONLY
        elif not (suppressions.directives and suppressions.silence(code, *rows(reference, file))):
            if reference.is_import:
                imports.append(reference)
            else:
                matches.append(match_reference(reference, file, options))
    matches = refine(matches, file)
    matches += [match_import(one, matches, file) for one in imports]
    other = find_unused_suppressions(file.path, suppressions, active)
    return Analysis(file, tuple(matches), tuple(other), uncounted)


def active_codes(path: str, options: Options) -> frozenset[str]:
    """Return the codes of the rules that are on for `path`."""
    selected = [rule.code for rule in RULES if is_selected(rule.code, rule.default, options)]
    off = [codes for glob, codes in options.per_file_ignores if matches_glob(PurePath(path), glob, options.root)]
    return frozenset(code for code in selected if not any(code.startswith(prefix) for one in off for prefix in one))


def is_selected(code: str, default: bool, options: Options) -> bool:
    """Whether a rule is on: the longest prefix that names it decides, as in ruff."""
    on = longest(code, (*options.select, *options.extend_select))
    off = longest(code, options.ignore)
    if not options.select and default:
        on = max(on, 0)
    return on >= 0 and on >= off and not (on == off and off > 0)


def longest(code: str, prefixes: Iterable[str]) -> int:
    return max((len(one) for one in prefixes if code.startswith(one)), default=-1)


def rows(reference: Reference, file: File) -> tuple[int, int]:
    """Return the lines on which a suppression comment silences `reference`: those of its whole call or import."""
    whole = reference.resolution.origins[0].node if reference.is_import else reference.call or reference.node
    first = min(file.start(reference.node).row, file.start(whole).row)
    return first, file.end(whole).row


def match_reference(reference: Reference, file: File, options: Options) -> Match:
    neutral = find_neutral(reference, file, options)
    if isinstance(neutral, Refusal):
        return Match(reference.symbol.row.code, reference, reason=neutral.reason)
    return Match(reference.symbol.row.code, reference, ((reference, neutral),), neutral.reason)


def refine(matches: list[Match], file: File) -> list[Match]:
    """Let rules judge their matches anew in the light of all others."""
    by_node: Mapping[cst.CSTNode, Match] = {match.reference.node: match for match in matches}
    refined = []
    for match in matches:
        judge = BY_CODE[match.code].refine
        if judge is not None and match.choices:
            verdict = judge(match.reference, match.choices[0][1], file, by_node)
            choices = () if isinstance(verdict, Refusal) else ((match.reference, verdict),)
            match = replace(match, choices=choices, reason=verdict.reason)
        refined.append(match)
    return refined


def match_import(reference: Reference, matches: list[Match], file: File) -> Match:
    """Match an import of a backend's function: it goes when every use of the name can be rewritten."""
    code = reference.symbol.row.code
    binding = reference.resolution.origins[0]
    users = [one for one in matches if binding in one.reference.resolution.origins]
    stuck = next((one for one in users if not one.choices), None)
    if stuck is not None:
        return Match(code, reference, reason=f"its use on line {file.start(stuck.reference.node).row} stays")
    obstacle = keeps_import(binding, file, {one.reference.root.node for one in users if one.reference.root})
    if obstacle:
        return Match(code, reference, reason=obstacle)
    choices = tuple(choice for one in users for choice in one.choices)
    reason = next((one.reason for one in users if one.safety is not Safety.SAFE), "")
    return Match(code, reference, choices, reason)


def make_finding(match: Match, file: File) -> Finding:
    reference = match.reference
    rule, row = BY_CODE[match.code], reference.symbol.row
    message = describe(reference)
    help_text = "" if row.has_neutral_form else row.note
    fix = None
    if match.choices:
        help_text = f"use `{neutral_text(match)}`"
        fix = Fix(match.safety, f"Replace with `{neutral_text(match)}`", edits(file, match.choices))
    return Finding(
        match.code, rule.name, message, reference.symbol.name, file.path, file.start(reference.node),
        file.end(reference.node), fix, match.reason, help_text,
    )  # fmt: skip


def describe(reference: Reference) -> str:
    symbol = reference.symbol
    subject = f"import of `{symbol.name}`" if reference.is_import else f"`{symbol.name}`"
    backend = symbol.backend.upper()
    return f"{subject} is {backend} only" if symbol.row.code == CUDA_ONLY else f"{subject} is tied to {backend}"


def neutral_text(match: Match) -> str:
    neutral = match.choices[0][1]
    return neutral.text(f"torch.{neutral.need.name}" if neutral.need.module == "torch" else neutral.need.name)
