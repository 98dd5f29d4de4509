"""`check --add-noqa` and `--add-ignore`: a comment for each finding of today, so that the next check has none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from cudafix.commands.conventions import CLEAN, ERROR
from cudafix.commands.session import Session
from cudafix.engine.discover import PathError
from cudafix.engine.one_file import failed, one_line, write_or_say
from cudafix.engine.work import Mode
from cudafix.files.ordinary import DATA, read_ordinary
from cudafix.files.source import HOLD_MODULES, digest
from cudafix.formats.summary import plural
from cudafix.model import Finding, Result
from cudafix.suppressions.insertion import NOT_TO_SILENCE, Style, add_suppressions
from cudafix.syntax.python_parser import is_same_code


class SuppressSession(Session):
    remembers = True

    def __init__(self, flags: dict[str, Any], style: Style) -> None:
        super().__init__(flags, Mode.CHECK, unsafe=True)
        self.style = style
        self.digests: dict[str, str] = {}
        """What the files held in which the findings are, by path."""

    def run(self) -> int:
        if self.reads_stdin:
            raise PathError("- (standard input) cannot be given comments")
        self.run_paths()
        done = 0
        for path, same in groupby(self.total.findings, key=lambda one: one.path):
            findings = [one for one in same if one.code not in NOT_TO_SILENCE]
            done += len(findings) if findings and self.add(path, findings) else 0
        click.echo(f"Silenced {plural(done, 'finding')} by comments.")
        return ERROR if self.total.failed else CLEAN

    def take(self, result: Result) -> None:
        self.digests[result.path] = result.digest
        super().take(result)

    def add(self, path: str, findings: Sequence[Finding]) -> bool:
        """Write the file with its comments; whether that went well."""
        if path.endswith(HOLD_MODULES):
            self.take(failed(path, "left as it was: comments are not written into notebooks and documents"))
            return False
        try:
            old = read_ordinary(path, DATA)
            if digest(old) != self.digests[path]:
                self.take(failed(path, "left as it was: somebody else changed it meanwhile"))
                return False
            new = add_suppressions(old, findings, self.style)
            if not is_same_code(new, old):
                raise SyntaxError("a comment would change the code")
        except (SyntaxError, UnicodeError, OSError) as error:
            self.take(failed(path, f"left as it was: {one_line(error)}"))
            return False
        failure = write_or_say(path, old, new, self.options_for(Path(path).parent).root, self.tops)
        if failure is not None:
            self.take(failure)
        return failure is None
