"""A baseline: what was there when a project began to check is known, and all else is new."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import Result
from command import CLEAN, HARDCODED, invoke

import cudafix.engine.one_file

pytestmark = pytest.mark.usefixtures("folder")

FILE = Path("cudafix-baseline.json")
EMPTY, WAIT, COUNT = "torch.cuda.empty_cache()\n", "torch.cuda.synchronize()\n", "n = torch.cuda.device_count()\n"
HEAD = "import torch\n\n\n"


def write(text: str, name: str = "a.py") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def check(*arguments: str) -> Result:
    return invoke("check", "-q", "--baseline", *arguments)


def found(*arguments: str) -> list[str]:
    """The findings that the baseline does not hold back, as `path:row code`."""
    lines = check(*arguments).stdout.splitlines()
    return [f"{place.rpartition(':')[0]} {rest[:6]}" for place, _, rest in (one.partition(": ") for one in lines)]


def entries(path: str = "a.py") -> list[str]:
    return [" ".join(one.split(" ")[:-2]) for one in json.loads(FILE.read_text())["findings"].get(path, {})]


def git(*arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


# What it holds back


def test_what_was_there_is_known_and_what_is_new_is_reported() -> None:
    write(HEAD + EMPTY)
    result = invoke("baseline", "create")
    assert (result.exit_code, result.stdout) == (0, "Wrote 1 finding in 1 file to cudafix-baseline.json.\n")
    assert (check().exit_code, check().stdout) == (0, "")
    write(HEAD + EMPTY + WAIT)
    assert check().exit_code == 1
    assert found() == ["a.py:5 CFX104"]


def test_a_check_without_it_reports_all() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    assert invoke("check", "-q").exit_code == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}# a comment\n\n{EMPTY}",
        f"{HEAD}x = 1\n{EMPTY}y = 2\n",
        f"{HEAD}def f():\n    {EMPTY}",
        "import torch\n\ntorch . cuda.empty_cache(\n)  # why\n",
        f"{HEAD}if x:\n    y()\nelse:\n    {EMPTY}",
    ],
    ids=["a comment above", "lines around it", "in a function", "another format", "in a branch"],
)
def test_code_that_moves_or_is_formatted_is_known(text: str) -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write(text)
    assert found() == []


def test_a_fix_and_a_new_violation_in_one_file_do_not_cancel_each_other_out() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write(HEAD + WAIT)
    assert found() == ["a.py:4 CFX104", "cudafix-baseline.json:4 CFX003"]


def test_one_more_of_the_same_is_new() -> None:
    write(HEAD + EMPTY + EMPTY)
    invoke("baseline", "create")
    write(HEAD + EMPTY + EMPTY + EMPTY)
    assert found() == ["a.py:6 CFX101"]


def test_the_same_in_another_file_is_new() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write(HEAD + EMPTY, "b.py")
    assert found() == ["b.py:4 CFX101"]


def test_the_same_call_in_another_statement_is_new() -> None:
    write(HEAD + COUNT)
    invoke("baseline", "create")
    write(HEAD + COUNT + COUNT.replace("n =", "m ="))
    assert found() == ["a.py:5 CFX105"]


def test_edits_elsewhere_in_the_file_invalidate_nothing() -> None:
    text = HEAD + "".join(f"def f{n}():\n    a = {n}\n    {EMPTY}    b = a\n    {WAIT}\n\n" for n in range(20))
    write(text)
    invoke("baseline", "create")
    lines = text.splitlines(keepends=True)
    chance = random.Random(1)
    for number in range(50):
        place = chance.choice(
            [row for row, line in enumerate(lines) if row > 2 and "torch" not in line and line != "\n"]
        )
        lines.insert(place, f"    edit_{number} = 1\n")
        write("".join(lines))
        assert found() == []


@pytest.mark.parametrize("width", ["40", "200"])
def test_a_tree_that_ruff_formats_is_known(width: str) -> None:
    write(f"{HEAD}def f(a,b):\n    return g(torch.cuda.device_count(),'x',torch.cuda.memory_allocated( ) ,)\n")
    shown = "x = ('a' \n  f'b {torch.cuda.device_count()}')\n"
    write(f"{HEAD}if (torch.cuda.is_available() and x) :\n  {EMPTY}  {WAIT}{shown}", "b.py")
    invoke("baseline", "create")
    before = Path("a.py").read_text(), Path("b.py").read_text()
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", width, "."]
    subprocess.run(command, check=True, capture_output=True)
    assert (Path("a.py").read_text(), Path("b.py").read_text()) != before
    assert found() == []


# What is stale


def test_an_entry_for_what_is_gone_fails_and_says_what_to_do() -> None:
    write(HEAD + EMPTY + WAIT)
    invoke("baseline", "create")
    write(HEAD + EMPTY)
    result = check()
    assert result.exit_code == 1
    assert result.stdout == (
        "cudafix-baseline.json:5:1: CFX003 a.py: `CFX104 torch.cuda.synchronize` is gone: "
        "run `cudafix baseline prune`\n"
    )
    assert invoke("baseline", "prune").stdout == "Took 1 entry out of cudafix-baseline.json, and left 1.\n"
    assert entries() == ["CFX101 torch.cuda.empty_cache"]
    assert check().exit_code == 0


def test_pruning_never_adds() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write(HEAD + EMPTY + WAIT)
    before = FILE.read_text()
    assert invoke("baseline", "prune").stdout == "Took 0 entries out of cudafix-baseline.json, and left 1.\n"
    assert FILE.read_text() == before


def test_a_file_that_cannot_be_read_has_no_stale_entries() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write("import torch\ntorch.cuda.empty_cache(\n")
    assert (check().exit_code, check().stdout) == (1, "")


def test_a_renamed_file_is_followed_through_git() -> None:
    git("init", "-q")
    write(HEAD + EMPTY + "".join(f"x{n} = {n}\n" for n in range(20)))
    invoke("baseline", "create")
    git("add", "-A")
    git("commit", "-qm", "all")
    Path("sub").mkdir()
    git("mv", "a.py", "sub/b.py")
    assert found() == []
    invoke("baseline", "prune")
    assert (entries("a.py"), entries("sub/b.py")) == ([], ["CFX101 torch.cuda.empty_cache"])


# The file


def test_it_is_sorted_and_the_same_whatever_the_order_and_the_number_of_processes() -> None:
    for name in ("c.py", "a.py", "sub/b.py"):
        write(HEAD + WAIT + EMPTY, name)
    invoke("baseline", "create")
    first = FILE.read_text()
    invoke("baseline", "create", "--force", "-j", "2", "sub", "c.py", "a.py")
    assert FILE.read_text() == first
    assert first.startswith('{\n  "findings": {\n    "a.py": {\n      "CFX101 torch.cuda.empty_cache ')
    assert list(json.loads(first)["findings"]) == ["a.py", "c.py", "sub/b.py"]


def test_it_names_no_line_and_shows_what_it_is_about() -> None:
    write(HEAD + COUNT)
    invoke("baseline", "create")
    ((key, shown),) = json.loads(FILE.read_text())["findings"]["a.py"].items()
    assert key.startswith("CFX105 torch.cuda.device_count ")
    assert key.endswith(" 1")
    assert shown == "n=torch.cuda.device_count"


def test_its_paths_are_those_from_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    write(HEAD + EMPTY, "sub/a.py")
    invoke("baseline", "create")
    monkeypatch.chdir("sub")
    assert invoke("check", "-q", "--baseline=../cudafix-baseline.json").exit_code == 0


def test_one_that_is_there_is_not_replaced_unasked() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    before = FILE.read_text()
    write(HEAD + EMPTY + WAIT)
    result = invoke("baseline", "create")
    assert result.exit_code == 2
    assert result.stderr.startswith("cudafix: error: cudafix-baseline.json: is there already; ")
    assert FILE.read_text() == before
    assert invoke("baseline", "create", "--force").exit_code == 0
    assert len(entries()) == 2


@pytest.mark.parametrize("command", [("check", "--baseline"), ("baseline", "prune"), ("baseline", "show")])
def test_one_that_is_missing_is_an_error(command: tuple[str, ...]) -> None:
    result = invoke(*command)
    assert result.exit_code == 2
    assert result.stderr == (
        "cudafix: error: cudafix-baseline.json: no such baseline; `cudafix baseline create` makes one\n"
    )


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"version": 2, "findings": {}}', '{"version": 1, "findings": []}',
     '{"version": 1, "findings": {"a.py": ["x"]}}', '{"version": 1, "findings": {"a.py": {"x": 1}}}', "[" * 2_000],
)  # fmt: skip
def test_what_is_no_baseline_is_an_error(text: str) -> None:
    FILE.write_text(text)
    result = invoke("check", "--baseline")
    assert result.exit_code == 2
    assert result.stderr.startswith("cudafix: error: cudafix-baseline.json: is no baseline of cudafix")
    assert result.stderr.count("\n") == 1


def test_one_that_says_nothing_holds_nothing_back() -> None:
    write(HEAD + EMPTY)
    FILE.write_text('{"version": 1, "findings": {}}')
    assert found() == ["a.py:4 CFX101"]


def test_a_key_that_is_none_of_ours_is_stale() -> None:
    write(CLEAN)
    FILE.write_text('{"version": 1, "findings": {"a.py": {"CFX101": "", "x": ""}}}')
    assert found() == ["cudafix-baseline.json:1 CFX003"]


# The command line and the configuration


def test_a_folder_behind_the_flag_is_one_to_check() -> None:
    write(HEAD + EMPTY, "sub/a.py")
    write(HEAD + WAIT)
    invoke("baseline", "create", "sub")
    assert found("sub") == []


def test_the_configuration_may_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[tool.cudafix]\nbaseline = "known.json"\n', "pyproject.toml")
    write(HEAD + EMPTY, "sub/a.py")
    assert invoke("baseline", "create").stdout == "Wrote 1 finding in 1 file to known.json.\n"
    assert invoke("check", "-q").exit_code == 0
    monkeypatch.chdir("sub")
    assert invoke("check", "-q").exit_code == 0
    assert invoke("baseline", "show").stdout.startswith("1 entry in 1 file\n")


def test_a_fix_takes_no_notice_of_it() -> None:
    write('[tool.cudafix]\nbaseline = "known.json"\n', "pyproject.toml")
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    assert invoke("fix", "-q").exit_code == 0
    assert "empty_device_cache" in Path("a.py").read_text()


def test_what_is_held_back_is_counted() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write(HEAD + EMPTY + WAIT)
    assert "1 known finding held back by the baseline.\n" in invoke("check", "--baseline").stderr


def test_it_is_shown_by_rule_and_folder() -> None:
    write(HEAD + EMPTY)
    write(HEAD + EMPTY + WAIT, "sub/b.py")
    invoke("baseline", "create")
    assert invoke("baseline", "show").stdout == (
        "3 entries in 2 files\n\nrule\n      2  CFX101 hardcoded-empty-cache\n      1  CFX104 hardcoded-synchronize\n"
        "\nfolder\n      1  .\n      2  sub\n"
    )


def test_a_hook_without_anything_stale_loads_no_libcst() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write(CLEAN.replace("torch", "math"), "b.py")
    code = "import sys; from cudafix.cli import main; main(standalone_mode=False)"
    watch = f"import atexit, sys; atexit.register(lambda: print('libcst' in sys.modules)); {code}"
    command = [sys.executable, "-c", watch, "check", "-q", "--baseline", "b.py"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "False\n"


# Changed lines


def test_only_what_stands_on_changed_lines_is_reported() -> None:
    git("init", "-q")
    write(HEAD + EMPTY + "x = 1\n")
    git("add", "-A")
    git("commit", "-qm", "all")
    write(HEAD + EMPTY + WAIT + "x = 1\n" + COUNT)
    write(HEAD + EMPTY, "new name.py")
    result = invoke("check", "-q", "--diff-base", "HEAD")
    places = [one.partition(": ")[0] for one in result.stdout.splitlines()]
    assert places == ["a.py:5:1", "a.py:7:5", "new name.py:4:1"]
    assert result.exit_code == 1


def test_what_changed_on_the_other_side_does_not_count() -> None:
    git("init", "-q", "-b", "main")
    write(HEAD + EMPTY + "x = 1\n")
    git("add", "-A")
    git("commit", "-qm", "all")
    git("checkout", "-qb", "mine")
    write(HEAD + EMPTY + "x = 1\n" + WAIT)
    git("commit", "-qam", "mine")
    git("checkout", "-q", "main")
    write(HEAD + "x = 1\n")
    git("commit", "-qam", "theirs")
    git("checkout", "-q", "mine")
    lines = invoke("check", "-q", "--diff-base", "main").stdout.splitlines()
    assert [one.partition(" ")[0] for one in lines] == ["a.py:6:1:"]


@pytest.mark.parametrize("revision", ["nope", "--output=x", ""])
def test_a_revision_that_is_none_is_an_error(revision: str) -> None:
    git("init", "-q")
    write(HEAD + EMPTY)
    git("add", "-A")
    git("commit", "-qm", "all")
    result = invoke("check", f"--diff-base={revision}")
    assert result.exit_code == 2
    assert result.stderr == (
        f"cudafix: error: --diff-base {revision}: this is no revision, or no git repository is here\n"
    )


def test_changed_lines_outside_of_a_repository_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert invoke("check", "--diff-base", "HEAD").exit_code == 2


def test_a_baseline_that_is_a_folder_is_one_line(folder: Path) -> None:
    (folder / "known.json").mkdir()
    (folder / "cudafix.toml").write_text('baseline = "known.json"\n')
    done = invoke("check")
    assert (done.exit_code, done.stderr) == (2, "cudafix: error: known.json: cannot be read: Is a directory\n")


def test_a_baseline_in_a_folder_that_is_none_is_one_line(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    done = invoke("baseline", "create", "--file", "a.py/known.json", ".")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("cudafix: error: a.py/known.json: cannot be")


def test_the_command_alone_prints_its_help_on_stderr_and_exits_with_2() -> None:
    done = invoke("baseline")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")


@pytest.mark.parametrize("command", ["create", "prune"])
def test_nothing_is_written_when_a_file_could_not_be_read(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text(HARDCODED)
    invoke("baseline", "create", "--file", "old.json", ".")
    before = (folder / "old.json").read_bytes()

    def fail(path: str) -> NoReturn:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(cudafix.engine.one_file, "read", fail)
    done = invoke("baseline", command, "--no-cache", "--file", "old.json" if command == "prune" else "new.json", ".")
    assert (done.exit_code, (folder / "old.json").read_bytes()) == (2, before)
    assert not (folder / "new.json").exists()
