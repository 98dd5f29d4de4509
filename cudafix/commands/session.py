"""One run of check or fix: flags → Options → files → results → output → exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from cudafix.commands.conventions import CLEAN, ERROR, FINDINGS, STANDARD_OUTPUT, FlagError
from cudafix.commands.progress import Progress
from cudafix.config.options import Options, Overrides, load, options_for
from cudafix.config.settings import MIGRATED, ConfigError, read_settings
from cudafix.engine.discover import PathError, discover, is_excluded
from cudafix.engine.many_files import default_processes, run_cached
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.engine.workers import collect_less
from cudafix.files.ordinary import DATA
from cudafix.files.paths import folders_of
from cudafix.files.source import STDIN, Source, read
from cudafix.formats import FORMATS, Format
from cudafix.formats.diff import diff
from cudafix.formats.statistics import write_statistics
from cudafix.formats.summary import Sum, summary
from cudafix.formats.text import printable
from cudafix.model import Finding, Result
from cudafix.registry import STALE, UNREADABLE

if TYPE_CHECKING:
    from cudafix.engine.cache import Cache
    from cudafix.files.changes import Changes, Rows
    from cudafix.suppressions.baseline import Entries, Gate


class Session:
    """One run: what the flags ask for, and what has come of it so far."""

    remembers = False
    """Whether results say which content they are of, though there be no cache."""

    def __init__(self, flags: dict[str, Any], mode: Mode, unsafe: bool, edits: bool = False) -> None:
        self.flags = flags
        self.mode = mode
        self.unsafe = unsafe
        self.paths: Sequence[str] = flags["paths"] or (".",)
        self.output = self.find_output()
        self.overrides = read_overrides(flags, edits)
        self.total = Sum()
        self.gate = self.make_gate()
        self.changed = self.find_changed()
        self.progress = Progress(0, sys.stderr, shows=False)
        if mode is Mode.DIFF and (flags["output_format"] != "text" or flags["statistics"]):
            raise FlagError("--diff cannot be combined with --output-format or --statistics")

    def make_gate(self) -> Gate | None:
        """Return what holds back known findings; None where no baseline is in use."""
        file = baseline_file(self.flags, self.overrides)
        if file is None:
            return None
        from cudafix.suppressions.baseline import Gate, load  # not at the top: few runs have one

        return Gate(load(file), options_for(Path.cwd(), self.overrides).gate == MIGRATED)

    def find_changed(self) -> Changes | None:
        """Return what has changed since `--diff-base`; None where all counts."""
        revision = self.flags.get("diff_base")
        if revision is None:
            return None
        from cudafix.files.changes import changes_since  # not at the top: few runs have one
        from cudafix.files.git import GitError

        try:
            found = changes_since(Path.cwd(), revision)
        except GitError as error:
            raise FlagError(f"--diff-base {revision}: {error}") from None
        if found is None:
            raise FlagError(f"--diff-base {revision}: this is no revision, or no git repository is here")
        return found

    @property
    def format(self) -> Format:
        return FORMATS[self.flags["output_format"]]

    @property
    def reads_stdin(self) -> bool:
        return STDIN in self.paths

    @property
    def stdout(self) -> TextIO:
        """Where findings go: `fix -` needs standard output for the fixed source."""
        return sys.stderr if self.mode is Mode.FIX and self.reads_stdin else sys.stdout

    def run(self) -> int:
        collect_less()
        self.check_output()
        if self.reads_stdin:
            self.run_stdin()
        else:
            self.run_paths()
        self.write_report()
        self.summarise()
        sys.stdout.flush()
        return self.exit_code()

    def find_output(self) -> str | None:
        """Return the file that takes the findings; None for standard output."""
        name: str | None = self.flags["output_file"]
        return None if name == STANDARD_OUTPUT else name

    def check_output(self) -> None:
        """Complain before the run about a place that its output cannot go to."""
        if self.output is not None:
            from cudafix.files.output import check_output  # not at the top: a hook has no time

            check_output(self.output)

    def protect(self, used: Iterable[str | int]) -> None:
        """Refuse output that would take the place of what this run is about."""
        if self.output is not None:
            from cudafix.files.output import protect

            known = () if self.gate is None else (str(self.gate.baseline.file),)
            protect(self.output, (str(self.flags["config"] or ""), *known, *used))

    def write_report(self) -> None:
        if self.output is None:
            self.report(self.stdout)
            return
        from cudafix.files.output import write_output

        data = io.BytesIO()
        stream = io.TextIOWrapper(data, encoding="utf-8", errors="backslashreplace")
        self.report(stream)
        stream.flush()
        write_output(self.output, data.getvalue())

    def options_for(self, folder: Path) -> Options:
        return options_for(folder, self.overrides)

    def run_paths(self) -> None:
        self.tops = folders_of(self.paths)  # before the files are looked for
        jobs = list(self.discover())
        self.protect(path for path, _ in jobs)
        for path, _ in jobs:
            self.say_more(f"reading {path}")
        self.progress = Progress(len(jobs), sys.stderr, sys.stderr.isatty() and not self.flags["quiet"])
        cache = self.make_cache()
        processes = self.flags["jobs"] or default_processes()
        work = Work(self.mode, self.unsafe, cache is not None or self.remembers, self.tops)
        for result in run_cached(jobs, cache, work, processes, self.say_more):
            self.progress.step()
            self.take(result)
        self.report_stale(dict(jobs))
        if cache is not None:
            cache.save()
        self.progress.clear()

    def discover(self) -> Iterator[tuple[str, Options]]:
        return discover(
            self.paths,
            self.options_for,
            say_excluded=lambda name: self.say_more(f"excluded {name}"),
            warn=lambda name, text: self.say(f"cudafix: {name}: {text}"),
        )

    def make_cache(self) -> Cache | None:
        """Return the cache; none where only files are named, as a hook does: they have just changed."""
        if self.flags["no_cache"] or not any(os.path.isdir(one) for one in self.paths):
            return None
        from cudafix.engine.cache import Cache  # not at the top: a hook has no time

        return Cache(self.flags["cache_dir"] or "")

    def run_stdin(self) -> None:
        if len(self.paths) > 1:
            raise PathError("- (standard input) cannot be combined with other paths")
        name = self.flags["stdin_filename"] or STDIN
        self.protect((0, name, *((1,) if self.mode is Mode.FIX else ())))
        options = self.options_for(Path(name).parent)
        data = read_stdin()
        result = Result(name, old_bytes=data)
        if name == STDIN or not (options.force_exclude and is_excluded(Path(name), None, options)):
            result = process(Source(name, data), options, Work(self.mode, self.unsafe))
        self.take(result)
        if self.mode is Mode.FIX:
            sys.stdout.buffer.write(data if result.new_bytes is None else result.new_bytes)

    def report_stale(self, options: Mapping[str, Options]) -> None:
        """Report the entries of a baseline that fit nothing any more."""
        if self.gate is not None:
            from cudafix.suppressions.baseline import stale_findings

            stale = self.find_stale(self.gate, options)
            if stale and self.is_on(str(self.gate.baseline.file), STALE, options):
                self.total.findings += stale_findings(self.gate.baseline, stale)

    def find_stale(self, gate: Gate, options: Mapping[str, Options]) -> Entries:
        folders = [one for one in self.paths if os.path.isdir(one)]
        return gate.stale(folders, lambda path, code: self.is_on(path, code, options))

    def is_on(self, path: str, code: str, options: Mapping[str, Options]) -> bool:
        from cudafix.engine.active_rules import active_codes  # not at the top: it loads libcst

        return code in active_codes(path, options.get(path) or self.options_for(Path(path).parent))

    def take(self, result: Result) -> None:
        if self.gate is not None:
            result = self.gate.admit(result)
            self.total.known, self.total.waiting = self.gate.known, self.gate.waiting
        if self.changed is not None:
            result = self.on_changed_rows(result, self.changed)
        self.total.add(result)
        for problem in result.problems:
            self.say(f"cudafix: {problem}")

    def on_changed_rows(self, result: Result, changed: Changes) -> Result:
        """Return the result with what stands on changed rows."""
        if not result.findings:
            return result
        try:
            data = read(result.path).data if result.old_bytes is None else result.old_bytes
        except OSError:
            return result  # nobody can say what it was
        rows = changed.rows(result.path, data)
        return replace(result, findings=tuple(one for one in result.findings if touches(one, rows)))

    def say_more(self, text: str) -> None:
        if self.flags["verbose"]:
            self.say(f"cudafix: {text}")

    def say(self, text: str) -> None:
        self.progress.clear()
        click.echo(printable(text), err=True)

    def report(self, stream: TextIO) -> None:
        if self.mode is Mode.DIFF:
            stream.flush()
            stream.buffer.write(diff(self.total.changed))
            return
        text = io.StringIO()
        if self.flags["statistics"]:
            write_statistics(self.total.findings, text, self.flags["output_format"])
        else:
            shown = self.total.findings
            if stream is self.stdout and self.format.for_people:
                shown = [finding for finding in shown if finding.code != UNREADABLE]  # stderr has said it
            shown = shown if self.format.in_cells else [one.in_document for one in shown]
            with_source = stream.isatty() and not self.reads_stdin
            self.format.writer(shown, text, with_source)
        click.echo(text.getvalue(), file=stream, nl=False, color=self.wants_colour(stream))

    def wants_colour(self, stream: TextIO) -> bool:
        choice = self.flags["color"]
        if choice == "auto":
            return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return bool(choice == "always")

    def summarise(self) -> None:
        """Close with a summary on a terminal; elsewhere say it on stderr, and only where there is something to say."""
        if self.flags["quiet"] or not self.format.for_people:
            return
        on_terminal = self.stdout.isatty() and self.mode is not Mode.DIFF and self.output is None
        if on_terminal or self.total.findings or self.total.fixed or self.total.unread:
            for line in summary(self.total, self.mode, self.options_for(Path.cwd()).root):
                click.echo(line, file=self.stdout if on_terminal else sys.stderr)

    def exit_code(self) -> int:
        if self.total.failed:
            return ERROR
        if self.flags["exit_zero"]:
            return CLEAN
        return FINDINGS if (self.total.changed if self.mode is Mode.DIFF else self.total.findings) else CLEAN


def read_overrides(flags: dict[str, Any], edits: bool = False) -> Overrides:
    """Turn the flags that were given into settings, by the same readers as the configuration file's."""
    if flags["config"] is not None and flags["isolated"]:
        raise FlagError("--config and --isolated exclude each other")
    given: dict[str, Any] = {}
    for name in ("select", "extend_select", "ignore", "exclude", "extend_exclude"):
        if flags[name]:
            given[name.replace("_", "-")] = [part for entry in flags[name] for part in entry.split(",") if part]
    for name in ("force_exclude", "code_blocks", "gate", "route", "runtime_module", "target_torch", "helper_name"):
        if flags.get(name) is not None:
            given[name.replace("_", "-")] = flags[name]
    if flags["per_file_ignores"]:
        given["per-file-ignores"] = read_pairs(flags["per_file_ignores"])
    if flags["config"] is not None:
        load(Path(os.path.realpath(flags["config"])), required=True)  # a wrong name is an error without files, too
    wanted = FORMATS[flags["output_format"]]
    settings = {**read_settings(given, "command line"), "edits": wanted.edits or edits}
    overrides = Overrides(settings, flags["config"], flags["isolated"])
    with_statements = wanted.statements or baseline_file(flags, overrides) is not None
    return replace(overrides, settings={**settings, "statements": with_statements})


