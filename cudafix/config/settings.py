"""What the settings of `[tool.cudafix]` may say: a reader for each key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from cudafix.catalogue.backends import BACKENDS
from cudafix.config.names import fault_of_module, fault_of_name
from cudafix.config.targets import Entry, TargetError, read_target
from cudafix.errors import UserError
from cudafix.registry import RULES

RUNTIME_MODULE = "cudafix.runtime"
OLDEST_TORCH = (2, 4)
"""The oldest torch that neutral code can run with."""

AUTO = (0, 0)
"""What `target-torch = "auto"` is until the project's own requirement is read."""

NEW, MIGRATED = GATES = ("new", "migrated")
"""What fails where there is a baseline: all that it does not know, or that of rules of which it knows no finding."""

TABLES = ("targets", "per_file_ignores", "backend_predicates")
"""The settings that are put together with those of a preset, where others take their place."""


class ConfigError(UserError):
    """A setting that cannot be right; the text names the file and the key."""


class Route(Enum):
    """Which neutral forms fixes use where no target tells: the runtime's; torch's own, else the runtime's; torch's own
    only; none.
    """

    RUNTIME = "runtime"
    ACCELERATOR = "accelerator"
    TORCH = "torch"
    TARGETS = "targets"

    @property
    def has_runtime(self) -> bool:
        return self in (Route.RUNTIME, Route.ACCELERATOR)


