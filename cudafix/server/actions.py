"""Findings at a place → what an editor offers: fix this one, all of its kind, all that are safe, or silence it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lsprotocol import types as lsp

from cudafix.engine.work import Mode
from cudafix.files.source import HOLD_MODULES
from cudafix.model import Finding, Safety
from cudafix.server.buffer import Buffer, Part
from cudafix.server.diagnostics import CheckedBuffer
from cudafix.suppressions.insertion import NOT_TO_SILENCE, Style, add_suppressions

FIX_ALL = "source.fixAll.cudafix"
REASON = "say why"
"""In a new comment, for the user to replace."""


@dataclass(frozen=True)
class Offers:
    """What can be done in one part of a buffer.

    Attributes:
        found: what was found in the buffer.
        diagnostics: those of the part, as the editor has them.
        wants: the kinds of actions that it asks for; empty for all.
        versioned: whether it takes edits that name the version of the text.
    """

    found: CheckedBuffer
    part: Part
    diagnostics: Sequence[lsp.Diagnostic]
    wants: Sequence[str]
    versioned: bool

    def at(self, place: lsp.Range) -> Iterator[lsp.CodeAction]:
        if self.is_wanted(lsp.CodeActionKind.QuickFix):
            here = self.held(self.found.result.findings, place)
            here = self.held(self.found.with_edits, place) if here else []
            for finding in here:
                yield from self.quick_fix(finding)
            for code in dict.fromkeys(one.code for one in here):
                yield from self.fix_kind(code)
            for finding in here:
                yield from self.silence(finding)
        if self.is_wanted(FIX_ALL) and any(is_safe(one) for one in self.found.result.findings):
            yield self.later("cudafix: fix all that is safe", FIX_ALL, {"unsafe": False})

    @property
    def buffer(self) -> Buffer:
        return self.found.buffer

    def held(self, findings: Sequence[Finding], place: lsp.Range) -> list[Finding]:
        return [one for one in findings if self.buffer.holds(self.part, one, place)]

    def is_wanted(self, kind: str) -> bool:
        return not self.wants or any(kind == one or kind.startswith(f"{one}.") for one in self.wants)

    def quick_fix(self, finding: Finding) -> Iterator[lsp.CodeAction]:
        if finding.fix is None or not finding.fix.edits:
            return
        warning = f" (unsafe: {finding.reason})" if finding.fix.safety is Safety.UNSAFE else ""
        yield lsp.CodeAction(
            f"cudafix: {finding.fix.message[0].lower()}{finding.fix.message[1:]}{warning}",
            lsp.CodeActionKind.QuickFix,
            self.reported(finding),
            is_preferred=is_safe(finding),
            edit=self.as_edit(self.buffer.edit(finding.fix.edits)),
        )

    def reported(self, finding: Finding) -> list[lsp.Diagnostic]:
        """Return what the editor shows of a finding already."""
        place = self.buffer.place(self.part, finding.start)
        return [one for one in self.diagnostics if one.code == finding.code and one.range.start == place]

    def fix_kind(self, code: str) -> Iterator[lsp.CodeAction]:
        """Offer to fix all of a rule; the unsafe ones as well, where there are no others."""
        found = [one for one in self.found.result.findings if one.code == code and one.fix is not None]
        safe = [one for one in found if is_safe(one)]
        if len(safe or found) < 2:
            return
        warning = "" if safe else " (unsafe)"
        title = f"cudafix: fix all {len(safe or found)} of {code} in this file{warning}"
        yield self.later(title, lsp.CodeActionKind.QuickFix, {"code": code, "unsafe": not safe})

    def silence(self, finding: Finding) -> Iterator[lsp.CodeAction]:
        if self.buffer.path.endswith(HOLD_MODULES) or finding.code in NOT_TO_SILENCE:
            return
        for title, style in (
            (f"cudafix: ignore {finding.code} here, with a reason", Style(noqa=False, reason=REASON)),
            (f"cudafix: add `# noqa: {finding.code}`", Style(noqa=True)),
        ):
            try:
                new = add_suppressions(self.buffer.data, [finding], style)
            except (SyntaxError, UnicodeError):
                return
            edit = self.as_edit(self.buffer.edit_to(new))
            yield lsp.CodeAction(title, lsp.CodeActionKind.QuickFix, self.reported(finding), edit=edit)

    def later(self, title: str, kind: str, data: dict[str, Any]) -> lsp.CodeAction:
        """Offer what is worked out when it is chosen."""
        return lsp.CodeAction(title, kind, data={**data, "uri": self.part.uri})

    def resolved(self, data: dict[str, Any]) -> lsp.WorkspaceEdit:
        """Work out what `later` has offered."""
        code = data.get("code")
        options = self.found.options
        options = options if code is None else replace(options, select=(code,), extend_select=(), ignore=())
        result = self.buffer.process(options, Mode.FIX, bool(data.get("unsafe")))
        changed = self.buffer.edit_to(result.new_bytes) if result.new_bytes is not None else []
        return self.as_edit(changed)

    def as_edit(self, edits: Iterable[tuple[Part, lsp.TextEdit]]) -> lsp.WorkspaceEdit:
        by_part: dict[str, list[lsp.TextEdit]] = {}
        versions: dict[str, int | None] = {}
        for part, edit in edits:
            by_part.setdefault(part.uri, []).append(edit)
            versions[part.uri] = part.version
        if not self.versioned:
            return lsp.WorkspaceEdit(changes=by_part)
        return lsp.WorkspaceEdit(
            document_changes=[
                lsp.TextDocumentEdit(lsp.OptionalVersionedTextDocumentIdentifier(uri, versions[uri]), found)
                for uri, found in by_part.items()
            ]
        )


def is_safe(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.safety is Safety.SAFE
