"""Text with lines that are no Python → Python of as many rows, and the way back.

The code of a magic whose text is Python stays where it is, behind a call; all else that is no Python becomes a call.
The names that it may use stand in a string there, which keeps their imports.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cudafix.catalogue.backends import BACKENDS
from cudafix.documents.magics import CELLS, LINES, NO_CODE, SETS_UP, Magic, Namespace, cell_magic
from cudafix.documents.placeholders import ELSEWHERE, MASK, OURS, RUN, WORD, may_be_cell
from cudafix.model import Position
from cudafix.syntax.python_parser import parse

BODY = "__body_of_magic__"
"""How the functions are named that hold the code of a magic which binds names that nobody else sees."""

COMMENTED = f"# MAGIC {OURS}comment__ "
"""What stands before a comment that is a magic which is left alone."""

NAMES = r"[\w.,][\w., \t]*=[ \t]*"
USED = r"(?:, '[^']*')?"
MASKED = re.compile(rf"(?m)^(?P<indent>[ \t]*)(?:{NAMES})?(?:{MASK}|{ELSEWHERE})\((?P<number>\d+){USED},?\n*\)$")
RAN = re.compile(rf"(?:{RUN}|{ELSEWHERE})\((?P<number>\d+){USED}\); ")
NAME = re.compile(NAMES)
IN_FUNCTION = re.compile(rf"(?m)^(?P<indent>[ \t]*)def {BODY}(?P<number>\d+)\(\): (?=\S)")
WHOLE_FUNCTION = re.compile(rf"(?m)^def {BODY}(?P<number>\d+)\(\):\n(?P<body>(?:.*\n?)*)")
MAGIC = re.compile(rf"[ \t]*(?P<name>{NAMES})?(?:%[%\w].*|!.*)|[ \t]*(?:\?{{1,2}}.*|[%\w.]+\?{{1,2}}\s*)", re.DOTALL)
LINE_MAGIC = re.compile(rf"(?P<name>{NAMES})?%(?P<magic>\w+)(?P<rest>(?:[ \t].*)?)", re.DOTALL)
CALL = re.compile(
    r"(?P<indent>[ \t]*)(?P<head>(?:[\w.,][\w., \t]*=[ \t]*)?get_ipython\(\)\.run_(?P<kind>line|cell)_magic\("
    r"[\"'](?P<magic>\w+)[\"'],[ \t]*(?:[\"'](?P<options>[^\"'\\]*)[\"'],[ \t]*)?(?P<quote>[\"']))"
)
"""A call that runs a magic, up to its last argument."""

INSERTED = re.compile(r"\{[^{}\n]*\}|\$\w+")
"""What a command of the shell says of Python."""

NAMES_BACKEND = re.compile(rf"\.[ \t]*(?:{'|'.join(BACKENDS)})\b|[\"'](?:cuda|nccl)\b")
FIRST_MAGIC = re.compile(rf"\s*(?:{NAMES})?(?:!|%{{1,2}}(?P<magic>\w+))")
UNKNOWN = "is no magic whose text is known to be Python"
NO_PYTHON = "cannot be read as Python"
TO_SHELL = "is a command with Python in braces"
Shifts = tuple[tuple[int, int], ...]
"""From which column on a row of the text has its characters so many columns further on; columns count from 0."""


@dataclass(frozen=True)
class Unread:
    """A line, or lines, that name a backend and were not read; `row` counts from 1."""

    row: int
    what: str
    why: str


@dataclass
class MaskedText:
    """A text as Python: its code, how its columns have moved by row, and what of it could not be read."""

    code: str
    shifts: dict[int, Shifts] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def column(self, row: int, column: int) -> int:
        """Return the column of the text, from 1 on, of one in the code; `row` counts from 0."""
        moved = [by for start, by in self.shifts.get(row, ()) if start <= column - 1]
        return max(column + moved[-1], 1) if moved else column

    def place(self, position: Position) -> Position:
        return Position(position.row, self.column(position.row - 1, position.column), position.cell)


def is_left(text: str, before: str) -> bool:
    """Whether a text still has what stood for something else, and had not before."""
    return any(mark in text and mark not in before for mark in (OURS, BODY))


class Masks:
    """What stands in the place of lines that are no Python, in one text or in several that make one module."""

    def __init__(self, imported: frozenset[str]) -> None:
        """Begin; a line that says one of the names that are imported uses it."""
        self.imported = imported
        self.originals: list[str] = []
        self.suffixes: dict[int, str] = {}
        """What stands behind code that begins behind an original."""

    def of_cell(self, text: str) -> MaskedText:
        """Return the source of a cell, with as many rows, in which all is Python."""
        first = text.lstrip()
        if "\r" in text:
            return self.whole(text, NO_PYTHON)
        if first.startswith("%%"):
            return self.of_magic_cell(text)
        if not may_be_cell(text):
            return self.of_lines(text.split("\n"))
        made = self.with_lines(text.split("\n")) if "get_ipython()" in text else MaskedText(text)
        return made if may_be_cell(made.code) else MaskedText(text)

    def whole(self, text: str, why: str) -> MaskedText:
        """Return a call in the place of a whole text."""
        row = len(text) - len(text.lstrip())
        unread = Unread(text.count("\n", 0, row) + 1, first_word(text), why)
        return MaskedText(self.mask(text), unread=[unread] if why and NAMES_BACKEND.search(text) else [])

    def of_lines(self, lines: Sequence[str]) -> MaskedText:
        made = self.with_lines(lines)
        return made if may_be_cell(made.code) else self.whole("\n".join(lines), NO_PYTHON)

    def with_lines(self, lines: Sequence[str], start: int = 0) -> MaskedText:
        """Return the code of lines, the first of which is row number `start` of its text."""
        rows: list[str] = []
        made = MaskedText("")
        for text in joined(lines):
            indent = text[: len(text) - len(text.lstrip(" \t"))]
            found, call = MAGIC.fullmatch(text), CALL.match(text)
            row = start + len(rows)
            code, shifts = self.of_magic(indent, text[len(indent) :]) if found is not None else (text, ())
            if call is not None:
                code, shifts, why = self.of_call(call, text[call.end() :])
                code = code or text
                made.unread += [Unread(row + 1, text.strip()[:40], why)] if why and NAMES_BACKEND.search(text) else []
            if found is not None and not code:
                code = f"{indent}{found['name'] or ''}{self.mask(text[len(indent) :])}"
                if why_left(text):
                    made.unread.append(Unread(row + 1, first_word(text), why_left(text)))
            if shifts:
                made.shifts[row] = shifts
            rows += code.split("\n")
        made.code = "\n".join(rows)
        return made

    # Magics of a whole cell

    def of_magic_cell(self, text: str) -> MaskedText:
        """Return a cell that begins with magics of a whole cell."""
        lines = text.split("\n")
        begin = next(number for number, line in enumerate(lines) if line.strip())
        rows, number = lines[:begin], begin
        setups: list[tuple[int, Shifts]] = []
        in_function = elsewhere = False
        while number < len(lines) and (found := cell_magic(lines[number])) is not None:
            magic = CELLS.get(found[0])
            if magic is None:
                return self.whole(text, UNKNOWN if found[0] not in NO_CODE else "")
            in_function = in_function or magic.namespace is Namespace.FUNCTION
            elsewhere = elsewhere or magic.namespace is Namespace.ELSEWHERE
            code, shifts = self.of_header(lines[number], magic, elsewhere)
            setups += [(number, shifts)] if shifts else []
            rows.append(code)
            number += 1
        body = self.with_lines(lines[number:], number)
        if in_function and binds("\n".join([*setup_code(rows, setups), body.code])):
            if setups or not body.code.strip() or magic_binds(body, number):
                return self.whole(text, NO_PYTHON)
            self.originals.append(lines[number - 1])
            rows[-1] = f"def {BODY}{len(self.originals) - 1}():"
            self.indent(body, number)
        whole = MaskedText("\n".join([*rows, body.code]) if number < len(lines) else "\n".join(rows))
        whole.shifts, whole.unread = {**dict(setups), **body.shifts}, body.unread
        return whole if may_be_cell(whole.code) else self.whole(text, NO_PYTHON)

    def of_header(self, line: str, magic: Magic, elsewhere: bool) -> tuple[str, Shifts]:
        """Return the first line of a cell as Python, with the code that may stand behind a magic's name."""
        name, rest = cell_magic(line) or ("", "")
        options, code = magic.split(rest)
        prefix = line[: len(line) - len(rest)] + options
        if name in SETS_UP and code.strip() and is_simple(code):
            return self.ran("", prefix, code, RUN)
        return self.mask(line, ELSEWHERE if elsewhere else MASK), ()

    def indent(self, body: MaskedText, start: int) -> None:
        """Move code one column to the right, into a function."""
        rows = body.code.split("\n")
        body.code = "\n".join(f" {one}" if one else "" for one in rows)
        for row in range(start, start + len(rows)):
            moved = tuple((first + 1, by - 1) for first, by in body.shifts.get(row, ()))
            body.shifts[row] = ((0, -1), *moved)

    # Magics of a line

    def of_magic(self, indent: str, text: str, head: str = "") -> tuple[str, Shifts]:
        """Return a magic, behind `head`, with its code; "" where its text is not known to be Python."""
        found = LINE_MAGIC.fullmatch(text)
        magic = LINES.get(found["magic"]) if found is not None else None
        if found is None or magic is None:
            return "", ()
        options, code = magic.split(found["rest"])
        prefix = head + text[: len(text) - len(found["rest"])] + options
        mark = ELSEWHERE if magic.namespace is Namespace.ELSEWHERE else RUN
        if is_simple(code):
            if magic.namespace is Namespace.FUNCTION and binds(code):
                return self.in_function(indent, prefix, code)
            return self.ran(indent, prefix, code, mark, found["name"] or "")
        before = head_of_compound(code)
        if not before or (magic.namespace is Namespace.FUNCTION and "import" in code):
            return "", ()
        return self.ran(indent, prefix, code, mark, before=before)

    def of_call(self, call: re.Match[str], behind: str) -> tuple[str, Shifts, str]:
        """Return the code in `get_ipython().run_line_magic("time", "f()")`, of what stands behind its quote."""
        name, text = call["magic"], behind.rstrip().removesuffix(call["quote"] + ")")
        while text.endswith(r"\n"):
            text = text.removesuffix(r"\n")
        magic = (LINES if call["kind"] == "line" else CELLS).get(name)
        if magic is None:
            return "", (), UNKNOWN if name not in NO_CODE else ""
        options, code = magic.split(text) if call["kind"] == "line" else ("", text)
        is_plain = (
            behind[len(text) :].strip().endswith(call["quote"] + ")")
            and "\\" not in code
            and call["quote"] not in code
            and is_simple(code)
        )
        if not is_plain or call["options"] or (magic.namespace is Namespace.FUNCTION and "import" in code):
            return "", (), NO_PYTHON
        mark = ELSEWHERE if magic.namespace is Namespace.ELSEWHERE else RUN
        self.suffixes[len(self.originals)] = behind[len(text) :]
        return *self.ran(call["indent"], call["head"] + options, code, mark), ""

    def ran(
        self, indent: str, prefix: str, code: str, mark: str, name: str = "", before: str = ""
    ) -> tuple[str, Shifts]:
        """Return code behind a call, which stands for the magic, and what moved."""
        self.originals.append(prefix)
        call = f"{name}{mark}({len(self.originals) - 1}{self.used_in(prefix)}); "
        start, inside = len(indent), len(indent) + len(before) + len(call)
        moved = ((start, len(prefix)),) if before else ()
        return f"{indent}{before}{call}{code[len(before) :]}", (*moved, (inside, len(prefix) - len(call)))

    def in_function(self, indent: str, prefix: str, code: str) -> tuple[str, Shifts]:
        """Return code that binds names, as a function."""
        self.originals.append(prefix)
        head = f"def {BODY}{len(self.originals) - 1}(): "
        return f"{indent}{head}{code}", ((len(indent) + len(head), len(prefix) - len(head)),)

    # What stands for text, and what it stands for

    def mask(self, text: str, name: str = MASK) -> str:
        """Return a call that fills the rows of a text."""
        self.originals.append(text)
        rows = "\n" * text.count("\n")
        return f"{name}({len(self.originals) - 1}{self.used_in(text)}{',' if rows else ''}{rows})"

    def used_in(self, text: str) -> str:
        """Return an argument that says the imported names in a text."""
        said = " ".join(INSERTED.findall(text)) if runs_no_code(text) else text
        used = " ".join(one for one in dict.fromkeys(WORD.findall(said)) if one in self.imported)
        return f", '{used}'" if used else ""

    def unmasked(self, code: str) -> str:
        """Return the text of a cell, of its code."""
        code = code.replace(COMMENTED, "")
        code = WHOLE_FUNCTION.sub(self.outside, code)
        code = IN_FUNCTION.sub(lambda found: found["indent"] + self.original(found), code)
        code = "\n".join(self.with_magic(line) for line in code.split("\n"))
        return MASKED.sub(lambda found: found["indent"] + self.original(found), code)

    def original(self, found: re.Match[str]) -> str:
        return self.originals[int(found["number"])]

    def with_magic(self, line: str) -> str:
        """Return a line of code with its magic in the place of the call that stands for it."""
        found = RAN.search(line)
        if found is None:
            return line
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        before, code = line[len(indent) : found.start()], line[found.end() :]
        before = "" if NAME.fullmatch(before) else before
        return indent + self.original(found) + before + code + self.suffixes.get(int(found["number"]), "")

    def outside(self, found: re.Match[str]) -> str:
        return self.original(found) + "\n" + re.sub(r"(?m)^ ", "", found["body"])


def joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines, each magic with the lines that continue it."""
    waiting = list(reversed(lines))
    while waiting:
        line = waiting.pop()
        while MAGIC.fullmatch(line) and line.endswith("\\") and waiting:
            line += "\n" + waiting.pop()
        yield line


def magic_binds(body: MaskedText, start: int) -> bool:
    """Whether a magic in the body of a cell gives a name a meaning, which is known outside of a function around it."""
    rows = body.code.split("\n")
    return any(binds(rows[row - start].strip()) for row in body.shifts)


def with_body(text: str) -> str:
    """Return a cell with a line below its magics, which want one, where a fix has left none."""
    lines = [one for one in text.split("\n") if one.strip()]
    is_bare = bool(lines) and all(cell_magic(one) is not None for one in lines)
    return text.rstrip("\n") + "\npass" if is_bare else text


def setup_code(rows: Sequence[str], setups: Sequence[tuple[int, Shifts]]) -> list[str]:
    return [rows[number] for number, _ in setups]


def runs_no_code(text: str) -> bool:
    """Whether a text is a command of the shell, or a magic that runs no Python."""
    found = FIRST_MAGIC.match(text)
    return found is not None and (found["magic"] is None or found["magic"] in NO_CODE)


def first_word(text: str) -> str:
    return (text.split() or [""])[0]


def why_left(text: str) -> str:
    """Return why a line that names a backend is not read; "" for one that runs no Python: a shell, a question."""
    if runs_no_code(text):
        return TO_SHELL if any(NAMES_BACKEND.search(one) for one in INSERTED.findall(text)) else ""
    found = FIRST_MAGIC.match(text)
    if found is None or not NAMES_BACKEND.search(text):
        return ""
    return NO_PYTHON if found["magic"] in LINES else UNKNOWN


def is_simple(code: str) -> bool:
    """Whether code is made of statements that may stand on one line."""
    tree = parse(code) if code.strip() and may_be_cell(code) else None
    return tree is not None and bool(tree.body) and not any(is_compound(one) for one in tree.body)


def is_compound(statement: ast.stmt) -> bool:
    return hasattr(statement, "body") or isinstance(statement, ast.Match)


def head_of_compound(code: str) -> str:
    """Return what stands before the first simple statement of `for x in y: f(x)`; "" where that is on several lines."""
    tree = parse(code) if "\n" not in code and may_be_cell(code) else None
    statement = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    while statement is not None and is_compound(statement):
        body = getattr(statement, "body", None)
        statement = body[0] if body else None
    return code.encode()[: statement.col_offset].decode() if statement is not None else ""


def binds(code: str) -> bool:
    """Whether code gives a meaning to a name."""
    tree = parse(code)
    binding = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(
        isinstance(one, binding) or (isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load))
        for one in (ast.walk(tree) if tree is not None else ())
    )
