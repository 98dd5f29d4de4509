"""The flow, for one file and for many: read → analyse → rewrite → verify → write."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from cudafix.config import Options
from cudafix.model import Finding, Position, Problem, Result, Safety
from cudafix.read import Source, read

if TYPE_CHECKING:
    from cudafix.analyse import Analysis

Job = tuple[str, Options]
CHUNK = 8
DEEP_STACK = 512 * 1024 * 1024
DEEP_RECURSION = 100_000


class Mode(Enum):
    CHECK = "check"
    FIX = "fix"
    DIFF = "diff"


def allowed_levels(unsafe: bool) -> tuple[Safety, ...]:
    return (Safety.SAFE, Safety.UNSAFE) if unsafe else (Safety.SAFE,)


def process(source: Source, options: Options, mode: Mode, unsafe: bool) -> Result:
    """Deal with one file in memory; it never raises for what the file holds."""
    if not source.may_have_findings:
        return Result(source.path, old_bytes=source.data)
    try:
        return analyse_and_rewrite(source, options, mode, unsafe)
    except RecursionError:
        return with_deep_stack(lambda: analyse_and_rewrite(source, options, mode, unsafe), source)
    except Exception as error:  # one odd file must not stop the run
        return unreadable(source, f"internal error: {type(error).__name__}: {one_line(error)}", fatal=True)


def analyse_and_rewrite(source: Source, options: Options, mode: Mode, unsafe: bool) -> Result:
    from libcst import ParserSyntaxError

    from cudafix.analyse import active_codes, analyse
    from cudafix.file import File

    try:
        file = File(source)
        file.names  # noqa: B018 - the walk fails here, not later
    except ParserSyntaxError as error:
        position = Position(error.raw_line, error.raw_column + 1)
        return unreadable(
            source, f"cannot be parsed: {one_line(error.message)}", position, active_codes(source.path, options)
        )
    except (UnicodeDecodeError, LookupError, SyntaxError, ValueError) as error:
        return unreadable(source, f"cannot be decoded: {one_line(error)}", None, active_codes(source.path, options))
    analysis = analyse(file, options)
    if mode is Mode.CHECK:
        return Result(source.path, analysis.findings, old_bytes=source.data, uncounted=analysis.uncounted)
    return rewritten(source, analysis, options, unsafe)


def rewritten(source: Source, analysis: Analysis, options: Options, unsafe: bool) -> Result:
    from cudafix.rewrite import rewrite
    from cudafix.verify import RewriteError, verify

    allowed = allowed_levels(unsafe)
    choices = analysis.choices(allowed)
    unchanged = Result(source.path, analysis.findings, old_bytes=source.data, uncounted=analysis.uncounted)
    if not choices:
        return unchanged
    new_data = rewrite(analysis.file, choices).bytes
    try:
        after = verify(analysis.file, new_data, allowed, options)
    except RewriteError as error:
        problem = Problem(source.path, f"left as it was: {error}; please report this", fatal=True)
        return Result(source.path, analysis.findings, old_bytes=source.data, problems=(problem,))
    fixed = tuple(one for one in analysis.findings if one.fix is not None and one.fix.safety in allowed)
    return Result(source.path, after.findings, fixed, source.data, new_data, uncounted=after.uncounted)


def unreadable(
    source: Source,
    message: str,
    position: Position | None = None,
    active: frozenset[str] = frozenset(),
    fatal: bool = False,
) -> Result:
    problem = Problem(source.path, message, position, fatal)
    findings: tuple[Finding, ...] = ()
    if "CFX001" in active:
        start = position or Position(1, 1)
        findings = (Finding("CFX001", "unreadable-file", message, "", source.path, start, start),)
    return Result(source.path, findings, old_bytes=source.data, problems=(problem,))


def one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]


def with_deep_stack(work: Callable[[], Result], source: Source) -> Result:
    """Run `work` in a thread with room for deeply nested code, which exceeds the usual limit."""
    results: list[Result] = []

    def run() -> None:
        try:
            results.append(work())
        except RecursionError:
            results.append(unreadable(source, "is nested too deeply to be analysed", active=frozenset({"CFX001"})))
        except Exception as error:
            results.append(unreadable(source, f"internal error: {one_line(error)}", fatal=True))

    limit, size = sys.getrecursionlimit(), threading.stack_size(DEEP_STACK)
    sys.setrecursionlimit(DEEP_RECURSION)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    return results[0]


def run_file(path: str, options: Options, mode: Mode, unsafe: bool) -> Result:
    """Read, process and, in FIX mode, write one file."""
    from cudafix.write import ChangedMeanwhile, write

    try:
        result = process(read(path), options, mode, unsafe)
        if mode is Mode.FIX and result.new_bytes is not None and result.old_bytes is not None:
            write(path, result.old_bytes, result.new_bytes)
    except ChangedMeanwhile as error:
        return Result(path, problems=(Problem(path, f"left as it was: {error}", fatal=True),))
    except OSError as error:
        reason = error.strerror or one_line(error)
        return Result(path, problems=(Problem(path, f"cannot be read or written: {reason}", fatal=True),))
    return result


def run_chunk(jobs: Sequence[Job], mode: Mode, unsafe: bool) -> list[Result]:
    return [run_file(path, options, mode, unsafe) for path, options in jobs]


def run_all(jobs: Iterable[Job], mode: Mode, unsafe: bool, processes: int) -> Iterator[Result]:
    """Deal with every file, in order; in several processes when there are enough files."""
    waiting = iter(jobs)
    first = list(islice(waiting, 2 * CHUNK))
    if processes == 1 or len(first) < 2 * CHUNK:
        for path, options in (*first, *waiting):
            yield run_file(path, options, mode, unsafe)
        return
    every = [*first, *waiting]
    chunks = [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]
    with ProcessPoolExecutor(min(processes, len(chunks))) as pool:
        for results in pool.map(run_chunk, chunks, [mode] * len(chunks), [unsafe] * len(chunks)):
            yield from results


def default_processes() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
