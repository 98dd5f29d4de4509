"""`cudafix report`: what it counts, what it proposes, and that its commands do what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, MANUAL, UNSAFE, git, invoke

from cudafix.formats.places import root

CUDA_ONLY = "import torch\n\ngraph = torch.cuda.CUDAGraph()\n"
EVIL = "<img src=x onerror=alert(1)>&'.py"


@pytest.fixture
def tree(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a finding of each kind, and one more."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    git("init", cwd=folder)
    root.cache_clear()
    (folder / "pkg" / "deep").mkdir(parents=True)
    for name, source in {
        "pkg/safe.py": HARDCODED, "pkg/unsafe.py": UNSAFE, "pkg/deep/manual.py": MANUAL, "pkg/only.py": CUDA_ONLY,
        "clean.py": CLEAN,
    }.items():  # fmt: skip
        (folder / name).write_text(source)
    return folder


def figures(*arguments: object) -> dict[str, object]:
    done = invoke("report", "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def counts(groups: object) -> dict[str, int]:
    assert isinstance(groups, list)
    return {one["name"]: sum(one["tally"].values()) for one in groups}


def page(*arguments: object) -> str:
    done = invoke("report", "--output-file", "-", *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_clean_project_has_nothing_to_do(folder: Path) -> None:
    (folder / "a.py").write_text(CLEAN)
    assert "Nothing is left to do." in page()
    assert figures()["total"] == {"safe": 0, "unsafe": 0, "manual": 0, "cuda_only": 0}
    assert "0 findings in 0 of 1 file." in invoke("report", "--format", "markdown").stdout


def test_a_finding_is_safe_unsafe_manual_or_of_cuda_alone(tree: Path) -> None:
    found = figures()
    assert found["total"] == {"safe": 1, "unsafe": 2, "manual": 1, "cuda_only": 1}
    assert (found["files"], found["affected"], found["unreadable"]) == (5, 4, 0)


def test_the_figures_are_told_by_rule_symbol_and_folder(tree: Path) -> None:
    found = figures()
    assert counts(found["rules"])["CFX101"] == 2
    assert counts(found["symbols"])["torch.cuda.CUDAGraph"] == 1
    assert counts(found["folders"]) == {".": 5, "pkg": 5, "pkg/deep": 2}
    assert found["owners"] == []


def test_the_figures_are_told_by_owner_where_there_are_any(tree: Path) -> None:
    (tree / "CODEOWNERS").write_text("/pkg/deep/ @deep\n/pkg/safe.py @a @b\n")
    assert counts(figures()["owners"]) == {"@deep": 2, "(nobody)": 2, "@a": 1, "@b": 1}


def test_the_flags_say_what_is_looked_for(tree: Path) -> None:
    assert counts(figures("--select", "CFX401")["rules"]) == {"CFX401": 1}


def test_the_configuration_says_what_is_looked_for(tree: Path) -> None:
    (tree / "cudafix.toml").write_text('select = ["CFX101"]\n')
    assert counts(figures()["rules"]) == {"CFX101": 2}


def test_what_a_baseline_knows_is_counted_as_well(tree: Path) -> None:
    (tree / "cudafix.toml").write_text('baseline = "cudafix-baseline.json"\n')
    before = figures()["total"]
    assert invoke("baseline", "create").exit_code == 0
    assert figures()["total"] == before


def test_files_that_cannot_be_analysed_are_counted(tree: Path) -> None:
    (tree / "broken.py").write_text("torch.cuda.empty_cache(\n")
    assert figures()["unreadable"] == 1


def test_each_command_that_is_proposed_clears_what_it_says(tree: Path) -> None:
    for step in figures("pkg")["steps"]:  # type: ignore[attr-defined]
        before = sum(figures("pkg")["total"].values())  # type: ignore[attr-defined]
        assert invoke(*step["command"].split()[1:]).exit_code in (0, 1)
        assert sum(figures("pkg")["total"].values()) == before - step["clears"]  # type: ignore[attr-defined]


def test_the_usual_reason_is_the_same_wherever_it_is_about(tree: Path) -> None:
    ladder = "if is_npu():\n    torch.npu.synchronize()\nelif is_xpu():\n    go()\n"
    (tree / "pkg" / "ladders.py").write_text(f"import torch\n{ladder}{ladder}")
    texts = [one["text"] for one in figures("--select", "CFX302")["steps"]]  # type: ignore[attr-defined]
    assert texts[0].startswith(
        "2 of CFX302 dispatch-ladder to be decided by hand. Most often: the branch does something"
    )


def test_a_path_with_a_space_is_quoted_in_a_command(tree: Path) -> None:
    (tree / "a b").mkdir()
    (tree / "a b" / "x.py").write_text(HARDCODED)
    assert figures("a b")["steps"][0]["command"].endswith(" 'a b'")  # type: ignore[index]


def test_the_page_is_written_to_a_file_of_its_own(tree: Path) -> None:
    done = invoke("report")
    assert (done.exit_code, done.stdout) == (0, "Wrote cudafix-report.html: 5 findings in 5 files.\n")
    assert (tree / "cudafix-report.html").read_text().startswith("<!DOCTYPE html>")


def test_a_report_that_cannot_be_written_is_one_line(tree: Path) -> None:
    done = invoke("report", "--output-file", "no/such/report.html")
    assert (done.exit_code, done.stderr) == (
        2, "cudafix: error: no/such/report.html: cannot be written: No such file or directory\n"
    )  # fmt: skip


def test_standard_input_has_no_report(tree: Path) -> None:
    assert invoke("report", "-", stdin=HARDCODED).exit_code == 2


def test_the_page_needs_nothing_from_elsewhere(tree: Path) -> None:
    text = page()
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", text)


def test_nothing_in_a_name_becomes_a_part_of_the_page(tree: Path) -> None:
    (tree / "pkg" / EVIL).write_text(HARDCODED)
    (tree / "pkg" / "<script>").mkdir()
    (tree / "pkg" / "<script>" / "x.py").write_text(HARDCODED)
    text = page()
    assert "<img" not in text
    assert text.count("<script") == 3
    assert "<img" not in invoke("report", "--format", "markdown").stdout


def test_lines_are_shown_where_the_repository_is_on_the_web(tree: Path) -> None:
    git("add", ".", cwd=tree)
    git("commit", "-m", "x", cwd=tree)
    commit = git("rev-parse", "HEAD", cwd=tree).strip()
    for remote, address in (
        ("git@github.com:some/where.git", f"https://github.com/some/where/blob/{commit}/{{path}}#L{{line}}"),
        ("https://me:secret@github.com/some/where", f"https://github.com/some/where/blob/{commit}/{{path}}#L{{line}}"),
        ("ssh://git@gitlab.a.org:22/b/c/d.git", f"https://gitlab.a.org/b/c/d/-/blob/{commit}/{{path}}#L{{line}}"),
        ("/somewhere/else", "{path}#L{line}"),
    ):
        git("config", "remote.origin.url", remote, cwd=tree)
        assert json.dumps(address) in page()
    assert '"link":"x://{path}?{line}"' in page("--link", "x://{path}?{line}")


def test_earlier_reports_show_how_far_it_has_come(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "history").mkdir()
    invoke("report", "--format", "json", "--output-file", "history/1.json")
    assert invoke("fix", "--select", "CFX1").exit_code == 1
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1765000000")
    invoke("report", "--output-file", "history/2.html")
    assert invoke("fix", "--select", "CFX1", "--unsafe-fixes").exit_code == 1
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1766000000")
    said = invoke("report", "--format", "markdown", "--history", "history").stdout
    assert "### Since 2025-11-24" in said
    assert "5 findings then, 3 now (-2)." in said
    assert "| CFX101 hardcoded-empty-cache | 2 | 0 |" in said
    text = page("--history", "history")
    assert re.findall(r'<tr><th scope="row">(\d{4}-\d\d-\d\d)</th><td>(\d+)</td>', text) == [
        ("2025-11-24", "5"), ("2025-12-06", "4"), ("2025-12-17", "3")
    ]  # fmt: skip


def test_a_time_that_no_clock_can_show_is_none(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9" * 30)
    done = invoke("report", "--format", "json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["created"] >= "2025"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.json", '{"version": 1}'),
        ("a.json", "[" * 2_000),
        ("a.json", '{"version": 1, "title": 5}'),
        ("a.html", "<html></html>"),
    ],
)
def test_what_is_no_report_is_no_history(tree: Path, name: str, text: str) -> None:
    (tree / name).write_text(text)
    done = invoke("report", "--history", name)
    assert (done.exit_code, done.stderr) == (2, f"cudafix: error: {name}: is no report of cudafix\n")


def test_a_report_of_a_later_version_is_refused(tree: Path) -> None:
    (tree / "a.json").write_text('{"version": 2}')
    done = invoke("report", "--history", "a.json")
    assert "a.json: is of version 2, which this cudafix does not know" in done.stderr


def test_text_for_a_pull_request_names_the_next_steps(tree: Path) -> None:
    said = invoke("report", "--format", "markdown").stdout
    assert "5 findings in 4 of 5 files." in said
    assert "| automatic, safe | 1 | 20% |" in said
    assert "1. `cudafix fix --select CFX1,CFX2,CFX301,CFX302,CFX303,CFX304` clears 1 in 1 file." in said
