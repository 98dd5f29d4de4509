"""The catalogue → configuration of other linters: ruff's `banned-api` table, for those who check nothing but names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from cudafix.catalogue.row import Row
from cudafix.catalogue.symbols import look_up
from cudafix.catalogue.table import MODULE_NAMES, ROWS
from cudafix.config.options import Options
from cudafix.replacements.project_targets import find_entry

HEAD = """\
# Names of functions that are tied to one backend. Written by `cudafix export ruff`; select TID251 to use it.
# cudafix itself also sees aliases, guards and ladders, and mends them.
[tool.ruff.lint.flake8-tidy-imports.banned-api]
"""


def ruff_table(backends: Sequence[str], options: Options) -> str:
    """Return the table as TOML, with one line for each function of `backends` that has a neutral form."""
    return HEAD + "".join(f"{json.dumps(name)}.msg = {json.dumps(text)}\n" for name, text in bans(backends, options))


def bans(backends: Sequence[str], options: Options) -> Iterator[tuple[str, str]]:
    for backend in backends:
        for row in ROWS.values():
            if row.has_neutral_form and row.name not in MODULE_NAMES:
                name = f"torch.{backend}.{row.name}"
                symbol = look_up(name)
                entry = find_entry(symbol, "", options, is_called=True) if symbol is not None else None
                target = f"{entry.target.module}.{entry.target.text}" if entry is not None else ""
                yield name, f"{row.code}: use {replacement_in_words(row, target, options.runtime_module)}"


def replacement_in_words(row: Row, target: str, module: str) -> str:
    """Return what takes the place of a function: the project's `target`, torch's own, or the runtime's of `module`."""
    if target:
        return f"`{target}`"
    if row.alias_of is not None:
        return f"`torch.{row.alias_of.name}`"
    return f"`{module}.device_module().{row.name}`" if row.runtime == "." else f"`{module}.{row.runtime}`"
