"""The flow, for one file and for many: read → analyse → rewrite → verify → write."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice, repeat, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from cudafix.config.options import Options
from cudafix.files.source import DOCUMENTS, HOLD_MODULES, HUGE, LARGEST, NOTEBOOK, Source, digest, read
from cudafix.model import Finding, Position, Problem, Result, Safety

if TYPE_CHECKING:
    from cudafix.engine.analyse import Analysis
    from cudafix.engine.cache import Cache
    from cudafix.syntax.python_parser import Complaint

Job = tuple[str, Options]
CHUNK = 8
ROUNDS = 5
"""Of fixes, until nothing is left to fix: some wait for others, and some become possible by others."""
GARBAGE = 100_000
"""Objects that are made before the collector looks for garbage; Python's own 700 make the analysis a fifth slower."""
INTERRUPTED = threading.Event()


class Mode(Enum):
    CHECK = "check"
    FIX = "fix"
    DIFF = "diff"


@dataclass(frozen=True)
class Work:
    """What is done with each file. `remembers`: the results are for a cache as well."""

    mode: Mode
    unsafe: bool = False
    remembers: bool = False


def allowed_levels(unsafe: bool) -> tuple[Safety, ...]:
    return (Safety.SAFE, Safety.UNSAFE) if unsafe else (Safety.SAFE,)


def process(source: Source, options: Options, mode: Mode, unsafe: bool) -> Result:
    """Deal with one file in memory; it never raises for what the file holds."""
    has_parts = source.path.endswith(HOLD_MODULES) or options.code_blocks
    try:
        return (process_parts if has_parts else process_module)(source, options, mode, unsafe)
    except Exception as error:  # one odd file must not stop the run
        return failed(source.path, f"internal error: {type(error).__name__}: {one_line(error)}; please report this")


def process_parts(source: Source, options: Options, mode: Mode, unsafe: bool) -> Result:
    """Deal with a file that holds modules: a notebook, a document, or docstrings with code."""

    def look(module: Source) -> Result:
        return process_module(module, options, mode, unsafe)

    if source.path.endswith(HOLD_MODULES) and not source.may_hold(options.replaced):
        return Result(source.path, old_bytes=source.data)
    if source.path.endswith(NOTEBOOK):
        from cudafix.documents.notebook_result import look_at_notebook

        return look_at_notebook(source, look, lambda message: unreadable(source, message, None, options))
    if source.path.endswith(DOCUMENTS):
        from cudafix.documents.document_result import look_at_document

        return look_at_document(source, look)
    result = look(source)
    if not source.may_hold_blocks or source.is_exempt:
        return result
    from cudafix.documents.document_result import look_at_docstrings

    return look_at_docstrings(result, source.data, look)


def process_module(source: Source, options: Options, mode: Mode, unsafe: bool) -> Result:
    if not may_hold_findings(source, options):
        return Result(source.path, old_bytes=source.data)
    from cudafix.syntax.deep_stack import with_deep_stack
    from cudafix.syntax.python_parser import find_complaint

    if len(source.data) > HUGE:
        return unreadable(source, f"is larger than {HUGE // 1_000_000} MB", None, options)
    is_large = len(source.data) > LARGEST
    complaint = None if is_large else find_complaint(source.data)  # here, where Python's usual limits hold
    if complaint is not None and complaint.too_deep:
        return unreadable(source, complaint.message, complaint.position, options)
    try:
        if is_large:
            return with_deep_stack(lambda: look_at_large(source, options, mode, unsafe))
        return with_deep_stack(lambda: look_at(source, complaint, options, mode, unsafe))
    except RecursionError:
        return unreadable(source, "is nested too deeply", None, options)


def may_hold_findings(source: Source, options: Options) -> bool:
    """Whether the bytes may hold something to find; no parse is needed where they do not."""
    return (
        source.may_have_findings
        or source.may_repeat(options.flush_methods)
        or asks_for_devices(source, options)
        or source.says(options.replaced)
    )


def asks_for_devices(source: Source, options: Options) -> bool:
    """Whether the opt-in rules for devices in other shapes may be on, and the file may hold such."""
    selected = any(
        one.startswith("CFX2") or "CFX2".startswith(one) for one in (*options.select, *options.extend_select)
    )
    return selected and source.may_name_device


