"""The report of a published package: its figures are those of a check, and its commands do what it says they do."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trees import chosen, tree

from cudafix.commands.report import FAMILIES

pytestmark = pytest.mark.corpus


def cudafix(*arguments: str, folder: Path) -> str:
    command = [sys.executable, "-m", "cudafix", *arguments]
    environment = {**os.environ, "CUDAFIX_NO_CACHE": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def report(folder: Path) -> Any:
    return json.loads(cudafix("report", "--format", "json", folder=folder))


@pytest.mark.parametrize("requirement", chosen("accelerate==1.15.0", "peft==0.21.2"))
def test_each_command_of_the_report_clears_what_it_says_or_more(requirement: str, tmp_path: Path) -> None:
    original = shutil.copytree(tree(requirement), tmp_path / "original", symlinks=True)
    before = report(original)
    steps = [one for one in before["steps"] if one["clears"]]
    assert len(steps) >= 3
    for number, step in enumerate(steps):
        copy = shutil.copytree(original, tmp_path / str(number), symlinks=True)
        cudafix(*shlex.split(step["command"])[1:], folder=copy)
        assert sum(report(copy)["total"].values()) <= sum(before["total"].values()) - step["clears"]


@pytest.mark.parametrize("requirement", chosen("accelerate==1.15.0", "transformers==5.23.0"))
def test_the_figures_of_the_report_are_those_of_a_check(requirement: str) -> None:
    folder = tree(requirement)
    said = cudafix("check", "--select", ",".join(FAMILIES), "--output-format", "json", folder=folder)
    findings = json.loads(said)
    figures = report(folder)
    assert sum(figures["total"].values()) == len(findings)
    assert figures["total"]["safe"] == sum(
        1 for one in findings if one["fix"] and one["fix"]["applicability"] == "safe" and one["code"] < "CFX4"
    )
    assert {one["name"] for one in figures["rules"]} == {one["code"] for one in findings}
