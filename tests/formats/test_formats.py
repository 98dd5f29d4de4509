"""The formats for other tools: what their consumers demand, and that nothing in a file can steer them."""

from __future__ import annotations

import io
import json
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import CLEAN, HARDCODED, MANUAL, UNSAFE, invoke

from cudafix.formats import FORMATS, places
from cudafix.formats.sarif import rule_object
from cudafix.model import Edit, Finding, Fix, Position, Safety
from cudafix.registry import RULES

pytestmark = pytest.mark.usefixtures("folder")

CUDA_ONLY = "import torch\n\ntorch.cuda.nvtx.range_push('a')\n"
HOSTILE = "::error::a,b:c\n%0A##vso[task.complete]]>\x1b[31m;<&\"'x.py"


@pytest.fixture(autouse=True)
def no_memory() -> None:
    places.root.cache_clear()


def check(output_format: str, *arguments: str) -> str:
    return invoke("check", "--output-format", output_format, "--no-cache", *arguments).stdout


def finding(**details: Any) -> Finding:
    usual: dict[str, Any] = {
        "code": "CFX101", "name": "hardcoded-empty-cache", "message": "it is wrong", "symbol": "torch.cuda.empty_cache",
        "path": "a.py", "start": Position(4, 1), "end": Position(4, 23),
    }  # fmt: skip
    return Finding(**{**usual, **details})


def report(output_format: str, *findings: Finding) -> str:
    stream = io.StringIO()
    FORMATS[output_format].writer(findings, stream, False)
    return stream.getvalue()


def write(text: str, name: str = "a.py") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


every_format = pytest.mark.parametrize("output_format", sorted(FORMATS))


# What holds for all


@every_format
def test_no_finding_is_a_success(output_format: str) -> None:
    write(CLEAN)
    assert invoke("check", "--output-format", output_format).exit_code == 0


@every_format
def test_a_finding_is_a_failure_and_is_named(output_format: str) -> None:
    write(HARDCODED)
    result = invoke("check", "--output-format", output_format)
    assert result.exit_code == 1
    assert "CFX101" in result.stdout


@every_format
def test_it_goes_to_a_file_as_well(output_format: str) -> None:
    write(HARDCODED)
    invoke("check", "--output-format", output_format, "--output-file", "found")
    assert Path("found").read_text(encoding="utf-8").replace("\x1b[1m", "") == check(output_format)


@every_format
def test_nothing_in_a_name_or_a_message_steers_a_terminal_or_a_service(output_format: str) -> None:
    bad = Fix(Safety.SAFE, HOSTILE, (Edit(Position(1, 1), Position(1, 2), HOSTILE),))
    one = finding(path=HOSTILE, message=HOSTILE, help=HOSTILE, reason=HOSTILE, fix=bad, statement=HOSTILE)
    shown = report(output_format, one).replace("\x1b[0m", "").replace("\x1b[1m", "")
    for styled in ("\x1b[36m", "\x1b[31m\x1b[1m", "\x1b[31mCFX"):
        shown = shown.replace(styled, "")
    assert not any(line.lstrip().startswith("::") for line in shown.split("\n")) or output_format == "github"
    if output_format not in ("json", "jsonl", "sarif", "gitlab", "rdjson"):  # what stands in JSON is no command
        assert "##vso[task.complete" not in shown
        assert "\x1b[31m;" not in shown


# GitHub's annotations


def test_github_gets_a_command_for_each_finding() -> None:
    write(HARDCODED)
    assert check("github") == (
        "::error file=a.py,line=4,endLine=4,col=1,endColumn=23,title=cudafix (CFX101)::"
        "a.py:4:1: CFX101 `torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`\n"
    )


def test_what_would_end_a_command_of_github_is_escaped() -> None:
    (line,) = report("github", finding(path="a,b:c%.py", message="50% of\nit")).splitlines()
    assert line == (
        "::error file=a%2Cb%3Ac%25.py,line=4,endLine=4,col=1,endColumn=23,title=cudafix (CFX101)::"
        "a,b:c%25.py:4:1: CFX101 50%25 of\\nit"
    )


def test_github_gets_no_columns_for_several_lines() -> None:
    shown = report("github", finding(end=Position(6, 2)))
    assert shown.startswith("::error file=a.py,line=4,endLine=6,title=cudafix (CFX101)::")


def test_what_is_cuda_only_is_a_notice() -> None:
    write(CUDA_ONLY)
    assert check("github", "--extend-select", "CFX4").startswith("::notice file=a.py,line=3,")


