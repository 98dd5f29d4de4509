"""Figures and findings → one HTML page that needs nothing else; the list of findings is in it as data."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cudafix.formats.places import sentence
from cudafix.model import Finding
from cudafix.report.chart import chart
from cudafix.report.figures import NOBODY, Figures, Group, Kind, Tally, counted, kind_of
from cudafix.report.history import changes
from cudafix.report.treemap import Tile, tiles

FOLDER = Path(__file__).parent
HOLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Page:
    """What a page is made of.

    Attributes:
        findings: all, with the paths that the figures have.
        owners: of each path.
        link: where a line is shown, with `{path}` and `{line}` in it.
        history: earlier figures, the oldest first.
    """

    figures: Figures
    findings: Sequence[Finding]
    owners: Mapping[str, Sequence[str]]
    link: str
    history: Sequence[Figures] = ()

    @property
    def html(self) -> str:
        script, style = (read(name) for name in ("page.js", "page.css"))
        parts = {
            "title": escape(self.figures.title),
            "policy": f"default-src 'none'; script-src {digest(script)}; style-src 'unsafe-inline'; img-src data:",
            "style": style,
            "script": script,
            "summary": "\n".join(self.summary()),
            "steps": "\n".join(self.steps()),
            "trend": "\n".join(self.trend()),
            "map": "\n".join(tile_link(one) for one in tiles(self.figures.folders)),
            "tables": "\n".join(self.tables()),
            "figures": as_data(self.figures.as_object()),
            "findings": as_data(self.listing()),
            "foot": escape(self.foot()),
        }
        return HOLE.sub(lambda found: parts[found[1]], read("page.html"))

    def summary(self) -> Iterator[str]:
        figures = self.figures
        total = figures.total.total
        unread = f" {counted(figures.unreadable, 'file')} could not be analysed." if figures.unreadable else ""
        noun = "finding" if total == 1 else "findings"
        yield (
            f'<p class="lead"><strong>{total:,}</strong> {noun} in {figures.affected:,} of '
            f"{counted(figures.files, 'file')}, "
            f"<strong>{figures.total.share:.0%}</strong> automatic.{unread}</p>"
        )
        if not total:
            return
        yield f'<div class="bar" aria-hidden="true">{bar(figures.total)}</div>'
        yield '<ul class="kinds">'
        for kind in Kind:
            count = figures.total.of(kind)
            yield (
                f'<li><span class="key {kind.value}"></span><a href="#findings&amp;kind={kind.value}">{kind.title}</a> '
                f"<strong>{count:,}</strong> ({count / total:.0%})</li>"
            )
        yield "</ul>"

    def steps(self) -> Iterator[str]:
        if not self.figures.steps:
            yield "<p>Nothing is left to do.</p>"
            return
        yield '<ol class="steps">'
        for step in self.figures.steps:
            place = counted(step.files, "file")
            clears = f"<strong>Clears {step.clears:,}</strong> in {place}." if step.clears else f"In {place}."
            yield (
                f'<li><div class="command"><code>{escape(step.command)}</code>'
                f'<button type="button" data-copy>Copy</button></div>'
                f"<p>{clears} {escape(step.text)}</p></li>"
            )
        yield "</ol>"

    def trend(self) -> Iterator[str]:
        if not self.history:
            return
        first, now = self.history[0], self.figures
        yield '<section id="trend"><h2>How far it has come</h2>'
        yield chart([*self.history, now])
        yield f"<h3>Since {escape(first.created[:10])}</h3>"
        rows = [
            row(f"{rule.name} {rule.title}", [rule.before.total, rule.now.total, rule.now.total - rule.before.total])
            for rule in changes(first, now)
        ]
        yield table("changes", "What became of each rule", ["rule", "then", "now", "change"], rows)
        yield "</section>"

    def tables(self) -> Iterator[str]:
        figures = self.figures
        for key, title, groups in (
            ("code", "By rule", figures.rules),
            ("symbol", "By symbol", figures.symbols),
            ("folder", "By folder", figures.folders),
            ("owner", "By owner", figures.owners),
        ):
            if groups:
                heads = [title.removeprefix("By "), "findings", *(kind.title for kind in Kind)]
                body = [group_row(key, one) for one in groups]
                yield f'<section id="by-{key}"><h2>{title}</h2>{table(key, title, heads, body)}</section>'

    def listing(self) -> dict[str, Any]:
        """Return the findings in a form that is short: texts that repeat stand once."""
        texts, paths = Numbers(), Numbers()
        rows = [
            [
                paths.number(finding.path), finding.start.cell, finding.start.row, finding.start.column,
                texts.number(finding.code), texts.number(kind_of(finding).value), texts.number(finding.symbol),
                texts.number(sentence(finding)), texts.number(finding.reason),
            ]
            for finding in self.findings
        ]  # fmt: skip
        has_owners = any(self.owners.values())
        owners = [list(self.owners.get(one) or (NOBODY,)) if has_owners else [] for one in paths]
        return {
            "texts": list(texts),
            "paths": list(paths),
            "owners": owners,
            "rows": rows,
            "link": self.link,
            "kinds": {kind.value: kind.title for kind in Kind},
        }

    def foot(self) -> str:
        figures = self.figures
        commit = f" at {figures.commit[:12]}" if figures.commit else ""
        codes = ", ".join(figures.select) or "the rules that are on"
        return f"{figures.created.replace('T', ' ')}{commit} · cudafix {figures.cudafix} · {codes}"


class Numbers(dict[str, int]):
    """Texts that repeat, each with the number by which it came."""

    def number(self, text: str) -> int:
        return self.setdefault(text, len(self))


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """Return what lets this script run, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def as_data(value: Any) -> str:
    """Return JSON that no text in it can end, whatever the HTML around it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def bar(tally: Tally) -> str:
    widths = ((kind, 100 * tally.of(kind) / tally.total) for kind in Kind)
    return "".join(f'<span class="{kind.value}" style="width:{width:.2f}%"></span>' for kind, width in widths)


def tile_link(tile: Tile) -> str:
    last = tile.folder.rpartition("/")[2] or tile.folder
    name, label = (f"{text}/*" if tile.is_rest else text for text in (tile.folder, last))
    share, count, box = tile.tally.share, tile.tally.total, tile.box
    place = f"left:{box.left:.3f}%;top:{box.top:.3f}%;width:{box.width:.3f}%;height:{box.height:.3f}%"
    said = escape(f"{name}: {count:,} findings, {share:.0%} automatic")
    return (
        f'<a class="tile share{min(4, int(share * 5))}" href="#findings&amp;folder={escape(address(tile.folder))}" '
        f'style="{place}" title="{said}" aria-label="{said}"><span>{escape(label)}</span><small>{count:,}</small></a>'
    )


def address(text: str) -> str:
    """Return a text for the part of an address behind `#`."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="/")


def group_row(key: str, group: Group) -> str:
    name = f'<a href="#findings&amp;{key}={escape(address(group.name))}">{escape(group.name)}</a>'
    title = f" <small>{escape(group.title)}</small>" if group.title else ""
    counts = [group.tally.total, *(group.tally.of(kind) for kind in Kind)]
    return row(group.name, counts, f"{name}{title}")


def row(name: str, counts: Sequence[int], shown: str = "") -> str:
    cells = "".join(f'<td data-value="{count}">{count:,}</td>' for count in counts)
    return f'<tr><th scope="row" data-value="{escape(name)}">{shown or escape(name)}</th>{cells}</tr>'


def table(key: str, title: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table whose columns can be sorted; the largest come first."""
    cells = "".join(
        f'<th scope="col"><button type="button" data-sort="{number}">{escape(head)}</button></th>'
        for number, head in enumerate(heads)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}"><table data-table="{key}">'
        f'<caption class="hidden">{escape(title)}</caption><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
