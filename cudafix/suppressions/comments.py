"""Comments that silence findings: `# noqa: CFX101`, `# cudafix: ignore[CFX101] reason` and their kin."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from cudafix.model import Position

MENTION = re.compile(r"cudafix\s*:|noqa\b", re.IGNORECASE)
OURS = re.compile(
    r"#\s*cudafix\s*:\s*(ignore|file-ignore|disable|enable)(?![\w-])(?:\s*\[([^\]#]*)\]|(?!\s*\[))", re.IGNORECASE
)
NOQA = re.compile(r"#\s*noqa\b(?P<codes>\s*:\s*(?P<list>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?", re.IGNORECASE)
COMMENT = re.compile(r"#[^\r\n]*")
EVERYTHING = ("CFX",)
BLANK = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT)


@dataclass(eq=False)
class Directive:
    """One suppression: the codes it names, the rows it covers, and whether it silenced anything."""

    text: str
    codes: tuple[str, ...]
    start: Position
    end: Position
    first_row: int
    last_row: int
    listed: tuple[str, ...] = ()
    """All codes in its list, those of other linters as well; none where it has no list."""
    reason: str = ""
    """What is said behind it, up to another comment."""
    used: set[str] = field(default_factory=set)
    enabled: list[tuple[str, int]] = field(default_factory=list)
    """The codes that it no longer silences below a row."""

    def covers(self, code: str, first_row: int, last_row: int) -> bool:
        if any(code.startswith(one) and first_row > row for one, row in self.enabled):
            return False
        return self.first_row <= last_row and first_row <= self.last_row and bool(self.matching(code))

    def matching(self, code: str) -> list[str]:
        return [one for one in self.codes if code.startswith(one)]


class Suppressions:
    """All suppressions of one file."""

    def __init__(self, text: str) -> None:
        self.directives = list(read_directives(text)) if MENTION.search(text) else []

    def silence(self, code: str, first_row: int, last_row: int, but: Directive | None = None) -> bool:
        """Whether a finding on these rows is silenced, by another than `but`; those that do are marked as used."""
        silenced = False
        for directive in self.directives:
            if directive is not but and directive.covers(code, first_row, last_row):
                directive.used.update(directive.matching(code))
                silenced = True
        return silenced

    def unused(self, active: Collection[str]) -> Iterator[tuple[Directive, list[str]]]:
        """Yield each directive with those of its codes that silenced nothing although their rules were on."""
        for directive in self.directives:
            idle = [one for one in directive.codes if one not in directive.used and one in active]
            if idle:
                yield directive, idle


@dataclass(frozen=True)
class CommentLine:
    """A comment, and the rows that an `ignore` in it is about.

    That is its own row; for a comment on a line of its own also the whole next logical line, or inside brackets the
    next row with code.
    """

    text: str
    row: int
    column: int
    last_row: int

    def place(self, match: re.Match[str]) -> tuple[Position, Position]:
        start, end = match.span()
        return Position(self.row, self.column + start), Position(self.row, self.column + end)

    def behind(self, match: re.Match[str]) -> str:
        """Return what is said after a match, up to another comment."""
        return self.text[match.end() :].partition("#")[0].strip(" \t:-,.")


def read_directives(text: str) -> Iterator[Directive]:
    opened: list[Directive] = []
    last = text.count("\n") + text.count("\r") + 1
    for comment in sorted(read_comments(text), key=lambda one: (one.row, one.column)):
        yield from noqa_directives(comment)
        for match in OURS.finditer(comment.text):
            kind, codes = match[1].lower(), split_codes(match[2])
            if kind == "enable":
                for disabled in opened:
                    disabled.enabled += [(code, comment.row) for code in codes]
                continue
            first_row = 1 if kind == "file-ignore" else comment.row
            last_row = comment.last_row if kind == "ignore" else last
            listed = codes if match[2] is not None and kind in ("ignore", "file-ignore") else ()
            said = comment.behind(match)
            directive = Directive(match[0], codes, *comment.place(match), first_row, last_row, listed, said)
            if kind == "disable":
                opened.append(directive)
            yield directive


def noqa_directives(comment: CommentLine) -> Iterator[Directive]:
    for match in NOQA.finditer(comment.text):
        place = comment.place(match)
        if match["codes"] is None:
            yield Directive(match[0], EVERYTHING, *place, comment.row, comment.row, reason=comment.behind(match))
        elif codes := tuple(one for one in split_codes(match["list"]) if one.startswith("CFX")):
            listed, said = split_codes(match["list"]), comment.behind(match)
            yield Directive(match[0], codes, *place, comment.row, comment.row, listed, said)


def split_codes(text: str | None) -> tuple[str, ...]:
    if text is None:
        return EVERYTHING
    return tuple(dict.fromkeys(one.upper() for one in re.split(r"[,\s]+", text) if one))


def read_comments(text: str) -> Iterator[CommentLine]:
    """Yield the comments of `text` by Python's own tokenizer, so that `#` inside a string is none."""
    lines = io.StringIO(text, newline="").readlines()
    outside: list[tokenize.TokenInfo] = []
    inside: list[tokenize.TokenInfo] = []
    start, end = 0, (1, 0)
    try:
        for token in tokenize.generate_tokens(iter(lines).__next__):
            end = token.end
            row, column = token.start
            if token.type == tokenize.COMMENT:
                if lines[row - 1][:column].strip():
                    yield comment_line(token, row)
                else:
                    (inside if start else outside).append(token)
            elif token.type == tokenize.NEWLINE:
                yield from (comment_line(one, row) for one in outside)
                outside, start = [], 0
            elif token.type not in BLANK:
                yield from (comment_line(one, row) for one in inside)
                inside, start = [], start or row
    except (tokenize.TokenError, SyntaxError):
        yield from rough_comments(lines, *end)
    yield from (comment_line(one, one.start[0]) for one in (*outside, *inside))


def comment_line(token: tokenize.TokenInfo, last_row: int) -> CommentLine:
    row, column = token.start
    return CommentLine(token.string, row, column + 1, last_row)


def rough_comments(lines: list[str], row: int, column: int) -> Iterator[CommentLine]:
    """Yield what looks like a comment from a place on, where the tokenizer of an older Python gave up."""
    for number in range(row, len(lines) + 1):
        match = COMMENT.search(lines[number - 1], column if number == row else 0)
        if match:
            yield CommentLine(match[0], number, match.start() + 1, number)
