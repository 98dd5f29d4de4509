"""Figures → Markdown, for the description of a pull request or a job's page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cudafix.report.figures import Figures, Group, Kind, counted
from cudafix.report.history import changes

MOST_ROWS = 15
"""Of a table; who wants all has the page."""

SPECIAL = re.compile(r"[\\`*_{}\[\]<>|~#&]")


def markdown(figures: Figures, history: Sequence[Figures]) -> str:
    return "\n".join([*head(figures), *trend(figures, history), *steps(figures), *tables(figures)]) + "\n"


def head(figures: Figures) -> Iterator[str]:
    total = figures.total.total
    yield f"## cudafix: {quoted(figures.title)}"
    yield ""
    yield f"{counted(total, 'finding')} in {figures.affected:,} of {counted(figures.files, 'file')}."
    if figures.unreadable:
        yield f"{counted(figures.unreadable, 'file')} could not be analysed."
    if total:
        yield ""
        yield "| what can be done | findings | share |"
        yield "|---|---:|---:|"
        for kind in Kind:
            yield f"| {kind.title} | {figures.total.of(kind):,} | {figures.total.of(kind) / total:.0%} |"


def trend(figures: Figures, history: Sequence[Figures]) -> Iterator[str]:
    if not history:
        return
    first = history[0]
    yield from ("", f"### Since {first.created[:10]}", "")
    yield f"{counted(first.total.total, 'finding')} then, {figures.total.total:,} now ({difference(first, figures)})."
    yield from ("", "| rule | then | now |", "|---|---:|---:|")
    for change in list(changes(first, figures))[:MOST_ROWS]:
        yield f"| {change.name} {change.title} | {change.before.total:,} | {change.now.total:,} |"


def difference(first: Figures, now: Figures) -> str:
    return f"{now.total.total - first.total.total:+,}"


def steps(figures: Figures) -> Iterator[str]:
    if figures.steps:
        yield from ("", "### What to do next", "")
    for number, step in enumerate(figures.steps, 1):
        place = counted(step.files, "file")
        clears = f" clears {step.clears:,} in {place}." if step.clears else f" ({place})."
        yield f"{number}. {code(step.command)}{clears} {quoted(step.text)}"


def tables(figures: Figures) -> Iterator[str]:
    for title, groups in (
        ("rule", figures.rules), ("symbol", figures.symbols), ("folder", figures.folders), ("owner", figures.owners)
    ):  # fmt: skip
        if groups:
            yield from table(title, groups)


def table(title: str, groups: Sequence[Group]) -> Iterator[str]:
    yield from ("", "<details>", f"<summary>By {title}</summary>", "")
    yield f"| {title} | findings | {' | '.join(kind.title for kind in Kind)} |"
    yield "|---|---:|" + "---:|" * len(Kind)
    for group in groups[:MOST_ROWS]:
        name = code(group.name) + (f" {group.title}" if group.title else "")
        yield f"| {name} | {group.tally.total:,} | {' | '.join(f'{group.tally.of(kind):,}' for kind in Kind)} |"
    if len(groups) > MOST_ROWS:
        yield f"| … {len(groups) - MOST_ROWS:,} more | | {'| ' * len(Kind)}"
    yield from ("", "</details>")


def quoted(text: str) -> str:
    """Return text that Markdown takes for nothing else."""
    return SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """Return text as a span of code, which nothing in it can end."""
    flat = " ".join(text.split()).replace("|", "\\|")
    ticks = "`" * (max((len(one) for one in re.findall("`+", flat)), default=0) + 1)
    return f"{ticks}{flat}{ticks}" if "`" not in flat else f"{ticks} {flat} {ticks}"