def read_settings(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Turn a table with kebab-case keys into fields of Options; those of a preset stand behind the table's own."""
    settings: dict[str, Any] = {}
    for key, value in table.items():
        reader = READERS.get(key)
        if reader is None:
            raise ConfigError(f"{where}: unknown setting `{key}`{suggestion(key, READERS)}")
        try:
            settings[key.replace("-", "_")] = reader(value)
        except ConfigError as error:
            raise ConfigError(f"{where}: setting `{key}`: {error}") from None
    return with_preset(settings) if settings.get("preset") else settings


def with_preset(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings over those of their preset; tables are put together, and the first that fits counts."""
    from cudafix.config.presets import PRESETS

    preset = read_settings(PRESETS[settings["preset"]], "preset")
    together = {key: (*settings.get(key, ()), *preset.get(key, ())) for key in TABLES}
    return {**preset, **settings, **together}


def suggestion(word: str, known: Iterable[str]) -> str:
    import difflib  # not at the top: only a wrong word needs it

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
    names = {rule.name: rule.code for rule in RULES}
    codes = []
    for entry in read_strings(value):
        for word in filter(None, (part.strip() for part in entry.split(","))):
            code = "CFX" if word.upper() == "ALL" else names.get(word, word.upper())
            if not any(rule.code.startswith(code) for rule in RULES):
                raise ConfigError(f"no rule has the code `{word}`{suggestion(word, [*names, *names.values()])}")
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
    if fault := fault_of_module(value):
        raise ConfigError(f"expected a dotted module name, and {fault}")
    return value


def read_text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ConfigError(f"expected a string, got {value!r}")
    return value


def read_name(value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise ConfigError(f"expected a name, got {value!r}")
    if fault := fault_of_name(value):
        raise ConfigError(f"expected a name, and {fault}")
    return value


def read_names(value: object) -> tuple[str, ...]:
    return tuple(read_name(one) for one in read_strings(value))


def read_table(value: object) -> tuple[tuple[str, str], ...]:
    """Read a table of dotted names."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table, got {value!r}")
    return tuple((read_module(key), read_module(one)) for key, one in value.items())


def read_targets(value: object, glob: str = "") -> tuple[Entry, ...]:
    """Read `"torch.cuda.empty_cache" = "mypkg.device.empty_cache"`, or a glob with a table of such for some files."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table, got {value!r}")
    for_some: list[Entry] = []
    single: list[Entry] = []
    groups: list[Entry] = []
    for key, target in value.items():
        if isinstance(target, Mapping) and not glob:
            for_some += read_targets(target, str(key))
        elif isinstance(target, str):
            (single if "." in str(key) else groups).extend(read_entries(str(key), target, glob))
        else:
            raise ConfigError(f"`{key}`: expected `package.module.function`, got {target!r}")
    return (*for_some, *single, *groups)


def read_entries(key: str, text: str, glob: str) -> list[Entry]:
    try:
        target = read_target(text)
    except TargetError as error:
        raise ConfigError(f"`{key}`: {error}") from None
    is_call = key.endswith("()")
    symbols = read_symbols(key.removesuffix("()"))
    has_star = "*" in (target.name, *target.attributes)
    if has_star and symbols == [key.removesuffix("()")] and not key.endswith(".*"):
        raise ConfigError(f"`{key}`: `*` stands for the names of a group, such as `torch.cuda.*`, and this is one name")
    if not has_star and (key.endswith(".*") or len(symbols) > 1):
        raise ConfigError(f"`{key}` is several functions: `{text}` must say `*` for their names")
    return [Entry(one, target, is_call, glob) for one in symbols]


def read_symbols(key: str) -> list[str]:
    """Return the symbols that a key of the targets names: one, those of a group, or a pattern for all of a backend.

    Raises:
        ConfigError: for what no code can say, or torch does not have.
    """
    from cudafix.catalogue.symbols import ROOTS, look_up
    from cudafix.catalogue.table import MODULE_NAMES, ROWS

    if key.removesuffix(".*") in ROOTS and key.endswith(".*"):
        return [key]
    if "." not in key and " " not in key:
        (code,) = read_codes([key])
        rows = [row for row in ROWS.values() if row.code == code and row.name not in MODULE_NAMES]
        names = [f"torch.cuda.{row.name}" for row in rows if row.has_neutral_form]
        if not names:
            raise ConfigError(f"`{key}` is no group of functions")
        return names
    read_module(key)
    known = look_up(key)
    if known is not None and (known.is_module or known.rest or "not a public name" in known.row.note):
        raise ConfigError(f"`{key}` is no function of a backend")
    if known is None and key.startswith("torch.cuda"):
        raise ConfigError(f"`{key}` is no function of a backend")
    return [known.name if known is not None else key]


def is_other(symbol: str) -> bool:
    """Whether a symbol is neither a backend's function nor the runtime's."""
    from cudafix.catalogue.symbols import look_up

    return not symbol.endswith("*") and not symbol.startswith(f"{RUNTIME_MODULE}.") and look_up(symbol) is None


def read_preset(value: object) -> str:
    from cudafix.config.presets import PRESETS

    if not isinstance(value, str) or value not in PRESETS:
        raise ConfigError(f"expected one of {', '.join(PRESETS)}, got {value!r}{suggestion(str(value), PRESETS)}")
    return str(value)


def read_predicates(value: object) -> tuple[tuple[str, str], ...]:
    pairs = read_table(value)
    for name, backend in pairs:
        if backend not in BACKENDS:
            raise ConfigError(f"`{name}` asks for {backend!r}, which is none of {', '.join(BACKENDS)}")
    return pairs


def read_gate(value: object) -> str:
    if value not in GATES:
        raise ConfigError(f"expected one of {', '.join(GATES)}, got {value!r}")
    return str(value)


def read_version(value: object) -> tuple[int, int]:
    if value == "auto":
        return AUTO
    match = re.fullmatch(r"(\d{1,9})\.(\d{1,9})(?:\.\d+)*", value) if isinstance(value, str) else None
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
    "preset": read_preset,
    "targets": read_targets,
    "backend-predicates": read_predicates,
    "flush-methods": read_names,
    "helper-name": read_name,
    "device-constant": read_name,
    "cache-dir": read_text,
    "baseline": read_text,
    "gate": read_gate,
    "require-reason": read_flag,
    "code-blocks": read_flag,
}
