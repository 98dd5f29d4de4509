"""Match → Finding: what is said of it, where it stands, and its fix as text edits."""

from __future__ import annotations

import libcst as cst

from cudafix.analysis.match import Match
from cudafix.config.options import Options
from cudafix.fixes.operations import Substitution
from cudafix.fixes.text_edits import edits
from cudafix.model import Finding, Fix
from cudafix.registry import BY_CODE
from cudafix.replacements.replacement import Replacement
from cudafix.syntax.module import File
from cudafix.syntax.statement_text import statement_text


def make_finding(match: Match, file: File, options: Options) -> Finding:
    help_text, fix = match.help, None
    if match.operations:
        new = "" if help_text else new_text(match.operations.all_substitutions[0])
        help_text = help_text or f"use `{new}`"
        message = f"Replace with `{new}`" if new else help_text[0].upper() + help_text[1:]
        fix = Fix(match.trust, message, edits(file, match.operations) if options.edits else (), needed_torch(match))
    start, end = match.span or (file.start(match.node), file.end(match.node))
    return Finding(
        match.code, BY_CODE[match.code].name, match.message, match.symbol, file.path, start, end, fix, match.reason,
        help_text, statement_text(match.node, file) if options.statements else "", match.held,
    )  # fmt: skip


def new_text(substitution: Substitution) -> str:
    """Return what takes the place of a name; of the beginning of an f-string, as an f-string."""
    place, replacement = substitution
    text = replacement_text(replacement)
    return f'f"{text}…"' if isinstance(place.node, cst.FormattedStringText) else text


def replacement_text(replacement: Replacement) -> str:
    return replacement.text(
        f"torch.{replacement.imported.name}" if replacement.imported.module == "torch" else replacement.imported.name
    )


def needed_torch(match: Match) -> tuple[int, int]:
    """Return the oldest torch that the new code of a fix runs with."""
    return max((replacement.since for _, replacement in match.operations.all_substitutions), default=(0, 0))
