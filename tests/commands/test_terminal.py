"""What people see: excerpts, colours, the summary and the progress bar, on a real terminal."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from command import (
    CLEAN,
    COMMAND,
    HARDCODED,
    LINE,
    NEUTRAL,
    UNSAFE,
    invoke_on_terminal,
    read_until,
    run,
    run_on_terminal,
    write_many,
)

from cudafix.commands.progress import Progress

EXCERPT = """\
a.py:4:1: CFX101 [*] `torch.cuda.empty_cache` is tied to CUDA
4 | torch.cuda.empty_cache()
  | ^^^^^^^^^^^^^^^^^^^^^^
  = help: use `empty_device_cache`

Found 1 finding in 1 file.
1 fixable with `cudafix fix`; `cudafix fix --diff` shows how.
"""
SLOW = (
    sys.executable,
    "-c",
    "import time, cudafix.engine.one_file as run\n"
    "from cudafix.cli import main\n"
    "process = run.process\n"
    "run.process = lambda *arguments: [time.sleep(0.6), process(*arguments)][1]\n"
    "main()",
)
"""The command, with 0.6 seconds more for each file."""


def plain(text: str) -> str:
    """Return `text` without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# Findings


def test_a_terminal_shows_the_source_and_a_summary(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    code, output = invoke_on_terminal("check", cwd=tmp_path)
    assert (code, plain(output)) == (1, EXCERPT)


def test_a_terminal_gets_colours(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert "\x1b[" in invoke_on_terminal("check", cwd=tmp_path)[1]


def test_no_color_keeps_the_source_without_colours(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert invoke_on_terminal("check", cwd=tmp_path, NO_COLOR="1")[1] == EXCERPT


def test_an_empty_no_color_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert "\x1b[" in invoke_on_terminal("check", cwd=tmp_path, NO_COLOR="")[1]


def test_color_never_keeps_the_source_without_colours(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert invoke_on_terminal("check", "--color", "never", cwd=tmp_path)[1] == EXCERPT


def test_color_always_overrules_no_color(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert "\x1b[" in invoke_on_terminal("check", "--color", "always", cwd=tmp_path, NO_COLOR="1")[1]


def test_a_dumb_terminal_gets_no_colours(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert invoke_on_terminal("check", cwd=tmp_path, TERM="dumb")[1] == EXCERPT


def test_a_pipe_gets_one_line_for_each_finding_and_no_colours(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert run("check", cwd=tmp_path).stdout.decode() == LINE


def test_the_summary_reaches_the_terminal_when_only_stdout_is_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    with open(tmp_path / "out", "w", encoding="utf-8") as stream:
        _, output = invoke_on_terminal("check", cwd=tmp_path, stdout=stream)
    assert output.startswith("Found 1 finding in 1 file.\n")
    assert (tmp_path / "out").read_text() == LINE


def test_the_reason_why_a_fix_is_unsafe_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(UNSAFE)
    output = invoke_on_terminal("check", cwd=tmp_path, NO_COLOR="1")[1]
    assert output.startswith("a.py:4:5: CFX101 [unsafe] `torch.cuda.empty_cache` is tied to CUDA\n")
    assert "\n  = unsafe because: " in output


def test_the_marks_stand_below_the_place_after_wide_characters_and_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch\nif 1:\n\tx = '漢字'; torch.cuda.synchronize()\n", encoding="utf-8")
    output = invoke_on_terminal("check", cwd=tmp_path, NO_COLOR="1")[1]
    assert "\n3 |  x = '漢字'; torch.cuda.synchronize()\n" in output
    assert "\n  |              ^^^^^^^^^^^^^^^^^^^^^^\n" in output


def test_a_place_of_several_lines_is_marked_to_the_end_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch\nx = (torch.cuda\n    .synchronize)\n")
    output = invoke_on_terminal("check", cwd=tmp_path, NO_COLOR="1")[1]
    assert "\n2 | x = (torch.cuda\n  |      ^^^^^^^^^^\n" in output


def test_a_very_long_line_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch\ntorch.cuda.synchronize(); x = '" + "a" * 1000 + "'\n")
    assert "aaaa" not in invoke_on_terminal("check", cwd=tmp_path, NO_COLOR="1")[1]


def test_a_file_in_another_encoding_shows_its_own_characters(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"# coding: latin-1\nimport torch\nx = '\xe9'; torch.cuda.synchronize()\n")
    output = run_on_terminal("check", cwd=tmp_path, NO_COLOR="1", PYTHONIOENCODING="utf-8")[1]
    assert "\n3 | x = 'é'; torch.cuda.synchronize()\n  |          ^^^^^^^^^^^^^^^^^^^^^^\n" in output


def test_neither_a_name_nor_a_source_line_can_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m.py").write_text("import torch\nx = '\x1b[2J'; torch.cuda.synchronize()\n")
    output = invoke_on_terminal("check", cwd=tmp_path, NO_COLOR="1")[1]
    assert "\x1b" not in output
    assert "a\\x1b[31m.py:2:13: CFX104" in output


def test_a_terminal_that_knows_ascii_only_gets_all_findings(tmp_path: Path) -> None:
    (tmp_path / "é.py").write_text(HARDCODED)
    done = run("check", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.stdout.decode("ascii") == LINE.replace("a.py", "\\xe9.py")


# The summary


def test_a_terminal_hears_that_all_is_clear(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CLEAN)
    assert invoke_on_terminal("check", cwd=tmp_path) == (0, "All clear: no finding in 1 file.\n")


def test_a_terminal_hears_that_there_is_nothing_to_check(tmp_path: Path) -> None:
    assert invoke_on_terminal("check", cwd=tmp_path) == (0, "No Python file found.\n")


def test_quiet_keeps_the_summary_away(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CLEAN)
    assert invoke_on_terminal("check", "-q", cwd=tmp_path) == (0, "")


def test_fix_tells_what_it_fixed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    assert invoke_on_terminal("fix", cwd=tmp_path) == (0, "Fixed 1 finding in 1 file.\n")


CUDA_ONLY_USES = "import os\nimport torch\n\ntorch.cuda.nvtx.mark('x')\nos.environ['NCCL_DEBUG'] = 'INFO'\n"


def test_cuda_only_uses_are_counted_apart(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CUDA_ONLY_USES)
    assert invoke_on_terminal("check", cwd=tmp_path)[1].splitlines() == [
        "All clear: no finding in 1 file.",
        "2 CUDA-only uses, nothing to do automatically: `cudafix explain CFX401` says why; "
        "`--extend-select CFX4` lists them.",
    ]


def test_cuda_only_uses_that_are_asked_for_are_never_mixed_with_what_can_be_migrated(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CUDA_ONLY_USES + "torch.cuda.empty_cache()\n")
    status, output = invoke_on_terminal("check", "--extend-select", "CFX4", cwd=tmp_path)
    assert (status, output.splitlines()[-3:]) == (
        1,
        [
            "Found 1 finding in 1 file.",
            "1 fixable with `cudafix fix`; `cudafix fix --diff` shows how.",
            "2 CUDA-only uses, nothing to do automatically: `cudafix explain CFX401` says why.",
        ],
    )


def test_cuda_only_uses_alone_are_no_findings_to_migrate(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CUDA_ONLY_USES)
    status, output = invoke_on_terminal("check", "--select", "CFX4", cwd=tmp_path)
    assert (status, output.splitlines()[-1]) == (
        1,
        "2 CUDA-only uses, nothing to do automatically: `cudafix explain CFX401` says why.",
    )
    assert "Found" not in output


def test_json_stays_json_on_a_terminal(tmp_path: Path) -> None:
    assert invoke_on_terminal("check", "--output-format", "json", cwd=tmp_path) == (0, "[]\n")


# The progress bar


def test_no_bar_is_shown_in_the_first_second() -> None:
    stream = io.StringIO()
    Progress(2, stream, shows=True, clock=iter([0.0, 0.9]).__next__).step()
    assert stream.getvalue() == ""


def test_the_bar_shows_how_far_it_is_after_a_second() -> None:
    stream = io.StringIO()
    Progress(2, stream, shows=True, clock=iter([0.0, 1.1]).__next__).step()
    assert stream.getvalue() == "\r[###############...............] 1/2 files"


def test_the_bar_goes_away_without_a_trace() -> None:
    stream = io.StringIO()
    progress = Progress(1, stream, shows=True, clock=map(float, count(step=2)).__next__)
    progress.step()
    progress.clear()
    bar = "\r[##############################] 1/1 files"
    assert stream.getvalue() == bar + "\r" + " " * (len(bar) - 1) + "\r"


def test_no_bar_is_shown_where_it_is_not_wanted() -> None:
    stream = io.StringIO()
    Progress(1, stream, shows=False, clock=map(float, count(step=2)).__next__).step()
    assert stream.getvalue() == ""


def test_a_run_of_some_seconds_shows_a_bar_on_a_terminal(tmp_path: Path) -> None:
    write_many(tmp_path, 3, HARDCODED)
    output = run_on_terminal("check", "-j", "1", cwd=tmp_path, command=SLOW, NO_COLOR="1")[1]
    assert "\r[##############################] 3/3 files\r" in output
    assert output.rpartition("\r")[2].startswith("00.py:4:1: CFX101 [*] ")


def test_no_bar_is_shown_when_stderr_is_no_terminal(tmp_path: Path) -> None:
    write_many(tmp_path, 3, CLEAN)
    done = subprocess.run([*SLOW, "check", "-j", "1"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stderr == b""


def test_an_error_in_the_middle_takes_the_bar_away_first(tmp_path: Path) -> None:
    write_many(tmp_path, 3, "import torch\nprint torch.cuda\n")
    output = run_on_terminal("check", "-j", "1", cwd=tmp_path, command=SLOW, NO_COLOR="1")[1]
    assert re.search(r"2/3 files\r +\rcudafix: 01\.py:2:1: cannot be read", output)


# Ending early


def test_a_reader_that_stops_reading_ends_it_quietly(tmp_path: Path) -> None:
    write_many(tmp_path, 30, HARDCODED * 40)  # the output is more than a pipe holds
    command = " ".join([*COMMAND, "check", "| head -n 1"])
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("00.py:4:1: CFX101 [*] ")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_reader_that_was_never_there_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, "check", "-q"], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_interrupt_is_one_line(tmp_path: Path) -> None:
    write_many(
        tmp_path, 40, HARDCODED + "y = torch.cuda.current_device(), a" + "[0]" * 900 + "\n"
    )  # libcst takes half a second for each
    command = [*COMMAND, "check", "-j", "2", "-v"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stderr is not None
        read_until("cudafix: reading 39.py", process.stderr)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.decode().strip()) == (130, "cudafix: interrupted")


@pytest.mark.parametrize("whom", [os.kill, os.killpg], ids=["the first process", "all processes"])
def test_an_interrupted_fix_leaves_each_file_as_it_was_or_fixed(
    whom: Callable[[int, int], None], tmp_path: Path
) -> None:
    write_many(tmp_path, 400, HARDCODED)
    command = [*COMMAND, "fix", "-q", "-j", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as process:
        while (tmp_path / "00.py").read_text() == HARDCODED:
            time.sleep(0.01)
        whom(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.decode().strip()) == (130, "cudafix: interrupted")
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".py"}
    assert {path.read_text() for path in tmp_path.glob("*.py")} == {HARDCODED, NEUTRAL}
