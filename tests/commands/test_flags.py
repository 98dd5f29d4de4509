"""The flags that check and fix share: what each changes, and what is said when one is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, LINE, MANUAL, invoke

BOTH = "import torch\n\nx = torch.ones(1)\ntorch.cuda.empty_cache()\ntorch.cuda.synchronize()\n"


pytestmark = pytest.mark.usefixtures("folder")


def codes(*arguments: object) -> list[str]:
    """Return the places and codes that `cudafix check ARGUMENTS` reports, as `file:row code`."""
    found = json.loads(invoke("check", "--output-format", "json", *arguments).stdout)
    return [f"{one['filename']}:{one['location']['row']} {one['code']}" for one in found]


# Which rules


def test_select_reports_these_codes_only(folder: Path) -> None:
    (folder / "a.py").write_text(BOTH)
    assert codes("--select", "CFX104") == ["a.py:5 CFX104"]


def test_select_takes_prefixes_names_and_commas(folder: Path) -> None:
    (folder / "a.py").write_text(BOTH)
    both = ["a.py:4 CFX101", "a.py:5 CFX104"]
    assert codes("--select", "CFX1") == both
    assert codes("--select", "hardcoded-empty-cache,CFX104") == both
    assert codes("--select", "CFX101", "--select", "CFX104") == both


def test_select_all_reports_the_opt_in_rules_as_well(folder: Path) -> None:
    (folder / "a.py").write_text("import torch\n\ntorch.cuda.nvtx.mark('x')\n")
    assert codes() == []
    assert codes("--select", "ALL") == ["a.py:3 CFX401"]


def test_extend_select_adds_to_the_default_rules(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED + "torch.cuda.nvtx.mark('x')\n")
    assert codes("--extend-select", "CFX401") == ["a.py:4 CFX101", "a.py:5 CFX401"]


def test_ignore_leaves_codes_out(folder: Path) -> None:
    (folder / "a.py").write_text(BOTH)
    assert codes("--ignore", "CFX101") == ["a.py:5 CFX104"]


def test_an_ignored_finding_is_not_fixed(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("fix", "--ignore", "CFX101").exit_code == 0
    assert (folder / "a.py").read_text() == HARDCODED


def test_per_file_ignores_leave_codes_out_in_some_files(folder: Path) -> None:
    (folder / "a.py").write_text(BOTH)
    (folder / "b.py").write_text(BOTH)
    assert codes("--per-file-ignores", "b.py:CFX1") == ["a.py:4 CFX101", "a.py:5 CFX104"]


def test_per_file_ignores_take_several_codes_and_several_globs(folder: Path) -> None:
    (folder / "a.py").write_text(BOTH)
    (folder / "b.py").write_text(BOTH)
    assert codes("--per-file-ignores", "a.py:CFX101,CFX104,b.py:CFX101") == ["b.py:5 CFX104"]


# Which files


def test_extend_exclude_leaves_files_and_folders_out(folder: Path) -> None:
    (folder / "gen").mkdir()
    (folder / "gen" / "a.py").write_text(HARDCODED)
    (folder / "b.py").write_text(HARDCODED)
    (folder / "c_pb2.py").write_text(HARDCODED)
    assert codes("--extend-exclude", "gen,*_pb2.py") == ["b.py:4 CFX101"]


def test_exclude_replaces_the_built_in_list(folder: Path) -> None:
    (folder / "build").mkdir()
    (folder / "build" / "a.py").write_text(HARDCODED)
    assert codes() == []
    assert codes("--exclude", "nothing") == ["build/a.py:4 CFX101"]


def test_a_file_that_is_named_is_checked_though_it_is_excluded(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert codes("--extend-exclude", "a.py", "a.py") == ["a.py:4 CFX101"]


def test_force_exclude_excludes_it_all_the_same(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert codes("--extend-exclude", "a.py", "--force-exclude", "a.py") == []


def test_verbose_says_on_stderr_what_is_read_and_what_is_excluded(folder: Path) -> None:
    (folder / "a.py").write_text(CLEAN)
    (folder / "b.py").write_text(CLEAN)
    result = invoke("check", "-v", "--extend-exclude", "b.py")
    assert result.stdout == ""
    assert result.stderr == "cudafix: excluded b.py\ncudafix: reading a.py\n"


# What is printed


def test_statistics_count_by_code_the_most_frequent_first(folder: Path) -> None:
    (folder / "a.py").write_text(BOTH + "torch.cuda.synchronize()\n" + MANUAL.splitlines()[-1])
    assert invoke("check", "--statistics").stdout == (
        "2  CFX104  hardcoded-synchronize  (2 fixable)\n"
        "1  CFX101  hardcoded-empty-cache  (1 fixable)\n"
        "1  CFX107  hardcoded-is-available  (0 fixable)\n"
        "Held back, so that no half of a thing stays on CUDA:\n"
        "2  unsafe: CUDA stays in the function or class around it\n"
        "1  unsafe: the fix of what belongs to it is unsafe\n"
    )


def test_statistics_count_what_is_held_back_by_reason(folder: Path) -> None:
    held = "def f(x):\n    torch.cuda.synchronize()\n    return x.cuda()\n"
    raw = "kernel(torch.cuda.current_stream().cuda_stream)\n"
    (folder / "a.py").write_text(f"import torch\n{held}{held}{raw}")
    assert invoke("check", "--statistics").stdout == (
        "2  CFX104  hardcoded-synchronize  (0 fixable)\n"
        "1  CFX108  hardcoded-stream  (0 fixable)\n"
        "Held back, so that no half of a thing stays on CUDA:\n"
        "2  no fix: CUDA stays in the function around it\n"
        "1  no fix: what belongs to it stays CUDA's\n"
    )


def test_statistics_as_json_are_an_array(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert json.loads(invoke("check", "--statistics", "--output-format", "json").stdout) == [
        {"code": "CFX101", "name": "hardcoded-empty-cache", "count": 1, "fixable": 1}
    ]


def test_exit_zero_reports_and_exits_with_0(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    result = invoke("check", "--exit-zero")
    assert (result.exit_code, result.stdout) == (0, LINE)


def test_exit_zero_does_not_hide_an_error() -> None:
    assert invoke("check", "--exit-zero", "missing.py").exit_code == 2


def test_quiet_prints_findings_only(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check", "-q").output == LINE


def test_output_file_takes_the_findings(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    result = invoke("check", "--output-file", "found.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (folder / "found.txt").read_text() == LINE


def test_output_file_takes_json_and_the_diff_as_well(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    invoke("check", "--output-format", "json", "--output-file", "found.json")
    invoke("fix", "--diff", "--output-file", "change.diff")
    assert len(json.loads((folder / "found.json").read_text())) == 1
    assert (folder / "change.diff").read_text().startswith("--- a/a.py\n")


def test_an_output_file_that_cannot_be_written_is_one_line_before_anything_is_fixed(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    result = invoke("fix", "--output-file", "missing/found.txt")
    assert (result.exit_code, result.output) == (
        2,
        "cudafix: error: missing/found.txt: cannot be written: No such file or directory\n",
    )
    assert (folder / "a.py").read_text() == HARDCODED


def test_color_always_colours_what_goes_to_a_pipe(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    coloured = invoke("check", "--color", "always").stdout
    assert "\x1b[" in coloured
    assert "CFX101" in coloured


# Wrong flags


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.py"], "missing.py: no such file or directory"),
        (["--config", "missing.toml"], "missing.toml: no such configuration file"),
        (["--config", "x.toml", "--isolated"], "--config and --isolated exclude each other"),
        (["--select", "CFX9"], "no rule has the code `CFX9`"),
        (["--select", "hardcoded-graf"], "no rule has the code `hardcoded-graf`; did you mean `hardcoded-graph`?"),
        (["--per-file-ignores", "CFX1"], "--per-file-ignores: expected GLOB:CODES, got 'CFX1'"),
        (["--route", "magic"], "setting `route`: expected one of runtime, accelerator, torch, targets, got 'magic'"),
        (["--runtime-module", "a-b"], "setting `runtime-module`: expected a dotted module name, got 'a-b'"),
        (
            ["--target-torch", "new"],
            'setting `target-torch`: expected a torch version such as "2.9", or "auto", got \'new\'',
        ),
        (["--target-torch", "1.13"], "torch 1.13 is older than 2.4"),
        (["--output-format", "xml"], "Invalid value for '--output-format': 'xml' is not one of"),
        (["--color", "red"], "Invalid value for '--color': 'red' is not one of"),
        (["-j", "0"], "Invalid value for '-j' / '--jobs': 0 is not in the range"),
        (["-j", "many"], "Invalid value for '-j' / '--jobs': 'many' is not a valid integer range"),
        (["--selct", "CFX1"], "No such option"),
        (["--select"], "Option '--select' requires an argument"),
        (["-", "a.py"], "- (standard input) cannot be combined with other paths"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_flag_is_one_clear_line(arguments: list[str], message: str) -> None:
    result = invoke("check", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("cudafix: error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_diff_has_one_form_only() -> None:
    result = invoke("fix", "--diff", "--output-format", "json")
    assert (result.exit_code, result.output) == (
        2,
        "cudafix: error: --diff cannot be combined with --output-format or --statistics\n",
    )


def test_nothing_is_checked_when_one_path_is_wrong(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    result = invoke("fix", "a.py", "missing.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert (folder / "a.py").read_text() == HARDCODED
