"""Work → its result, done where deeply nested code has room: libcst and our walk recurse, in C and in Python."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

STACK = 512 * 1024 * 1024
"""Bytes of address space; memory is taken as it is used: 1 KB for each link of `a and a and …`, the longest chain."""
FRAMES = 100_000
T = TypeVar("T")


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

    limit, size = sys.getrecursionlimit(), threading.stack_size(STACK)
    sys.setrecursionlimit(FRAMES)
    try:
        threading.Thread(target=run, daemon=True).start()
    except RuntimeError:  # no thread to be had: address space is limited
        run()
    finally:
        threading.stack_size(size)
    try:
        return outcome.result()
    finally:
        sys.setrecursionlimit(limit)
