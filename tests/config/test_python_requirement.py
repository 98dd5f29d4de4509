"""The oldest Python that a project says it runs with."""

from __future__ import annotations

from pathlib import Path

import pytest

from cudafix.config.python_requirement import oldest_python


def test_a_project_that_says_nothing_has_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\n')
    assert oldest_python(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.9"\n'),
        ("pyproject.toml", "requires-python='>= 3.9, <4'\n"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.9"\n'),
        ("setup.cfg", "[options]\npython_requires = >=3.9\n"),
        ("setup.py", "setup(\n    python_requires='>=3.9.1',\n)\n"),
    ],
)
def test_the_lower_bound_is_read_as_text(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert oldest_python(tmp_path) == (3, 9)
