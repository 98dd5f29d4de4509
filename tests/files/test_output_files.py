"""Output: a file takes it whole or not at all, what is no file stays what it is, and nothing else is lost."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command import COMMAND, HARDCODED, LINE, invoke, names_below, run

from cudafix.files import output
from cudafix.files.output import OutputError, check_output, protect, write_output

pytestmark = pytest.mark.usefixtures("folder")

ELSEWHERE = "is a link to a file elsewhere: name that file"
CODE = "holds code or settings, which output would replace"
USED = "is used by this run itself, and output would replace it"
not_for_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")


@pytest.fixture
def source(folder: Path) -> Path:
    (folder / "a.py").write_text(HARDCODED)
    return folder / "a.py"


def refused(name: str, *arguments: str) -> str:
    """Return why a fix with this output file does nothing."""
    done = invoke(*(arguments or ("fix", "a.py")), "--output-file", name)
    assert done.exit_code == 2
    return done.output.removeprefix("cudafix: error: ").removeprefix(f"{name}: ").rstrip("\n")


# What stays


@pytest.mark.parametrize("name", ["a.py", "./a.py", "other.py", "other.ipynb", "pyproject.toml", "setup.cfg"])
def test_code_and_settings_stay(name: str, source: Path) -> None:
    Path("other.py").write_text("x = 1\n")
    Path("other.ipynb").write_text("{}")
    Path("pyproject.toml").write_text("[tool.cudafix]\n")
    Path("setup.cfg").write_text("")
    before = Path(name).read_bytes()
    assert refused(name) == CODE
    assert (Path(name).read_bytes(), source.read_text()) == (before, HARDCODED)


@pytest.mark.parametrize("name", ["Makefile", "CODEOWNERS", "kernel.cu", "run.sh", "site.pth", ".git/config"])
def test_nor_is_what_other_programs_read_replaced(name: str, source: Path) -> None:
    Path(".git").mkdir()
    Path(name).write_text("theirs")
    assert refused(name) == CODE
    assert Path(name).read_text() == "theirs"


@pytest.mark.parametrize("command", [("check",), ("fix",), ("fix", "--diff"), ("report",)])
def test_no_command_replaces_a_source(command: tuple[str, ...], source: Path) -> None:
    assert refused("a.py", *command, "a.py") == CODE
    assert source.read_text() == HARDCODED


def test_a_link_to_a_source_is_not_followed(source: Path) -> None:
    Path("found.txt").symlink_to("a.py")
    assert refused("found.txt") == CODE
    assert source.read_text() == HARDCODED


def test_another_name_of_a_source_is_one(source: Path) -> None:
    Path("found.txt").hardlink_to(source)
    assert refused("found.txt") == USED


def test_a_document_of_the_run_is_a_source(folder: Path) -> None:
    (folder / "page.md").write_text("text\n")
    assert refused("page.md", "check", "--code-blocks", "page.md") == USED


def test_what_comes_on_standard_input_is_a_source(source: Path) -> None:
    Path("found.txt").write_text(HARDCODED)
    command = [*COMMAND, "check", "-", "--output-file", "found.txt"]
    with open("found.txt", "rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, f"cudafix: error: found.txt: {USED}\n")
    assert Path("found.txt").read_text() == HARDCODED


def test_what_an_editor_calls_standard_input_is_a_source(source: Path) -> None:
    Path("found.txt").write_text(HARDCODED)
    done = invoke("check", "-", "--stdin-filename", "found.txt", "--output-file", "found.txt", stdin=HARDCODED)
    assert (done.exit_code, Path("found.txt").read_text()) == (2, HARDCODED)


def test_a_baseline_in_use_stays(source: Path) -> None:
    assert invoke("baseline", "create", "a.py").exit_code == 0
    assert refused("cudafix-baseline.json", "check", "--baseline=cudafix-baseline.json", "a.py") == USED


def test_a_configuration_that_is_named_stays(source: Path) -> None:
    Path("settings").write_text("")
    assert refused("settings", "check", "--config", "settings", "a.py") == USED


def test_a_baseline_replaces_no_source(source: Path) -> None:
    done = invoke("baseline", "create", "--force", "--file", "a.py", "a.py")
    assert (done.exit_code, done.output) == (2, f"cudafix: error: a.py: {CODE}\n")
    assert source.read_text() == HARDCODED


def test_a_baseline_outside_of_the_project_is_named_on_the_command_line(source: Path) -> None:
    Path("below").mkdir()
    Path("below/cudafix.toml").write_text("baseline = '../known.json'\n")
    os.chdir("below")
    done = invoke("baseline", "create", "../a.py")
    where = "setting `baseline` leads out of the project: name the file with --file"
    assert (done.exit_code, done.output) == (2, f"cudafix: error: ../known.json: {where}\n")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".", "is a folder, not a file"),
        ("", "'': is not the name of a file"),
        ("new/", "is not the name of a file"),
        ("missing/found.txt", "cannot be written: No such file or directory"),
        ("a.py/found.txt", "cannot be written: Not a directory"),
        ("dangling", "is a link to nothing"),
        ("circle", "cannot be written: Too many levels of symbolic links"),
        ("x" * 300, "cannot be written: File name too long"),
        ("/dev/fd/999", "cannot be written: Bad file descriptor"),
        ("/dev/fd/99999999999999999999", "cannot be written: Python int too large to convert to C int"),
    ],
)
def test_what_is_no_place_for_a_file_is_refused_before_anything_is_fixed(name: str, reason: str, source: Path) -> None:
    Path("dangling").symlink_to("nowhere")
    Path("circle").symlink_to("circle")
    assert refused(name) == reason
    assert source.read_text() == HARDCODED
    assert names_below(source.parent) == ["a.py", "circle", "dangling"]


def test_a_link_that_leads_elsewhere_is_not_followed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "other.txt"
    other.write_text("theirs")
    Path("found.txt").symlink_to(other)
    assert refused("found.txt") == f"{ELSEWHERE} ({other})"
    assert other.read_text() == "theirs"


def test_the_page_that_nobody_has_named_follows_no_link(source: Path) -> None:
    Path("cudafix-report.html").symlink_to("notes.txt")
    Path("notes.txt").write_text("mine")
    done = invoke("report", "a.py")
    assert (done.exit_code, Path("notes.txt").read_text()) == (2, "mine")


def test_what_is_written_last_is_whole_or_not_there(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(temporary: str, data: bytes) -> None:
        Path(temporary).write_bytes(data[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(output, "write_all", fail)
    Path("found.txt").write_text("earlier\n")
    assert refused("found.txt", "check", "a.py") == "cannot be written: No space left on device"
    assert Path("found.txt").read_text() == "earlier\n"
    assert names_below(source.parent) == ["a.py", "found.txt"]


@not_for_root
def test_a_file_that_may_not_be_written_stays(source: Path) -> None:
    Path("found.txt").write_text("earlier\n")
    Path("found.txt").chmod(0o444)
    assert refused("found.txt") == "cannot be written: Permission denied"


# Pipes and devices


def test_a_device_stays_a_device(source: Path) -> None:
    assert invoke("check", "--output-file", os.devnull, "a.py").exit_code == 1
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_device_that_takes_nothing_is_one_line(source: Path) -> None:
    assert refused("/dev/full", "report", "a.py") == "cannot be written: No space left on device"


def test_a_pipe_takes_output_and_stays_a_pipe(source: Path) -> None:
    os.mkfifo("pipe")
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(Path("pipe").read_text)
        assert invoke("check", "--output-file", "pipe", "a.py").exit_code == 1
        assert received.result(10) == LINE
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_a_pipe_that_nobody_reads_is_not_waited_for(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "READER_WITHIN", 0.1)
    os.mkfifo("pipe")
    assert refused("pipe", "report", "a.py") == "cannot be written: it is a pipe that nobody reads from"
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_a_reader_that_takes_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "STALLED", 0.1)
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OutputError, match="nobody reads what is written"):
        write_output("pipe", b"x" * 10_000_000)
    os.close(reader)


def test_what_others_have_written_to_standard_output_stays(source: Path) -> None:
    log = source.with_name("log.txt")
    log.write_text("before\n")
    Path("out").symlink_to("/dev/stdout")
    script = '"$@" check -q --output-file out a.py >> log.txt; "$@" check -q --output-file log.txt a.py >> log.txt'
    shell(script, source.parent)
    assert log.read_text() == f"before\n{LINE}{LINE}"
    assert Path("out").is_symlink()


def test_a_descriptor_that_a_shell_opened_is_written_to(source: Path) -> None:
    shell('echo before > log.txt; "$@" check -q --output-file /dev/fd/3 a.py 3>> log.txt', source.parent)
    assert source.with_name("log.txt").read_text() == f"before\n{LINE}"


# What is written


def test_a_new_file_has_the_mode_of_a_new_file(source: Path) -> None:
    invoke("check", "--output-file", "found.txt", "a.py")
    source.with_name("plain.txt").touch()
    assert Path("found.txt").stat().st_mode == Path("plain.txt").stat().st_mode


def test_earlier_output_is_replaced_under_its_mode(source: Path) -> None:
    Path("found.txt").write_text("earlier\n" * 100)
    Path("found.txt").chmod(0o640)
    invoke("check", "--output-file", "found.txt", "a.py")
    assert (Path("found.txt").read_text(), stat.S_IMODE(Path("found.txt").stat().st_mode)) == (LINE, 0o640)


def test_another_name_of_earlier_output_keeps_it(source: Path) -> None:
    Path("found.txt").write_text("earlier\n")
    Path("kept.txt").hardlink_to("found.txt")
    invoke("check", "--output-file", "found.txt", "a.py")
    assert (Path("found.txt").read_text(), Path("kept.txt").read_text()) == (LINE, "earlier\n")


def test_a_link_to_a_file_beside_it_stays_a_link(source: Path) -> None:
    Path("found.txt").write_text("earlier\n")
    Path("latest").symlink_to("found.txt")
    invoke("check", "--output-file", "latest", "a.py")
    assert (os.readlink("latest"), Path("found.txt").read_text()) == ("found.txt", LINE)


def test_a_folder_that_takes_no_other_file_has_it_written_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("found.txt").write_text("earlier and longer\n")
    place = os.stat("found.txt").st_ino
    monkeypatch.setattr(os, "replace", busy)
    write_output("found.txt", b"new\n")
    assert (Path("found.txt").read_text(), os.stat("found.txt").st_ino) == ("new\n", place)
    assert os.listdir() == ["found.txt"]


def test_what_cannot_be_written_in_place_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("found.txt").write_text("earlier\n")
    monkeypatch.setattr(os, "replace", busy)
    truncate, failed = os.ftruncate, []

    def fail_once(descriptor: int, length: int) -> None:
        if not failed:
            failed.append(length)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        truncate(descriptor, length)

    monkeypatch.setattr(os, "ftruncate", fail_once)
    with pytest.raises(OutputError, match="No space left on device"):
        write_output("found.txt", b"new and much longer\n")
    assert Path("found.txt").read_text() == "earlier\n"


def test_a_name_that_is_no_text_is_a_name(source: Path) -> None:
    assert run("check", "-q", "--output-file", "n\udcff", "a.py", cwd=source.parent).returncode == 1
    assert Path("n\udcff").read_text() == LINE


def test_a_dash_is_standard_output(source: Path) -> None:
    assert invoke("check", "-q", "--output-file", "-", "a.py").stdout == LINE
    assert names_below(source.parent) == ["a.py"]


def test_a_name_that_no_file_can_have_is_one_line() -> None:
    with pytest.raises(OutputError, match=r"cannot be written: .*embedded null"):
        check_output("a\0b")


def test_nothing_is_protected_from_a_new_file() -> None:
    protect("new.py", ["a.py"])
    assert os.listdir() == []


def busy(source: str, target: str) -> None:
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def shell(script: str, folder: Path) -> None:
    """Run a script of a shell in a folder, with the command as its arguments."""
    done = subprocess.run(["sh", "-c", script, "sh", *COMMAND], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
