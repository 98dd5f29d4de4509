"""The formats of a real tree, judged by the validators that others use."""

from __future__ import annotations

import json
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from tools import cudafix
from trees import cache, tree

VALIDATOR = "@microsoft/sarif-multitool@5.7.0"


def report(output_format: str) -> str:
    return cudafix(
        "check", "--isolated", "--select", "ALL", "--output-format", output_format, str(tree("accelerate==1.15.0"))
    )


def validator() -> str:
    """Return Microsoft's validator, installed once; skips the test where npm cannot get it."""
    folder = cache() / "sarif-multitool"
    program = folder / "node_modules" / "@microsoft" / "sarif-multitool-linux" / "Sarif.Multitool"
    if not program.exists():
        if shutil.which("npm") is None:
            pytest.skip("npm is not here")
        done = subprocess.run(
            ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), VALIDATOR],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode or not program.exists():
            pytest.skip(f"npm could not install {VALIDATOR}: {done.stderr[-300:]}")
    return str(program)


@pytest.mark.corpus
def test_the_validator_of_sarif_has_neither_an_error_nor_a_warning(tmp_path: Path) -> None:
    program = validator()
    file = tmp_path / "found.sarif"
    file.write_text(report("sarif"), encoding="utf-8")
    command = [program, "validate", str(file), "--level", "Error;Warning", "--rule-kind", "Sarif;Ghas"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Analysis completed successfully." in done.stdout, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if ": error " in line or ": warning " in line] == []


@pytest.mark.corpus
def test_each_format_says_the_same_findings() -> None:
    found = json.loads(report("json"))
    assert len(found) > 200
    assert [json.loads(one) for one in report("jsonl").splitlines()] == found
    fingerprints = {one["fingerprint"] for one in json.loads(report("gitlab"))}
    (run,) = json.loads(report("sarif"))["runs"]
    suites = ElementTree.fromstring(report("junit"))
    counts = {
        len(found), len(fingerprints), len(run["results"]), len(suites.findall(".//failure")),
        len(json.loads(report("rdjson"))["diagnostics"]), report("github").count("\n"), report("azure").count("\n"),
        report("pylint").count("\n"), report("concise").count("\n"),
    }  # fmt: skip
    assert counts == {len(found)}