def look_at(source: Source, complaint: Complaint | None, options: Options, mode: Mode, unsafe: bool) -> Result:
    """Deal with a slice of the file if that will do, else with the whole."""
    found = look_at_slice(source, options, mode, unsafe) if complaint is None else None
    return found or analyse_and_rewrite(source, complaint, options, mode, unsafe)


def look_at_large(source: Source, options: Options, mode: Mode, unsafe: bool) -> Result:
    """Deal with a file that is too large for a whole tree: a slice says what is found, and nothing is rewritten."""
    size = f"is larger than {LARGEST // 1_000_000} MB"
    found = look_at_slice(source, options, Mode.CHECK, unsafe)
    if found is None:
        return unreadable(source, size, None, options)
    has_fix = any(one.fix is not None and one.fix.safety in allowed_levels(unsafe) for one in found.findings)
    problem = Problem(source.path, f"{size}: what is found is not fixed")
    return replace(found, problems=(problem,)) if has_fix and mode is not Mode.CHECK else found


def look_at_slice(source: Source, options: Options, mode: Mode, unsafe: bool) -> Result | None:
    """Return what a slice of the file says; None where that is not enough: for a fix, or for some of the rules."""
    from libcst import ParserSyntaxError

    from cudafix.engine.analyse import analyse, may_be_cut
    from cudafix.prefilter.slice import cut
    from cudafix.syntax.module import File

    if not options.slices or not may_be_cut(source.path, options):
        return None
    try:
        shown = cut(source.data, options.words, options.flush_methods)
        if shown is None or len(shown) > LARGEST:
            return None
        file = File(source, shown)
    except (ParserSyntaxError, SyntaxError, ValueError):
        return None
    analysis = analyse(file, options)
    if mode is not Mode.CHECK and (analysis.comment_fixes or analysis.rewrites(allowed_levels(unsafe))):
        return None
    return unchanged_result(source, analysis)


def analyse_and_rewrite(
    source: Source, complaint: Complaint | None, options: Options, mode: Mode, unsafe: bool
) -> Result:
    from libcst import ParserSyntaxError

    from cudafix.engine.analyse import analyse
    from cudafix.syntax.module import File

    try:
        file = File(source)
    except (ParserSyntaxError, SyntaxError, UnicodeError, LookupError) as error:
        if complaint is not None:
            return unreadable(source, f"cannot be read as Python: {complaint.message}", complaint.position, options)
        return unreadable(source, f"cannot be parsed: {one_line(error)}", None, options)
    analysis = analyse(file, options)
    if mode is Mode.CHECK:
        return unchanged_result(source, analysis)
    return rewritten(source, analysis, options, unsafe)


def unchanged_result(source: Source, analysis: Analysis) -> Result:
    helpers = analysis.helpers
    return Result(source.path, analysis.findings, (), source.data, uncounted=analysis.uncounted, helpers=helpers)


def rewritten(source: Source, analysis: Analysis, options: Options, unsafe: bool) -> Result:
    from cudafix.engine.verify import RewriteError, verify
    from cudafix.fixes.rewriter import rewrite
    from cudafix.suppressions.removal import with_edits

    allowed = allowed_levels(unsafe)
    rewrites = analysis.rewrites(allowed)
    unchanged = unchanged_result(source, analysis)
    if not rewrites and not analysis.comment_fixes:
        return unchanged
    if not analysis.file.round_trips:
        message = "left as it was: libcst would lose a form feed before a statement, or a lone carriage return"
        return replace(unchanged, problems=(Problem(source.path, message),))
    after, fixed = analysis, analysis.fixed(allowed)
    try:
        rounds = 0
        while (rewrites or after.comment_fixes) and rounds < ROUNDS:
            rounds += 1
            if rewrites:
                new = rewrite(after.file, rewrites).bytes
            else:
                new = with_edits(after.file, after.comment_fixes)
                fixed += after.comment_fixes
            after = verify(after.file, new, options)
            rewrites = after.rewrites(allowed)
            fixed += after.fixed(allowed, waited=True)
        if rewrites or after.comment_fixes:
            raise RewriteError("a second run would change the file again")
    except (RewriteError, ValueError) as error:
        problem = Problem(source.path, f"left as it was: {error}; please report this", fatal=True)
        return replace(unchanged, problems=(problem,))
    return Result(
        source.path, after.findings, fixed, source.data, after.file.data, (), after.uncounted, after.helpers, rounds
    )


