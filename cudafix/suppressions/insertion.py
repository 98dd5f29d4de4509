"""Findings → the file with comments that silence them: `# noqa: CFX101` or `# cudafix: ignore[CFX101] reason`."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cudafix.model import Finding
from cudafix.registry import STALE, UNREADABLE, code_of
from cudafix.suppressions.comments import NOQA, OURS
from cudafix.syntax.module import split_lines

NOT_TO_SILENCE = (UNREADABLE, code_of("unused-suppression"), STALE)
"""What a comment in the file is no answer to."""


@dataclass(frozen=True)
class Style:
    """How findings are silenced: `noqa`, or our own comments, which may give a reason."""

    noqa: bool
    reason: str = ""

    def comment(self, codes: Sequence[str], above: bool = False) -> str:
        """Return a comment for the end of a row; or for a row of its own, where `noqa` would say nothing."""
        if self.noqa and not above:
            return f"# noqa: {', '.join(codes)}"
        return f"# cudafix: ignore[{', '.join(codes)}]{' ' * bool(self.reason)}{self.reason}"

    def extended(self, comment: str, codes: Sequence[str]) -> str:
        """Return a comment that names codes as well; "" where it has no such list."""
        end = next(list_ends(comment, self.noqa), None)
        return f"{comment[:end]}, {', '.join(codes)}{comment[end:]}" if end is not None else ""


def list_ends(comment: str, noqa: bool) -> Iterator[int]:
    """Yield where a list of codes ends in a comment, those of `noqa` or those of our own `ignore`."""
    if noqa:
        yield from (match.end("list") for match in NOQA.finditer(comment) if match["list"])
    else:
        found = (match for match in OURS.finditer(comment) if match[1].lower() == "ignore")
        yield from (match.end(2) for match in found if match[2] is not None)


def add_suppressions(data: bytes, findings: Sequence[Finding], style: Style) -> bytes:
    """Return the file with a comment on the first row of each finding that can have one, else above its statement.

    Raises:
        SyntaxError, UnicodeError: where the file cannot be read.
    """
    encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    lines = split_lines(data.decode(encoding))
    ends, comments = row_ends(lines)
    codes_by_row: dict[int, list[str]] = {}  # below zero: on a row of its own above that one
    for finding in findings:
        if finding.code not in NOT_TO_SILENCE:
            rows = [row for row in range(finding.start.row, finding.end.row + 1) if row in ends]
            codes = codes_by_row.setdefault(rows[0] if rows else -first_row(finding.start.row, ends), [])
            if finding.code not in codes:
                codes.append(finding.code)
    for row, codes in sorted(codes_by_row.items(), key=lambda item: -abs(item[0])):
        if row < 0:
            line = lines[-row - 1]
            indent = line[: len(line) - len(line.lstrip())]
            lines.insert(-row - 1, f"{indent}{style.comment(sorted(codes), above=True)}{line_end(lines)}")
        else:
            lines[row - 1] = silenced(lines[row - 1], comments.get(row, ""), sorted(codes), style)
    return "".join(lines).encode(encoding)


def row_ends(lines: Sequence[str]) -> tuple[set[int], dict[int, str]]:
    """Return the rows that end outside of strings, so that a comment may stand there, and the comments of rows."""
    ends, comments = set(), {}
    for token in tokenize.generate_tokens(iter([*lines, ""]).__next__):
        if token.type in (tokenize.NEWLINE, tokenize.NL):
            ends.add(token.start[0])
        elif token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.string
    return ends, comments


def first_row(row: int, ends: set[int]) -> int:
    """Return the first row of what goes on over several rows up to `row`: the one behind the last that has ended."""
    while row > 1 and row - 1 not in ends:
        row -= 1
    return row


def silenced(line: str, comment: str, codes: Sequence[str], style: Style) -> str:
    body = line.rstrip("\r\n")
    end = line[len(body) :]
    extended = style.extended(comment, codes) if comment else ""
    if extended:
        return f"{body[: body.rindex(comment)]}{extended}{end}"
    return f"{body.rstrip()}  {style.comment(codes)}{end}"


def line_end(lines: Sequence[str]) -> str:
    first = lines[0] if lines else "\n"
    return first[len(first.rstrip("\r\n")) :] or "\n"
