"""The commands: what each does, what it prints, and the code it exits with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, LINE, MANUAL, NEUTRAL, UNSAFE, git, invoke, run

from cudafix import __version__

pytestmark = pytest.mark.usefixtures("folder")


# Nothing to say


def test_check_of_an_empty_folder_is_quiet_and_clean() -> None:
    result = invoke("check")
    assert (result.exit_code, result.output) == (0, "")


def test_fix_of_an_empty_folder_is_quiet_and_clean() -> None:
    result = invoke("fix")
    assert (result.exit_code, result.output) == (0, "")


def test_check_of_clean_code_is_quiet_and_clean(folder: Path) -> None:
    (folder / "a.py").write_text(CLEAN)
    result = invoke("check")
    assert (result.exit_code, result.output) == (0, "")


def test_fix_leaves_clean_code_alone(folder: Path) -> None:
    (folder / "a.py").write_text(CLEAN)
    assert invoke("fix").exit_code == 0
    assert (folder / "a.py").read_text() == CLEAN


def test_check_writes_nothing(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    invoke("check")
    assert (folder / "a.py").read_text() == HARDCODED


def test_fix_with_diff_writes_nothing(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    invoke("fix", "--diff")
    assert (folder / "a.py").read_text() == HARDCODED


# check


def test_check_names_place_code_message_and_the_way_out(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check").stdout == LINE


def test_check_exits_with_1_when_there_is_a_finding(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check").exit_code == 1


def test_check_without_paths_works_on_the_current_folder(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.py").write_text(HARDCODED)
    assert invoke("check").stdout == "sub/" + LINE


def test_check_names_files_as_they_were_given(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check", folder / "a.py").stdout == f"{folder}/{LINE}"


def test_a_file_that_is_named_twice_is_checked_once(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check", "a.py", ".", "./a.py").stdout == LINE


def test_files_come_in_the_order_of_the_arguments(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    (folder / "b.py").write_text(HARDCODED)
    assert invoke("check", "b.py", "a.py").stdout == LINE.replace("a.py", "b.py", 1) + LINE


def test_the_summary_goes_to_stderr_where_stdout_is_no_terminal(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check").stderr == (
        "Found 1 finding in 1 file.\n1 fixable with `cudafix fix`; `cudafix fix --diff` shows how.\n"
    )


def test_the_summary_tells_what_only_unsafe_fixes_mend_and_what_people_decide(folder: Path) -> None:
    (folder / "a.py").write_text(UNSAFE)
    (folder / "b.py").write_text(MANUAL)
    assert invoke("check").stderr == (
        "Found 2 findings in 2 files.\n"
        "1 fixable with `cudafix fix --unsafe-fixes`.\n"
        "1 to be decided by hand; `cudafix explain CODE` says more.\n"
    )


# fix


def test_fix_rewrites_the_file_and_exits_with_0_when_nothing_remains(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    result = invoke("fix")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / "a.py").read_text() == NEUTRAL


def test_fix_tells_how_much_it_fixed(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("fix").stderr == "Fixed 1 finding in 1 file.\n"


def test_fix_lists_what_remains_and_exits_with_1(folder: Path) -> None:
    (folder / "a.py").write_text(MANUAL)
    result = invoke("fix")
    assert result.exit_code == 1
    assert result.stdout.startswith("a.py:4:20: CFX107 `torch.cuda.is_available` is tied to CUDA")
    assert (folder / "a.py").read_text() == MANUAL


def test_fix_lists_what_remains_at_its_place_in_the_new_file(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED + MANUAL.splitlines()[-1] + "\n")
    assert invoke("fix").stdout.startswith("a.py:6:20: CFX107 ")


def test_fix_leaves_what_needs_an_unsafe_fix(folder: Path) -> None:
    (folder / "a.py").write_text(UNSAFE)
    assert invoke("fix").exit_code == 1
    assert (folder / "a.py").read_text() == UNSAFE


def test_fix_with_unsafe_fixes_mends_it(folder: Path) -> None:
    (folder / "a.py").write_text(UNSAFE)
    assert invoke("fix", "--unsafe-fixes").exit_code == 0
    assert (folder / "a.py").read_text() == (
        "import torch\nfrom cudafix.runtime import empty_device_cache\n\nx = torch.ones(1)\ny = empty_device_cache()\n"
    )


def test_a_second_fix_has_nothing_to_do(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    invoke("fix")
    result = invoke("fix")
    assert (result.exit_code, result.output) == (0, "")


def test_fix_goes_on_after_a_file_that_it_cannot_read(folder: Path) -> None:
    (folder / "a.py").write_text("import torch\nprint torch.cuda.device_count()\n")
    (folder / "b.py").write_text(HARDCODED)
    result = invoke("fix")
    assert result.exit_code == 1
    assert (folder / "b.py").read_text() == NEUTRAL


# fix --diff


def test_diff_shows_the_change_and_exits_with_1(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    result = invoke("fix", "--diff")
    assert (result.exit_code, result.stdout) == (
        1,
        "--- a/a.py\n"
        "+++ b/a.py\n"
        "@@ -1,4 +1,5 @@\n"
        " import torch\n"
        "+from cudafix.runtime import empty_device_cache\n"
        " \n"
        " x = torch.ones(1)\n"
        "-torch.cuda.empty_cache()\n"
        "+empty_device_cache()\n",
    )


def test_diff_exits_with_0_when_nothing_would_change_whatever_remains(folder: Path) -> None:
    (folder / "a.py").write_text(MANUAL)
    result = invoke("fix", "--diff")
    assert (result.exit_code, result.stdout) == (0, "")


def test_diff_tells_on_stderr_what_it_would_fix(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("fix", "--diff").stderr == "Would fix 1 finding in 1 file.\n"


def test_git_can_apply_the_diff_whatever_the_bytes_and_the_names(folder: Path) -> None:
    names = ["a b.py", "c\td.py", "é.py", "CR.py", "end.py", "latin.py", "feed.py"]
    git("init", "-q", cwd=folder)
    (folder / names[0]).write_text(HARDCODED)
    (folder / names[1]).write_text(HARDCODED)
    (folder / names[2]).write_text(HARDCODED)
    (folder / names[3]).write_bytes(HARDCODED.replace("\n", "\r\n").encode())
    (folder / names[4]).write_text(HARDCODED.rstrip("\n"))
    (folder / names[5]).write_bytes(b"# coding: latin-1\n# \xe9\n" + HARDCODED.encode())
    (folder / names[6]).write_text("x = 1\n\x0c\n" + HARDCODED)
    (folder / "patch").write_bytes(run("fix", "--diff", cwd=folder).stdout)
    git("apply", "patch", cwd=folder)
    (folder / "patch").unlink()
    applied = [(folder / name).read_bytes() for name in names]
    assert run("check", cwd=folder).stdout == b""
    assert applied[0] == NEUTRAL.encode()
    assert applied[3] == NEUTRAL.replace("\n", "\r\n").encode()
    assert applied[4] == NEUTRAL.rstrip("\n").encode()
    assert applied[5] == b"# coding: latin-1\n# \xe9\n" + NEUTRAL.encode()


# rules, explain, version, help


def test_rules_lists_each_rule_on_a_line() -> None:
    line = "CFX101  hardcoded-empty-cache           on      A cache emptied on one backend only"
    assert line in invoke("rules").stdout.splitlines()


def test_rules_tells_which_are_opt_in() -> None:
    line = next(line for line in invoke("rules").stdout.splitlines() if line.startswith("CFX401"))
    assert line.split()[2] == "opt-in"


def test_explain_prints_the_documentation_of_a_code() -> None:
    result = invoke("explain", "CFX101")
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "# hardcoded-empty-cache (CFX101, on by default)\n\nA cache emptied on one backend only.\n"
    )
    assert "## Fix safety\n" in result.stdout


def test_explain_takes_a_name_and_a_code_in_small_letters() -> None:
    assert invoke("explain", "hardcoded-empty-cache").stdout == invoke("explain", "cfx101").stdout


def test_explain_of_an_unknown_code_is_one_line_with_a_suggestion() -> None:
    result = invoke("explain", "hardcoded-emty-cache")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "cudafix: error: no rule or function is called `hardcoded-emty-cache`; did you mean `hardcoded-empty-cache`? "
        "`cudafix rules` lists the rules\n"
    )


def test_without_a_command_it_prints_its_help_on_stderr_and_exits_with_2() -> None:
    result = invoke()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: cudafix ")


@pytest.mark.parametrize("command", [(), ("check",), ("fix",), ("rules",), ("explain",), ("vendor",)])
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    result = invoke(*command, "-h")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: cudafix ")


def test_the_version_is_printed() -> None:
    assert invoke("--version").stdout == f"cudafix, version {__version__}\n"


def test_python_m_cudafix_is_the_command(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    done = run("check", cwd=folder)
    assert (done.returncode, done.stdout.decode()) == (1, LINE)


# What is loaded

LOADS = """
import sys
from cudafix.cli import main
name = sys.argv.pop(1)
try:
    main()
finally:
    sys.stderr.write(str(name in sys.modules))
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["rules"], ["explain", "CFX101"], ["check", "."], ["check", "--select", "CFX1", "."], ["fix", "."]],
    ids=" ".join,
)
def test_libcst_is_not_loaded_where_nothing_is_parsed(arguments: list[str], folder: Path) -> None:
    (folder / "a.py").write_text(CLEAN)
    code = (
        "import sys\nfrom cudafix.cli import main\ntry: main()\nfinally: sys.stderr.write(str('libcst' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, check=True)
    assert done.stderr == b"False"


def test_torch_is_not_loaded_even_where_something_is_found(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    code = (
        "import sys\nfrom cudafix.cli import main\ntry: main()\nfinally: sys.stderr.write(str('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, "check", "-q"], cwd=folder, capture_output=True, check=False)
    assert done.stderr == b"False"
