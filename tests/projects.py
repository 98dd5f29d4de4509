"""The harness of tests about whole projects: what fixes make of a file that lies below a project's folder."""

from __future__ import annotations

from pathlib import Path

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source


def in_project(root: Path, path: str, source: str, **settings: object) -> str:
    """Return what all fixes make of a file of a project."""
    given = {key.replace("_", "-"): value for key, value in settings.items()}
    options = Options(root=root, **read_settings(given, "test"))
    result = process(Source(str(root / path), source.encode()), options, Work(Mode.FIX, unsafe=True))
    assert result.problems == ()
    return (result.new_bytes or source.encode()).decode()
