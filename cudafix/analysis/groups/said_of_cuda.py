"""A file, by its tokens → where it says CUDA: its functions and classes, or all of it.

What counts is every word of the code, texts and annotations included; comments, docstrings and imports do not. Places
are those of the file: of a definition a slice has a part.
"""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.matchers.cuda_words import names_backend

SAYS = re.compile(r"cuda(?!fix)|nccl", re.IGNORECASE)
OF_CLASS = re.compile(r"^[\w.]*(?:cuda|nccl)|^[\"'](?:cuda(?::\d+)?|nccl|CUDA_VISIBLE_DEVICES)[\"']$", re.IGNORECASE)
"""What stands in a class by itself: a name, or a device; other texts are about something else."""

MOVES = re.compile(r"^\.cuda\(")
ON_CUDA = "is_cuda"

TEXTS = frozenset(
    kind for name in ("STRING", "FSTRING_MIDDLE") if (kind := getattr(tokenize, name, None)) is not None
)  # fmt: skip
LAYOUT = (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER)
Statement = list[tokenize.TokenInfo]
Definition: TypeAlias = cst.FunctionDef | cst.ClassDef
Place = tuple[int, int]
"""A row, from 1, and a column, from 0."""


@once
def statements(context: RuleContext) -> list[tuple[int, Statement]]:
    """Return the statements of a file, and how deep they stand; heads of blocks are statements of their own."""
    found: list[tuple[int, Statement]] = []
    depth, statement = 0, Statement()
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO("".join(context.file.lines)).readline):
            if token.type in (tokenize.INDENT, tokenize.DEDENT):
                depth += 1 if token.type == tokenize.INDENT else -1
            elif token.type == tokenize.NEWLINE:
                found.append((depth, statement))
                statement = Statement()
            elif token.type not in LAYOUT:
                statement.append(token)
    return [*found, (depth, statement)] if statement else found


@once
def statements_of(definition: Definition, context: RuleContext) -> list[tuple[int, Statement]]:
    """Return the statements of a definition from its decorators on, and how deep they stand in it: its head at 0."""
    first = min(context.file.start(one).row for one in (*definition.decorators, definition))
    every = statements(context)
    start = bisect_left(every, first, key=lambda one: one[1][0].start[0])
    found: list[tuple[int, Statement]] = []
    has_begun = False
    for depth, statement in every[start:]:
        if has_begun and depth <= every[start][0]:
            break
        found.append((depth - every[start][0], statement))
        has_begun = has_begun or is_definition(statement)
    return found


@once
def docstrings_in(definition: Definition, context: RuleContext) -> list[tokenize.TokenInfo]:
    """Return the texts that stand alone in a definition; of a class its own, if it has one, comes first."""
    inside = [one for _, one in statements_of(definition, context)]
    if isinstance(definition, cst.ClassDef):
        inside = inside[1 + next((at for at, one in enumerate(inside) if is_definition(one)), 0) :][:1]
    return [one[0] for one in inside if is_docstring(one)]


@once
def words_in(definition: Definition, context: RuleContext) -> list[Place]:
    """Return where a definition says CUDA, decorators and methods included, or a text of the module that it reads by
    name; they are asked for again.
    """
    constants = texts_of_module(context)
    tokens = list(tokens_of(definition, context))
    read = [place for token in tokens for place in constants.get(token.string, ())]
    return [place for token in tokens for place in places_in(token, SAYS)] + read


@once
def texts_of_module(context: RuleContext) -> dict[str, list[Place]]:
    """Return where the constants of a module that are texts, or hold texts alone, say CUDA, by their names."""
    found: dict[str, list[Place]] = {}
    for depth, statement in statements(context):
        name, value = statement[0].string, statement[2:]
        is_set = depth == 0 and name.isupper() and [one.string for one in statement[1:2]] == ["="]
        if is_set and all(one.type in (tokenize.STRING, tokenize.OP) for one in value):
            found[name] = [place for one in value for place in places_in(one, SAYS)]
    return found


@once
def words_of_callers(name: str, context: RuleContext) -> list[list[Place]]:
    """Return where each function and method that names one of the file's functions says CUDA; code outside of them
    counts as one that does not.
    """
    return [places for names, places in blocks_said(context) if name in names]


@once
def blocks_said(context: RuleContext) -> list[tuple[set[str], list[Place]]]:
    """Return the words of each function, method and statement outside of them, and where a function says CUDA."""
    found: list[tuple[set[str], list[Place]]] = []
    for block in blocks(context):
        says = [one for statement in block for one in words(statement)]
        places = [place for one in says for place in places_in(one, SAYS)] if is_function(block[0]) else []
        found.append(({one.string for one in says}, places))
    return found


