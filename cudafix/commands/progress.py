"""A progress bar on stderr for a run that takes longer than a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

BAR_WIDTH = 30
PATIENCE = 1.0
"""Seconds, before a bar is shown."""


class Progress:
    def __init__(self, total: int, stream: TextIO, shows: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.stream = stream
        self.shows = shows
        self.clock = clock
        self.started = clock()
        self.done = 0
        self.shown = ""

    def step(self) -> None:
        """Count one more file as done."""
        self.done += 1
        if self.shows and self.clock() - self.started > PATIENCE:
            width = BAR_WIDTH * self.done // max(1, self.total)
            self.shown = f"[{'#' * width}{'.' * (BAR_WIDTH - width)}] {self.done}/{self.total} files"
            self.stream.write(f"\r{self.shown}")
            self.stream.flush()

    def clear(self) -> None:
        """Take the bar away, for a line of text or for good."""
        if self.shown:
            self.stream.write("\r" + " " * len(self.shown) + "\r")
            self.stream.flush()
            self.shown = ""
