"""The places in a class where caches are flushed → the blocks around them that may be the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.collapse_edits import comments_in
from cudafix.analysis.repetition.flush_calls import Site
from cudafix.analysis.repetition.local_names import is_bound_to_its_place, loose_form
from cudafix.analysis.repetition.statement_run import Block
from cudafix.syntax.conjunctions import conditions

LONGEST = 12
"""So many statements before and after a flush are looked at."""


class Runs:
    """The blocks of one class: runs of statements, known by their forms, and `if`s without a part of what they ask."""

    def __init__(self, sites: Sequence[Site], context: RuleContext) -> None:
        self.context = context
        self.sites = list({(site.suite, site.index): site for site in sites}.values())
        self.suites = {site.suite: site.method for site in self.sites}
        self.indices = {(site.suite, site.index) for site in self.sites}
        self.forms: dict[cst.CSTNode, str] = {}

    def patterns(self) -> Iterator[tuple[str, ...]]:
        """Yield the runs that two places share, each as long as it can be, and each statement around a flush alone."""
        for site in self.sites:
            form = self.form(site.suite, site.index)
            if form:
                yield (form,)
        for number, site in enumerate(self.sites):
            for other in self.sites[number + 1 :]:
                run = self.common_run(site, other)
                if len(run) > 1:
                    yield run

    def common_run(self, site: Site, other: Site) -> tuple[str, ...]:
        """Return the forms of the longest run around both sites that is the same."""
        start = end = 0
        while end < LONGEST and self.is_same(site, other, end):
            end += 1
        while end and start > -LONGEST and self.is_same(site, other, start - 1):
            start -= 1
        return tuple(self.form(site.suite, site.index + step) for step in range(start, end))

    def is_same(self, site: Site, other: Site, step: int) -> bool:
        form = self.form(site.suite, site.index + step)
        return bool(form) and form == self.form(other.suite, other.index + step)

    def form(self, suite: cst.IndentedBlock, index: int) -> str:
        """Return what a statement of a block does, with all locals alike; "" where there is none, or it cannot move."""
        if not 0 <= index < len(suite.body):
            return ""
        statement = suite.body[index]
        assert isinstance(statement, cst.BaseStatement)
        if statement not in self.forms:
            self.forms[statement] = loose_form(statement, self.suites[suite], self.context.file.names)
        return self.forms[statement]

    def occurrences(self, pattern: tuple[str, ...]) -> Iterator[Block]:
        """Yield the runs of statements with the forms of `pattern` that flush a cache."""
        for suite, method in self.suites.items():
            for start in range(len(suite.body) - len(pattern) + 1):
                indices = range(start, start + len(pattern))
                flushes = any((suite, index) in self.indices for index in indices)
                if flushes and all(self.form(suite, start + step) == form for step, form in enumerate(pattern)):
                    yield Block(method, tuple(suite.body[start : indices.stop]), self.context)

    # Conditions of which a part moves

    def split_blocks(self) -> Iterator[Block]:
        """Yield each `if a and b:` without a part of its condition, which stays with the caller."""
        for site in self.sites:
            node = site.statement
            while isinstance(node, cst.If):
                if node.body in self.suites and self.can_be_split(node):
                    for kept in range(1, len(conditions(node))):
                        yield Block(site.method, (node,), self.context, kept)
                node = node.orelse  # type: ignore[assignment]

    def can_be_split(self, node: cst.If) -> bool:
        if node.orelse is not None or self.context.condition(node.test) is not None:
            return False
        return not comments_in(node.test) and not is_bound_to_its_place(node)
