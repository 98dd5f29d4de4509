"""Earlier reports, as JSON or as pages that hold it → their figures, the oldest first."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cudafix.config.settings import ConfigError
from cudafix.files.ordinary import DATA, read_text, reason
from cudafix.report.figures import Figures, Group, Tally, from_object

PAGES = (".html", ".htm")
SUFFIXES = (".json", *PAGES)
FIGURES_TAG = '<script type="application/json" id="figures">'


def load_history(paths: Sequence[Path]) -> tuple[Figures, ...]:
    """Read earlier reports; a folder stands for those in it.

    Raises:
        ConfigError: for what cannot be read, or is no report.
    """
    found = [load(file) for path in paths for file in files_in(path)]
    return tuple(sorted(found, key=lambda one: one.created))


def files_in(path: Path) -> list[Path]:
    if not os.path.isdir(path):
        return [path]
    try:
        return sorted(one for one in path.iterdir() if one.suffix in SUFFIXES)
    except OSError as error:
        raise ConfigError(f"{path}: {reason(error)}") from None


def load(file: Path) -> Figures:
    try:
        text = read_text(file, DATA)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {reason(error)}") from None
    if file.suffix in PAGES:
        text = text.partition(FIGURES_TAG)[2].partition("</script>")[0]
    try:
        return from_object(json.loads(text))
    except (json.JSONDecodeError, RecursionError):
        raise ConfigError(f"{file}: is no report of cudafix") from None
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from None


@dataclass(frozen=True)
class Change:
    """How many findings a rule had before, and has now."""

    name: str
    title: str
    before: Tally
    now: Tally


def changes(before: Figures, now: Figures) -> Iterator[Change]:
    """Yield what became of each rule, those with the largest change first."""
    old, new = ({group.name: group for group in figures.rules} for figures in (before, now))
    nothing = Group("")
    pairs = [(old.get(name, nothing), new.get(name, nothing)) for name in {**old, **new}]
    found = [Change(one.name or two.name, one.title or two.title, one.tally, two.tally) for one, two in pairs]
    yield from sorted(found, key=lambda one: (-abs(one.before.total - one.now.total), one.name))
