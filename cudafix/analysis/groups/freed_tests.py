"""A test that stays since the code behind it names CUDA → whether it goes as well once the fixes of its group are made.

A file is fixed in rounds: what a test is about is read anew when the code behind it has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.availability import NAMES_CUDA, Guard, dependent_parts, flag_of, guard_around
from cudafix.analysis.groups.members import Member
from cudafix.matchers.cuda_words import names_cuda
from cudafix.matchers.references import Reference
from cudafix.syntax.module import File


def is_freed(test: Member, group: Iterable[Member], context: RuleContext) -> bool:
    """Whether nothing behind a test names CUDA any more when the others of its group are fixed."""
    tests = {one.reference for one in test.matches if one.reference is not None}
    if not tests or not all(NAMES_CUDA in one.reason for one in test.matches):
        return False
    gone = {change for member in group for change in changed(member)}
    guards = {guard for one in tests for guard in guards_on(one, context.file)}
    parts = [part for guard in guards for part in dependent_parts(guard, context.file)]
    return not any(names_cuda(code_without(gone, part, context.file)) for part in parts)


def changed(member: Member) -> Iterator[cst.CSTNode]:
    """Yield what the fixes of a member take out of the code."""
    for match in member.matches:
        yield from (one.place.node for one in match.operations.substitutions)
        yield from (one.node for one in match.operations.changes)


def guards_on(test: Reference, file: File) -> Iterator[Guard]:
    """Yield what asks for the answer of a test, there or through a flag."""
    flag = flag_of(test, file)
    uses = file.names.uses_by_name.get(flag.name, ()) if flag is not None else ()
    asked = [test.node, *(one.node for one in uses if flag in file.names.reaching_definitions(one))]
    for node in asked:
        guard = guard_around(node, file)
        if guard is not None:
            yield guard


def code_without(gone: Iterable[cst.CSTNode], part: cst.CSTNode, file: File) -> str:
    """Return the code of `part` without the nodes in it that go."""
    inside = [one for one in gone if one is part or part in file.tree.ancestors(one)]
    places = sorted((file.start(one), file.end(one)) for one in inside)
    kept, at = [], file.start(part)
    for start, end in places:
        kept.append(file.text_between(at, start))
        at = max(at, end)
    return " ".join([*kept, file.text_between(at, file.end(part))])
