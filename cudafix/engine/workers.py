"""Worker processes: each is given some files at a time, returns their results, and never outlives this process.

They are made of processes and pipes alone. The pools of the standard library need threads, locks and shared memory as
well, and wait for ever where a machine has too little of one of these.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from typing import TYPE_CHECKING

from cudafix.config.options import Options
from cudafix.engine.one_file import failed, one_line, run_file
from cudafix.engine.work import Work
from cudafix.model import Result

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Job = tuple[str, Options]

DESCRIPTORS = 4
"""That a worker takes of this process."""

SPARE_DESCRIPTORS = 16
"""That each process needs beside them, for the files that it reads."""

PATIENCE = 1.0
"""Seconds that workers have to finish the files in hand when a run ends before its time."""

HEARTBEAT = 0.3
"""Seconds between two looks of a worker at whether its parent is still there."""

DEATH_SIGNAL = 1
"""Linux: PR_SET_PDEATHSIG, the signal that a process gets when its parent ends."""

OBJECTS_BEFORE_COLLECTION = 100_000
"""That are made before the collector looks for garbage; Python's own 700 make the analysis a fifth slower."""

INTERRUPTED = threading.Event()
"""Set in a worker that is to stop after the file in hand."""

NO_MORE = (OSError, RuntimeError, ImportError)
"""What is raised where there are no more processes, descriptors or threads to be had, or never were any."""


class Worker:
    """A process that deals with one chunk of files after the other; `number` and `jobs` are of the one in hand."""

    def __init__(self, work: Work) -> None:
        """Start it.

        Raises:
            NO_MORE: where it cannot be started.
        """
        import multiprocessing  # not at the top: a hook starts none

        if multiprocessing.current_process().daemon:
            raise RuntimeError("this is itself a worker of somebody's")
        self.number = -1
        self.jobs: Sequence[Job] = ()
        self.connection, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(theirs, work), daemon=True)
        try:
            with signals_held_back():
                self.process.start()
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()

    def give(self, number: int, jobs: Sequence[Job]) -> None:
        self.number, self.jobs = number, jobs
        with suppress(OSError):  # it has died: `take` says so
            self.connection.send(jobs)

    def take(self) -> list[Result] | None:
        """Return the results for what was given last; None where the process has died."""
        self.number = -1
        try:
            results: list[Result] = self.connection.recv()
        except (EOFError, OSError):
            return None
        return results

    def dismiss(self) -> None:
        """Let it end after the file in hand."""
        with suppress(OSError):
            if self.number < 0:
                self.connection.send(None)
            elif self.process.pid is not None and os.name != "nt":
                os.kill(self.process.pid, signal.SIGINT)
        self.connection.close()

    def end(self, deadline: float) -> None:
        """Wait for its end, and bring that about when the time has come: files are written as a whole or not at all."""
        self.process.join(max(0.0, deadline - time.monotonic()))
        self.process.kill()
        self.process.join()


def start(count: int, work: Work, say: Callable[[str], None]) -> list[Worker]:
    """Start as many workers as there can be, up to `count`; `say` hears why there are fewer."""
    workers: list[Worker] = []
    try:
        check_descriptors(count * DESCRIPTORS + SPARE_DESCRIPTORS)
        while len(workers) < count:
            workers.append(Worker(work))
    except NO_MORE as error:
        why = getattr(error, "strerror", None) or one_line(error)
        is_alone = "all files are dealt with in this one"
        say(f"{len(workers)} of {count} worker processes can be had ({why})" + ("" if workers else f": {is_alone}"))
    return workers


def check_descriptors(count: int) -> None:
    """Raise OSError where this process may not open so many files more."""
    opened: list[int] = []
    try:
        while len(opened) < count:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for one in opened:
            os.close(one)


def ready(workers: Iterable[Worker]) -> list[Worker]:
    """Wait until one of the busy workers has something to say; return all that have."""
    from multiprocessing.connection import wait

    busy = {worker.connection: worker for worker in workers if worker.number >= 0}
    return [busy[one] for one in wait([*busy])]  # type: ignore[index]


def stop(workers: Sequence[Worker]) -> None:
    """End all workers; those that are busy have some time to finish the file in hand."""
    for worker in workers:
        worker.dismiss()
    deadline = time.monotonic() + PATIENCE
    for worker in workers:
        worker.end(deadline)


def run_alone(job: Job, work: Work) -> Result:
    """Deal with a file in a process of its own, which it may bring to an end."""
    path = job[0]
    try:
        worker = Worker(work)
    except NO_MORE:
        return failed(path, "the process that analysed it died, and there is no other to be had")
    try:
        worker.give(0, [job])
        results = worker.take()
    finally:
        stop([worker])
    return results[0] if results else failed(path, "the process that analysed it died (out of memory?)")


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Hold back what would end a run: a process that is just being made answers with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, endings())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def endings() -> list[signal.Signals]:
    """Return the signals that end a run: Ctrl-C, and where there are such, those to end and of a terminal that goes."""
    return [one for name in ("SIGINT", "SIGTERM", "SIGHUP") if (one := getattr(signal, name, None)) is not None]


# In the worker


def serve(connection: Connection, work: Work) -> None:
    """Deal with what comes, until there is no more; in silence, since the parent names the files of one that died."""
    prepare()
    with suppress(Exception):
        while (jobs := connection.recv()) is not None:
            remaining = takewhile(lambda job: not INTERRUPTED.is_set(), jobs)
            results = [run_file(path, options, work) for path, options in remaining]
            if INTERRUPTED.is_set():
                return
            connection.send(results)


def prepare() -> None:
    """Let Ctrl-C stop a worker after the file in hand, in silence: the parent process says it once."""
    end_with_parent()
    collect_less()
    for number in endings():
        if callable(signal.getsignal(number)):  # not one that whoever started us has switched off
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, lambda number, frame: INTERRUPTED.set())
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, endings())


def collect_less() -> None:
    """Let the cyclic garbage collector of this process run less often: a syntax tree is many objects, none garbage."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)


def end_with_parent() -> None:
    """Let this process end when the one that has started it does, however that ends.

    Linux does it at once. Elsewhere, and where the parent had ended before we could ask for that, a thread looks.
    """
    import ctypes
    import multiprocessing

    parent = os.getppid()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)

    def look() -> None:
        starter = multiprocessing.parent_process()
        while os.getppid() == parent and (starter is None or starter.is_alive()):
            time.sleep(HEARTBEAT)
        os._exit(1)

    with suppress(RuntimeError):  # no more threads
        threading.Thread(target=look, daemon=True).start()
