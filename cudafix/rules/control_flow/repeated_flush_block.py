"""A block that flushes a cache, repeated in the methods of a class.

## What it does
Finds statements that call a flush method of the class (`flush-methods`, by default `flush_cache`) or a function that
empties a cache, and stand, the same up to the names of locals, in two methods of a class or more: three simple
statements and conditions at least, all of them about the cache. Where one method asks `if ok and request.flush_cache:`
and another asks `request.flush_cache` inside `if ok:`, the block is what both have. A condition on a local alone, such
as `ok`, stays with the caller.

## Why is this bad?
What is wrong in one copy is wrong in all of them, and put right in some.

## Example
```python
class Engine:
    def update_weights_from_disk(self, request):
        ok = self.worker.load(request.path)
        if ok and request.flush_cache:
            flushed = self.flush_cache()
            assert flushed, "cannot flush"

    def update_weights_from_tensor(self, request):
        ok = self.worker.copy(request.tensors)
        if ok:
            if request.flush_cache:
                flushed = self.flush_cache()
                assert flushed, "cannot flush"
        return ok
```

## Use instead
```python
class Engine:
    def flush_cache_after_weight_update(self, request):
        \"\"\"Flush the cache after a weight update.\"\"\"
        if request.flush_cache:
            flushed = self.flush_cache()
            assert flushed, "cannot flush"

    def update_weights_from_disk(self, request):
        ok = self.worker.load(request.path)
        if ok:
            self.flush_cache_after_weight_update(request)

    def update_weights_from_tensor(self, request):
        ok = self.worker.copy(request.tensors)
        if ok:
            self.flush_cache_after_weight_update(request)
        return ok
```

## Fix safety
Unsafe: the new method needs a look at its name, which is `helper-name` if that is set, else made of what its callers'
names begin with, or where they have nothing in common of what it does (`flush_cache_if_requested`). No fix where a name
that the block binds has a value before or after it, where a local cannot be passed on, for a copy with comments of its
own, and where a method does nothing else, so that the others can call it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cudafix.analysis.context import RuleContext
from cudafix.analysis.match import Match
from cudafix.analysis.repetition.extract_method import NewMethods
from cudafix.analysis.repetition.find_runs import Runs
from cudafix.analysis.repetition.flush_calls import Site, find_calls, flush_of, is_about_cache
from cudafix.analysis.repetition.local_names import weight
from cudafix.analysis.repetition.statement_run import Block
from cudafix.fixes.operations import Operations
from cudafix.model import Safety
from cudafix.registry import code_of
from cudafix.suppressions.comments import Suppressions
from cudafix.syntax.scopes import grouped

CODE = code_of("repeated-flush-block")
WORTHWHILE = 3
"""What a block must count to be worth a method."""

MOST_CALLS = 100
"""In one class; more are in code that a program wrote."""

SILENCED = "a comment silences it"
OWN_COMMENT = "the comments inside are not those of the other copies, and would be lost"


def find(context: RuleContext) -> list[Match]:
    """Return a match for each block that methods of a class repeat, or for the first where none of them can move."""
    calls = find_calls(context)
    found: list[Match] = []
    for owner, sites in calls.items():
        if len({site.method.node for site in sites}) > 1 and len(sites) <= MOST_CALLS:
            search = Search(sites, context)
            given = "" if any(match.operations for match in found) else context.options.helper_name
            found += report(search.groups(), NewMethods(owner, context, given))
    return found


# The blocks that are the same


@dataclass(frozen=True, eq=False)
class Group:
    """Blocks that do the same; why some of them do not become a call; and of those, which could not if they wanted."""

    blocks: list[Block]
    stuck: dict[Block, str]
    unable: dict[Block, str]

    @property
    def movable(self) -> list[Block]:
        return [one for one in self.blocks if one not in self.stuck]

    @property
    def has_fix(self) -> bool:
        return methods_of(self.movable) > 1

    @property
    def rank(self) -> tuple[object, ...]:
        """The best group comes first: the one whose blocks can move, in most methods, with most in it.

        A copy counts that only its comments keep, so that no part of it moves instead.
        """
        (first, *_) = self.blocks
        able = methods_of(one for one in self.blocks if one not in self.unable)
        start = (able < 2, -able, first.hangs_on_flags)
        return (*start, -weight_of(self.blocks), first.flag_count, first.kept, first.rows[0])


def methods_of(blocks: Iterable[Block]) -> int:
    return len({one.method for one in blocks})


def weight_of(blocks: Sequence[Block]) -> int:
    """Return what a block counts: its simple statements and headers; that of a flag counts though it stays behind."""
    return weight(blocks[0].moved) + any(one.is_under_flags for one in blocks)


class Search:
    """The search for repeated blocks in one class."""

    def __init__(self, sites: Sequence[Site], context: RuleContext) -> None:
        self.runs = Runs(sites, context)
        self.suppressions = Suppressions(context.file.text)

    def groups(self) -> list[Group]:
        """Return the groups to report, in the order of the file; no two of them share code."""
        taken: list[Block] = []
        found = []
        for group in sorted(self.candidates(), key=lambda one: one.rank):
            left = apart(group.blocks, taken)
            group = group if left == group.blocks else self.group_of(left)
            if methods_of(left) > 1:
                taken += left
                found.append(group)
        return sorted(found, key=lambda one: one.blocks[0].rows)

    def candidates(self) -> Iterator[Group]:
        """Yield all blocks that repeat and are worth a method, whether or not they overlap."""
        found = grouped((one.key, one) for one in filter(is_about_cache, self.runs.split_blocks()))
        waiting = [*dict.fromkeys(self.runs.patterns())]
        seen = {*waiting}
        for pattern in waiting:  # it grows: of what cannot move, a part may
            alike = grouped((one.key, one) for one in filter(is_about_cache, self.runs.occurrences(pattern)))
            for key, blocks in alike.items():
                found.setdefault(key, []).extend(blocks)
            if not any(self.group_of(blocks).has_fix for blocks in alike.values()):
                parts = [one for one in (pattern[1:], pattern[:-1]) if one and one not in seen]
                seen.update(parts)
                waiting += parts
        for blocks in found.values():
            if methods_of(blocks) > 1 and weight_of(blocks) >= WORTHWHILE:
                yield self.group_of(sorted(blocks, key=lambda one: one.rows))

    def group_of(self, blocks: list[Block]) -> Group:
        """Return the group of blocks that do the same, with what keeps some of them from moving."""
        whole = next((one.method.name for one in blocks if one.is_whole_method), "")
        stuck = {}
        if whole:
            stuck = dict.fromkeys(blocks, f"`{whole}` does nothing else: the others can call it")
        stuck |= {one: SILENCED for one in blocks if self.suppressions.silence(CODE, *one.rows)}
        unable = obstacles([one for one in blocks if one not in stuck])
        free = [one for one in blocks if one not in stuck and one not in unable]
        kinds = {each.comments: methods_of(one for one in free if one.comments == each.comments) for each in free}
        most = max(kinds, key=lambda one: (kinds[one], -len(one)), default=())
        stuck |= {one: OWN_COMMENT for one in free if one.comments != most}
        stuck |= unable | obstacles([one for one in free if one.comments == most])
        return Group(blocks, stuck, unable)


def obstacles(blocks: list[Block]) -> dict[Block, str]:
    """Return why some of `blocks` cannot move, knowing that those do not."""
    found: dict[Block, str] = {}
    while True:
        moving = [one for one in blocks if one not in found]
        more = {one: reason for one in moving if (reason := one.obstacle(moving))}
        if not more:
            return found
        found |= more


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
            yield match_of(group, group.movable[0], plan.operations, plan.reason, plan.name)
        silenced = [one for one, reason in group.stuck.items() if reason == SILENCED]
        others = [one for one in group.stuck if one not in silenced]
        for block in (*silenced, *(others if group.has_fix else others[:1])):
            yield match_of(group, block, Operations(), group.stuck[block])


def match_of(group: Group, block: Block, operations: Operations, reason: str, name: str = "") -> Match:
    file = block.context.file
    others = [str(one.rows[0]) for one in group.blocks if one is not block]
    references = [one.symbol.name for one in block.context.references_in(*block.roots)]
    return Match(
        block.nodes[0], next((one for one in references if one.endswith(".empty_cache")), ""),
        f"a block that flushes a cache stands {len(others) + 1} times in this class: also on {listed(others)}",
        operations, safety=Safety.UNSAFE, reason=reason, help=f"move it into a method `{name}`" if name else "",
        rows=block.rows, span=(file.start(block.nodes[0]), file.end(block.nodes[-1])),
    )  # fmt: skip


def listed(rows: list[str]) -> str:
    *most, last = rows
    return f"lines {', '.join(most)} and {last}" if most else f"line {last}"