def test_the_page_of_a_github_job_gets_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    write(HARDCODED)
    check("github")
    assert (tmp_path / "summary.md").read_text() == (
        "### cudafix\n\nFindings: 1 in 1 file\n\n| code | rule | findings | fixable |\n|---|---|---|---|\n"
        "| CFX101 | hardcoded-empty-cache | 1 | 1 |\n"
    )


def test_a_page_that_is_code_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    write(HARDCODED)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "a.py")
    result = invoke("check", "--output-format", "github", "a.py")
    assert result.exit_code == 1
    assert result.stderr == "cudafix: GITHUB_STEP_SUMMARY: a.py cannot be written: it holds code or settings\n"
    assert Path("a.py").read_text() == HARDCODED


@pytest.mark.parametrize(("source", "code"), [(HARDCODED, 1), (CLEAN, 0)])
@pytest.mark.parametrize("make", [None, os.mkdir, os.mkfifo], ids=["nothing", "a folder", "a pipe without a reader"])
def test_a_page_that_cannot_be_written_is_one_line_and_changes_no_exit_code(
    make: Callable[[Path], None] | None, source: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "none" / "summary.md"
    if make is not None:
        page.parent.mkdir()
        make(page)
    Path("a.py").write_text(source)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    result = invoke("check", "--output-format", "github", "a.py")
    assert result.exit_code == code
    assert result.stderr.startswith(f"cudafix: GITHUB_STEP_SUMMARY: {page} cannot be written: ")
    assert result.stderr.count("\n") == 1


def test_paths_are_those_from_the_root_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".git").mkdir()
    write(HARDCODED, "sub/a.py")
    monkeypatch.chdir("sub")
    assert check("github").startswith("::error file=sub/a.py,")
    assert json.loads(check("gitlab"))[0]["location"]["path"] == "sub/a.py"


# Lines


def test_azure_gets_a_command_for_each_finding() -> None:
    write(HARDCODED)
    assert check("azure") == (
        "##vso[task.logissue type=error;sourcepath=a.py;linenumber=4;columnnumber=1;code=CFX101;]"
        "`torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`\n"
    )


def test_what_would_end_a_command_of_azure_is_escaped() -> None:
    shown = report("azure", finding(path="a;b].py", message="50%; ]\n"))
    assert shown.startswith("##vso[task.logissue type=error;sourcepath=a%3Bb%5D.py;")
    assert shown.endswith(";]50%AZP25%3B %5D\\n\n")


def test_pylints_lines_have_no_column() -> None:
    write(HARDCODED)
    assert check("pylint") == "a.py:4: [CFX101] `torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`\n"


def test_the_concise_format_has_a_line_for_each_finding() -> None:
    write(HARDCODED)
    assert check("concise") == check("text")


def test_the_grouped_format_has_a_heading_for_each_file() -> None:
    write(HARDCODED)
    write(HARDCODED * 2, "b.py")
    shown = check("grouped").splitlines()
    assert [one for one in shown if not one.startswith(" ")] == ["a.py:", "", "b.py:", ""]
    assert shown[1] == "  4:1      CFX101 [*] `torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`"


def test_a_colon_in_a_name_stays_out_of_the_lines_below_its_heading() -> None:
    write(HARDCODED, "a: b.py")
    heading, line, *_ = check("grouped").splitlines()
    assert heading == "a: b.py:"
    assert line.startswith("  4:1      CFX101 [*] ")


def test_a_name_that_begins_like_a_command_is_shown_as_a_path() -> None:
    write(HARDCODED, "::warning::a.py")
    assert check("text").startswith("./::warning::a.py:4:1: CFX101 ")
    assert check("pylint").startswith("./::warning::a.py:4: ")


# JSON


def test_json_lines_are_the_objects_of_the_array() -> None:
    write(HARDCODED + UNSAFE)
    lines = [json.loads(one) for one in check("jsonl").splitlines()]
    assert lines == json.loads(check("json"))
    assert len(lines) == 2


def test_no_finding_is_no_json_line() -> None:
    write(CLEAN)
    assert check("jsonl") == ""


# GitLab


def test_gitlab_gets_what_it_demands() -> None:
    write(HARDCODED)
    (one,) = json.loads(check("gitlab"))
    assert one.pop("fingerprint").isalnum()
    assert one == {
        "description": "CFX101: `torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`",
        "check_name": "CFX101", "severity": "major", "location": {"path": "a.py", "lines": {"begin": 4, "end": 4}},
    }  # fmt: skip