def read_stdin() -> bytes:
    """Return what comes on standard input.

    Raises:
        FlagError: where that cannot be read, or has no end.
    """
    try:
        data = sys.stdin.buffer.read(DATA + 1)
    except OSError as error:
        raise FlagError(f"{STDIN} (standard input) cannot be read: {error.strerror}") from None
    if len(data) > DATA:
        raise FlagError(f"{STDIN} (standard input) is larger than {DATA // 1_000_000} MB")
    return data


def read_pairs(entries: Sequence[str]) -> dict[str, list[str]]:
    """Read `GLOB:CODE,CODE` and, as ruff takes them, `GLOB:CODE,GLOB:CODE`."""
    pairs: dict[str, list[str]] = {}
    for entry in entries:
        glob = ""
        for part in entry.split(","):
            before, colon, code = part.rpartition(":")
            glob = before if colon else glob
            if not glob:
                raise ConfigError(f"--per-file-ignores: expected GLOB:CODES, got {entry!r}")
            pairs.setdefault(glob, []).append(code)
    return pairs


def baseline_file(flags: dict[str, Any], overrides: Overrides) -> Path | None:
    """Return the file of known findings: the one on the command line, else the one in the configuration."""
    if "baseline" not in flags:
        return None
    if flags["baseline"] is not None:
        return Path(flags["baseline"])
    options = options_for(Path.cwd(), overrides)
    return Path(os.path.relpath(options.root / options.baseline)) if options.baseline else None


def touches(finding: Finding, rows: Sequence[Rows]) -> bool:
    """Whether a finding stands on one of the rows of the file, or in part."""
    start, end = finding.shown or (finding.start, finding.end)
    return any(first <= end.row and start.row <= last for first, last in rows)
