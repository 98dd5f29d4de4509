"""`fix --patches FOLDER`: what the fixes would change, as patches of a size for one review; nothing else is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TextIO

import click

from cudafix.commands.conventions import FlagError
from cudafix.commands.patch_split import Patch, Split, split
from cudafix.commands.session import Session
from cudafix.engine.discover import PathError
from cudafix.engine.work import Mode
from cudafix.files.output import one_line, write_new
from cudafix.files.owners import load_owners
from cudafix.formats.places import root
from cudafix.formats.summary import plural
from cudafix.formats.text import printable


class PatchSession(Session):
    def __init__(self, flags: dict[str, Any], unsafe: bool, folder: Path, by: Split) -> None:
        super().__init__(flags, Mode.DIFF, unsafe, edits=by is Split.RULE)
        self.folder = folder
        self.by = by
        if self.reads_stdin:
            raise PathError("- (standard input) cannot be split into patches")
        with one_line(str(folder)):
            if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
                raise FlagError(f"{folder}: patches are written to an empty folder, or to a new one")

    def report(self, stream: TextIO) -> None:
        patches = split(self.total.changed, self.by, load_owners(root()))
        with one_line(str(self.folder)):
            write_new(self.folder, {patch.name: patch.data for patch in patches})
        for patch in patches:
            click.echo(printable(self.line(patch)), file=stream)

    def line(self, patch: Patch) -> str:
        count = f"{plural(patch.findings, 'finding')} in {plural(patch.files, 'file')}"
        return f"{os.path.join(self.folder, patch.name)}: {count}"
