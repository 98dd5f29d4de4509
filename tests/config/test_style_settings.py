"""How a project writes imports, where its settings are not what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from cudafix.config.import_style import PLAIN, ImportStyle, import_style


def style(folder: Path, text: str) -> ImportStyle:
    (folder / "pyproject.toml").write_text(text)
    return import_style(str(folder / "a.py"))


def test_a_length_is_taken(tmp_path: Path) -> None:
    assert style(tmp_path, '[tool.isort]\nline_length = 100\nprofile = "google"\n').line_length == 100


def test_a_length_in_quotes_is_taken(tmp_path: Path) -> None:
    assert style(tmp_path, '[tool.isort]\nline_length = "100"\n').line_length == 100


@pytest.mark.parametrize(
    "text",
    [
        "tool = 3",
        "tool.isort = 3",
        "tool.black = []",
        "tool.ruff.lint = 3",
        'tool.isort.line_length = "²"',
        f"tool.isort.line_length = 0x{'f' * 5_000}",
        "tool.isort.line_length = -1",
        f"tool.a = {'[' * 2_000}",
    ],
)
def test_what_is_no_setting_says_nothing(text: str, tmp_path: Path) -> None:
    assert style(tmp_path, text) == PLAIN
