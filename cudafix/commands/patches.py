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
from cudafix.files.owners import load_owners
from cudafix.formats.places import root
from cudafix.formats.summary import plural


class PatchSession(Session):
    def __init__(self, flags: dict[str, Any], unsafe: bool, folder: Path, by: Split) -> None:
        super().__init__(flags, Mode.DIFF, unsafe, edits=by is Split.RULE)
        self.folder = folder
        self.by = by
        if self.reads_stdin:
            raise PathError("- (standard input) cannot be split into patches")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FlagError(f"{folder}: patches are written to an empty folder, or to a new one")

    def report(self, stream: TextIO) -> None:
        patches = split(self.total.changed, self.by, load_owners(root()))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for patch in patches:
                Path(self.folder, patch.name).write_bytes(patch.data)
        except OSError as error:
            raise FlagError(f"{error.filename or self.folder}: cannot be written: {error.strerror}") from None
        for patch in patches:
            click.echo(self.line(patch), file=stream)

    def line(self, patch: Patch) -> str:
        count = f"{plural(patch.findings, 'finding')} in {plural(patch.files, 'file')}"
        return f"{os.path.join(self.folder, patch.name)}: {count}"