def test_no_finding_is_an_empty_report_for_gitlab() -> None:
    write(CLEAN)
    assert json.loads(check("gitlab")) == []


def test_each_finding_has_a_fingerprint_of_its_own_that_outlives_other_lines() -> None:
    write(HARDCODED * 3)
    write(HARDCODED, "b.py")
    first = [one["fingerprint"] for one in json.loads(check("gitlab"))]
    assert len(set(first)) == 4
    write("# above\n\n" + HARDCODED * 3)
    assert [one["fingerprint"] for one in json.loads(check("gitlab"))] == first


# SARIF


def sarif(*arguments: str) -> Any:
    return json.loads(check("sarif", *arguments))["runs"][0]


def test_sarif_has_the_place_the_rule_the_fix_and_a_fingerprint() -> None:
    write(HARDCODED, "sub/a b.py")
    run = sarif()
    (one,) = run["results"]
    assert one["ruleId"] == run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == "CFX101"
    assert one["message"]["text"] == "`torch.cuda.empty_cache` is tied to CUDA: use `empty_device_cache`."
    assert one["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "sub/a%20b.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 4, "startColumn": 1, "endLine": 4, "endColumn": 23},
    }
    assert one["partialFingerprints"]["primaryLocationLineHash"].endswith(":1")
    (change,) = one["fixes"][0]["artifactChanges"]
    inserted = [edit["insertedContent"]["text"] for edit in change["replacements"]]
    assert inserted == ["from cudafix.runtime import empty_device_cache\n", "empty_device_cache"]


def test_sarif_without_a_finding_has_no_result_and_no_rule() -> None:
    write(CLEAN)
    run = sarif()
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_a_finding_without_a_fix_has_none_in_sarif() -> None:
    write(MANUAL)
    assert all("fixes" not in one for one in sarif()["results"])


def test_what_is_cuda_only_is_a_note_in_sarif() -> None:
    write(CUDA_ONLY)
    run = sarif("--extend-select", "CFX4")
    assert [one["level"] for one in run["results"]] == ["note"]
    assert run["tool"]["driver"]["rules"][0]["defaultConfiguration"] == {"level": "note"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_no_description_of_a_rule_is_longer_than_github_takes(rule: Any) -> None:
    described = rule_object(rule)
    assert 0 < len(described["shortDescription"]["text"]) <= 1024
    assert 0 < len(described["fullDescription"]["text"]) <= 1024
    heading = f"## {rule.name} ({rule.code}, "
    page = Path(__file__).parents[2].joinpath("docs", "rules.md").read_text(encoding="utf-8")
    (line,) = [one for one in page.splitlines() if one.startswith(heading)]
    said = line.removeprefix("## ").lower().replace(" ", "-").translate({ord(one): None for one in "(),"})
    assert described["helpUri"].endswith(f"#{said}")


# JUnit


def test_junit_has_a_failed_case_for_each_finding() -> None:
    write(HARDCODED)
    write(HARDCODED * 2, "sub/<b>.py")
    root = ElementTree.fromstring(check("junit"))
    assert (root.get("tests"), root.get("failures")) == ("3", "3")
    assert [(one.get("name"), one.get("tests")) for one in root] == [("a.py", "1"), ("sub/<b>.py", "2")]
    case = root[0][0]
    assert case.get("name") == "CFX101 hardcoded-empty-cache, line 4, column 1"
    assert case[0].tag == "failure"
    assert case[0].get("type") == "CFX101"


def test_a_clean_run_is_a_passed_case() -> None:
    write(CLEAN)
    root = ElementTree.fromstring(check("junit"))
    assert (root.get("tests"), root.get("failures"), len(root[0]), len(root[0][0])) == ("1", "0", 1, 0)


# reviewdog


def test_reviewdog_gets_suggestions_in_columns_of_bytes() -> None:
    write("import torch\n\nx = 'ä'; torch.cuda.empty_cache()\n")
    (one,) = json.loads(check("rdjson"))["diagnostics"]
    assert one["location"]["range"] == {"start": {"line": 3, "column": 11}, "end": {"line": 3, "column": 33}}
    assert one["code"] == {"value": "CFX101"}
    assert [edit["text"] for edit in one["suggestions"]][-1] == "empty_device_cache"
    assert one["suggestions"][-1]["range"]["start"] == {"line": 3, "column": 11}


def test_the_page_of_a_job_without_a_finding_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    write("import torch\n")
    check("github")
    assert (tmp_path / "summary.md").read_text() == "### cudafix\n\nNo finding.\n"
