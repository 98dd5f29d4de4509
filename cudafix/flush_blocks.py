"""File → matches: the blocks that flush a cache and stand, the same up to names of locals, in several methods (CFX304)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import libcst as cst

from cudafix.alike import nodes_in
from cudafix.block import Block, conditions
from cudafix.change import Rewrites
from cudafix.collapse import comments_in
from cudafix.flush_calls import Site, find_calls, flushed_by, is_about_cache
from cudafix.inspection import Inspection
from cudafix.local_names import is_bound_to_its_place, loose_form, weight
from cudafix.model import Safety
from cudafix.new_method import NewMethods
from cudafix.rule import Match
from cudafix.suppress import Suppressions

CODE = "CFX304"
WORTHWHILE = 3
"""What a block must count to be worth a method: simple statements, and the headers of compound ones."""
MOST_CALLS = 100
"""In one class; more are in code that a program wrote."""
LONGEST = 12
"""So many statements before and after a flush are looked at."""
OWN_COMMENT = "the comments inside are not those of the other copies, and would be lost"


def find_flush_blocks(inspection: Inspection) -> list[Match]:
    calls = find_calls(inspection)
    found: list[Match] = []
    for owner, sites in calls.items():
        if len({site.method.node for site in sites}) > 1 and len(sites) <= MOST_CALLS:
            search = Search(owner, sites, inspection)
            given = "" if any(match.rewrites for match in found) else inspection.options.helper_name
            found += report(search.groups(), NewMethods(owner, inspection, given))
    return found


# The blocks that are the same


@dataclass(frozen=True, eq=False)
class Group:
    """Blocks that do the same, and those among them that cannot become a call, each with the reason."""

    blocks: list[Block]
    stuck: dict[Block, str]

    @property
    def movable(self) -> list[Block]:
        return [one for one in self.blocks if one not in self.stuck]

    @property
    def has_fix(self) -> bool:
        return methods_of(self.movable) > 1

    @cached_property
    def weight(self) -> int:
        return weight(self.blocks[0].moved)

    @property
    def rank(self) -> tuple[bool, int, int, int, int, int]:
        """The best group comes first: the one with a fix, in most methods, with most in it."""
        (first, *_) = self.blocks
        return not self.has_fix, -methods_of(self.movable), -self.weight, first.flags, first.kept, first.rows[0]


def methods_of(blocks: Iterable[Block]) -> int:
    return len({one.method for one in blocks})


class Search:
    """The search for repeated blocks in one class."""

    def __init__(self, owner: cst.ClassDef, sites: Sequence[Site], inspection: Inspection) -> None:
        self.inspection = inspection
        self.names = inspection.file.names
        self.sites = list({(site.suite, site.index): site for site in sites}.values())
        self.suites = {site.suite: site.method for site in self.sites}
        self.indices = {(site.suite, site.index) for site in self.sites}
        self.forms: dict[cst.CSTNode, str] = {}
        self.suppressions = Suppressions(inspection.file.text)

    def groups(self) -> list[Group]:
        """Return the groups to report, in the order of the file; no two of them share code."""
        taken: list[Block] = []
        found = []
        for group in sorted(self.candidates(), key=lambda one: one.rank):
            left = apart(group.blocks, taken)
            group = group if left == group.blocks else self.judge(left)
            if methods_of(left) > 1:
                taken += left
                found.append(group)
        return sorted(found, key=lambda one: one.blocks[0].rows)

    def candidates(self) -> Iterator[Group]:
        """Yield all blocks that repeat and are worth a method, whether or not they overlap."""
        found: dict[object, list[Block]] = {}
        for block in filter(is_about_cache, self.split_blocks()):
            found.setdefault(key_of(block), []).append(block)
        waiting = [*self.patterns()]
        seen = {*waiting}
        for pattern in waiting:  # it grows: of what cannot move, a part may
            alike = grouped_by_key(filter(is_about_cache, self.occurrences(pattern)))
            for key, blocks in alike.items():
                found.setdefault(key, []).extend(blocks)
            if not any(self.judge(blocks).has_fix for blocks in alike.values()):
                parts = [one for one in (pattern[1:], pattern[:-1]) if one and one not in seen]
                seen.update(parts)
                waiting += parts
        for blocks in found.values():
            if methods_of(blocks) > 1 and weight(blocks[0].moved) >= WORTHWHILE:
                yield self.judge(sorted(blocks, key=lambda one: one.rows))

    # Runs of statements

    def patterns(self) -> Iterator[tuple[str, ...]]:
        """Yield the runs that two places share, each as long as it can be, and each statement around a flush alone."""
        for site in self.sites:
            form = self.form(site.suite, site.index)
            if form:
                yield (form,)
        for number, one in enumerate(self.sites):
            for other in self.sites[number + 1 :]:
                run = self.common_run(one, other)
                if len(run) > 1:
                    yield run

    def common_run(self, one: Site, other: Site) -> tuple[str, ...]:
        """Return the forms of the longest run around both sites that is the same."""
        start = end = 0
        while end < LONGEST and self.same(one, other, end):
            end += 1
        while end and start > -LONGEST and self.same(one, other, start - 1):
            start -= 1
        return tuple(self.form(one.suite, one.index + step) for step in range(start, end))

    def same(self, one: Site, other: Site, step: int) -> bool:
        form = self.form(one.suite, one.index + step)
        return bool(form) and form == self.form(other.suite, other.index + step)

    def form(self, suite: cst.IndentedBlock, index: int) -> str:
        if not 0 <= index < len(suite.body):
            return ""
        statement = suite.body[index]
        assert isinstance(statement, cst.BaseStatement)
        if statement not in self.forms:
            self.forms[statement] = loose_form(statement, self.suites[suite], self.names)
        return self.forms[statement]

    def occurrences(self, pattern: tuple[str, ...]) -> Iterator[Block]:
        for suite, method in self.suites.items():
            for start in range(len(suite.body) - len(pattern) + 1):
                places = range(start, start + len(pattern))
                flushes = any((suite, place) in self.indices for place in places)
                if flushes and all(self.form(suite, start + step) == form for step, form in enumerate(pattern)):
                    yield Block(method, tuple(suite.body[start : places.stop]), self.inspection)  # type: ignore[arg-type]

    # Conditions of which a part moves

    def split_blocks(self) -> Iterator[Block]:
        """Yield each `if a and b:` without a part of its condition, which stays with the caller."""
        for site in self.sites:
            node = site.statement
            while isinstance(node, cst.If):
                if node.body in self.suites and self.can_be_split(node):
                    for kept in range(1, len(conditions(node))):
                        yield Block(site.method, (node,), self.inspection, kept)
                node = node.orelse  # type: ignore[assignment]

    def can_be_split(self, node: cst.If) -> bool:
        asks_for_backend = self.inspection.question(node.test) is not None
        return (
            node.orelse is None
            and not asks_for_backend
            and not comments_in(node.test)
            and not is_bound_to_its_place(node)
        )

    # What stands in the way

    def judge(self, blocks: list[Block]) -> Group:
        stuck = {block: reason for block in blocks if (reason := self.why_stuck(block, blocks))}
        free = [one for one in blocks if one not in stuck]
        kinds = {one.comments: methods_of(each for each in free if each.comments == one.comments) for one in free}
        most = max(kinds, key=lambda one: (kinds[one], -len(one)), default=())
        stuck |= {one: OWN_COMMENT for one in free if one.comments != most}
        return Group(blocks, stuck)

    def why_stuck(self, block: Block, twins: list[Block]) -> str:
        whole = next((one.method.name for one in twins if one.is_whole_method), "")
        if whole:
            return f"`{whole}` does nothing else: the others can call it"
        if self.suppressions.silence(CODE, *block.rows):
            return "a comment silences it"
        return block.obstacle(twins)


def key_of(block: Block) -> object:
    return block.form, block.needs, block.method.is_class


def grouped_by_key(blocks: Iterable[Block]) -> dict[object, list[Block]]:
    found: dict[object, list[Block]] = {}
    for block in blocks:
        found.setdefault(key_of(block), []).append(block)
    return found


def apart(blocks: list[Block], taken: list[Block]) -> list[Block]:
    """Return those of `blocks` that share no code with those that are taken, nor with each other."""
    found: list[Block] = []
    for block in blocks:
        if not any(block.overlaps(other) for other in (*taken, *found)):
            found.append(block)
    return found


# What is reported


def report(groups: Sequence[Group], new_methods: NewMethods) -> Iterator[Match]:
    for group in groups:
        if group.has_fix:
            plan = new_methods.plan(group.movable, flush_of(group.movable[0]))
            yield match_of(group, group.movable[0], plan.rewrites, plan.reason, plan.name)
        for block, reason in group.stuck.items() if group.has_fix else [*group.stuck.items()][:1]:
            yield match_of(group, block, Rewrites(), reason)


def match_of(group: Group, block: Block, rewrites: Rewrites, reason: str, name: str = "") -> Match:
    file = block.inspection.file
    others = [str(one.rows[0]) for one in group.blocks if one is not block]
    references = [one.symbol.name for one in block.inspection.references_in(*block.roots)]
    return Match(
        CODE, block.nodes[0], next((one for one in references if one.endswith(".empty_cache")), ""),
        f"a block that flushes a cache stands {len(others) + 1} times in this class: also on line {listed(others)}",
        rewrites, safety=Safety.UNSAFE, reason=reason, help=f"move it into a method `{name}`" if name else "",
        rows=block.rows, span=(file.start(block.nodes[0]), file.end(block.nodes[-1])),
    )  # fmt: skip


def flush_of(block: Block) -> str:
    """Return the name of what the block flushes a cache with, a flush method if it calls one."""
    calls = [one for one in nodes_in(block.roots) if isinstance(one, cst.Call)]
    names = {flushed_by(one, block.inspection) for one in calls}
    return next((one for one in block.inspection.options.flush_methods if one in names), "empty_cache")


def listed(rows: list[str]) -> str:
    *most, last = rows
    return f"{', '.join(most)} and {last}" if most else last
