"""Options of a run: [tool.cudafix] in pyproject.toml or cudafix.toml, under the command line's flags."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from cudafix.row import BACKENDS

RUNTIME_MODULE = "cudafix.runtime"
OLDEST_TORCH = (2, 4)


class ConfigError(Exception):
    """A setting that cannot be right; the text names the file and the key."""


class Route(Enum):
    RUNTIME = "runtime"
    ACCELERATOR = "accelerator"


BASELINE = "cudafix-baseline.json"
"""The file of known findings, where no other is named."""


AUTO = (0, 0)
"""What `target-torch = "auto"` is until the project's own requirement is read."""


@dataclass(frozen=True)
class Options:
    """What a run needs to know about one file.

    Attributes:
        select: code prefixes to report; empty means the default rules.
        extend_select: code prefixes in addition.
        ignore: code prefixes not to report.
        per_file_ignores: (glob, code prefixes) for the files that match.
        exclude: globs of files and folders that are left out; `default_exclude` when not given.
        extend_exclude: globs in addition.
        force_exclude: leave excluded files out even when they are named on the command line.
        route: which neutral form fixes use.
        runtime_module: where the neutral functions are imported from.
        target_torch: the oldest torch that the rewritten code must run with.
        targets: (symbol, dotted name of the project's own function) for those that replace a neutral function.
        backend_predicates: (name or dotted name of a function or flag, the backend that it asks for).
        flush_methods: the methods that flush a cache, for the rule about repeated blocks of them.
        helper_name: what the method is called that takes the place of such blocks; made from the callers' if "".
        device_constant: what the constant is called that holds the type of the device, where a program needs it often.
        cache_dir: the folder for what earlier runs found; `.cudafix_cache` below `root` if "".
        slices: look at slices of files where the rules allow that (no setting: the findings are the same).
        require_reason: a suppression must say why.
        baseline: the file of findings that are known, for `check`; none if "".
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
    targets: tuple[tuple[str, str], ...] = ()
    backend_predicates: tuple[tuple[str, str], ...] = ()
    flush_methods: tuple[str, ...] = ("flush_cache",)
    helper_name: str = ""
    device_constant: str = "DEVICE_TYPE"
    cache_dir: str = ""
    require_reason: bool = False
    baseline: str = ""
    slices: bool = True
    edits: bool = True
    statements: bool = False
    root: Path = Path()

    @property
    def words(self) -> tuple[str, ...]:
        """The names in the settings that a file may say."""
        dotted = [name for pair in self.targets for name in pair] + [name for name, _ in self.backend_predicates]
        names = [one.rpartition(".")[2] for one in dotted]
        return (*names, *((self.helper_name,) if self.helper_name else ()), self.device_constant)


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
        base = load(overrides.config.resolve(), required=True)
        base = replace(base, root=Path.cwd()) if base else None
    elif not overrides.isolated:
        base = closest(folder.resolve())
    options = replace(base or Options(root=Path.cwd()), **overrides.settings)
    return replace(options, target_torch=required(options.root)) if options.target_torch == AUTO else options


def required(root: Path) -> tuple[int, int]:
    """Return the oldest torch that a project asks for, or the oldest that neutral code can run with."""
    from cudafix.torch_requirement import oldest_torch  # not at the top: few settings ask for it

    return max(oldest_torch(root) or OLDEST_TORCH, OLDEST_TORCH)


@cache
def closest(folder: Path) -> Options | None:
    for candidate in (folder / "cudafix.toml", folder / "pyproject.toml"):
        found = load(candidate)
        if found is not None:
            return found
    return closest(folder.parent) if folder.parent != folder else None


@cache
def load(path: Path, required: bool = False) -> Options | None:
    """Read one configuration file; None when it is not there or says nothing about cudafix."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise ConfigError(f"{path}: no such configuration file") from None
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
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
    return replace(Options(root=path.parent), **read_settings(table, str(path)))


def parse(text: str, path: Path, required: bool) -> Mapping[str, Any] | None:
    """Parse TOML; None for a project's file that is wrong, and is not about us.

    Raises:
        ConfigError: for another that is wrong.
    """
    if sys.version_info >= (3, 11):  # not at the top: most projects have no settings, and a hook has no time
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if path.name == "pyproject.toml" and not required and "tool.cudafix" not in text:
            return None
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error


def find_table(document: Mapping[str, Any]) -> object:
    tools = document.get("tool")
    return tools.get("cudafix") if isinstance(tools, Mapping) else None


