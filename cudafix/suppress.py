"""Comments that silence findings: `# noqa: CFX101`, `# cudafix: ignore[CFX101] reason` and their kin (design, 7)."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from cudafix.model import Position

MENTION = re.compile(r"#.*(?:cudafix\s*:|noqa\b)", re.IGNORECASE)
OURS = re.compile(r"#\s*cudafix\s*:\s*(ignore|file-ignore|disable|enable)\b(?:\s*\[([^\]]*)\])?", re.IGNORECASE)
NOQA = re.compile(r"#\s*noqa(?P<codes>\s*:\s*(?P<list>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?", re.IGNORECASE)
EVERYTHING = ("CFX",)


@dataclass(eq=False)
class Directive:
    """One suppression: the codes it names, the rows it covers, and whether it silenced anything."""

    text: str
    codes: tuple[str, ...]
    start: Position
    end: Position
    first_row: int
    last_row: int
    reports_unused: bool = True
    used: set[str] = field(default_factory=set)

    def covers(self, code: str, first_row: int, last_row: int) -> bool:
        return self.first_row <= last_row and first_row <= self.last_row and bool(self.matching(code))

    def matching(self, code: str) -> list[str]:
        return [one for one in self.codes if code.startswith(one)]


class Suppressions:
    """All suppressions of one file."""

    def __init__(self, text: str) -> None:
        self.directives = list(read_directives(text)) if MENTION.search(text) else []

    def silence(self, code: str, first_row: int, last_row: int) -> bool:
        """Whether a finding on these rows is silenced; the directives that do are marked as used."""
        silenced = False
        for directive in self.directives:
            if directive.covers(code, first_row, last_row):
                directive.used.update(directive.matching(code))
                silenced = True
        return silenced

    def unused(self, active: Collection[str]) -> Iterator[tuple[Directive, list[str]]]:
        """Yield each directive with those of its codes that silenced nothing although their rules were on."""
        for directive in self.directives:
            if directive.reports_unused:
                idle = [one for one in directive.codes if one not in directive.used and one in active]
                if idle:
                    yield directive, idle


@dataclass(frozen=True)
class CommentLine:
    text: str
    row: int
    column: int
    alone: bool
    logical_end: int
    """The last row of the logical line that the comment belongs to, or that comes next when it stands alone."""
    logical_start: int


def read_directives(text: str) -> Iterator[Directive]:
    opened: list[Directive] = []
    comments = list(read_comments(text))
    last = text.count("\n") + 1
    for comment in comments:
        yield from noqa_directives(comment)
        for match in OURS.finditer(comment.text):
            kind, codes = match[1].lower(), split_codes(match[2])
            start = Position(comment.row, comment.column + match.start())
            end = Position(comment.row, comment.column + match.end())
            if kind == "enable":
                for one in opened:
                    if set(one.codes) <= set(codes) or codes == EVERYTHING:
                        one.last_row = min(one.last_row, comment.row)
                continue
            rows = {
                "ignore": (comment.logical_start, comment.logical_end) if comment.alone else (comment.row,) * 2,
                "file-ignore": (1, last),
                "disable": (comment.row, last),
            }[kind]
            directive = Directive(match[0].strip(), codes, start, end, *rows)
            if kind == "disable":
                opened.append(directive)
            yield directive


def noqa_directives(comment: CommentLine) -> Iterator[Directive]:
    for match in NOQA.finditer(comment.text):
        start = Position(comment.row, comment.column + match.start())
        end = Position(comment.row, comment.column + match.end())
        if match["codes"] is None:
            yield Directive(match[0], EVERYTHING, start, end, comment.row, comment.row, reports_unused=False)
            continue
        codes = tuple(one.upper() for one in re.split(r"[,\s]+", match["list"]) if one.upper().startswith("CFX"))
        if codes:
            yield Directive(match[0], codes, start, end, comment.row, comment.row)


def split_codes(text: str | None) -> tuple[str, ...]:
    if text is None:
        return EVERYTHING
    return tuple(one.strip().upper() for one in text.split(",") if one.strip())


def read_comments(text: str) -> Iterator[CommentLine]:
    """Yield the comments of `text` by Python's own tokenizer, so that `#` inside a string is none."""
    waiting: list[tokenize.TokenInfo] = []
    start = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            if token.type == tokenize.COMMENT:
                if token.line[: token.start[1]].strip() or start:
                    row = token.start[0]
                    yield CommentLine(token.string, row, token.start[1] + 1, False, row, row)
                else:
                    waiting.append(token)
            elif token.type == tokenize.NEWLINE:
                for comment in waiting:
                    place = comment.start[0], comment.start[1] + 1
                    yield CommentLine(comment.string, *place, True, token.start[0], start)
                waiting, start = [], 0
            elif token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT) and not start:
                start = token.start[0]
    except (tokenize.TokenError, SyntaxError):
        pass
    for comment in waiting:
        row = comment.start[0]
        yield CommentLine(comment.string, row, comment.start[1] + 1, True, row, row)
