"""Options of a run: [tool.cudafix] in pyproject.toml or cudafix.toml, under the command line's flags."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cudafix.config.settings import (
    AUTO,
    NEW,
    OLDEST_TORCH,
    READERS,
    RUNTIME_MODULE,
    ConfigError,
    Route,
    is_other,
    read_settings,
)
from cudafix.config.targets import Entry
from cudafix.config.toml import parse_toml
from cudafix.files.ordinary import SETTINGS, read_text, reason
from cudafix.files.paths import is_inside

INTERNAL = {"root", "slices", "groups", "edits", "statements"}
"""The options that are no settings."""


@dataclass(frozen=True)
class Options:
    """What a run needs to know about one file.

    Attributes:
        select: code prefixes to report; empty means the default rules.
        extend_select: code prefixes in addition.
        ignore: code prefixes not to report.
        per_file_ignores: (glob, code prefixes) for the files that match.
        exclude: globs of files and folders that are left out; `.git`, `.venv`, `build` and the like when not given.
        extend_exclude: globs in addition.
        force_exclude: leave excluded files out even when they are named on the command line.
        route: which neutral form fixes use.
        runtime_module: where the neutral functions are imported from.
        target_torch: the oldest torch that the rewritten code must run with.
        preset: the published project whose own helpers fixes use, "" for none.
        targets: what the project's own code has in the place of a function; the first that fits counts.
        backend_predicates: (name or dotted name of a function or flag, the backend that it asks for).
        flush_methods: the methods that flush a cache, for the rule about repeated blocks of them.
        helper_name: what the method is called that takes the place of such blocks; made from the callers' if "".
        device_constant: what the constant is called that holds the type of the device, where a program needs it often.
        cache_dir: the folder for what earlier runs found, inside of the project; `.cudafix_cache` if "".
        slices: look at slices of files where the rules allow that (no setting: the findings are the same).
        groups: hold back what would leave half of a thing on CUDA (no setting: off where each fix is tried by itself).
        require_reason: a suppression must say why.
        baseline: the file of findings that are known, for `check`; none if "".
        gate: which findings count that a baseline does not know: all, or those of rules that it knows none of any more.
        code_blocks: look at the code in documents and docstrings as well.
        edits: work out the text of each fix, for those who show it (no setting: nobody does in plain text).
        statements: say of each finding in which statement it stands (no setting: for a baseline).
        root: the folder that globs are relative to.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    route: Route = Route.RUNTIME
    runtime_module: str = RUNTIME_MODULE
    target_torch: tuple[int, int] = OLDEST_TORCH
    preset: str = ""
    targets: tuple[Entry, ...] = ()
    backend_predicates: tuple[tuple[str, str], ...] = ()
    flush_methods: tuple[str, ...] = ("flush_cache",)
    helper_name: str = ""
    device_constant: str = "DEVICE_TYPE"
    cache_dir: str = ""
    require_reason: bool = False
    baseline: str = ""
    gate: str = NEW
    code_blocks: bool = False
    slices: bool = True
    groups: bool = True
    edits: bool = True
    statements: bool = False
    root: Path = Path()

    @property
    def words(self) -> tuple[str, ...]:
        """The names in the settings that a file may say."""
        dotted = [entry.symbol for entry in self.targets] + [name for name, _ in self.backend_predicates]
        names = [one.rpartition(".")[2] for one in dotted]
        names += [name for entry in self.targets for name in (entry.target.name, *entry.target.attributes)]
        own = (*dict.fromkeys(names), *((self.helper_name,) if self.helper_name else ()), self.device_constant)
        return tuple(one for one in own if one.isidentifier())

    @cached_property
    def targets_by_symbol(self) -> Mapping[str, Sequence[Entry]]:
        """The targets by what they stand for, those for some files among them."""
        found: dict[str, list[Entry]] = {}
        for entry in self.targets:
            found.setdefault(entry.symbol, []).append(entry)
        return found

    @cached_property
    def replaced(self) -> tuple[str, ...]:
        """The dotted names of functions of the project, or of its libraries, that a target stands for."""
        return tuple(dict.fromkeys(one.symbol for one in self.targets if is_other(one.symbol)))


