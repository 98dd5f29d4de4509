"""Match → Finding: what is said of it, where it stands, and its fix as text edits."""

from __future__ import annotations

import libcst as cst

from cudafix.analysis.match import Match
from cudafix.config.options import Options
from cudafix.fixes.operations import Choice
from cudafix.fixes.text_edits import edits
from cudafix.model import Finding, Fix
from cudafix.registry import BY_CODE
from cudafix.replacements.replacement import Neutral
from cudafix.syntax.module import File
from cudafix.syntax.statement_text import statement_text


def make_finding(match: Match, file: File, options: Options) -> Finding:
    help_text, fix = match.help, None
    if match.rewrites:
        new = "" if help_text else new_text(match.rewrites.neutral[0])
        help_text = help_text or f"use `{new}`"
        message = f"Replace with `{new}`" if new else help_text[0].upper() + help_text[1:]
        fix = Fix(match.trust, message, edits(file, match.rewrites) if options.edits else (), needed(match))
    start, end = match.span or (file.start(match.node), file.end(match.node))
    return Finding(
        match.code, BY_CODE[match.code].name, match.message, match.symbol, file.path, start, end, fix, match.reason,
        help_text, statement_text(match.node, file) if options.statements else "",
    )  # fmt: skip


def needed(match: Match) -> tuple[int, int]:
    """Return the oldest torch that the new code of a fix runs with."""
    return max((neutral.since for _, neutral in match.rewrites.neutral), default=(0, 0))


def new_text(choice: Choice) -> str:
    """Return what takes the place of a name; of the beginning of an f-string, as an f-string."""
    reference, neutral = choice
    text = neutral_text(neutral)
    return f'f"{text}…"' if isinstance(reference.node, cst.FormattedStringText) else text


def neutral_text(neutral: Neutral) -> str:
    return neutral.text(f"torch.{neutral.need.name}" if neutral.need.module == "torch" else neutral.need.name)
