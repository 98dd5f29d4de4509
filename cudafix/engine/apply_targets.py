"""Matches → matches whose fixes call functions of the project (`targets`) in the place of the runtime's."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from cudafix.analysis.match import Match
from cudafix.config.options import Options
from cudafix.config.settings import RUNTIME_MODULE
from cudafix.config.targets import REST, Entry
from cudafix.fixes.operations import Constant, NodeChange, Operations, Substitution
from cudafix.replacements.project_targets import find_other, find_stop, holds_for, others_of, plain_form
from cudafix.replacements.replacement import Replacement
from cudafix.syntax.module import File

NO_TARGET = "no target stands for it, and the route takes nothing of the runtime"


class TargetApplier:
    """Puts functions of the project in the place of the runtime's, whatever rule needs them."""

    def __init__(self, file: File, options: Options) -> None:
        self.file = file
        self.options = options
        ours = [one for one in options.targets if one.symbol.startswith(f"{RUNTIME_MODULE}.")]
        self.has_targets = any(holds_for(file.path, one, options) for one in ours)
        self.constants: dict[Constant, Constant] = {}
        self.changes: dict[NodeChange, NodeChange] = {}

    def apply(self, matches: list[Match]) -> list[Match]:
        if not self.has_targets and self.options.route.has_runtime:
            return matches
        return [self.match(one) if one.operations else one for one in matches]

    def match(self, match: Match) -> Match:
        for place, replacement in match.operations.all_substitutions:
            stop = self.find_stop(replacement, place.node)
            if stop:
                return replace(match, operations=Operations(), reason=stop)
        operations = replace(
            match.operations,
            substitutions=tuple(self.substitution(one) for one in match.operations.substitutions),
            changes=tuple(self.change(one) for one in match.operations.changes),
            constants=tuple(self.constant(one) for one in match.operations.constants),
        )
        return replace(match, operations=operations, help=self.help(match, operations))

    def find_stop(self, replacement: Replacement, node: cst.CSTNode) -> str:
        """Return why a fix cannot be done with what the project has; "" where nothing stops it."""
        if replacement.imported.module != self.options.runtime_module:
            return ""
        entry = self.entry(replacement)
        if entry is None:
            return "" if self.options.route.has_runtime else NO_TARGET
        if replacement.passed is None and entry.replaces_call and not replacement.on_module:
            return f"`{entry.target.text}` stands for a call, and here the function itself is meant"
        return find_stop(entry.target, node, self.file, self.options)

    def entry(self, replacement: Replacement) -> Entry | None:
        """Return the project's entry for a function of the runtime."""
        is_called = replacement.passed is not None or replacement.on_module
        key = f"{RUNTIME_MODULE}.{replacement.imported.name}"
        return find_other(key, self.file.path, self.options, is_called)

    def substitution(self, substitution: Substitution) -> Substitution:
        place, replacement = substitution
        is_of_runtime = replacement.imported.module == self.options.runtime_module
        entry = self.entry(replacement) if is_of_runtime else None
        if entry is None:
            return substitution
        target = entry.target
        plain = plain_form(target, self.file, self.options)
        attributes = (*plain.attributes, *replacement.attributes)
        new = replace(
            replacement, imported=plain.imported, attributes=attributes, on_module=plain.on_module, since=plain.since
        )
        if entry.replaces_call:
            arguments = target.arguments and target.arguments.replace(REST, replacement.passed or replacement.module_of)
            new = replace(new, passed=arguments, also=others_of(target, new))
        return Substitution(place, new)

    def change(self, change: NodeChange) -> NodeChange:
        """Return the same new change for the same old one: several matches may share it, and it is done once."""
        if change not in self.changes:
            self.changes[change] = replace(
                change, substitutions=tuple(self.substitution(one) for one in change.substitutions)
            )
        return self.changes[change]

    def constant(self, constant: Constant) -> Constant:
        if constant not in self.constants:
            self.constants[constant] = replace(constant, value=self.substitution(constant.value))
        return self.constants[constant]

    def help(self, match: Match, operations: Operations) -> str:
        """Return the way out in words, with the new names in it."""
        text = match.help
        pairs = zip(match.operations.all_substitutions, operations.all_substitutions, strict=True)
        for (_, before), (_, after) in pairs:
            old = before.text(before.imported.name)
            text = text.replace(old, after.text(after.imported.name)) if before is not after else text
        return text
