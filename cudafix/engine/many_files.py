"""The flow of many files: what the cache knows, and processes for the rest, in the order of the files."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, repeat, takewhile
from typing import TYPE_CHECKING

from cudafix.config.options import Options
from cudafix.engine.one_file import failed, run_file
from cudafix.engine.outside_uses import find_outside_uses
from cudafix.engine.work import Mode, Work
from cudafix.model import Result

if TYPE_CHECKING:
    from cudafix.engine.cache import Cache

Job = tuple[str, Options]
CHUNK = 8
"""Files that a worker gets at once."""

OBJECTS_BEFORE_COLLECTION = 100_000
"""That are made before the collector looks for garbage; Python's own 700 make the analysis a fifth slower."""

INTERRUPTED = threading.Event()
"""Set in a worker that is to stop after the file in hand."""


def run_cached(jobs: Sequence[Job], cache: Cache | None, work: Work, processes: int) -> Iterator[Result]:
    """Deal with every file, in order; those that `cache` knows need no second look.

    What other files say of a module is no part of the cache: a module of which one speaks is always looked at.
    """
    known: list[Result | None] = [None for _ in jobs]
    if cache is not None:
        known = [cache.find(path, options) for path, options in jobs]
        known = [one if one is not None and may_be_reused(one, work.mode) else None for one in known]
    if not all(known):
        work = replace(work, outside_uses=find_outside_uses([path for path, _ in jobs]))
        known = [None if path in work.outside_uses else one for (path, _), one in zip(jobs, known, strict=True)]
    fresh = run_all((job for job, one in zip(jobs, known, strict=True) if one is None), work, processes)
    for (_, options), found in zip(jobs, known, strict=True):
        result = found or next(fresh)
        if found is None and cache is not None and result.path not in work.outside_uses:
            cache.keep(result, options)
        yield result


def may_be_reused(result: Result, mode: Mode) -> bool:
    """Whether what was found is all that is wanted: what a fix takes is more."""
    return mode is Mode.CHECK or not (result.findings or result.problems)


def run_all(jobs: Iterable[Job], work: Work, processes: int) -> Iterator[Result]:
    """Deal with every file, in order; in several processes when there are enough files."""
    remaining = iter(jobs)
    first = list(islice(remaining, 2 * CHUNK))
    if processes == 1 or len(first) < 2 * CHUNK:
        for path, options in (*first, *remaining):
            yield run_file(path, options, work)
        return
    every = [*first, *remaining]
    chunks = [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]
    yield from run_chunks(chunks, work, processes)


def run_chunks(chunks: Sequence[Sequence[Job]], work: Work, processes: int) -> Iterator[Result]:
    """Deal with `chunks` in worker processes; when one dies, files are tried again, each in a process of its own."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    done = 0
    while done < len(chunks):
        rest = chunks[done:]
        try:
            with ProcessPoolExecutor(min(processes, len(rest)), initializer=prepare_worker) as pool:
                for results in pool.map(run_chunk, rest, repeat(work)):
                    yield from results
                    done += 1
        except BrokenProcessPool:
            for job in chunks[done]:
                yield run_alone(job, work)
            done += 1


def run_chunk(jobs: Sequence[Job], work: Work) -> list[Result]:
    remaining = takewhile(lambda job: not INTERRUPTED.is_set(), jobs)
    return [run_file(path, options, work) for path, options in remaining]


def run_alone(job: Job, work: Work) -> Result:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    with ProcessPoolExecutor(1, initializer=prepare_worker) as pool:
        try:
            return pool.submit(run_file, *job, work).result()
        except BrokenProcessPool:
            return failed(job[0], "the process that analysed it died (out of memory?)")


def prepare_worker() -> None:
    """Let Ctrl-C stop a worker after the file in hand, in silence: the parent process says it once."""
    collect_less()
    signal.signal(signal.SIGINT, lambda number, frame: INTERRUPTED.set())


def collect_less() -> None:
    """Let the cyclic garbage collector of this process run less often: a syntax tree is many objects, none garbage."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)


def default_processes() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
