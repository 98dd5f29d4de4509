"""A project's folder → how its isort or ruff sorts imports, and how long its lines may be; nothing is run.

Profiles as isort 5 and 6 have them (`isort/profiles.py`); what a project says beside its profile counts more.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cudafix.config.toml import parse_toml
from cudafix.files.ordinary import SETTINGS, read_text

HANGING = {"multi_line_output": 3, "include_trailing_comma": True}
PROFILES: dict[str, dict[str, Any]] = {
    "black": {"line_length": 88, **HANGING},
    "django": {"line_length": 79, "multi_line_output": 5, "include_trailing_comma": True},
    "pycharm": {"multi_line_output": 3, "force_grid_wrap": 2},
    "google": {"line_length": 1000, "force_sort_within_sections": True, "force_single_line": True},
    "open_stack": {"force_sort_within_sections": True, "force_single_line": True},
    "plone": {"force_sort_within_sections": True, "force_single_line": True},
    "attrs": {**HANGING, "force_grid_wrap": 2},
    "hug": {"line_length": 100, **HANGING},
    "wemake": {"line_length": 80, **HANGING},
    "appnexus": {"line_length": 88, **HANGING, "force_sort_within_sections": True},
}
ISORT_LINE = 79
"""Columns: isort's own, where it is set up and nothing says how long."""

GRID = {"0": "grid", "3": "hanging", "5": "grouped"}
"""The ways of wrapping by isort's numbers, and by its names below."""

MODES = {"grid": "0", "vertical_hanging_indent": "3", "vertical_grid_grouped": "5"}


@dataclass(frozen=True)
class ImportStyle:
    """How imports are written.

    Attributes:
        line_length: the columns that a line may have; 0 where the project says nothing.
        single_line: one import a name.
        mixed: `import` and `from` imports are sorted together, by module.
        wrapping: "hanging", a name a line; "grouped", filled lines below the bracket; "grid", lines filled from the
            bracket on; "" where the project says nothing.
        trailing_comma: whether the last name has a comma, where a bracket closes below it.
        wrap_from: how many names are wrapped on any line; 0 for as many as fit.
    """

    line_length: int = 0
    single_line: bool = False
    mixed: bool = False
    wrapping: str = ""
    trailing_comma: bool = True
    wrap_from: int = 0


PLAIN = ImportStyle()
"""That of a project that says nothing."""


FILES = ("pyproject.toml", ".isort.cfg", "setup.cfg", "ruff.toml", ".ruff.toml", "tox.ini", ".flake8")


def import_style(path: str) -> ImportStyle:
    """Return how the project of a file writes imports: what the closest folder above it says that has a word to say."""
    folder = Path(os.path.abspath(path)).parent
    return next((style for one in (folder, *folder.parents) if (style := style_of(one)) is not None), PLAIN)


@cache
def style_of(folder: Path) -> ImportStyle | None:
    """Return what the files of a folder say, isort's settings before those of ruff and black; None without any."""
    if not any(os.path.isfile(folder / name) for name in FILES):
        return None
    tool = table(read_toml(folder / "pyproject.toml").get("tool"))
    isort = table(tool.get("isort")) or read_ini(folder / ".isort.cfg", "settings")
    isort = isort or read_ini(folder / "setup.cfg", "isort")
    ruff = read_toml(folder / "ruff.toml") or read_toml(folder / ".ruff.toml") or table(tool.get("ruff"))
    sorting = table(table(ruff.get("lint")).get("isort")) or table(ruff.get("isort"))
    profile = PROFILES.get(str(isort.get("profile", "")).lower(), {})
    lengths = (
        isort.get("line_length"), profile.get("line_length"), ruff.get("line-length"),
        table(tool.get("black")).get("line-length"), *flake8_lengths(folder), ISORT_LINE if isort else 0,
    )  # fmt: skip
    mode = str(isort.get("multi_line_output", profile.get("multi_line_output", 0))).lower()
    return ImportStyle(
        next(filter(None, map(columns, lengths)), 0),
        says("force_single_line", isort, profile) or says("force-single-line", sorting),
        says("force_sort_within_sections", isort, profile) or says("force-sort-within-sections", sorting),
        GRID.get(MODES.get(mode, mode), "hanging") if isort else "",
        says("include_trailing_comma", isort, profile) if isort else True,
        int(number)
        if (number := str(isort.get("force_grid_wrap", profile.get("force_grid_wrap", 0)))).isdigit()
        else 0,
    )


def flake8_lengths(folder: Path) -> list[str]:
    """Return what flake8 and pycodestyle are told, file by file."""
    places = [(name, section) for name in (".flake8", "setup.cfg", "tox.ini") for section in ("flake8", "pycodestyle")]
    found = [read_ini(folder / name, section) for name, section in places]
    return [one[key] for one in found for key in ("max-line-length", "max_line_length") if key in one]


def columns(value: object) -> int:
    """Return the length of a line that a setting gives, as a number or its digits; 0 for anything else."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[0-9]{1,6}", value) else 0
    return value if isinstance(value, int) and 0 < value < 1_000_000 else 0


def says(key: str, *settings: dict[str, Any]) -> bool:
    """Return what the first of several settings says that says anything."""
    value = next((one[key] for one in settings if key in one), False)
    return value is True or str(value).lower() in ("true", "1", "yes", "on")


def table(value: object) -> dict[str, Any]:
    """Return a table of settings; an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def read_toml(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(read_text(path, SETTINGS))
    except (OSError, ValueError):
        return {}


def read_ini(path: Path, section: str) -> dict[str, Any]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path, SETTINGS))
    except (OSError, UnicodeError, configparser.Error):
        return {}
    return dict(parser[section]) if parser.has_section(section) else {}
