"""Text → the blocks of Python in it: fences of Markdown, directives of reStructuredText, examples with `>>>`.

A block is made of whole lines. Its code is what stands behind the indentation and, in an example, behind the prompt;
lines of an example that are no code become calls, one for each, and come back as they were.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from cudafix.documents.fences import LANGUAGES, Fences, Kind, body_of_cell
from cudafix.documents.masks import MaskedText, Masks, is_left
from cudafix.documents.placeholders import MASK, OURS, imported_names, is_python
from cudafix.files.line_matcher import LineMatcher
from cudafix.model import Position
from cudafix.syntax.python_parser import parse

FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,}|:{3,}(?=\{code-))(?P<info>.*)")
DIRECTIVE = re.compile(
    r"(?P<indent>[ \t]*)\.\.[ \t]+(?:code-block|code|sourcecode|ipython|testcode|testsetup|jupyter-execute|plot)::"
    r"[ \t]*(?P<language>\w*)[ \t]*"
)
PROMPT = re.compile(r"(?P<indent>[ \t]*)(?P<prompt>>>>|\.\.\.)(?: (?P<code>.*))?")
UNNAMED = re.compile(r"\.\.[ \t]+(?:testcode|testsetup|jupyter-execute|plot)(?=::[ \t]*$)")
MASKED = re.compile(rf"{MASK}\((?P<number>\d+)\)")
REST = f"{OURS}rest__"
BINDS_TORCH = re.compile(r"^[^#\n]*(?:\bimport[ \t]+torch\b|\bfrom[ \t]+torch\b|\btorch[ \t]*=)", re.MULTILINE)
IMPLIED = "import torch  # noqa: F401\n"
"""What stands before a block that uses torch without importing it, as the text around it does."""


@dataclass(frozen=True)
class Block:
    """Lines `first` and following of a text, from 0 on.

    `prompts`: an example with `>>>`. `before`: what is put before the code, where that is given. `shared`: the names
    that other blocks use, and may get from this one. `is_cell`: it runs with the other cells of the document, or
    where it `waits` when somebody says so. `left`: why it is left alone.
    """

    first: int
    lines: tuple[str, ...]
    indent: str
    prompts: bool = False
    before: str | None = None
    shared: frozenset[str] = frozenset()
    is_cell: bool = False
    waits: bool = False
    left: str = ""

    @cached_property
    def own_code(self) -> str:
        return "\n".join(self.code_of(number, line) for number, line in enumerate(self.lines)) + "\n"

    def code_of(self, number: int, line: str) -> str:
        if not self.prompts:
            return line[len(self.indent) :] if line.strip() else ""
        found = PROMPT.fullmatch(line)
        return f"{MASK}({number})" if found is None else found["code"] or ""

    @cached_property
    def implied(self) -> str:
        """What is put before the code: an import that the text takes for granted."""
        if self.before is not None:
            return self.before
        binds = BINDS_TORCH.search(self.own_code)
        return IMPLIED if re.search(r"\btorch\.", self.own_code) and not binds else ""

    @cached_property
    def masks(self) -> Masks:
        return Masks(self.imported)

    @cached_property
    def masked(self) -> MaskedText:
        """The code, with calls in the place of the lines that are no Python: magics and commands."""
        if self.prompts or is_python(self.own_code):
            return MaskedText(self.own_code)
        return self.masks.with_lines(self.own_code.split("\n"))

    @cached_property
    def code(self) -> str:
        return self.implied + self.masked.code + self.rest

    @property
    def imported(self) -> frozenset[str]:
        """The names that the block imports."""
        return imported_names(self.own_code)

    @cached_property
    def rest(self) -> str:
        """What is put behind the code: a use of what other blocks get from this one, so that it stays imported."""
        names = sorted(self.imported & self.shared)
        return f"{REST}({', '.join(names)})  # noqa\n" if names else ""

    @property
    def is_python(self) -> bool:
        return not self.left and is_python(self.code)

    # The way back

    def holds(self, position: Position) -> bool:
        """Whether a place in the code is one in the text: none of what is put around it."""
        return 0 <= position.row - 1 - self.implied.count("\n") < len(self.lines)

    def place(self, position: Position) -> Position:
        """Return the place in the text of a place in the code."""
        number = position.row - 1 - self.implied.count("\n")
        line = self.lines[number] if 0 <= number < len(self.lines) else ""
        column = self.masked.column(number, position.column)
        return Position(self.first + max(number, 0) + 1, column + self.width(line))

    def width(self, line: str) -> int:
        """Return how many characters stand before the code of a line."""
        found = PROMPT.fullmatch(line) if self.prompts else None
        return found.start("code") if found is not None and found["code"] is not None else len(self.indent)

    def prefix(self, line: str) -> str:
        return self.indent + (">>> " if self.prompts else "") if line or self.prompts else ""

    def with_code(self, code: str) -> list[str] | None:
        """Return the lines of the text that new code makes; None where what is put around the code changed as well."""
        if not (code.startswith(self.implied) and code.endswith(self.rest)):
            return None
        code = code.removeprefix(self.implied).removesuffix(self.rest)
        if not self.prompts:
            code = self.masks.unmasked(code)
            if is_left(code, self.own_code):
                return None
        new = [without_late_mark(one, self.own_code) for one in code.split("\n")[:-1]]
        while self.implied and new and not new[0]:
            del new[0]
        old = dict(zip(self.own_code.split("\n")[:-1], self.lines, strict=True))
        starts = starts_in(code) if self.prompts else set()
        return self.with_old_lines([self.line_of(row, line, old, starts) for row, line in enumerate(new, 1)], new)

    def with_old_lines(self, made: list[str], new: Sequence[str]) -> list[str]:
        """Return the lines that are made of new code; those whose code stays are as they were."""
        said = self.own_code.split("\n")[:-1]
        for first, begin, length in LineMatcher(said, new).get_matching_blocks():
            made[begin : begin + length] = self.lines[first : first + length]
        return made

    def line_of(self, row: int, line: str, old: dict[str, str], starts: set[int]) -> str:
        masked = MASKED.fullmatch(line)
        if masked is not None and self.prompts:
            return self.lines[int(masked["number"])]
        if line in old:
            return old[line]
        if not self.prompts:
            return self.indent + line if line else ""
        prompt = ">>>" if row in starts or line.startswith("#") else "..."
        return f"{self.indent}{prompt} {line}".rstrip()


def without_late_mark(line: str, before: str) -> str:
    """Return a new import without the comment for linters, which do not read documents."""
    mark = "  # noqa: E402"
    return line.removesuffix(mark) if line.endswith(mark) and line not in before.split("\n") else line


def starts_in(code: str) -> set[int]:
    """Return the rows on which the statements of a module start."""
    tree = parse(code)
    body = tree.body if tree is not None else ()
    return {first_row(statement) for statement in body}


def first_row(statement: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(statement, "decorator_list", ())
    return min([statement.lineno, *(one.lineno for one in decorators)])


# Where the blocks are


def find_blocks(
    lines: Sequence[str], start: int = 0, stop: int | None = None, fences: Fences | None = None
) -> Iterator[Block]:
    """Yield the blocks between two lines of a text, in their order; examples with no block between count as one."""
    fences = fences or Fences("", "")
    number, end = start, len(lines) if stop is None else stop
    examples: list[int] = []
    while number < end:
        line = lines[number]
        fence, directive = FENCE.match(line), DIRECTIVE.fullmatch(line)
        if fence is None and directive is None:
            if (found := PROMPT.fullmatch(line)) and found["prompt"] == ">>>":
                examples.append(number)
            number += 1
            continue
        yield from examples_on(lines, examples, number)
        examples = []
        if fence is not None:
            last = end_of_fence(lines, number, end, fence["fence"])
            yield from in_fence(lines, number + 1, last, fence, fences)
            number = last + 1
        elif directive is not None:
            first, last = body_of_directive(lines, number, end, len(directive["indent"]))
            if directive["language"].lower() in LANGUAGES or UNNAMED.match(line.lstrip()):
                yield from plain_or_example(lines, first, last, indent_of(lines[first]) if first < last else "")
            number = max(last, number + 1)
    yield from examples_on(lines, examples, end)


def examples_on(lines: Sequence[str], numbers: Sequence[int], end: int) -> Iterator[Block]:
    if numbers:
        yield from example(lines, numbers[0], last_of_example(lines, numbers[-1], end))


def in_fence(lines: Sequence[str], first: int, last: int, fence: re.Match[str], fences: Fences) -> Iterator[Block]:
    """Yield the blocks in a fence: its code, or those of the text in it."""
    kind = fences.kind(fence["info"])
    if kind is Kind.TEXT:
        yield from find_blocks(lines, first, last, fences)
    elif kind is Kind.SHOWN:
        first = body_of_cell(lines, first, last) if fence["info"].startswith("{") else first
        yield from plain_or_example(lines, first, last, fence["indent"])
    elif kind is Kind.MARIMO:
        yield Block(first, tuple(lines[first:last]), "", left="is a cell of marimo, of which only scripts are read")
    elif kind is not Kind.OTHER:
        first = body_of_cell(lines, first, last)
        for block in plain_or_example(lines, first, last, fence["indent"]):
            yield block if block.prompts else replace(block, is_cell=True, waits=kind is Kind.WAITING_CELL)


def plain_or_example(lines: Sequence[str], first: int, last: int, indent: str) -> Iterator[Block]:
    body = lines[first:last]
    if any(one.lstrip().startswith(">>>") for one in body):
        yield from example(lines, first, last)
    elif body:
        is_indented = all(one.startswith(indent) or not one.strip() for one in body)
        yield Block(first, tuple(body), indent if is_indented else "")


def example(lines: Sequence[str], first: int, last: int) -> Iterator[Block]:
    """Yield the examples between two lines, as one block where they are indented alike."""
    prompts = [one for one in range(first, last) if PROMPT.fullmatch(lines[one])]
    for indent, group in groupby(prompts, key=lambda one: indent_of(lines[one])):
        rows = [*group]
        yield Block(rows[0], tuple(lines[rows[0] : rows[-1] + 1]), indent, prompts=True)


def last_of_example(lines: Sequence[str], number: int, end: int) -> int:
    """Return the line behind the last prompt that continues the example on line `number`."""
    while number + 1 < end and (found := PROMPT.fullmatch(lines[number + 1])) and found["prompt"] == "...":
        number += 1
    return number + 1


def end_of_fence(lines: Sequence[str], number: int, end: int, fence: str) -> int:
    closing = re.compile(rf"[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*")
    return next((one for one in range(number + 1, end) if closing.fullmatch(lines[one])), end)


def body_of_directive(lines: Sequence[str], number: int, end: int, indent: int) -> tuple[int, int]:
    """Return where the lines of a directive begin and end: below its options, as far as they are indented."""
    first = number + 1
    while first < end and (re.match(r"[ \t]+:[\w-]+:", lines[first]) or not lines[first].strip()):
        first += 1
    last = first
    while last < end and (not lines[last].strip() or len(indent_of(lines[last])) > indent):
        last += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return first, last


def indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


# Docstrings


def docstring_rows(source: str) -> Iterator[tuple[int, int]]:
    """Yield the lines, from 0 on and the end left out, of the docstrings of a module in which a block may stand."""
    yield from sorted(rows_of_docstrings(source))


def rows_of_docstrings(source: str) -> Iterator[tuple[int, int]]:
    tree = parse(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str) and first.end_lineno:  # type: ignore[attr-defined]
                yield first.lineno, first.end_lineno
