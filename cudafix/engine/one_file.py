"""The flow of one file: path → Result, by read → analyse → rewrite → verify → write.

Nodes of a tree stand in `Analysis` and the operations of fixes; a `Result` has none, so that a worker can return it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cudafix.config.options import Options
from cudafix.engine.work import Mode, Work
from cudafix.files.ordinary import TooLargeError, reason
from cudafix.files.source import DOCUMENTS, HOLD_MODULES, HUGE, LARGEST, LITERATE, NOTEBOOK, Source, digest, read
from cudafix.model import Finding, Position, Problem, Result
from cudafix.prefilter.needles import may_have_findings, may_hold_blocks, may_hold_modules
from cudafix.registry import BY_CODE, UNREADABLE
from cudafix.syntax.quiet import without_warnings

if TYPE_CHECKING:
    from cudafix.engine.analyse import Analysis
    from cudafix.syntax.python_parser import Complaint

MOST_ROUNDS = 5
"""Of fixes, until nothing is left to fix: some are deferred for others, and some become possible by others."""


def run_file(path: str, options: Options, work: Work) -> Result:
    """Read, process and, in FIX mode, write one file."""
    try:
        source = read(path)
    except TooLargeError as error:
        return unreadable(Source(path, b""), reason(error), None, options)
    except OSError as error:
        return failed(path, why_closed(path) if os.path.isdir(path) else reason(error))
    result = process(replace(source, outside_uses=work.outside_uses.get(path, ())), options, work)
    if work.mode is Mode.FIX and result.new_bytes is not None:
        result = write_or_say(path, source.data, result.new_bytes, options.root, work.tops) or result
    bytes_that_travel = result.old_bytes if work.mode is Mode.DIFF else None
    return replace(result, old_bytes=bytes_that_travel, digest=digest(source.data) if work.remembers else "")


def why_closed(folder: str) -> str:
    """Return why a folder stands among the files: whoever looked for them could not look into it."""
    may_be_entered = os.access(folder, os.R_OK | os.X_OK)
    return "is not looked into: it lies too deep, or cannot be read" if may_be_entered else "may not be entered"


def process(source: Source, options: Options, work: Work) -> Result:
    """Deal with one file in memory; it never raises for what the file holds."""
    has_parts = source.path.endswith(HOLD_MODULES) or options.code_blocks or source.may_be_notebook
    try:
        with without_warnings():
            return (process_parts if has_parts else process_module)(source, options, work)
    except Exception as error:  # one odd file must not stop the run
        return failed(source.path, f"internal error: {type(error).__name__}: {one_line(error)}; please report this")


def process_parts(source: Source, options: Options, work: Work) -> Result:
    """Deal with a file that holds modules: a notebook, a document, or docstrings with code."""

    def check(module: Source) -> Result:
        return process_module(module, options, work)

    if source.path.endswith(HOLD_MODULES) and not may_hold_modules(source, options):
        return Result(source.path, old_bytes=source.data)
    if source.path.endswith(NOTEBOOK):
        from cudafix.documents.notebook_result import check_notebook

        return check_notebook(source, check, lambda message: unreadable(source, message, None, options))
    if source.path.endswith((*LITERATE, *DOCUMENTS)):
        from cudafix.documents.document_result import check_document

        return check_document(source, check)
    if source.is_marimo and may_hold_modules(source, options):
        from cudafix.documents.marimo import check_marimo

        result = check_marimo(source, check)
    elif source.may_be_notebook and may_hold_modules(source, options):
        from cudafix.documents.scripts import check_script

        result = check_script(source, check)
    else:
        result = check(source)
    if not options.code_blocks or not may_hold_blocks(source) or source.is_exempt:
        return result
    from cudafix.documents.document_result import check_docstrings

    return check_docstrings(result, source.data, check)


def process_module(source: Source, options: Options, work: Work) -> Result:
    """Deal with one module; nothing is parsed where no word in it can be of interest, or Python itself refuses it."""
    if not may_have_findings(source, options):
        return Result(source.path, old_bytes=source.data)
    from cudafix.syntax.deep_stack import with_deep_stack
    from cudafix.syntax.python_parser import find_complaint

    if len(source.data) > HUGE:
        return unreadable(source, f"is larger than {HUGE // 1_000_000} MB", None, options)
    is_large = len(source.data) > LARGEST
    # here, where Python's usual limits hold
    complaint = None if is_large else find_complaint(source.data, source.may_await)
    if complaint is not None and complaint.too_deep:
        return unreadable(source, complaint.message, complaint.position, options)
    try:
        if is_large:
            return with_deep_stack(lambda: check_large_module(source, options, work))
        return with_deep_stack(lambda: check_module(source, complaint, options, work))
    except RecursionError:
        return unreadable(source, "is nested too deeply", None, options)


def check_module(source: Source, complaint: Complaint | None, options: Options, work: Work) -> Result:
    """Deal with a slice of the file if that will do, else with the whole."""
    found = check_slice(source, options, work) if complaint is None else None
    return found or analyse_and_rewrite(source, complaint, options, work)


def check_large_module(source: Source, options: Options, work: Work) -> Result:
    """Deal with a file that is too large for a whole tree: a slice says what is found, and nothing is rewritten."""
    size = f"is larger than {LARGEST // 1_000_000} MB"
    found = check_slice(source, options, replace(work, mode=Mode.CHECK))
    if found is None:
        return unreadable(source, size, None, options)
    has_fix = any(one.fix is not None and one.fix.safety in work.allowed for one in found.findings)
    problem = Problem(source.path, f"{size}: what is found is not fixed")
    return replace(found, problems=(problem,)) if has_fix and work.mode is not Mode.CHECK else found


def check_slice(source: Source, options: Options, work: Work) -> Result | None:
    """Return what a slice of the file says; None where that is not enough: for a fix, or for some of the rules."""
    from libcst import ParserSyntaxError

    from cudafix.engine.active_rules import may_be_cut
    from cudafix.engine.analyse import analyse
    from cudafix.matchers.references import parse
    from cudafix.prefilter.slice import cut

    if not options.slices or not may_be_cut(source.path, options):
        return None
    try:
        part = cut(source.data, options.words, options.flush_methods)
        if part is None or len(part) > LARGEST:
            return None
        file = parse(source, part)
    except (ParserSyntaxError, SyntaxError, ValueError):
        return None
    analysis = analyse(file, options)
    if work.mode is not Mode.CHECK and (analysis.comment_fixes or analysis.operations(work.allowed)):
        return None
    return unchanged_result(source, analysis)


def analyse_and_rewrite(source: Source, complaint: Complaint | None, options: Options, work: Work) -> Result:
    """Deal with the whole of a module."""
    from libcst import ParserSyntaxError

    from cudafix.engine.analyse import analyse
    from cudafix.matchers.references import parse

    try:
        file = parse(source)
    except (ParserSyntaxError, SyntaxError, UnicodeError, LookupError) as error:
        if complaint is not None:
            return unreadable(source, f"cannot be read as Python: {complaint.message}", complaint.position, options)
        return unreadable(source, f"cannot be parsed: {one_line(error)}", None, options)
    analysis = analyse(file, options)
    if work.mode is Mode.CHECK:
        return unchanged_result(source, analysis)
    return rewritten(source, analysis, options, work)


def rewritten(source: Source, analysis: Analysis, options: Options, work: Work) -> Result:
    """Return the result with all fixes that are allowed; where one of them goes wrong, the file stays as it was."""
    from cudafix.engine.verify import RewriteError, verify
    from cudafix.fixes.rewriter import rewrite
    from cudafix.suppressions.removal import with_edits

    allowed = work.allowed
    operations = analysis.operations(allowed)
    unchanged = unchanged_result(source, analysis)
    if not operations and not analysis.comment_fixes:
        return unchanged
    if not analysis.file.round_trips:
        message = "left as it was: libcst would lose a form feed before a statement, or a lone carriage return"
        return replace(unchanged, problems=(Problem(source.path, message),))
    after, fixed = analysis, analysis.fixed(allowed)
    try:
        rounds = 0
        while (operations or after.comment_fixes) and rounds < MOST_ROUNDS:
            rounds += 1
            if operations:
                new = rewrite(after.file, operations).bytes
            else:
                new = with_edits(after.file, after.comment_fixes)
                fixed += after.comment_fixes
            after = verify(after.file, new, options)
            operations = after.operations(allowed)
            fixed += after.fixed(allowed, without_deferred=True)
        if operations or after.comment_fixes:
            raise RewriteError("a second run would change the file again")
    except (RewriteError, ValueError) as error:
        problem = Problem(source.path, f"left as it was: {error}; please report this", fatal=True)
        return replace(unchanged, problems=(problem,))
    return Result(
        source.path,
        after.findings,
        fixed,
        source.data,
        after.file.data,
        uncounted=after.uncounted,
        helpers=after.helpers,
        rounds=rounds,
    )


def unchanged_result(source: Source, analysis: Analysis) -> Result:
    return Result(
        source.path,
        analysis.findings,
        old_bytes=source.data,
        uncounted=analysis.uncounted,
        helpers=analysis.helpers,
    )


def unreadable(source: Source, message: str, position: Position | None, options: Options) -> Result:
    """Return the result for a file that cannot be analysed: a line for the user, and a finding where it is on."""
    from cudafix.engine.active_rules import active_codes

    findings: tuple[Finding, ...] = ()
    if UNREADABLE in active_codes(source.path, options):
        start = position or Position(1, 1)
        findings = (Finding(UNREADABLE, BY_CODE[UNREADABLE].name, message, "", source.path, start, start),)
    problem = Problem(source.path, message, position)
    return Result(source.path, findings, old_bytes=source.data, problems=(problem,))


def failed(path: str, message: str) -> Result:
    """Return the result for a file that the user or we are to blame for; the run goes on and exits with 2."""
    return Result(path, problems=(Problem(path, message, fatal=True),))


def one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]


def leads_outside(path: str, root: Path) -> bool:
    """Whether a file is a link to one that is not below the project's folder, though the link itself is."""
    if not os.path.islink(path):
        return False
    project = os.path.join(os.path.realpath(root), "")
    beside = os.path.join(os.path.realpath(os.path.dirname(path)), "")
    return beside.startswith(project) and not os.path.realpath(path).startswith(project)


def write_or_say(path: str, old: bytes, new: bytes, root: Path, tops: Collection[str]) -> Result | None:
    """Write a file, in the project at `root` and one of the folders `tops`, and return None; or what went wrong."""
    from cudafix.files.write import ChangedMeanwhile, write

    if leads_outside(path, root):
        return failed(path, "left as it was: it is a link to a file outside of the project")
    try:
        write(path, old, new, tops)
    except ChangedMeanwhile as error:
        return failed(path, f"left as it was: {error}")
    except OSError as error:
        return failed(path, f"cannot be written: {error.strerror or one_line(error)}")
    return None
