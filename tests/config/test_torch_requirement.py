"""`target-torch = "auto"`: the oldest torch that a project says it runs with."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import invoke

from cudafix.config.torch_requirement import oldest_torch


@pytest.fixture(autouse=True)
def no_memory() -> None:
    oldest_torch.cache_clear()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project]\nname = 'torch-tools'\ndependencies = ['torchvision>=0.19', 'numpy']\n"),
        ("pyproject.toml", "[project]\ndependencies = ['torch']\n"),
        ("pyproject.toml", "[project]\ndependencies = ['torch<3']\n"),
        ("pyproject.toml", "[tool.torch]\nname = '>=2.6'\n"),
        ("requirements.txt", "# torch>=2.6\npytorch>=2.6\ntorch-geometric==2.6\ntorch_npu>=2.6\n"),
        ("other.txt", "torch>=2.6\n"),
    ],
)
def test_a_project_that_asks_for_no_torch_has_none(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert oldest_torch(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["numpy", "torch>=2.6"]\n'),
        ("pyproject.toml", "[project]\ndependencies = ['torch >= 2.6.0, < 3', 'torchvision>=0.19']\n"),
        ("pyproject.toml", '[project.optional-dependencies]\ngpu = ["torch[opt-einsum]~=2.6.1"]\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "^2.6"\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = { version = ">=2.6", source = "x" }\n'),
        ("setup.cfg", "[options]\ninstall_requires =\n    numpy\n    torch>=2.6\n"),
        ("setup.py", "setup(install_requires=['torch>=2.6', 'numpy'])\n"),
        ("requirements.txt", "numpy\ntorch==2.6.0  # pinned\n"),
        ("requirements-dev.txt", "torch>2.5,>=2.6\n"),
        ("requirements/base.txt", "torch>=2.6; python_version > '3.8'\n"),
    ],
)
def test_its_lower_bound_is_read_wherever_it_stands(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert oldest_torch(tmp_path) == (2, 6)


def test_the_lowest_bound_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["torch>=2.6"]\n')
    (tmp_path / "requirements-dev.txt").write_text("torch==2.13.0\n")
    assert oldest_torch(tmp_path) == (2, 6)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("bound", "is_native"), [("1.13", False), ("2.6", False), ("2.9", True)])
def test_the_fixes_need_no_newer_torch(bound: str, is_native: bool) -> None:
    settings = '[tool.cudafix]\nroute = "accelerator"\ntarget-torch = "auto"\n'
    Path("pyproject.toml").write_text(f'[project]\ndependencies = ["torch>={bound}"]\n{settings}')
    Path("a.py").write_text("import torch\ntorch.cuda.empty_cache()\n")
    invoke("fix", "--unsafe-fixes")
    fixed = Path("a.py").read_text()
    assert "torch.cuda" not in fixed
    assert ("torch.accelerator.empty_cache()" in fixed) is is_native


def test_a_folder_in_the_place_of_a_file_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "setup.py").mkdir()
    assert oldest_torch(tmp_path) is None