def unreadable(source: Source, message: str, position: Position | None, options: Options) -> Result:
    """Return the result for a file that cannot be analysed: a line for the user, and CFX001 where it is on."""
    from cudafix.engine.analyse import active_codes

    findings: tuple[Finding, ...] = ()
    if "CFX001" in active_codes(source.path, options):
        start = position or Position(1, 1)
        findings = (Finding("CFX001", "unreadable-file", message, "", source.path, start, start),)
    problem = Problem(source.path, message, position)
    return Result(source.path, findings, old_bytes=source.data, problems=(problem,))


def failed(path: str, message: str) -> Result:
    """Return the result for a file that the user or we are to blame for; the run goes on and exits with 2."""
    return Result(path, problems=(Problem(path, message, fatal=True),))


def one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]


def run_file(path: str, options: Options, work: Work) -> Result:
    """Read, process and, in FIX mode, write one file."""
    try:
        source = read(path)
    except OSError as error:
        return failed(path, f"cannot be read: {error.strerror or one_line(error)}")
    result = process(source, options, work.mode, work.unsafe)
    if work.mode is Mode.FIX and result.new_bytes is not None:
        if leads_outside(path, options.root):
            return failed(path, "left as it was: it is a link to a file outside of the project")
        result = written(result, source.data, result.new_bytes)
    bytes_that_travel = result.old_bytes if work.mode is Mode.DIFF else None
    return replace(result, old_bytes=bytes_that_travel, digest=digest(source.data) if work.remembers else "")


def leads_outside(path: str, root: Path) -> bool:
    """Whether a file is a link to one that is not below the project's folder, though the link itself is."""
    if not os.path.islink(path):
        return False
    project = os.path.join(os.path.realpath(root), "")
    beside = os.path.join(os.path.realpath(os.path.dirname(path)), "")
    return beside.startswith(project) and not os.path.realpath(path).startswith(project)


def written(result: Result, old: bytes, new: bytes) -> Result:
    from cudafix.files.write import ChangedMeanwhile, write

    try:
        write(result.path, old, new)
    except ChangedMeanwhile:
        return failed(result.path, "left as it was: somebody else changed it meanwhile")
    except OSError as error:
        return failed(result.path, f"cannot be written: {error.strerror or one_line(error)}")
    return result


def run_cached(jobs: Sequence[Job], cache: Cache | None, work: Work, processes: int) -> Iterator[Result]:
    """Deal with every file, in order; those that `cache` knows need no second look."""
    if cache is None:
        yield from run_all(jobs, work, processes)
        return
    known = [cache.find(path, options) for path, options in jobs]
    known = [one if one is not None and may_be_reused(one, work.mode) else None for one in known]
    fresh = run_all((job for job, one in zip(jobs, known, strict=True) if one is None), work, processes)
    for (_, options), one in zip(jobs, known, strict=True):
        result = one or next(fresh)
        if one is None:
            cache.keep(result, options)
        yield result


def may_be_reused(result: Result, mode: Mode) -> bool:
    """Whether what was found is all that is wanted: what a fix takes is more."""
    return mode is Mode.CHECK or not (result.findings or result.problems)


def run_chunk(jobs: Sequence[Job], work: Work) -> list[Result]:
    remaining = takewhile(lambda job: not INTERRUPTED.is_set(), jobs)
    return [run_file(path, options, work) for path, options in remaining]


def run_all(jobs: Iterable[Job], work: Work, processes: int) -> Iterator[Result]:
    """Deal with every file, in order; in several processes when there are enough files."""
    waiting = iter(jobs)
    first = list(islice(waiting, 2 * CHUNK))
    if processes == 1 or len(first) < 2 * CHUNK:
        for path, options in (*first, *waiting):
            yield run_file(path, options, work)
        return
    every = [*first, *waiting]
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


def run_alone(job: Job, work: Work) -> Result:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    with ProcessPoolExecutor(1, initializer=prepare_worker) as pool:
        try:
            return pool.submit(run_file, *job, work).result()
        except BrokenProcessPool:
            return failed(job[0], "the process that analysed it died (out of memory?)")


def prepare_worker() -> None:
    """Let Ctrl-C stop a worker after the file at hand, in silence: the parent process says it once."""
    collect_less()
    signal.signal(signal.SIGINT, lambda number, frame: INTERRUPTED.set())


def collect_less() -> None:
    """Let the cyclic garbage collector of this process run less often: a syntax tree is many objects, none garbage."""
    gc.set_threshold(GARBAGE)


def default_processes() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
