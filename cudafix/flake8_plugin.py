"""Findings in flake8, with cudafix's codes: `flake8 --enable-extensions CFX`.

The plugin is off where it is not asked for, so that who runs `cudafix check` beside flake8 hears everything once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from cudafix.config.options import Overrides, options_for
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.formats.places import sentence
from cudafix.version import __version__

Violation = tuple[int, int, str, type]
"""What flake8 takes: row, column, text, and the plugin that says it."""


class Plugin:
    """What flake8 makes for each file, and asks for its findings."""

    name = "cudafix"
    version = __version__
    off_by_default = True

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self.path = filename
        self.text = "".join(lines)

    def run(self) -> Iterator[Violation]:
        """Yield row, column (from 0 on) and text of each finding; flake8 itself looks at `# noqa`."""
        options = options_for(Path(self.path).parent, Overrides({}))
        result = process(
            Source(self.path, self.text.encode("utf-8", "surrogatepass")), options, Work(Mode.CHECK, unsafe=True)
        )
        for finding in result.findings:
            yield finding.start.row, finding.start.column - 1, f"{finding.code} {sentence(finding)}", type(self)
