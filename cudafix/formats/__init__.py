"""Findings → output: one row for each format, one file for each format or family of formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TextIO, TypeAlias

if TYPE_CHECKING:
    from cudafix.model import Finding

Writer: TypeAlias = "Callable[[Sequence[Finding], TextIO, bool], None]"
"""Write the findings to a stream; the flag says whether colour and source excerpts are wanted."""


@dataclass(frozen=True)
class Format:
    """Where a format is written, and what it wants to know of a finding.

    Attributes:
        module, function: what writes it; loaded when it is needed.
        for_people: a summary follows it, and what stderr has said is not said again.
        edits: the text of each fix is wanted.
        statements: the statement that a finding stands in is wanted, for a fingerprint.
        in_cells: places in a notebook are those in its cells; else those in the document itself.
    """

    module: str
    function: str = "write"
    for_people: bool = False
    edits: bool = False
    statements: bool = False
    in_cells: bool = False

    @property
    def writer(self) -> Writer:
        found: Writer = getattr(import_module(f"cudafix.formats.{self.module}"), self.function)
        return found


FORMATS = {
    "text": Format("text", for_people=True, in_cells=True),
    "concise": Format("text", "write_concise", for_people=True, in_cells=True),
    "grouped": Format("text", "write_grouped", for_people=True, in_cells=True),
    "json": Format("json_", edits=True, in_cells=True),
    "jsonl": Format("json_", "write_lines", edits=True, in_cells=True),
    "github": Format("ci_commands", "write_github"),
    "azure": Format("ci_commands", "write_azure"),
    "pylint": Format("ci_commands", "write_pylint"),
    "gitlab": Format("gitlab", statements=True),
    "sarif": Format("sarif", edits=True, statements=True),
    "junit": Format("junit"),
    "rdjson": Format("rdjson", edits=True),
}
