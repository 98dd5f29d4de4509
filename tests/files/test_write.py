"""Writing: all or nothing, as the file was in everything but the fix, and nothing left behind."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import HARDCODED, MANUAL, NEUTRAL, invoke, names_below

import cudafix.commands.suppress
import cudafix.engine.one_file
import cudafix.files.write
from cudafix.files.paths import folders_of
from cudafix.files.source import Source
from cudafix.files.write import ChangedMeanwhile, write

MARK = b"\xef\xbb\xbf"


pytestmark = pytest.mark.usefixtures("folder")


def fixed(source: bytes) -> bytes:
    """Return what `cudafix fix` makes of a file that holds `source`."""
    Path("a.py").write_bytes(source)
    assert invoke("fix").exit_code == 0
    return Path("a.py").read_bytes()


# A file that does not change is not written


def test_a_file_without_a_fix_keeps_its_place_on_disk(folder: Path) -> None:
    (folder / "a.py").write_text(MANUAL)
    before = os.stat("a.py")
    invoke("fix")
    after = os.stat("a.py")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_libcst_does_not_give_back_byte_for_byte_is_left_as_it_is(folder: Path) -> None:
    old_macintosh = HARDCODED.replace("\n", "\r").encode()
    (folder / "a.py").write_bytes(old_macintosh)
    result = invoke("fix")
    assert result.exit_code == 1
    assert result.stderr.startswith("cudafix: a.py: left as it was: libcst would lose a form feed before a statement")
    assert (folder / "a.py").read_bytes() == old_macintosh


# What is kept


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(HARDCODED.encode(), NEUTRAL.encode(), id="LF"),
        pytest.param(HARDCODED.replace("\n", "\r\n").encode(), NEUTRAL.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(HARDCODED.rstrip().encode(), NEUTRAL.rstrip().encode(), id="no last line end"),
        pytest.param(MARK + HARDCODED.encode(), MARK + NEUTRAL.encode(), id="byte order mark"),
        pytest.param(HARDCODED.encode() + b"# \xc3\xa9\n", NEUTRAL.encode() + b"# \xc3\xa9\n", id="UTF-8"),
        pytest.param(
            b"# coding: latin-1\n# \xe9\n" + HARDCODED.encode(),
            b"# coding: latin-1\n# \xe9\n" + NEUTRAL.encode(),
            id="latin-1",
        ),
        pytest.param(
            b"# coding: gbk\n# \xba\xba\xd7\xd6\n" + HARDCODED.encode(),
            b"# coding: gbk\n# \xba\xba\xd7\xd6\n" + NEUTRAL.encode(),
            id="gbk",
        ),
        pytest.param(HARDCODED.encode() + b"\x0c\nx = 1\n", NEUTRAL.encode() + b"\x0c\nx = 1\n", id="form feed"),
        pytest.param(HARDCODED.encode() + b"x = 1 \t \n\n\n", NEUTRAL.encode() + b"x = 1 \t \n\n\n", id="blanks"),
    ],
)
def test_every_other_byte_is_kept(before: bytes, after: bytes) -> None:
    assert fixed(before) == after


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o664])
def test_the_mode_is_kept(mode: int, folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    (folder / "a.py").chmod(mode)
    invoke("fix")
    assert (folder / "a.py").read_text() == NEUTRAL
    assert stat.S_IMODE(os.stat("a.py").st_mode) == mode


def test_the_file_is_as_new_as_its_content_so_that_bytecode_is_not_stale(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    os.utime("a.py", (1, 1))
    invoke("fix")
    assert time.time() - os.stat("a.py").st_mtime < 60


def test_a_link_stays_a_link_and_its_target_is_rewritten(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "a.py").write_text(HARDCODED)
    (folder / "link.py").symlink_to("real/a.py")
    assert invoke("fix", "link.py").exit_code == 0
    assert os.readlink("link.py") == "real/a.py"
    assert (folder / "real" / "a.py").read_text() == NEUTRAL
    assert names_below(folder) == ["link.py", "real/a.py"]


def test_a_link_that_leaves_the_project_is_not_followed_for_writing(folder: Path) -> None:
    project, outside = folder / "project", folder / "outside.py"
    project.mkdir()
    (project / "cudafix.toml").write_text("")
    outside.write_text(HARDCODED)
    (project / "link.py").symlink_to(outside)
    done = invoke("fix", project / "link.py")
    assert done.exit_code == 2
    assert "link.py: left as it was: it is a link to a file outside of the project" in done.stderr
    assert outside.read_text() == HARDCODED


def test_a_file_that_by_now_lies_elsewhere_is_not_written(folder: Path) -> None:
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
        (folder / name / "a.py").write_bytes(b"old")
    (folder / "ours" / "pkg").symlink_to("../theirs")
    tops = folders_of(["ours", "ours/a.py"])
    write("ours/a.py", b"old", b"new", tops)
    with pytest.raises(ChangedMeanwhile):
        write("ours/pkg/a.py", b"old", b"new", tops)
    assert ((folder / "ours/a.py").read_bytes(), (folder / "theirs/a.py").read_bytes()) == (b"new", b"old")


def test_a_folder_that_is_named_may_be_a_link(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "a.py").write_text(HARDCODED)
    (folder / "project").mkdir()
    os.chdir("project")
    Path("link").symlink_to("../real")
    assert invoke("fix", "link").exit_code == 0
    assert (folder / "real" / "a.py").read_text() == NEUTRAL


def test_comments_follow_none_either(folder: Path) -> None:
    project, outside = folder / "project", folder / "outside.py"
    project.mkdir()
    (project / "cudafix.toml").write_text("")
    outside.write_text(HARDCODED)
    (project / "link.py").symlink_to(outside)
    done = invoke("check", "--add-noqa", project / "link.py")
    assert done.exit_code == 2
    assert "link.py: left as it was: it is a link to a file outside of the project" in done.stderr
    assert outside.read_text() == HARDCODED


@pytest.mark.parametrize("flags", [["--no-cache"], []], ids=["no cache", "cache"])
def test_comments_are_written_into_no_file_that_somebody_else_changed(
    flags: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text(HARDCODED)
    theirs = "# theirs\n" + HARDCODED
    monkeypatch.setattr(cudafix.commands.suppress, "read_ordinary", lambda path, limit: theirs.encode())
    for _ in "ab":  # the second time from memory
        done = invoke("check", "--add-noqa", *flags, ".")
        assert done.exit_code == 2
        assert "a.py: left as it was: somebody else changed it meanwhile" in done.stderr
        assert (folder / "a.py").read_text() == HARDCODED
    monkeypatch.undo()
    os.chdir(folder)
    assert invoke("check", "--add-noqa", *flags, ".").exit_code == 0
    assert "# noqa: CFX101" in (folder / "a.py").read_text()


def test_a_folder_within_the_project_may_have_two_names(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "cudafix.toml").write_text("")
    (folder / "src" / "a.py").write_text(HARDCODED)
    (folder / "pkg").symlink_to("src")
    assert invoke("fix", "pkg/a.py").exit_code == 0
    assert (folder / "src" / "a.py").read_text() == NEUTRAL


@pytest.mark.skipif(not hasattr(os, "O_PATH") or not os.path.exists("/proc/self/fd"), reason="Linux")
def test_what_takes_the_place_of_a_folder_meanwhile_is_not_written_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pkg", "theirs"):
        (folder / name).mkdir()
        (folder / name / "a.py").write_text(HARDCODED)
    fsync = os.fsync

    def exchange(descriptor: int) -> None:
        fsync(descriptor)
        (folder / "pkg").rename(folder / "ours")
        (folder / "pkg").symlink_to("theirs")

    monkeypatch.setattr(cudafix.files.write.os, "fsync", exchange)
    assert invoke("fix", "-j", "1", "pkg/a.py").exit_code == 0
    assert ((folder / "ours" / "a.py").read_text(), (folder / "theirs" / "a.py").read_text()) == (NEUTRAL, HARDCODED)
    assert names_below(folder) == ["ours/a.py", "theirs/a.py"]


def test_nothing_is_left_behind(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    invoke("fix")
    assert names_below(folder) == ["a.py"]


def test_a_name_as_long_as_names_can_be_is_no_obstacle(folder: Path) -> None:
    name = "é" * 126 + ".py"
    (folder / name).write_text(HARDCODED)
    assert invoke("fix").exit_code == 0
    assert (folder / name).read_text() == NEUTRAL


# What cannot be written


def test_a_file_that_somebody_else_changed_is_left_as_it_is(folder: Path) -> None:
    (folder / "a.py").write_bytes(b"theirs")
    with pytest.raises(ChangedMeanwhile):
        write("a.py", b"old", b"new")
    assert (folder / "a.py").read_bytes() == b"theirs"
    assert names_below(folder) == ["a.py"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink(os.devnull, path)])
def test_what_is_no_file_any_more_is_neither_waited_for_nor_replaced(
    make: Callable[[str], None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text(HARDCODED)
    fsync = os.fsync

    def exchange(descriptor: int) -> None:
        fsync(descriptor)
        os.unlink("a.py")
        make("a.py")

    monkeypatch.setattr(cudafix.files.write.os, "fsync", exchange)
    with pytest.raises((ChangedMeanwhile, IsADirectoryError)):
        write("a.py", HARDCODED.encode(), NEUTRAL.encode())
    assert not (folder / "a.py").is_file()
    assert os.listdir() == ["a.py"]


def test_a_folder_is_not_written_in_place(folder: Path) -> None:
    (folder / "a.py" / "inside").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write("a.py", b"old", b"new")
    assert os.listdir() == ["a.py"]


def test_a_file_that_somebody_else_changed_is_one_line_and_exit_code_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text("# theirs\n" + HARDCODED)
    (folder / "b.py").write_text(HARDCODED)
    monkeypatch.setattr(cudafix.engine.one_file, "read", lambda path: Source(path, HARDCODED.encode()))
    result = invoke("fix")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("cudafix: a.py: left as it was: somebody else changed it meanwhile\n")
    assert (folder / "a.py").read_text() == "# theirs\n" + HARDCODED
    assert (folder / "b.py").read_text() == NEUTRAL


def test_a_file_that_is_gone_meanwhile_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.py").write_text(HARDCODED)
    monkeypatch.setattr(cudafix.files.write.os, "fsync", lambda descriptor: os.unlink("a.py"))
    result = invoke("fix")
    assert (result.exit_code, result.output) == (2, "cudafix: a.py: cannot be written: No such file or directory\n")
    assert names_below(folder) == []


def test_a_disk_that_fails_leaves_the_file_and_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    (folder / "a.py").write_text(HARDCODED)
    monkeypatch.setattr(cudafix.files.write.os, "fsync", fail)
    result = invoke("fix")
    assert (result.exit_code, result.output) == (2, "cudafix: a.py: cannot be written: No space left on device\n")
    assert (folder / "a.py").read_text() == HARDCODED
    assert names_below(folder) == ["a.py"]


FAILURES = ("close", "fsync", "ftruncate", "replace", "chmod", "setxattr", "stat", "open")


@pytest.mark.parametrize("linked", [False, True], ids=["one name", "two names"])
@pytest.mark.parametrize("name", FAILURES)
def test_whichever_step_fails_the_file_is_whole_and_nothing_is_left(
    name: str, linked: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text(HARDCODED)
    if linked:
        (folder / "other.txt").hardlink_to(folder / "a.py")
    before = names_below(folder)
    step, calls = getattr(os, name, None), iter(range(1000))
    if step is None:
        pytest.skip("this system has no such step")

    def fail_once(*arguments: object, **options: object) -> object:
        if next(calls) == 0:
            raise OSError(5, "Input/output error")
        return step(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, fail_once)
        try:
            write("a.py", HARDCODED.encode(), NEUTRAL.encode())
            expected = NEUTRAL
        except OSError:
            expected = HARDCODED
    assert ((folder / "a.py").read_text(), names_below(folder)) == (expected, before)


def test_an_interrupt_while_writing_leaves_the_file_and_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    (folder / "a.py").write_text(HARDCODED)
    monkeypatch.setattr(cudafix.files.write.os, "replace", interrupt)
    result = invoke("fix")
    assert (result.exit_code, result.stderr.strip()) == (130, "cudafix: interrupted")
    assert (folder / "a.py").read_text() == HARDCODED
    assert names_below(folder) == ["a.py"]


def test_a_file_without_permission_is_one_line_and_exit_code_2(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.py").write_text(HARDCODED)
    (folder / "b.py").write_text(HARDCODED)
    monkeypatch.setattr(cudafix.files.write.os, "access", lambda path, mode: not path.endswith("a.py"))
    result = invoke("fix")
    assert result.exit_code == 2
    assert result.stderr.startswith("cudafix: a.py: cannot be written: Permission denied\n")
    assert (folder / "a.py").read_text() == HARDCODED
    assert (folder / "b.py").read_text() == NEUTRAL


not_for_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")


@not_for_root
def test_a_read_only_file_is_left_as_it_is(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    (folder / "a.py").chmod(0o444)
    result = invoke("fix")
    assert (result.exit_code, result.output) == (2, "cudafix: a.py: cannot be written: Permission denied\n")
    assert (folder / "a.py").read_text() == HARDCODED


@not_for_root
def test_a_file_in_a_read_only_folder_is_left_as_it_is(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.py").write_text(HARDCODED)
    (folder / "sub").chmod(0o555)
    result = invoke("fix")
    (folder / "sub").chmod(0o755)
    assert (result.exit_code, result.output) == (2, "cudafix: sub/a.py: cannot be written: Permission denied\n")
    assert (folder / "sub" / "a.py").read_text() == HARDCODED
    assert names_below(folder) == ["sub/a.py"]


# A file with more than one name


def with_two_names(folder: Path) -> tuple[Path, Path]:
    one, other = folder / "a.py", folder / "other.txt"
    one.write_text(HARDCODED)
    other.hardlink_to(one)
    return one, other


def test_a_file_keeps_its_other_names(folder: Path) -> None:
    one, other = with_two_names(folder)
    assert invoke("fix").exit_code == 0
    assert one.samefile(other)
    assert other.read_text() == NEUTRAL
    assert names_below(folder) == ["a.py", "other.txt"]


@pytest.mark.parametrize("mode", [0o644, 0o6755])
def test_it_keeps_its_mode(mode: int, folder: Path) -> None:
    one, _ = with_two_names(folder)
    one.chmod(mode)
    invoke("fix")
    assert stat.S_IMODE(one.stat().st_mode) == mode


def test_a_failure_while_it_is_written_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = with_two_names(folder)
    put, seen = cudafix.files.write.put, []

    def fail_once(descriptor: int, data: bytes) -> None:
        put(descriptor, data[:5] if not seen else data)
        seen.append(data)
        if len(seen) == 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(cudafix.files.write, "put", fail_once)
    assert invoke("fix", "-j", "1").output == "cudafix: a.py: cannot be written: No space left on device\n"
    assert one.read_text() == other.read_text() == HARDCODED
    assert names_below(folder) == ["a.py", "other.txt"]


def test_the_copy_of_a_run_that_was_killed_is_not_written_over(folder: Path) -> None:
    one, _ = with_two_names(folder)
    (folder / "a.py.cudafix-old").write_text("what it held")
    result = invoke("fix")
    reason = "a.py.cudafix-old, of a run that goes on or was killed, is there"
    assert (result.exit_code, result.output) == (2, f"cudafix: a.py: cannot be written: {reason}\n")
    assert (folder / "a.py.cudafix-old").read_text() == "what it held"
    assert one.read_text() == HARDCODED


def test_a_file_of_somebody_else_keeps_its_set_id_bits(folder: Path) -> None:
    path = folder / "a.py"
    path.write_text(HARDCODED)
    path.chmod(0o6755)
    invoke("fix")
    assert stat.S_IMODE(path.stat().st_mode) == 0o6755
