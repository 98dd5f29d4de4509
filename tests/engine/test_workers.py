"""Worker processes: where there are none to be had, and that they end when their parent does."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import COMMAND, HARDCODED, write_many

import cudafix.engine.workers
from cudafix.config.options import Options
from cudafix.engine.many_files import run_all
from cudafix.engine.work import Mode, Work
from cudafix.engine.workers import Worker, check_descriptors, stop

FALLBACK = "0 of 2 worker processes can be had (none): all files are dealt with in this one"
SLOW = HARDCODED + "".join(f"def f{number}(a):\n    torch.cuda.empty_cache()\n" for number in range(300))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_many(tmp_path, 40, HARDCODED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def jobs() -> list[tuple[str, Options]]:
    return [(f"{number:02}.py", Options()) for number in range(40)]


def found(processes: int = 2) -> tuple[list[str], list[str]]:
    """Return the files in which something was found, and what was said of processes."""
    said: list[str] = []
    results = list(run_all(jobs(), Work(Mode.CHECK), processes, said.append))
    return [result.path for result in results if result.findings], said


ALL = [path for path, _ in jobs()]


@pytest.mark.usefixtures("folder")
def test_nothing_is_said_where_there_are_enough() -> None:
    assert found() == (ALL, [])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("error", [OSError(11, "none"), RuntimeError("none"), ImportError("none")])
def test_without_processes_to_be_had_one_does_it_all_and_says_so_once(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object) -> None:
        raise error

    monkeypatch.setattr(multiprocessing.Process, "start", refuse)
    assert found() == (ALL, [FALLBACK])


@pytest.mark.usefixtures("folder")
def test_with_too_few_descriptors_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(count: int) -> None:
        raise OSError(24, "none")

    monkeypatch.setattr(cudafix.engine.workers, "check_descriptors", refuse)
    assert found() == (ALL, [FALLBACK])


@pytest.mark.usefixtures("folder")
def test_some_are_better_than_none(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = multiprocessing.Process.start

    def start_one(self: multiprocessing.Process) -> None:
        if started:
            raise OSError(11, "no more")
        started.append(self)
        start(self)

    monkeypatch.setattr(multiprocessing.Process, "start", start_one)
    assert found() == (ALL, ["1 of 2 worker processes can be had (no more)"])


def test_descriptors_are_counted_by_opening_them() -> None:
    before = len(os.listdir("/dev/fd"))
    check_descriptors(50)
    assert len(os.listdir("/dev/fd")) == before


def test_few_descriptors_are_no_trouble(folder: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (15, 15))

    command = [*COMMAND, "check", "--isolated", "-n", "-q", "-j", "4"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60, preexec_fn=limit)
    assert (done.returncode, done.stdout.count(b"CFX101"), done.stderr) == (1, 40, b"")


def test_a_worker_that_is_dismissed_ends() -> None:
    worker = Worker(Work(Mode.CHECK))
    stop([worker])
    assert worker.process.exitcode == 0


def test_a_worker_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(Work(Mode.CHECK))
    assert worker.process.pid is not None
    os.kill(worker.process.pid, signal.SIGSTOP)
    monkeypatch.setattr(cudafix.engine.workers, "PATIENCE", 0.1)
    stop([worker])
    assert worker.process.exitcode == -signal.SIGKILL


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run with two workers that have much to do."""
    write_many(tmp_path, 60, SLOW)
    command = [*COMMAND, "check", "--isolated", "-n", "-q", "-j", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def workers_of(process: int) -> list[int]:
    """Wait until a process has two others, and return those."""
    for _ in range(500):
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        if len(children) == 2:
            return list(map(int, children))
        time.sleep(0.02)
    raise TimeoutError


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_parent_by_more_than_a_second(
    number: signal.Signals, busy: subprocess.Popen[bytes]
) -> None:
    workers = workers_of(busy.pid)
    time.sleep(0.5)
    busy.send_signal(number)
    busy.wait(timeout=30)
    time.sleep(1)
    assert [one for one in workers if is_running(one)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_run_ends_it_as_ctrl_c_does(number: signal.Signals, busy: subprocess.Popen[bytes]) -> None:
    workers_of(busy.pid)
    busy.send_signal(number)
    _, errors = busy.communicate(timeout=30)
    assert (busy.returncode, errors.strip()) == (130, b"cudafix: interrupted")


LOOK = """
import os, sys, time
import cudafix.engine.workers as workers
workers.DEATH_SIGNAL = 0  # as where there is none
if not os.fork():
    workers.end_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(60)
time.sleep(0.5)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_where_the_system_does_not_end_a_worker_it_looks_for_its_parent_itself() -> None:
    with subprocess.Popen([sys.executable, "-c", LOOK], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.wait(timeout=30)
        time.sleep(1)
        assert not is_running(worker)
