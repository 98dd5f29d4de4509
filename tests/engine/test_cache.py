"""The cache: what has not changed is not looked at again, and nothing that is wrong with it does any harm."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from command import CLEAN, COMMAND, HARDCODED, LINE, MANUAL, NEUTRAL, UNSAFE, invoke, names_below

import cudafix.engine.many_files
import cudafix.engine.one_file
from cudafix import version
from cudafix.engine import cache

pytestmark = pytest.mark.usefixtures("folder")

FOLDER = Path(".cudafix_cache")
LONG_AGO = time.time() - 1000


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    """A hardcoded file, and another that is fine, neither of which has changed for a while."""
    for name, source in (("a.py", HARDCODED), ("b.py", CLEAN)):
        (folder / name).write_text(source)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled as soon as they are written."""
    monkeypatch.setattr(cache, "SETTLED", -10_000_000_000)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are looked at, in this process."""
    seen: list[str] = []
    run_file = cudafix.engine.many_files.run_file
    monkeypatch.setattr(
        cudafix.engine.many_files, "run_file", lambda path, *rest: [seen.append(path), run_file(path, *rest)][1]
    )
    return seen


def check(*arguments: str) -> str:
    result = invoke("check", "-q", "-j", "1", *arguments, ".")
    assert result.stderr == ""
    return result.stdout


def shelf() -> Path:
    (found,) = FOLDER.glob("*.json")
    return found


# What is left alone


def test_a_run_over_named_files_keeps_nothing() -> None:
    invoke("check", "a.py", "b.py")
    assert not FOLDER.exists()


def test_standard_input_keeps_nothing() -> None:
    invoke("check", "-", stdin=HARDCODED)
    assert not FOLDER.exists()


@pytest.mark.parametrize("flag", ["-n", "--no-cache"])
def test_who_wants_no_cache_gets_none(flag: str, looked_at: list[str]) -> None:
    check()
    check(flag)
    assert looked_at == ["a.py", "b.py"] * 2
    shelf().unlink()
    check(flag)
    assert not list(FOLDER.glob("*.json"))


def test_the_environment_may_say_so_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDAFIX_NO_CACHE", "1")
    check()
    assert not FOLDER.exists()


# What is remembered


@pytest.mark.usefixtures("settled")
def test_what_has_not_changed_is_not_looked_at_again(looked_at: list[str]) -> None:
    first = check()
    assert first == LINE
    assert looked_at == ["a.py", "b.py"]
    assert check() == first
    assert looked_at == ["a.py", "b.py"]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("output_format", ["json", "text"])
@pytest.mark.parametrize("source", [HARDCODED, UNSAFE, MANUAL, "import torch\nx = '\\ud800'  # noqa: CFX101\n"])
def test_what_is_remembered_is_said_in_the_same_words(source: str, output_format: str) -> None:
    Path("a.py").write_text(source)
    first = check("--output-format", output_format)
    assert first
    assert check("--output-format", output_format) == first


@pytest.mark.usefixtures("settled")
def test_a_file_that_cannot_be_read_as_python_is_remembered_with_its_problem(looked_at: list[str]) -> None:
    Path("a.py").write_text("import torch\ntorch.cuda.empty_cache(\n")
    first = invoke("check", "-j", "1", ".")
    assert "a.py:2:23: cannot be read as Python" in first.stderr
    second = invoke("check", "-j", "1", ".")
    assert (second.stdout, second.stderr, second.exit_code) == (first.stdout, first.stderr, first.exit_code)
    assert looked_at == ["a.py", "b.py"]


@pytest.mark.usefixtures("settled")
def test_a_problem_of_the_machine_is_not_remembered(looked_at: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(cudafix.engine.one_file, "read", unreadable)
        assert invoke("check", "-j", "1", ".").exit_code == 2
    assert check() == LINE
    assert looked_at == ["a.py", "b.py"] * 2


@pytest.mark.usefixtures("settled")
def test_cuda_only_uses_are_counted_from_memory_as_well() -> None:
    Path("a.py").write_text("import torch\ntorch.cuda.nvtx.range_push('a')\ntorch.cuda.empty_cache()\n")
    first = invoke("check", "-j", "1", ".").stderr
    assert "1 CUDA-only use" in first
    assert invoke("check", "-j", "1", ".").stderr == first


@pytest.mark.usefixtures("settled")
def test_several_processes_remember_the_same(looked_at: list[str]) -> None:
    for number in range(40):
        Path(f"c{number:02}.py").write_text(HARDCODED)
    first = invoke("check", "-q", "-j", "2", ".").stdout
    assert first.count("CFX101") == 41
    assert check() == first
    assert looked_at == []


@pytest.mark.usefixtures("settled")
def test_paths_are_shown_as_they_are_named_now() -> None:
    assert check() == LINE
    assert invoke("check", "-q", str(Path.cwd())).stdout == f"{Path.cwd()}/{LINE}"


# What has changed


@pytest.mark.usefixtures("settled")
def test_another_content_is_looked_at_though_size_and_time_are_the_same(looked_at: list[str]) -> None:
    os.utime("a.py", (LONG_AGO, LONG_AGO))
    check()
    time.sleep(0.02)
    Path("a.py").write_text(HARDCODED.replace("torch.cuda", "torch.cpux"))
    os.utime("a.py", (LONG_AGO, LONG_AGO))
    assert check() == ""
    assert looked_at == ["a.py", "b.py", "a.py"]


def test_a_file_that_has_just_changed_goes_by_its_content(looked_at: list[str]) -> None:
    check()
    assert check() == LINE
    Path("a.py").write_text(HARDCODED.replace("torch.cuda", "torch.cpux"))
    assert check() == ""
    assert looked_at == ["a.py", "b.py", "a.py"]


@pytest.mark.usefixtures("settled")
def test_the_same_content_at_another_time_is_known(looked_at: list[str]) -> None:
    check()
    os.utime("a.py", (LONG_AGO, LONG_AGO))
    assert check() == LINE
    assert looked_at == ["a.py", "b.py"]


@pytest.mark.usefixtures("settled")
def test_other_options_are_another_question(looked_at: list[str]) -> None:
    check()
    assert check("--ignore", "CFX1") == ""
    assert check("--route", "accelerator", "--target-torch", "2.9") != LINE
    assert check() == LINE
    assert looked_at == ["a.py", "b.py"] * 3


def test_a_change_of_any_module_is_another_question() -> None:
    modules = Path(version.__file__).parent.rglob("*.py")
    stamp = cache.Cache().stamp
    assert [str(one) for one in modules if f"{str(one)!r}, {one.stat().st_mtime_ns}" not in stamp] == []


@pytest.mark.usefixtures("settled")
def test_another_cudafix_is_another_question(looked_at: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    monkeypatch.setattr(version, "__version__", "0.0.1")
    check()
    assert looked_at == ["a.py", "b.py"] * 2


@pytest.mark.usefixtures("settled")
def test_what_is_excluded_now_is_not_said_from_memory() -> None:
    check()
    assert check("--extend-exclude", "a.py") == ""


@pytest.mark.usefixtures("settled")
def test_a_fix_looks_at_what_it_can_fix_and_forgets_what_it_changed(looked_at: list[str]) -> None:
    check()
    assert invoke("fix", "-j", "1", ".").exit_code == 0
    assert looked_at == ["a.py", "b.py", "a.py"]
    assert Path("a.py").read_text() == NEUTRAL
    assert check() == ""


@pytest.mark.usefixtures("settled")
def test_a_preview_shows_the_same_again() -> None:
    first = invoke("fix", "--diff", ".").stdout
    assert "+empty_device_cache()" in first
    assert invoke("fix", "--diff", ".").stdout == first


# The folder


def test_the_cache_lies_in_a_folder_that_git_and_backups_leave_out() -> None:
    check()
    assert (FOLDER / ".gitignore").read_text() == "*\n"
    assert (FOLDER / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert len(names_below(FOLDER)) == 3


def test_the_cache_lies_beside_the_configuration() -> None:
    Path("pyproject.toml").write_text("[tool.cudafix]\n")
    Path("below").mkdir()
    invoke("check", "below")
    assert not Path("below", FOLDER).exists()
    Path("below/c.py").write_text(CLEAN)
    invoke("check", "below")
    assert FOLDER.exists()


@pytest.mark.parametrize("source", ["flag", "environment", "configuration"])
def test_the_folder_may_be_another_one(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if source == "environment":
        monkeypatch.setenv("CUDAFIX_CACHE_DIR", "kept")
    if source == "configuration":
        Path("pyproject.toml").write_text("[tool.cudafix]\ncache-dir = 'kept'\n")
    check(*(["--cache-dir", "kept"] if source == "flag" else []))
    assert list(Path("kept").glob("*.json"))
    assert not FOLDER.exists()


@pytest.mark.parametrize("place", ["../outside", "/outside", "..", "kept/../..", "link/kept"])
def test_a_configuration_keeps_the_cache_in_its_project(place: str) -> None:
    Path("link").symlink_to("..")
    Path("pyproject.toml").write_text(f"[tool.cudafix]\ncache-dir = '{place}'\n")
    done = invoke("check", ".")
    file = Path("pyproject.toml").absolute()
    where = f"'{place}' leads out of the project, where only --cache-dir may lead"
    assert (done.exit_code, done.output) == (2, f"cudafix: error: {file}: setting `cache-dir`: {where}\n")


def test_the_command_line_may_keep_it_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    check("--cache-dir", str(elsewhere))
    assert list(elsewhere.glob("*.json"))


def test_a_configuration_that_is_named_keeps_it_in_the_working_folder() -> None:
    Path("cfg").mkdir()
    Path("cfg/cudafix.toml").write_text("cache-dir = '../kept'\n")
    done = invoke("check", "--config", "cfg/cudafix.toml", ".")
    assert (done.exit_code, Path("kept").exists()) == (2, False)


def test_what_no_run_needed_for_a_month_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    Path("a.py").unlink()
    assert list(json.loads(shelf().read_text())) == ["a.py", "b.py"]
    later = time.time() + 31 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    check()
    assert list(json.loads(shelf().read_text())) == ["b.py"]


# What is wrong with it


ENTRY = [[0, 0, 0, 0], "{digest}", 20_000]
FINDING = ["CFX101", "n", "m", "s", "r", "h", 1, 1, 1, 2, None]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "\0\xff",
        "[" * 2_000,
        "[]",
        "1",
        '{"a.py": 1}',
        '{"a.py": null}',
        '{"a.py": []}',
        '{"a.py": [[], [], []]}',
        *(json.dumps({"a.py": [*ENTRY, *rest]}) for rest in ([1], [[1]], [[FINDING[:5]]], [[[1, *FINDING[1:]]]])),
        json.dumps({"a.py": [*ENTRY, [[*FINDING[:6], "1", 1, 1, 1, None]], [], 0]}),
        json.dumps({"a.py": [*ENTRY, [[*FINDING[:10], ["certain", "m", []]]], [], 0]}),
        json.dumps({"a.py": [*ENTRY, [[*FINDING[:10], ["safe", "m", [[1]]]]], [], 0]}),
        json.dumps({"a.py": [*ENTRY, [], [["message"]], 0]}),
        json.dumps({"a.py": [*ENTRY, [], [], "x"]}),
        json.dumps({"a.py": [*ENTRY, [], [], 0, 0]}),
    ],
)
def test_a_broken_cache_is_no_cache(broken: str) -> None:
    check()
    digest = json.loads(shelf().read_text())["a.py"][1]
    shelf().write_text(broken.replace("{digest}", digest), encoding="latin-1")
    assert check() == LINE
    assert check() == LINE


def test_a_cache_of_somebody_else_is_not_read_and_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    shelf().write_text("{}")
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert check() == LINE
    assert shelf().read_text() == "{}"


def test_a_link_is_not_followed() -> None:
    Path("elsewhere").mkdir()
    FOLDER.symlink_to("elsewhere")
    assert check() == LINE
    assert names_below(Path("elsewhere")) == []


def test_a_file_in_the_place_of_the_folder_stays_what_it_is() -> None:
    FOLDER.write_text("mine")
    assert check() == LINE
    assert FOLDER.read_text() == "mine"


def test_a_folder_that_cannot_be_written_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert check() == LINE
    assert not list(FOLDER.glob("*.json"))
    assert not list(FOLDER.glob(".*.tmp"))


def test_runs_at_once_agree() -> None:
    runs = [
        subprocess.Popen([*COMMAND, "check", "-q", "."], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    said = [one.communicate(timeout=60) for one in runs]
    assert said == [(LINE.encode(), b"")] * 6
    assert check() == LINE
    assert len(names_below(FOLDER)) == 3
