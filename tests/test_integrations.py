"""The kits for CI: each is run as the service would run it, as far as that goes without the service."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import HARDCODED, NEUTRAL

from cudafix import __version__

ROOT = Path(__file__).parent.parent
KITS = ROOT / "integrations"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((KITS / "gitlab-ci.yml").read_text(encoding="utf-8"))["cudafix"]


def step(name: str) -> dict[str, Any]:
    (found,) = [one for one in ACTION["runs"]["steps"] if one.get("name") == name]
    assert isinstance(found, dict)
    return found


class Job:
    """A folder in which the check of the action runs, with given inputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = folder / "environment" / "bin"
        environment.mkdir(parents=True)
        (environment / "cudafix").write_text(f'#!/bin/sh\nexec {sys.executable} -m cudafix "$@"\n', encoding="utf-8")
        (environment / "cudafix").chmod(0o755)
        self.work = folder / "work"
        self.work.mkdir()

    def run(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        values = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        values |= {name.replace("_", "-"): value for name, value in inputs.items()}
        check = step("Check")
        told = {
            key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: values[m[1]], v) for key, v in check["env"].items()
        }
        places = {
            "GITHUB_ACTION_PATH": str(ROOT),
            "CUDAFIX_ENVIRONMENT": str(self.folder / "environment"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "PATH": os.environ["PATH"],
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", check["run"]]
        return subprocess.run(
            command, cwd=self.work, env={**told, **places}, capture_output=True, text=True, check=False
        )


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


# GitHub


def test_the_action_passes_where_there_is_nothing_to_find(job: Job) -> None:
    (job.work / "a.py").write_text(NEUTRAL)
    done = job.run()
    assert (done.returncode, done.stdout) == (0, "")


def test_the_action_annotates_reports_and_fails(job: Job) -> None:
    (job.work / "a.py").write_text(HARDCODED)
    done = job.run()
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=a.py,line=4,endLine=4,col=1,")
    assert (job.folder / "output").read_text() == "sarif-file=cudafix.sarif\n"
    assert "CFX101" in (job.folder / "summary").read_text()
    report = json.loads((job.work / "cudafix.sarif").read_text())
    assert [one["ruleId"] for one in report["runs"][0]["results"]] == ["CFX101"]


def test_the_action_takes_a_baseline_options_and_paths(job: Job) -> None:
    for name in ("a b.py", "c.py"):
        (job.work / name).write_text(HARDCODED)
    command = [sys.executable, "-m", "cudafix", "baseline", "create", "-q", "a b.py"]
    subprocess.run(command, cwd=job.work, check=True, capture_output=True)
    assert job.run(baseline="cudafix-baseline.json", paths="a b.py").returncode == 0
    assert job.run(baseline="cudafix-baseline.json").returncode == 1
    assert job.run(args="--ignore\nCFX1", paths="a b.py\nc.py\n").returncode == 0


def test_nothing_in_an_input_is_run_by_the_shell(job: Job) -> None:
    done = job.run(paths="$(touch gone).py\n`touch gone`", args="; touch gone", sarif_file="")
    assert done.returncode == 2
    assert not list(job.work.iterdir())


def test_without_a_file_for_it_there_is_no_report(job: Job) -> None:
    (job.work / "a.py").write_text(HARDCODED)
    assert job.run(sarif_file="").returncode == 1
    assert not (job.folder / "output").exists()


def test_every_input_is_used_and_described() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for name, one in ACTION["inputs"].items():
        assert one["description"].endswith(".") or one["description"].endswith(").")
        assert f"inputs.{name} " in text.replace("}}", " }}") or f"inputs.{name} ==" in text
    assert set(ACTION["outputs"]) == {"sarif-file"}


def test_the_script_says_how_it_is_used() -> None:
    done = subprocess.run(["bash", str(KITS / "github-action.sh")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: github-action.sh install|check\n")


@pytest.mark.corpus
def test_the_action_installs_the_cudafix_that_it_comes_with(tmp_path: Path) -> None:
    environment = {**os.environ, "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(tmp_path)}
    environment.pop("PYTHONPATH", None)
    subprocess.run(["bash", "-c", step("Install cudafix")["run"]], env=environment, check=True, capture_output=True)
    program = tmp_path / "cudafix" / "bin" / "cudafix"
    said = subprocess.run([program, "--version"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert said == f"cudafix, version {__version__}\n"


@pytest.mark.parametrize("script", ["integrations/github-action.sh", ".ci/run"])
def test_shellcheck_has_nothing_against_our_scripts(script: str) -> None:
    program = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([program, str(ROOT / script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_workflow_is_about_this_action_and_version() -> None:
    workflow = yaml.safe_load((KITS / "github-workflow.yml").read_text(encoding="utf-8"))
    (used,) = [one for one in workflow["jobs"]["check"]["steps"] if one["uses"].startswith("cudafix/")]
    assert used["uses"] == f"cudafix/cudafix@v{__version__}"
    assert set(used["with"]) <= set(ACTION["inputs"])


# GitLab and pre-commit


@pytest.mark.parametrize(("source", "codes"), [(HARDCODED, [0, 1]), (NEUTRAL, [0, 0])])
def test_the_job_for_gitlab_writes_its_report_and_then_fails(tmp_path: Path, source: str, codes: list[int]) -> None:
    (tmp_path / "a.py").write_text(source)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **GITLAB["variables"], "PATH": path}
    lines = GITLAB["script"]
    assert [subprocess.run(["sh", "-c", one], cwd=tmp_path, env=environment).returncode for one in lines] == codes
    report = json.loads((tmp_path / GITLAB["artifacts"]["reports"]["codequality"]).read_text())
    assert len(report) == sum(codes)


def test_the_versions_in_the_kits_are_this_one() -> None:
    assert GITLAB["variables"]["CUDAFIX_VERSION"] == __version__
    files = (ROOT / "README.md", ROOT / "docs" / "ci.md", KITS / "gitlab-ci.yml", KITS / "github-workflow.yml")
    told = {one: set(versions(one)) for one in files}
    assert told == {one: {__version__} for one in files}
    config = yaml.safe_load((KITS / "pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert config["repos"][0]["rev"] == f"v{__version__}"


def versions(file: Path) -> list[str]:
    return re.findall(r"(?:rev: v|cudafix@v|cudafix/v)(\d[\w.]*\d)", file.read_text(encoding="utf-8"))


def test_the_hooks_of_the_example_are_offered() -> None:
    config = yaml.safe_load((KITS / "pre-commit-config.yaml").read_text(encoding="utf-8"))
    offered = {one["id"] for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert {one["id"] for one in config["repos"][0]["hooks"]} <= offered
