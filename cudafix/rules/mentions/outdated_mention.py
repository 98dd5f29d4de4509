"""A comment or a docstring that names a backend's function.

## What it does
Finds comments, docstrings and the strings below an assignment that name a function of a backend which has a neutral
form: `torch.cuda.empty_cache()`, `torch.cuda.memory.mem_get_info`, `torch.npu.synchronize`. Examples, links and what
compares with the function are found and stay; addresses, suppression comments and all other strings are left alone.

## Why is this bad?
A text that names a call which the code no longer makes misleads its reader, and whoever searches for what is left of
`torch.cuda`.

## Example
```python
import torch


def flush():
    # Wait for torch.cuda.synchronize() to return.
    torch.cuda.synchronize()
```

## Use instead
```python
from cudafix.runtime import synchronize_device


def flush():
    # Wait for synchronize_device() to return.
    synchronize_device()
```

## Fix safety
Safe for a comment where all code of the file that calls the function is rewritten safely in the same run, or where the
file has no such code and the comment says that the function is called. Unsafe where the code's own fix is, where only
the comment can tell what is meant, and in docstrings, which the program can read. No fix where code keeps the function,
in examples, in links to torch's documentation, and where the text compares with the function or with other backends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.match import Match
from cudafix.catalogue.backends import IN_TEXT
from cudafix.catalogue.symbols import look_up
from cudafix.fixes.operations import Operations, Wording, combine, names_that_go
from cudafix.matchers.mentions import DOTTED, Mention, read_mentions
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.in_words import neutral_words
from cudafix.replacements.replacement import is_module

LINK = re.compile(r":[\w:+-]{1,60}:`[^`]*$|\[`+~?$")
"""What stands in front of a name that other documentation is asked for: a role of Sphinx, a reference of Markdown."""

SPEAKS_OF_IT = re.compile(
    r"\b(?:adapted|copied|taken|ported|borrowed|inspired|modified) from\b|\binstead of\b|\bunlike\b|\brather than\b"
    r"|\b(?:equivalent|analogous|similar|identical|alternative|equal|counterpart|stand-?in|drop-in|vs)\b"
    r"|\b(?:same|works|behaves|just) (?:as|like)\b|\b(?:version|copy|wrapper) (?:of|for|around)\b|\bdeprecated\b"
    r"|\bmirror|\bimitat|\bmimic|patch|\bmock|-mock|\breplac|\boverrid|\bhook",
    re.IGNORECASE,
)
"""Words that compare with the function, or are about it, so that no other name will do."""

CALLED = re.compile(r"\b(?:call(?:s|ed|ing)?|run(?:s|ning)?|invok(?:e|es|ing))(?: to)?\W{1,3}$", re.IGNORECASE)
BACKEND = re.compile(rf"(?<![a-z])(?:{'|'.join(IN_TEXT)})(?![a-z])", re.IGNORECASE)
ALL_LEVELS = (Safety.SAFE, Safety.UNSAFE)


def follow(context: RuleContext, matches: Sequence[Match]) -> Iterator[Match]:
    """Yield a match for each mention of a function that has a neutral form; `matches` are those of all other rules."""
    fixes = MentionFixes(context, matches)
    for mention in read_mentions(context.file):
        yield fixes.match(mention)


class MentionFixes:
    """Says what becomes of the mentions in one file."""

    def __init__(self, context: RuleContext, matches: Sequence[Match]) -> None:
        self.context = context
        self.matches = matches

    def match(self, mention: Mention) -> Match:
        file, node, name = self.context.file, mention.node, mention.symbol.name
        words = neutral_words(mention.symbol, mention.is_called, self.context.file.path, self.context.options)
        safety, reason = self.verdict(mention, words)
        wording = Wording(node, mention.start, mention.end, words)
        new = f"{words}()" if mention.is_called else words
        fix, way_out = Operations(wordings=(wording,)), f"say `{new}`"
        if safety is Safety.MANUAL:
            fix, way_out = Operations(), ""
        return Match(
            node, name, f"a {'comment' if isinstance(node, cst.Comment) else 'docstring'} names `{name}`",
            fix, safety, reason, help=way_out,
            span=(file.place_in(node, mention.start), file.place_in(node, mention.end)),
        )  # fmt: skip

    def verdict(self, mention: Mention, words: str) -> tuple[Safety, str]:
        """Return how far other words can be trusted, and what speaks against them."""
        users = [one for one in self.context.references if one.symbol.name == mention.symbol.name]
        obstacle = self.obstacle(mention, words, users)
        if obstacle:
            return Safety.MANUAL, obstacle
        if mention.shows:
            return Safety.UNSAFE, "the program can read its docstrings"
        doubtful = next((one for one in users if self.fate(one) is Safety.UNSAFE), None)
        if doubtful is not None:
            return Safety.UNSAFE, f"it goes with the code on line {self.row(doubtful)}, whose fix is not safe"
        if not users and not (mention.is_called and CALLED.search(mention.before)):
            return Safety.UNSAFE, "no code of this file tells whether the function is meant or what is called"
        if is_subject(mention):
            return Safety.UNSAFE, "it may be about the function itself"
        return Safety.SAFE, ""

    def obstacle(self, mention: Mention, words: str, users: Sequence[Reference]) -> str:
        """Return why the words must stay, or ""."""
        symbol, file = mention.symbol, self.context.file
        stays = next((one for one in users if self.fate(one) is Safety.MANUAL), None)
        if not words:
            return "the class itself is meant here, and what is called instead is a function"
        if stays is not None:
            return f"the code on line {self.row(stays)} keeps `{symbol.name}`"
        if not isinstance(mention.node, cst.Comment) and mention.is_code:
            return "an example needs the import as well"
        if not users and mention.is_code:
            return "commented-out code needs the import as well"
        if not users and symbol.backend != "cuda":
            return f"it may be about {symbol.backend.upper()} alone"
        if LINK.search(mention.before) or mention.node.value.startswith("](", mention.end):
            return "a link to the documentation of torch"
        if is_about_it(mention) or (not users and is_subject(mention)):
            return "it may be about the function itself"
        if file.start(mention.node).row in self.import_rows:
            return "it is about the import on its line"
        own = is_module(file.path, self.context.options.runtime_module)
        return "this file is where the neutral functions come from" if own else ""

    @cached_property
    def import_rows(self) -> frozenset[int]:
        file = self.context.file
        nodes = {one.node for one in file.names.imports} | {statement for _, statement in file.names.stars}
        spans = [file.rows(one) for one in nodes]
        return frozenset(row for first, last in spans for row in range(first, last + 1))

    def row(self, reference: Reference) -> int:
        return self.context.file.start(reference.node).row

    def fate(self, reference: Reference) -> Safety:
        """Return the safety of the fixes that take `reference` out of the code; MANUAL where it stays."""
        if not self.goes(reference, ALL_LEVELS):
            return Safety.MANUAL
        return Safety.SAFE if self.goes(reference, (Safety.SAFE,)) else Safety.UNSAFE

    def goes(self, reference: Reference, allowed: tuple[Safety, ...]) -> bool:
        if reference.root is not None:
            return reference.root.node in self.gone[allowed]
        return any(one.reference is reference and one.operations and one.trust in allowed for one in self.matches)

    @cached_property
    def gone(self) -> dict[tuple[Safety, ...], set[cst.Name]]:
        """The names that are taken out of the code, by the safety that is asked for."""
        names = self.context.file.names
        found: dict[tuple[Safety, ...], set[cst.Name]] = {}
        for allowed in (ALL_LEVELS, (Safety.SAFE,)):
            fixes = [one.operations for one in self.matches if one.trust in allowed]
            together = combine(sorted(fixes, key=lambda one: not one.changes), names)
            chosen = {place.root.node for place, _ in together.substitutions if place.root is not None}
            found[allowed] = chosen | names_that_go(together, names)
        return found


def is_about_it(mention: Mention) -> bool:
    """Whether the sentence compares with the function, or names other backends or what has no neutral form, too."""
    named = [symbol for name in DOTTED.findall(mention.sentence) if (symbol := look_up(name)) is not None]
    backends = {one.lower() for one in BACKEND.findall(mention.sentence)}
    has_kept = any(not one.row.has_neutral_form for one in named)
    return has_kept or backends != {mention.symbol.backend} or SPEAKS_OF_IT.search(mention.sentence) is not None


def is_subject(mention: Mention) -> bool:
    """Whether the sentence starts with the name, and so says something of the function."""
    return not mention.is_code and re.search(r"[^\W\d]{2}", mention.before) is None