def read_settings(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Turn a table with kebab-case keys into fields of Options."""
    settings = {}
    for key, value in table.items():
        reader = READERS.get(key)
        if reader is None:
            raise ConfigError(f"{where}: unknown setting `{key}`{suggestion(key, READERS)}")
        try:
            settings[key.replace("-", "_")] = reader(value)
        except ConfigError as error:
            raise ConfigError(f"{where}: setting `{key}`: {error}") from None
    return settings


def suggestion(word: str, known: Iterable[str]) -> str:
    import difflib  # not at the top: see `parse`

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def read_strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise ConfigError(f"expected a list of strings, got {value!r}")
    if not all(isinstance(one, str) for one in value):
        raise ConfigError(f"expected a list of strings, got {value!r}")
    return tuple(value)


def read_codes(value: object) -> tuple[str, ...]:
    """Read code prefixes, separated by commas on the command line; `ALL` and rule names are understood too."""
    from cudafix.rules import RULES

    names = {rule.name: rule.code for rule in RULES}
    codes = []
    for entry in read_strings(value):
        for one in filter(None, (part.strip() for part in entry.split(","))):
            code = "CFX" if one.upper() == "ALL" else names.get(one, one.upper())
            if not any(rule.code.startswith(code) for rule in RULES):
                raise ConfigError(f"no rule has the code `{one}`{suggestion(one, [*names, *names.values()])}")
            codes.append(code)
    return tuple(codes)


def read_per_file(value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table of globs, got {value!r}")
    return tuple((str(glob), read_codes(codes)) for glob, codes in value.items())


def read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"expected true or false, got {value!r}")
    return value


def read_route(value: object) -> Route:
    try:
        return Route(value)
    except ValueError:
        raise ConfigError(f"expected one of {', '.join(one.value for one in Route)}, got {value!r}") from None


def read_module(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", value):
        raise ConfigError(f"expected a dotted module name, got {value!r}")
    return value


def read_text(value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"expected a string, got {value!r}")
    return value


def read_name(value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise ConfigError(f"expected a name, got {value!r}")
    return value


def read_names(value: object) -> tuple[str, ...]:
    return tuple(read_name(one) for one in read_strings(value))


def read_table(value: object) -> tuple[tuple[str, str], ...]:
    """Read a table of dotted names."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table, got {value!r}")
    return tuple((read_module(key), read_module(one)) for key, one in value.items())


def read_targets(value: object) -> tuple[tuple[str, str], ...]:
    """Read `"torch.cuda.empty_cache" = "mypkg.device.empty_cache"`; the symbol must be one that has a neutral form."""
    from cudafix.symbols import look_up

    pairs = []
    for symbol, target in read_table(value):
        known = look_up(symbol)
        if known is None or not known.row.has_neutral_form or known.rest or known.row.name == "":
            raise ConfigError(f"`{symbol}` is no function of a backend that has a neutral form")
        if "." not in target:
            raise ConfigError(f"`{target}` names no module: expected `package.module.function`")
        pairs.append((known.name, target))
    return tuple(pairs)


def read_predicates(value: object) -> tuple[tuple[str, str], ...]:
    pairs = read_table(value)
    for name, backend in pairs:
        if backend not in BACKENDS:
            raise ConfigError(f"`{name}` asks for {backend!r}, which is none of {', '.join(BACKENDS)}")
    return pairs


def read_version(value: object) -> tuple[int, int]:
    if value == "auto":
        return AUTO
    match = re.fullmatch(r"(\d+)\.(\d+)(?:\.\d+)*", value) if isinstance(value, str) else None
    if match is None:
        raise ConfigError(f'expected a torch version such as "2.9", or "auto", got {value!r}')
    version = int(match[1]), int(match[2])
    if version < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        raise ConfigError(f"torch {value} is older than {oldest}, the oldest that neutral code can run with")
    return version


READERS = {
    "select": read_codes,
    "extend-select": read_codes,
    "ignore": read_codes,
    "per-file-ignores": read_per_file,
    "exclude": read_strings,
    "extend-exclude": read_strings,
    "force-exclude": read_flag,
    "route": read_route,
    "runtime-module": read_module,
    "target-torch": read_version,
    "targets": read_targets,
    "backend-predicates": read_predicates,
    "flush-methods": read_names,
    "helper-name": read_name,
    "device-constant": read_name,
    "cache-dir": read_text,
    "baseline": read_text,
    "require-reason": read_flag,
}
INTERNAL = {"root", "slices", "edits", "statements"}
assert {key.replace("-", "_") for key in READERS} == {field.name for field in fields(Options)} - INTERNAL
