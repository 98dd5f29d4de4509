"""Matches in a notebook → the same, without the fixes that need an import where no cell brings one."""

from __future__ import annotations

from collections.abc import Sequence

from cudafix.analysis.context import RuleContext
from cudafix.analysis.groups.kin import without_fix
from cudafix.analysis.match import Match
from cudafix.fixes.cells import Cells

NOWHERE = "no cell that runs where its own does has the import that a new one could stand beside"


def in_their_cells(matches: Sequence[Match], context: RuleContext) -> list[Match]:
    """Return the matches, without the fixes whose import would be missing where their cell runs."""
    cells = Cells(context.file)
    if not cells.differ:
        return list(matches)
    return [one if has_imports(one, cells) else without_fix(one, NOWHERE, one.held) for one in matches]


def has_imports(match: Match, cells: Cells) -> bool:
    places = [place for place, _ in match.operations.all_substitutions]
    return all(cells.provider(one) is not None for one in places if cells.is_apart(one))