assert {key.replace("-", "_") for key in READERS} == {field.name for field in fields(Options)} - INTERNAL


@dataclass(frozen=True)
class Overrides:
    """What the command line says; None where it says nothing."""

    settings: Mapping[str, Any]
    config: Path | None = None
    isolated: bool = False


def options_for(folder: Path, overrides: Overrides) -> Options:
    """Return the options for the files in `folder`: the closest configuration under the command line's flags.

    Raises:
        ConfigError: for a file that cannot be read or a setting that cannot be right.
    """
    base = None
    if overrides.config is not None:
        base = load(Path(os.path.realpath(overrides.config)), required=True)
        base = replace(base, root=Path.cwd()) if base else None
        if base is not None:
            check_inside(base, overrides.config)
    elif not overrides.isolated:
        base = closest(Path(os.path.realpath(folder)))
    options = replace(base or Options(root=Path.cwd()), **overrides.settings)
    return replace(options, target_torch=required_torch(options.root)) if options.target_torch == AUTO else options


def required_torch(root: Path) -> tuple[int, int]:
    """Return the oldest torch that a project asks for, or the oldest that neutral code can run with."""
    from cudafix.config.torch_requirement import oldest_torch  # not at the top: few settings ask for it

    return max(oldest_torch(root) or OLDEST_TORCH, OLDEST_TORCH)


def forget() -> None:
    """Forget what was read of configurations: a file of them has changed."""
    from cudafix.config.torch_requirement import oldest_torch

    for known in (said_in, load, oldest_torch):
        known.cache_clear()


def closest(folder: Path) -> Options | None:
    """Return what the closest folder says that has a word to say: `folder`, or one above it."""
    return next((found for one in (folder, *folder.parents) if (found := said_in(one)) is not None), None)


@cache
def said_in(folder: Path) -> Options | None:
    """Return what the files of one folder say."""
    return load(folder / "cudafix.toml") or load(folder / "pyproject.toml")


@cache
def load(path: Path, required: bool = False) -> Options | None:
    """Read one configuration file; None when it is not there or says nothing about cudafix."""
    try:
        text = read_text(path, SETTINGS, "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        if not may_be_there(path, error):
            if required:
                raise ConfigError(f"{path}: no such configuration file") from None
            return None
        raise ConfigError(f"{path}: {reason(error)}") from error
    if path.name == "pyproject.toml" and "cudafix" not in text and "\\" not in text:
        return None
    document = parse(text, path, required)
    if document is None:
        return None
    table = find_table(document) if path.name == "pyproject.toml" else document
    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path}: `tool.cudafix` is not a table")
    try:
        options = replace(Options(root=path.parent), **read_settings(table, str(path)))
    except ValueError as error:  # a number with so many digits that Python does not show it
        raise ConfigError(f"{path}: {error}") from None
    check_inside(options, path)
    return options


def check_inside(options: Options, path: Path) -> None:
    """Complain about a configuration that has cudafix write outside of its project: who checks a tree may not own it.

    Raises:
        ConfigError: where it does.
    """
    if options.cache_dir and not is_inside(str(options.root / options.cache_dir), str(options.root)):
        where = f"{options.cache_dir!r} leads out of the project, where only --cache-dir may lead"
        raise ConfigError(f"{path}: setting `cache-dir`: {where}")


def may_be_there(path: Path, error: Exception) -> bool:
    """Whether there is a file that could not be read; what lies too deep, or may not be entered, is nobody's."""
    if isinstance(error, PermissionError):
        return os.access(path.parent, os.X_OK)
    is_too_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
    return not is_too_long and not isinstance(error, (FileNotFoundError, NotADirectoryError))


def parse(text: str, path: Path, required: bool) -> Mapping[str, Any] | None:
    """Parse TOML; None for a project's file that is wrong, and is not about us.

    Raises:
        ConfigError: for another that is wrong.
    """
    try:
        return parse_toml(text)
    except ValueError as error:
        if path.name == "pyproject.toml" and not required and "tool.cudafix" not in text:
            return None
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error


def find_table(document: Mapping[str, Any]) -> object:
    tools = document.get("tool")
    return tools.get("cudafix") if isinstance(tools, Mapping) else None
