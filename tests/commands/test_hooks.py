"""The hooks that this repository offers to pre-commit, and those that it uses itself.

The tests marked `corpus` let the real pre-commit build the hook's environment from a copy of this repository, which
needs the network for libcst and click.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from command import HARDCODED, NEUTRAL, git
from identify.identify import tags_from_path

from cudafix.files.source import SUFFIXES

ROOT = Path(__file__).parents[2]
PRE_COMMIT = (sys.executable, "-m", "pre_commit")


def pre_commit(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*PRE_COMMIT, *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


# What the files say


def test_pre_commit_accepts_the_hooks_that_are_offered() -> None:
    done = pre_commit("validate-manifest", ROOT / ".pre-commit-hooks.yaml", cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "")


def test_pre_commit_accepts_the_hooks_that_are_used_here() -> None:
    done = pre_commit("validate-config", ROOT / ".pre-commit-config.yaml", cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_hook_for_each_command_is_offered() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [(hook["id"], hook["entry"]) for hook in hooks] == [
        ("cudafix", "cudafix check --force-exclude"),
        ("cudafix-fix", "cudafix fix --force-exclude"),
        ("cudafix-documents", "cudafix check --force-exclude"),
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.py", ["cudafix", "cudafix-fix"]),
        ("a.pyi", ["cudafix", "cudafix-fix"]),
        ("a.pyw", ["cudafix", "cudafix-fix"]),
        ("a.ipynb", ["cudafix", "cudafix-fix"]),
        ("a.qmd", ["cudafix-documents"]),
        ("a.Rmd", ["cudafix-documents"]),
        ("a.rmd", ["cudafix-documents"]),
        ("a.txt", []),
    ],
)
def test_what_is_found_in_folders_is_what_the_hooks_take(name: str, wanted: list[str], tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text("x = 1\n", encoding="utf-8")
    tags = tags_from_path(str(file))
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    takes = [one["id"] for one in hooks if tags & set(one["types_or"]) and re.search(one.get("files", ""), name)]
    assert takes == wanted
    assert bool(wanted) is name.endswith(SUFFIXES)


def test_the_hooks_parallelise_themselves_and_bring_no_torch() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["require_serial"] for hook in hooks] == [True, True, True]
    assert [hook.get("additional_dependencies") for hook in hooks] == [None, None, None]


# What they do


class Project:
    """A repository of somebody who uses the hooks."""

    def __init__(self, folder: Path, hook: str, offered: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = {"PRE_COMMIT_HOME": str(cache)}
        git("init", "-q", cwd=folder)
        revision = git("rev-parse", "HEAD", cwd=offered).strip()
        hooks = {"repos": [{"repo": str(offered), "rev": revision, "hooks": [{"id": hook}]}]}
        (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(hooks))
        git("add", ".", cwd=folder)
        git("commit", "-q", "-m", "first", cwd=folder)
        assert pre_commit("install", cwd=folder, **self.cache).returncode == 0

    def commit(self) -> subprocess.CompletedProcess[str]:
        """Try to commit everything, as people do."""
        git("add", ".", cwd=self.folder)
        names = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        command = ["git", *names, "commit", "-m", "change"]
        environment = {**os.environ, **self.cache}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with what is needed to install cudafix as it stands here."""
    folder = tmp_path_factory.mktemp("offered")
    shutil.copytree(ROOT / "cudafix", folder / "cudafix", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "README.md", folder)
    shutil.copy(ROOT / "LICENSE", folder)
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", folder)
    git("init", "-q", cwd=folder)
    git("add", ".", cwd=folder)
    git("commit", "-q", "-m", "as it stands", cwd=folder)
    return folder


@pytest.mark.corpus
def test_a_commit_without_a_finding_passes(tmp_path: Path, offered: Path, cache: Path) -> None:
    project = Project(tmp_path, "cudafix", offered, cache)
    (tmp_path / "a.py").write_text(NEUTRAL)
    assert project.commit().returncode == 0


@pytest.mark.corpus
def test_a_commit_without_python_passes(tmp_path: Path, offered: Path, cache: Path) -> None:
    project = Project(tmp_path, "cudafix", offered, cache)
    (tmp_path / "a.txt").write_text(HARDCODED)
    assert project.commit().returncode == 0


@pytest.mark.corpus
def test_a_commit_of_an_excluded_file_passes(tmp_path: Path, offered: Path, cache: Path) -> None:
    project = Project(tmp_path, "cudafix", offered, cache)
    (tmp_path / "cudafix.toml").write_text('extend-exclude = ["third_party"]\n')
    (tmp_path / "third_party").mkdir()
    (tmp_path / "third_party" / "a.py").write_text(HARDCODED)
    assert project.commit().returncode == 0


@pytest.mark.corpus
def test_a_commit_with_a_hardcoded_call_is_refused(tmp_path: Path, offered: Path, cache: Path) -> None:
    project = Project(tmp_path, "cudafix", offered, cache)
    (tmp_path / "a.py").write_text(HARDCODED)
    done = project.commit()
    assert done.returncode == 1
    assert "a.py:4:1: CFX101 [*] `torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`" in done.stderr
    assert (tmp_path / "a.py").read_text() == HARDCODED


@pytest.mark.corpus
def test_the_fixing_hook_mends_it_and_the_second_attempt_passes(tmp_path: Path, offered: Path, cache: Path) -> None:
    project = Project(tmp_path, "cudafix-fix", offered, cache)
    (tmp_path / "a.py").write_text(HARDCODED)
    first = project.commit()
    assert (first.returncode, "files were modified by this hook" in first.stderr) == (1, True)
    assert (tmp_path / "a.py").read_text() == NEUTRAL
    assert project.commit().returncode == 0
    assert git("log", "--format=%s", cwd=tmp_path) == "change\nfirst\n"


@pytest.mark.corpus
def test_the_environment_of_the_hook_holds_no_torch(tmp_path: Path, offered: Path, cache: Path) -> None:
    project = Project(tmp_path, "cudafix", offered, cache)
    assert pre_commit("install-hooks", cwd=tmp_path, **project.cache).returncode == 0
    installed = {
        path.name.partition("-")[0] for path in cache.glob("repo*/py_env-*/lib/python*/site-packages/*.dist-info")
    }
    assert {"cudafix", "libcst", "click"} <= installed
    assert "torch" not in installed
