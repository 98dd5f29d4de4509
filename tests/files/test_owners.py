"""CODEOWNERS as GitHub and GitLab read it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cudafix.errors import UserError
from cudafix.files.owners import Owners, load_owners, read_entries


def owners(text: str, path: str) -> tuple[str, ...]:
    return Owners([*read_entries(text)]).of(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*", "a.py"),
        ("*", "pkg/deep/a.py"),
        ("*.py", "pkg/a.py"),
        ("/pkg/", "pkg/deep/a.py"),
        ("/pkg", "pkg/a.py"),
        ("pkg/", "src/pkg/a.py"),
        ("deep", "pkg/deep/a.py"),
        ("pkg/*", "pkg/a.py"),
        ("/pkg/**/kernels/", "pkg/x/y/kernels/a.py"),
        ("/pkg/**/kernels/", "pkg/kernels/a.py"),
        ("**/kernels", "pkg/kernels/a.py"),
        ("/pkg/**", "pkg/x/a.py"),
        ("/pkg/a?.py", "pkg/ab.py"),
        ("/a\\ b/", "a b/c.py"),
        ("/pkg/a.py", "pkg/a.py"),
    ],
)
def test_a_pattern_fits(pattern: str, path: str) -> None:
    assert owners(f"{pattern} @team", path) == ("@team",)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/pkg/", "src/pkg/a.py"),
        ("pkg/*", "pkg/deep/a.py"),
        ("pkg/*", "src/pkg/a.py"),
        ("*.py", "a.pyi"),
        ("/pkg/a?.py", "pkg/a/.py"),
        ("kernel", "pkg/kernels/a.py"),
        ("pkg/", "pkg"),
    ],
)
def test_a_pattern_does_not_fit(pattern: str, path: str) -> None:
    assert owners(f"{pattern} @team", path) == ()


def test_the_last_pattern_that_fits_tells() -> None:
    text = "* @all\n/pkg/ @pkg @lead  # the package\n/pkg/free/\n"
    assert owners(text, "a.py") == ("@all",)
    assert owners(text, "pkg/a.py") == ("@pkg", "@lead")
    assert owners(text, "pkg/free/a.py") == ()


def test_each_section_of_gitlab_tells_for_itself() -> None:
    text = "* @all\n\n[Kernels][2] @kernels\n/pkg/\n/pkg/x/ @x\n\n^[Docs]\n*.md @docs\n"
    assert owners(text, "pkg/a.py") == ("@all", "@kernels")
    assert owners(text, "pkg/x/a.py") == ("@all", "@x")


def test_the_file_is_where_the_services_look_for_it(tmp_path: Path) -> None:
    assert load_owners(tmp_path).of("a.py") == ()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "CODEOWNERS").write_text("* @docs\n")
    assert load_owners(tmp_path).of("a.py") == ("@docs",)
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "CODEOWNERS").write_text("* @github\n")
    assert load_owners(tmp_path).of("a.py") == ("@github",)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 6 + "b", "a" * 80),
        ("/".join(["**/a"] * 4) + "/b", "a/" * 200 + "c"),
        ("**/" + "*a*/" * 15 + "b", "aaa/" * 20 + "c"),
    ],
)
def test_a_pattern_that_fits_nearly_everywhere_is_answered_at_once(pattern: str, path: str) -> None:
    start = time.process_time()
    assert owners(f"{pattern} @team", path) == ()
    assert time.process_time() - start < 1


@pytest.mark.parametrize("path", ["pkg/b/kernels/a.py", "pkg/a/b/kernels/x/a.py", "pkg/kernels/b/kernels/a.py"])
def test_what_stands_between_stars_is_looked_for_wherever_it_fits(path: str) -> None:
    assert owners("/pkg/**/b*/**/*.py @team", path) == (("@team",) if "/b/" in path else ())


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="CODEOWNERS: is no ordinary file"):
        load_owners(tmp_path)
