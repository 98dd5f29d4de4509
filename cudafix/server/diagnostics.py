"""What was found in a buffer → diagnostics of one part of it, told to an editor or asked for by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lsprotocol import types as lsp

from cudafix.config.options import Options
from cudafix.files.source import digest
from cudafix.formats.places import rule_address, sentence
from cudafix.model import Finding, Result
from cudafix.registry import BY_CODE, UNREADABLE, is_cuda_only
from cudafix.server.buffer import Buffer, Part


@dataclass(frozen=True)
class CheckedBuffer:
    """What was found in a buffer, and with which options."""

    buffer: Buffer
    options: Options
    result: Result

    @cached_property
    def with_edits(self) -> Sequence[Finding]:
        """The findings with the text of their fixes, which nobody needs while something is typed."""
        options = replace(self.options, edits=True)
        return self.buffer.process(options).findings if self.result.findings else ()


def diagnostics(found: CheckedBuffer, part: Part) -> Iterator[lsp.Diagnostic]:
    buffer = found.buffer
    for finding in found.result.findings:
        if finding.start.cell == part.cell and finding.code != UNREADABLE:
            yield lsp.Diagnostic(
                buffer.range(part, finding.start, finding.end),
                sentence(finding) + (f" ({finding.reason})" if finding.reason else ""),
                lsp.DiagnosticSeverity.Information if is_cuda_only(finding.code) else lsp.DiagnosticSeverity.Warning,
                finding.code,
                lsp.CodeDescription(rule_address(BY_CODE[finding.code])),
                "cudafix",
            )
    for problem in found.result.problems:
        place = problem.position
        if (place.cell if place else 0) == part.cell or (place is None and part is buffer.parts[0]):
            there = buffer.place(part, place) if place else lsp.Position(0, 0)
            yield lsp.Diagnostic(
                lsp.Range(there, there), problem.message, lsp.DiagnosticSeverity.Error, UNREADABLE, source="cudafix"
            )


def answer(found: CheckedBuffer | None, uri: str, known: str | None) -> lsp.DocumentDiagnosticReport:
    """Return what an editor hears that asks, and has the answer `known` from an earlier time."""
    part = found.buffer.part_of(uri) if found is not None else None
    items = [*diagnostics(found, part)] if found is not None and part is not None else []
    name = digest(repr(items).encode())
    if name == known:
        return lsp.RelatedUnchangedDocumentDiagnosticReport(name)
    return lsp.RelatedFullDocumentDiagnosticReport(items, result_id=name)
