"""What a whole run suggests: the project's own helpers, and the torch that the fixed code needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import analysis_of
from command import invoke

LADDER = """\
import torch

def clear_cache(collect=False):
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.xpu.is_available():
        torch.xpu.empty_cache()
"""
USE = "import torch\n\ndef f():\n    torch.cuda.empty_cache()\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "memory.py").write_text(LADDER, encoding="utf-8")
    (tmp_path / "pkg" / "train.py").write_text(USE, encoding="utf-8")
    return tmp_path


def helpers_in(source: str, **settings: object) -> list[str]:
    return [one.name for one in analysis_of(source, **settings).helpers]


def test_a_function_that_empties_whatever_cache_there_is_is_a_helper() -> None:
    assert helpers_in(LADDER) == ["clear_cache"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("collect=False", "collect"),
        ("clear_cache", "train"),
        ("torch.xpu.empty_cache", "torch.xpu.synchronize"),
        ("elif torch.xpu.is_available():\n        torch.xpu.empty_cache()", "else:\n        pass"),
        ("def clear", "async def clear"),
    ],
)
def test_a_function_that_does_or_asks_for_more_is_none(old: str, new: str) -> None:
    assert helpers_in(LADDER.replace(old, new)) == []


def test_a_helper_that_the_targets_name_is_known() -> None:
    assert helpers_in(LADDER, targets={"torch.cuda.empty_cache": "pkg.memory.clear_cache"}) == []


def test_a_helper_is_proposed_for_what_other_files_do(project: Path) -> None:
    said = invoke("check", "--no-cache", "pkg").stderr
    proposal = '"torch.cuda.empty_cache" = "pkg.memory.clear_cache"'
    assert (
        f"pkg/memory.py:3: `clear_cache` does this for 2 backends; `[tool.cudafix.targets]` can name it: {proposal}"
        in (said)
    )


def test_what_is_proposed_works(project: Path) -> None:
    (project / "cudafix.toml").write_text('[targets]\n"torch.cuda.empty_cache" = "pkg.memory.clear_cache"\n')
    invoke("fix", "pkg/train.py")
    fixed = (project / "pkg" / "train.py").read_text(encoding="utf-8")
    assert fixed == "from pkg.memory import clear_cache\n\ndef f():\n    clear_cache()\n"


def test_a_helper_that_nothing_else_needs_is_not_proposed(project: Path) -> None:
    (project / "pkg" / "train.py").unlink()
    assert "does this for" not in invoke("check", "--no-cache", "pkg").stderr


def test_it_is_proposed_from_the_cache_as_well(project: Path) -> None:
    first, second = (invoke("check", "pkg").stderr for _ in range(2))
    assert "does this for 2 backends" in first
    assert second == first


def test_the_torch_that_the_route_needs_is_said(project: Path) -> None:
    said = invoke("check", "--no-cache", "--route", "accelerator", "--target-torch", "2.12", "pkg").stderr
    assert "What the fixes write needs torch 2.9 or newer.\n" in said


def test_the_torch_that_the_project_asks_for_is_held_against_it(project: Path) -> None:
    (project / "requirements.txt").write_text("torch>=2.6\n", encoding="utf-8")
    said = invoke("check", "--no-cache", "--route", "accelerator", "--target-torch", "2.12", "pkg").stderr
    assert "What the fixes write needs torch 2.9 or newer; the project asks for 2.6.\n" in said
    assert "needs torch" not in invoke("check", "--no-cache", "pkg").stderr
