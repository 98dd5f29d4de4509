"""The flow of many files: what the cache knows, and processes for the rest, in the order of the files."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from cudafix.engine.one_file import run_file
from cudafix.engine.outside_uses import find_outside_uses
from cudafix.engine.work import Mode, Work
from cudafix.engine.workers import NO_MORE, Job, Worker, ready, run_alone, start, stop
from cudafix.model import Result

if TYPE_CHECKING:
    from cudafix.engine.cache import Cache

CHUNK = 8
"""Files that a worker gets at once."""


def run_cached(
    jobs: Sequence[Job],
    cache: Cache | None,
    work: Work,
    processes: int,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[Result]:
    """Deal with every file, in order; those that `cache` knows need no second look. `say` hears of missing processes.

    What other files say of a module is no part of the cache: a module of which one speaks is always looked at.
    """
    known: list[Result | None] = [None for _ in jobs]
    if cache is not None:
        known = [cache.find(path, options) for path, options in jobs]
        known = [one if one is not None and may_be_reused(one, work.mode) else None for one in known]
    if not all(known):
        work = replace(work, outside_uses=find_outside_uses([path for path, _ in jobs]))
        known = [None if path in work.outside_uses else one for (path, _), one in zip(jobs, known, strict=True)]
    fresh = run_all((job for job, one in zip(jobs, known, strict=True) if one is None), work, processes, say)
    for (_, options), found in zip(jobs, known, strict=True):
        result = found or next(fresh)
        if found is None and cache is not None and result.path not in work.outside_uses:
            cache.keep(result, options)
        yield result


def may_be_reused(result: Result, mode: Mode) -> bool:
    """Whether what was found is all that is wanted: what a fix takes is more."""
    return mode is Mode.CHECK or not (result.findings or result.problems)


def run_all(
    jobs: Iterable[Job], work: Work, processes: int, say: Callable[[str], None] = lambda text: None
) -> Iterator[Result]:
    """Deal with every file, in order; in several processes when there are enough files."""
    remaining = iter(jobs)
    first = list(islice(remaining, 2 * CHUNK))
    if processes == 1 or len(first) < 2 * CHUNK:
        for path, options in (*first, *remaining):
            yield run_file(path, options, work)
        return
    every = [*first, *remaining]
    chunks = [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]
    yield from run_chunks(chunks, work, processes, say)


def run_chunks(
    chunks: Sequence[Sequence[Job]], work: Work, processes: int, say: Callable[[str], None]
) -> Iterator[Result]:
    """Deal with `chunks` in worker processes, in order; in this one where there are none to be had."""
    workers = start(min(processes, len(chunks)), work, say)
    try:
        waiting = deque(enumerate(chunks))
        done: dict[int, list[Result]] = {}
        for number in range(len(chunks)):
            while number not in done:
                give(workers, waiting)
                if workers:
                    take(workers, done, work)
                else:
                    first, jobs = waiting.popleft()
                    done[first] = [run_file(path, options, work) for path, options in jobs]
            give(workers, waiting)
            yield from done.pop(number)
    finally:
        stop(workers)


def give(workers: Sequence[Worker], waiting: deque[tuple[int, Sequence[Job]]]) -> None:
    """Give each worker that has nothing to do the next chunk."""
    for worker in workers:
        if waiting and worker.number < 0:
            worker.give(*waiting.popleft())


def take(workers: list[Worker], done: dict[int, list[Result]], work: Work) -> None:
    """Wait for results; when a worker dies, its files are tried again, each in a process of its own."""
    for worker in ready(workers):
        number, results = worker.number, worker.take()
        if results is None:
            workers.remove(worker)
            stop([worker])
            results = [run_alone(job, work) for job in worker.jobs]
            with suppress(*NO_MORE):
                workers.append(Worker(work))
        done[number] = results


def default_processes() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
