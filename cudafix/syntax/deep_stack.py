"""Work → its result, done where deeply nested code has room: libcst and our visitor recurse, in C and in Python."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

STACK = 512 * 1024 * 1024
"""Bytes of address space; memory is taken as it is used. libcst 1.9.0 ends the process where there is too little."""

FRAMES = 100_000
T = TypeVar("T")


class Limits:
    """Python's limits, which hold for all threads: raised while there is work, and as before when the last is done."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.usual = 0

    @contextmanager
    def raised(self) -> Iterator[None]:
        with self.lock:
            if self.users == 0:
                self.usual = sys.getrecursionlimit()
                sys.setrecursionlimit(FRAMES)
            self.users += 1
        try:
            yield
        finally:
            with self.lock:
                self.users -= 1
                if self.users == 0:
                    sys.setrecursionlimit(self.usual)

    def start(self, run: Callable[[], None]) -> None:
        """Start a thread with a large stack.

        Raises:
            RuntimeError: when there is none to be had: address space is limited.
        """
        with self.lock:
            size = threading.stack_size(STACK)
            try:
                threading.Thread(target=run, daemon=True).start()
            finally:
                threading.stack_size(size)


LIMITS = Limits()


def with_deep_stack(work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises, from a thread with a large stack."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:
            outcome.set_exception(error)
        except BaseException as error:  # a panic of the native parser: no reason to end the run
            outcome.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))

    with LIMITS.raised():
        try:
            LIMITS.start(run)
        except RuntimeError:
            run()
        return outcome.result()
