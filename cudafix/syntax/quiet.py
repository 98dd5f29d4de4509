"""What Python warns of in code that is compiled is its author's matter: it reaches nobody who only checks the code."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Quiet:
    """Python's filters of warnings, which hold for all threads: changed while there is work, and then as before."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.usual = warnings.catch_warnings()

    def begin(self) -> None:
        with self.lock:
            self.users += 1
            if self.users == 1:
                self.usual = warnings.catch_warnings()
                self.usual.__enter__()
                for category in (SyntaxWarning, DeprecationWarning):  # an unknown escape is the one or the other
                    warnings.simplefilter("ignore", category)

    def end(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0:
                self.usual.__exit__(None, None, None)


QUIET = Quiet()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Let code be compiled without a word, and without an error where warnings are errors (`-W error`)."""
    QUIET.begin()
    try:
        yield
    finally:
        QUIET.end()
