"""Spans of a text, of columns or lines: the first, and the one behind the last, from 0."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def merged_spans(spans: Iterable[Span]) -> list[Span]:
    """Return spans in their order, those that overlap or touch as one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found
