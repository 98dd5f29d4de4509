"""Writing: the old file or the new one, whatever happens, and nothing beside it for long."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from command import COMMAND, HARDCODED, NEUTRAL, invoke, run

from cudafix.cli import main
from cudafix.files.atomic import PREFIX, SUFFIX, host, remove_abandoned, replacement, write_all

KILLS = 200
DEAD = 2**22 + 1
"""No process of Linux has such a number."""

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
"""What lets a command mount a file system that only it sees; on some machines nobody may."""

MAY_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
)


def abandoned(folder: Path, process: int, machine: str = "") -> Path:
    file = folder / f"{PREFIX}{machine or host()}-{process}-abc{SUFFIX}"
    file.write_text("half of")
    return file


def left(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.rglob(f"{PREFIX}*"))


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("old")
    with replacement(str(file)) as temporary:
        write_all(temporary, b"new")
        assert file.read_text() == "old"
    assert (file.read_text(), left(tmp_path)) == ("new", [])


def test_an_error_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacement(str(file)):
        raise KeyboardInterrupt
    assert (file.read_text(), left(tmp_path)) == ("old", [])


def test_what_a_dead_process_left_is_taken_away(tmp_path: Path) -> None:
    gone = abandoned(tmp_path, DEAD)
    (tmp_path / "a.py").write_text(HARDCODED)
    assert run("fix", "-q", cwd=tmp_path).returncode == 0
    assert not gone.exists()


def test_what_others_may_still_need_stays(tmp_path: Path) -> None:
    remove_abandoned.cache_clear()
    kept = [abandoned(tmp_path, os.getpid()), abandoned(tmp_path, os.getppid()), abandoned(tmp_path, DEAD, "elsewhere")]
    (tmp_path / f"{PREFIX}notes{SUFFIX}").write_text("somebody's own")
    remove_abandoned(str(tmp_path))
    assert len(left(tmp_path)) == len(kept) + 1


def test_a_disk_that_is_full_leaves_the_file_and_says_so(tmp_path: Path) -> None:
    source = HARDCODED + "# " + "x" * 100_000 + "\n"
    (tmp_path / "a.py").write_text(source)
    done = subprocess.run(
        [*COMMAND, "fix", "--no-cache", "-j1", "a.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert done.returncode == 2
    assert "a.py: cannot be written: File too large" in done.stderr
    assert ((tmp_path / "a.py").read_text(), left(tmp_path)) == (source, [])


@pytest.mark.skipif(not MAY_MOUNT, reason="nobody may mount a file system here")
def test_a_file_system_that_is_full_leaves_the_file_and_says_so(tmp_path: Path) -> None:
    source = HARDCODED + "# " + "x" * 100_000 + "\n"
    (tmp_path / "a.py").write_text(source)
    (tmp_path / "small").mkdir()
    script = """
        mount -t tmpfs -o size=160k none small && cp a.py small && cd small
        "$@" fix --no-cache -j1 a.py
        echo "code $?"
        cmp a.py ../a.py && ls -A
    """
    done = subprocess.run(
        [*NAMESPACE, "sh", "-c", script, "sh", *COMMAND], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "a.py: cannot be written: No space left on device" in done.stderr
    assert done.stdout.splitlines()[-2:] == ["code 2", "a.py"]


def test_two_runs_at_once_make_what_one_makes(tmp_path: Path) -> None:
    names = [f"{number}.py" for number in range(30)]
    for name in names:
        (tmp_path / name).write_text(HARDCODED)
    command = [*COMMAND, "fix", "-q", "."]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in "ab"]
    assert {one.wait(timeout=60) for one in both} <= {0, 2}  # 2: the other was faster with a file
    assert {(tmp_path / name).read_text() for name in names} == {NEUTRAL}
    assert left(tmp_path) == []


LOST_RACES = ("somebody else changed it meanwhile", "of a run that goes on or was killed")
"""What is said of a file that another run was faster with."""


@pytest.mark.parametrize("arguments", [["."], ["--no-cache", "-j1", "0.py", "linked.py"]], ids=["tree", "files"])
def test_five_runs_at_once_leave_each_file_fixed_and_say_which_ones_they_lost(
    arguments: list[str], tmp_path: Path
) -> None:
    names = ["linked.py", *(f"{number}.py" for number in range(5))]
    for name in names:
        (tmp_path / name).write_text(HARDCODED)
    (tmp_path / "other.txt").hardlink_to(tmp_path / "linked.py")
    command = [*COMMAND, "fix", "-q", *arguments]
    runs = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(5)]
    said = [one.communicate(timeout=60)[1].splitlines() for one in runs]
    assert all(any(reason in line for reason in LOST_RACES) for lines in said for line in lines)
    assert [one.returncode for one in runs] == [2 if lines else 0 for lines in said]
    fixed = [name for name in names if name in arguments or "." in arguments]
    assert {(tmp_path / name).read_text() for name in fixed} == {NEUTRAL}
    assert (tmp_path / "other.txt").samefile(tmp_path / "linked.py")
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == sorted([*names, "other.txt"])


@pytest.mark.corpus
def test_a_run_that_is_killed_leaves_each_file_old_or_new(tmp_path: Path) -> None:
    chance = random.Random(7)
    original = tmp_path / "original"
    original.mkdir()
    for number in range(24):
        (original / f"{number}.py").write_text(HARDCODED)
    processes = multiprocessing.get_context("forkserver")  # the start of Python is nothing to be interrupted
    processes.set_forkserver_preload([__name__, "cudafix.cli", "cudafix.fixes.rewriter", "cudafix.engine.verify"])
    run_of(processes, shutil.copytree(original, tmp_path / "first")).join()
    began = time.monotonic()
    run_of(processes, shutil.copytree(original, tmp_path / "second")).join()
    whole = time.monotonic() - began
    states = set()
    for number in range(KILLS):
        work = shutil.copytree(original, tmp_path / str(number))
        process = run_of(processes, work)
        time.sleep(chance.uniform(0.1, 1.1) * whole)
        process.kill()
        process.join()
        found = [one.read_text() for one in work.glob("*.py")]
        assert set(found) <= {HARDCODED, NEUTRAL}
        states.add(found.count(NEUTRAL))
        if left(work) or number % 50 == 0:
            assert run("fix", "-q", "-j1", ".", cwd=work).returncode == 0
            assert left(work) == []
        shutil.rmtree(work)
    assert len(states) > 10  # the runs were killed at many places


def run_of(processes: ForkServerContext, folder: Path) -> multiprocessing.Process:
    """Begin a run of `cudafix fix` over a folder, in a process of its own."""
    process = processes.Process(target=fix_in, args=(folder,))
    process.start()
    return process


def fix_in(folder: Path) -> None:
    os.chdir(folder)
    main(args=["fix", "-q", "-j1", "."])


def test_a_baseline_keeps_the_mode_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(HARDCODED)
    invoke("baseline", "create", "a.py")
    mask = os.umask(0)
    os.umask(mask)
    file = tmp_path / "cudafix-baseline.json"
    assert file.stat().st_mode & 0o777 == 0o666 & ~mask
    file.chmod(0o640)
    invoke("baseline", "create", "--force", "a.py")
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_process_number_that_no_machine_has_is_no_dead_process(tmp_path: Path) -> None:
    remove_abandoned.cache_clear()
    strange = abandoned(tmp_path, 10**30)
    remove_abandoned(str(tmp_path))
    assert strange.exists()
