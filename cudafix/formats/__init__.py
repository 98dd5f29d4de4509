"""Results → output, one file per format or family of formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TextIO

from cudafix.model import Finding

Reporter = Callable[[Sequence[Finding], TextIO, bool], None]
"""Write the findings to a stream; the flag says whether colour and source excerpts are wanted."""


@dataclass(frozen=True)
class Format:
    """Where the reporter of a format is, and what it wants to know of a finding.

    Attributes:
        module, function: the reporter; it is loaded when it is needed.
        for_people: a summary follows it, and what stderr has said is not said again.
        edits: the text of each fix is wanted.
        statements: the statement that a finding stands in is wanted, for a fingerprint.
        in_cells: places in a notebook are those in its cells; else those in the document itself.
    """

    module: str
    function: str = "report"
    for_people: bool = False
    edits: bool = False
    statements: bool = False
    in_cells: bool = False

    @property
    def reporter(self) -> Reporter:
        found: Reporter = getattr(import_module(f"cudafix.formats.{self.module}"), self.function)
        return found


FORMATS = {
    "text": Format("text", for_people=True, in_cells=True),
    "concise": Format("text", "report_concise", for_people=True, in_cells=True),
    "grouped": Format("text", "report_grouped", for_people=True, in_cells=True),
    "json": Format("json_", edits=True, in_cells=True),
    "jsonl": Format("json_", "report_lines", edits=True, in_cells=True),
    "github": Format("commands", "report_github"),
    "azure": Format("commands", "report_azure"),
    "pylint": Format("commands", "report_pylint"),
    "gitlab": Format("gitlab", statements=True),
    "sarif": Format("sarif", edits=True, statements=True),
    "junit": Format("junit"),
    "rdjson": Format("rdjson", edits=True),
}