def blocks(context: RuleContext) -> list[list[Statement]]:
    """Return the statements of a file, those of a function or a method together."""
    found: list[list[Statement]] = []
    is_in_class = False
    for depth, statement in statements(context):
        is_in_class = statement[0].string == "class" if depth == 0 else is_in_class
        if depth == 0 or (depth == 1 and is_in_class):
            found.append([])
        found[-1].append(statement)
    return found


def is_function(head: Statement) -> bool:
    return head[0].string in ("def", "async")


@once
def words_of_class(definition: cst.ClassDef, context: RuleContext) -> list[Place]:
    """Return where the head of a class says CUDA, or what stands in it by itself."""
    own = [
        statement
        for depth, statement in statements_of(definition, context)
        if depth == 0 or (depth == 1 and statement[0].string not in ("def", "async", "class", "@"))
    ]
    return [place for one in own for token in words(one) for place in places_in(token, OF_CLASS)]


@once
def hard_words_in(function: Definition, context: RuleContext) -> list[Place]:
    """Return where a definition uses CUDA or NCCL, or speaks of it, beside names that only contain the word."""
    inside = [one for one in tokens_of(function, context) if one.type in TEXTS or is_use(one)]
    return [place for one in inside for place in places_in(one, SAYS)]


def without_devices(places: list[Place], context: RuleContext) -> list[Place]:
    devices = {row for row, _ in devices_said(context)}
    return [one for one in places if one[0] not in devices]


@once
def others_in(function: cst.FunctionDef, context: RuleContext) -> list[Place]:
    """Return where a function names another backend."""
    return [token.start for token in tokens_of(function, context) if names_backend(token.string)]


def tokens_of(definition: Definition, context: RuleContext) -> Iterator[tokenize.TokenInfo]:
    """Yield the names and texts of a definition, without docstrings and imports."""
    for _, statement in statements_of(definition, context):
        yield from words(statement)


@once
def words_of_file(context: RuleContext) -> list[Place]:
    """Return where the code of a file says CUDA."""
    every = (token for _, statement in statements(context) for token in words(statement))
    return [place for token in every for place in places_in(token, SAYS)]


@once
def devices_said(context: RuleContext) -> list[Place]:
    """Return where a file names CUDA or NCCL as a device or a backend, or moves to CUDA."""
    return [token.start for _, statement in statements(context) for token in statement if names_device(token)]


@once
def questions_of_module(context: RuleContext) -> list[Place]:
    """Return where a file asks outside of its functions and classes whether a backend is there."""
    return [one.start for one in tokens_of_module(context) if one.string == "is_available"]


def tokens_of_module(context: RuleContext) -> Iterator[tokenize.TokenInfo]:
    is_inside = False
    for depth, statement in statements(context):
        is_inside = is_definition(statement) if depth == 0 else is_inside
        yield from () if is_inside else statement


def names_device(token: tokenize.TokenInfo) -> bool:
    if token.type in TEXTS:
        return OF_CLASS.search(token.string) is not None
    is_moved = MOVES.search(token.line[max(0, token.start[1] - 1) :]) is not None
    return token.type == tokenize.NAME and (token.string == ON_CUDA or is_moved)


def is_use(name: tokenize.TokenInfo) -> bool:
    """Whether a name is `cuda` of `x.cuda()` or `cuda.Stream`, and no variable that is called so."""
    (_, first), (_, last) = name.start, name.end
    is_in_chain = "." in (name.line[max(0, first - 1) : first], name.line[last : last + 1])
    return is_in_chain and SAYS.fullmatch(name.string) is not None


def places_in(token: tokenize.TokenInfo, says: re.Pattern[str]) -> Iterator[Place]:
    """Yield where a token says CUDA: a text may do so in several places, of which a fix takes out one."""
    for match in says.finditer(token.string):
        above = token.string.count("\n", 0, match.start())
        before = match.start() - token.string.rfind("\n", 0, match.start()) - 1
        yield token.start[0] + above, before if above else token.start[1] + before


def is_docstring(statement: Statement) -> bool:
    return len(statement) == 1 and statement[0].type == tokenize.STRING


def is_definition(statement: Statement) -> bool:
    return any(one.string in ("def", "class") for one in statement[:2])


def words(statement: Statement) -> Iterator[tokenize.TokenInfo]:
    """Yield the names and texts of a statement; of a docstring, an import, and the name of a function, none."""
    if is_docstring(statement) or (statement and statement[0].string in ("from", "import")):
        return
    before = ""
    for token in statement:
        if token.type in TEXTS or (token.type == tokenize.NAME and before != "def"):
            yield token
        before = token.string
