"""Figures of several days → a chart of the findings in layers, by what can be done, and a table of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from cudafix.report.figures import Figures, Kind, Tally

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 220, 48, 24, 8


def chart(figures: Sequence[Figures]) -> str:
    times = [moment(one.created) for one in figures]
    most = max((one.total.total for one in figures), default=0) or 1
    span = max(times) - min(times)
    across = [LEFT + (WIDTH - LEFT - 8) * ((one - min(times)) / span if span else 0.5) for one in times]
    tallies = [one.total for one in figures]
    shapes = "".join(layer(kind, tallies, across, most) for kind in Kind)
    first, last = figures[0].created[:10], figures[-1].created[:10]
    said = f"From {figures[0].total.total:,} findings on {first} to {figures[-1].total.total:,} on {last}"
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">'
        f'<line x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH}" y2="{HEIGHT - BOTTOM}" class="axis"/>'
        f'<text x="{LEFT - 6}" y="{TOP + 10}" text-anchor="end">{most:,}</text>'
        f'<text x="{LEFT - 6}" y="{HEIGHT - BOTTOM}" text-anchor="end">0</text>{shapes}'
        f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(first)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 6}" text-anchor="end">{escape(last)}</text></svg>{as_table(figures)}'
    )


def moment(created: str) -> float:
    """Return the seconds of a time in ISO 8601; 0 for what is none."""
    try:
        return datetime.fromisoformat(created.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def layer(kind: Kind, tallies: Sequence[Tally], across: Sequence[float], most: int) -> str:
    """Return the area between what lies below a kind and what lies below the next."""
    kinds = list(Kind)
    below = [sum(tally.of(other) for other in kinds[: kinds.index(kind)]) for tally in tallies]
    above = [under + tally.of(kind) for under, tally in zip(below, tallies, strict=True)]
    there = [(x, height(count, most)) for x, count in zip(across, above, strict=True)]
    back = [(x, height(count, most)) for x, count in zip(across, below, strict=True)][::-1]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*there, *back))
    return f'<polygon class="{kind.value}" points="{points}"/>'


def height(count: int, most: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * count / most


def as_table(figures: Sequence[Figures]) -> str:
    titles = ("day", "findings", *(kind.title for kind in Kind))
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    rows = "".join(
        f'<tr><th scope="row">{escape(day.created[:10])}</th><td>{day.total.total:,}</td>'
        + "".join(f"<td>{day.total.of(kind):,}</td>" for kind in Kind)
        + "</tr>"
        for day in figures
    )
    return (
        '<details><summary>As a table</summary><div class="scroll"><table><thead><tr>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )
