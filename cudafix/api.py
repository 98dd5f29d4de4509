"""cudafix as a library: texts or files in, what is found and new texts out. Nothing is written."""

from __future__ import annotations

import io
import os
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from cudafix.config.options import Overrides, forget, options_for
from cudafix.config.settings import read_settings
from cudafix.engine.discover import discover
from cudafix.engine.many_files import run_cached
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import HOLD_MODULES, Source
from cudafix.model import Finding, Position, Problem, Result

Text = TypeVar("Text", str, bytes)
PATH = "source.py"
"""The name of a file that nobody has named."""


@dataclass(frozen=True)
class Checked:
    """What a check says of one file; it can be pickled.

    Attributes:
        findings: what is found, in the order of the file; a fix holds its edits.
        problems: why the file, or a part of it, could not be analysed; there are no findings then.
    """

    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class CheckedPaths(Checked):
    """What a check says of files and folders; it can be pickled.

    Attributes:
        findings: what is found, in the order of files and places.
        problems: why files, or parts of them, could not be analysed, or why folders hold files that git ignores.
        files: how many were looked at.
    """

    files: int


@dataclass(frozen=True)
class Fixed(Generic[Text]):
    """What a fix makes of one file; it can be pickled.

    Attributes:
        source: the new text, of the type that was given, and equal to that where nothing changes.
        fixed: the findings that `source` has no more.
        findings: those that remain.
        problems: why the file could not be analysed, or was left as it was.
    """

    source: Text
    fixed: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


def check_source(source: str | bytes, path: str = PATH, settings: Mapping[str, Any] | None = None) -> Checked:
    """Say what `cudafix check` finds in a file.

    Args:
        source: what the file holds; a text stands for the bytes that its coding declaration makes of it.
        path: the name of the file, for findings and settings for some files; it need not exist. Its end says what it
            is: a module, a notebook (.ipynb), or a document (.md, .rst: with `{"code-blocks": True}`).
        settings: the keys of `[tool.cudafix]` and what TOML makes of their values. Configuration files are not read.

    Raises:
        ConfigError: for a setting that cannot be right. Nothing is raised for what the file holds.
    """
    result = run(source, path, settings, Mode.CHECK, unsafe=True)
    return Checked(result.findings, result.problems)


def check_paths(
    paths: Iterable[str | Path],
    settings: Mapping[str, Any] | None = None,
    *,
    isolated: bool = False,
    processes: int = 1,
) -> CheckedPaths:
    """Say what `cudafix check PATHS` finds. Nothing is written, no cache either, so that many can be mapped at once.

    Args:
        paths: files and folders; what is excluded, or ignored by git, is left out below folders.
        settings: the keys of `[tool.cudafix]`; they stand before those of the configuration files.
        isolated: read no configuration files.
        processes: how many work on it; one is this process.

    Raises:
        ConfigError: for a setting that cannot be right, here or in a configuration file.
        PathError: for a path that is not there. Nothing is raised for what a file holds.
    """
    forget()
    overrides = Overrides(read_settings(settings or {}, "settings") | {"edits": True}, isolated=isolated)
    unlisted: list[Problem] = []
    jobs = list(
        discover(
            [os.fspath(one) for one in paths],
            lambda folder: options_for(folder, overrides),
            warn=lambda name, text: unlisted.append(Problem(name, text)),
        )
    )
    results = list(run_cached(jobs, None, Work(Mode.CHECK, unsafe=True), processes))
    findings = tuple(finding for result in results for finding in result.findings)
    problems = tuple(problem for result in results for problem in result.problems)
    return CheckedPaths(findings, (*unlisted, *problems), len(results))


def fix_source(
    source: Text, path: str = PATH, settings: Mapping[str, Any] | None = None, *, unsafe_fixes: bool = False
) -> Fixed[Text]:
    """Return what `cudafix fix` makes of a file, all or, where it cannot be done, nothing of it.

    Args:
        source: see `check_source`.
        path: see `check_source`.
        settings: see `check_source`.
        unsafe_fixes: apply the fixes that may change what the code does, too.

    Raises:
        ConfigError: for a setting that cannot be right.
    """
    result = run(source, path, settings, Mode.FIX, unsafe_fixes)
    new = source
    if result.new_bytes is not None:
        new = result.new_bytes.decode(encoding_of(source, path)) if isinstance(source, str) else result.new_bytes
    return Fixed(new, result.fixed, result.findings, result.problems)


def run(source: str | bytes, path: str, settings: Mapping[str, Any] | None, mode: Mode, unsafe: bool) -> Result:
    options = options_for(Path(), Overrides(read_settings(settings or {}, "settings"), isolated=True))
    try:
        data = source.encode(encoding_of(source, path)) if isinstance(source, str) else source
    except UnicodeEncodeError as error:
        before = error.object[: error.start]
        place = Position(before.count("\n") + 1, error.start - before.rfind("\n"))
        message = f"cannot be encoded as {error.encoding}: {error.object[error.start]!a}"
        return Result(path, problems=(Problem(path, message, place, fatal=True),))
    return process(Source(path, data), options, Work(mode, unsafe))


def encoding_of(text: str, path: str) -> str:
    """Return the encoding that a module declares; UTF-8 for what is none, or declares one that Python does not know."""
    if path.endswith(HOLD_MODULES):
        return "utf-8"
    try:
        name, _ = tokenize.detect_encoding(io.BytesIO(text.encode("utf-8", "surrogatepass")).readline)
    except SyntaxError:
        return "utf-8"
    return name.removesuffix("-sig")  # the mark itself is part of the text
