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
        f"tool.a = {'[' * 2_000}",
    ],
)
def test_what_is_no_setting_says_nothing(text: str, tmp_path: Path) -> None:
    assert style(tmp_path, text) == PLAIN


@pytest.mark.parametrize("length", ['"²"', f"0x{'f' * 5_000}", "-1"])
def test_where_isort_is_set_up_what_is_no_length_is_isorts_own(length: str, tmp_path: Path) -> None:
    assert style(tmp_path, f"tool.isort.line_length = {length}").line_length == 79


@pytest.mark.parametrize(
    ("settings", "wrapping", "trailing_comma", "wrap_from"),
    [
        ("src_paths = []", "grid", False, 0),
        ('profile = "black"', "hanging", True, 0),
        ('profile = "django"', "grouped", True, 0),
        ('profile = "pycharm"', "hanging", False, 2),
        ('profile = "black"\nmulti_line_output = "GRID"', "grid", True, 0),
    ],
)
def test_isort_says_how_imports_are_wrapped(
    settings: str, wrapping: str, trailing_comma: bool, wrap_from: int, tmp_path: Path
) -> None:
    found = style(tmp_path, f"[tool.isort]\n{settings}\n")
    assert (found.wrapping, found.trailing_comma, found.wrap_from) == (wrapping, trailing_comma, wrap_from)
