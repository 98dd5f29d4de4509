"""The command line: flags → Options → run → reporter → exit code. Nothing else knows click.

Exit codes: 0 clean, 1 findings (with --diff: something would change), 2 usage or internal error.
"""

from __future__ import annotations

import difflib
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from cudafix import __version__
from cudafix.config import ConfigError, Options, Overrides, options_for, read_settings
from cudafix.discover import PathError, discover, is_excluded
from cudafix.model import Finding, Result, Safety
from cudafix.read import STDIN, Source
from cudafix.reporters import REPORTERS
from cudafix.run import Mode, default_processes, process, run_all

CLEAN, FINDINGS, ERROR = 0, 1, 2
Command = TypeVar("Command", bound=Callable[..., Any])


def main(**arguments: Any) -> None:
    """Run the command line; a broken pipe (`| head`) ends it quietly."""
    try:
        cli(**arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINDINGS)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="cudafix")
def cli() -> None:
    """Find hardcoded CUDA calls in Python and make them device-neutral."""


def shared_options(command: Command) -> Command:
    for option in reversed(SHARED):
        command = option(command)
    return command


SHARED: tuple[Callable[[Any], Any], ...] = (
    click.argument("paths", nargs=-1, type=click.Path(allow_dash=True)),
    click.option("--select", multiple=True, metavar="CODES", help="Report only these codes (CFX101, CFX1, ALL)."),
    click.option("--extend-select", multiple=True, metavar="CODES", help="Report these codes as well."),
    click.option("--ignore", multiple=True, metavar="CODES", help="Do not report these codes."),
    click.option("--per-file-ignores", multiple=True, metavar="GLOB:CODES", help="Do not report CODES in some files."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Leave these out instead of the default ones."),
    click.option("--extend-exclude", multiple=True, metavar="GLOB", help="Leave these out as well."),
    click.option("--force-exclude", is_flag=True, default=None, help="Exclude files that are named here, too."),
    click.option("--route", metavar="ROUTE", help="Neutral form of a fix: runtime (default) or accelerator."),
    click.option("--runtime-module", metavar="MODULE", help="Import neutral functions from here."),
    click.option("--target-torch", metavar="VERSION", help="Oldest torch that the fixed code must run with."),
    click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Use this configuration file."),
    click.option("--isolated", is_flag=True, help="Ignore all configuration files."),
    click.option("--stdin-filename", metavar="NAME", help="The name of what comes on standard input."),
    click.option("--output-format", type=click.Choice(sorted(REPORTERS)), default="text", show_default=True),
    click.option("--output-file", type=click.Path(path_type=Path), metavar="FILE", help="Write findings to this file."),
    click.option("--statistics", is_flag=True, help="Count the findings by code instead of listing them."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings."),
    click.option(
        "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes; default: one for each core."
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print findings only, no summary."),
    click.option("-v", "--verbose", is_flag=True, help="Say which files were read and which were excluded."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True),
)


@cli.command()
@shared_options
def check(**flags: Any) -> None:
    """Report hardcoded backend calls below PATHS (default: the current folder; - is standard input)."""
    Session(flags, Mode.CHECK, unsafe=True).run()


@cli.command()
@shared_options
@click.option("--unsafe-fixes", is_flag=True, help="Also apply fixes that may change what the code does.")
@click.option("--diff", is_flag=True, help="Show what would change and write nothing.")
def fix(unsafe_fixes: bool, diff: bool, **flags: Any) -> None:
    """Rewrite hardcoded backend calls below PATHS; exits with 1 while something remains."""
    Session(flags, Mode.DIFF if diff else Mode.FIX, unsafe_fixes).run()


class Session:
    """One run of check or fix."""

    def __init__(self, flags: dict[str, Any], mode: Mode, unsafe: bool) -> None:
        self.flags = flags
        self.mode = mode
        self.unsafe = unsafe
        self.files = 0
        self.findings: list[Finding] = []
        self.fixed: list[Finding] = []
        self.changed: list[Result] = []
        self.uncounted = 0
        self.failed = False

    def run(self) -> None:
        try:
            self.overrides = read_overrides(self.flags)
            paths = self.flags["paths"] or (".",)
            if STDIN in paths:
                self.run_stdin(paths)
            else:
                self.run_paths(paths)
            self.report()
        except (ConfigError, PathError) as error:
            fail(str(error))
        sys.exit(self.exit_code())

    def options_for(self, folder: Path) -> Options:
        return options_for(folder, self.overrides)

    def run_paths(self, paths: Sequence[str]) -> None:
        jobs = list(discover(paths, self.options_for))
        if self.flags["verbose"]:
            for path, _ in jobs:
                click.echo(f"reading {path}", err=True)
        processes = self.flags["jobs"] or default_processes()
        results = run_all(jobs, self.mode, self.unsafe, processes)
        for result in with_progress(results, len(jobs), self.flags["quiet"]):
            self.take(result)

    def run_stdin(self, paths: Sequence[str]) -> None:
        if len(paths) > 1:
            raise PathError("- (standard input) cannot be combined with other paths")
        name = self.flags["stdin_filename"] or STDIN
        options = self.options_for(Path(name).parent)
        data = sys.stdin.buffer.read()
        result = Result(name, old_bytes=data)
        if not (options.force_exclude and name != STDIN and is_excluded(Path(name), None, options)):
            result = process(Source(name, data), options, self.mode, self.unsafe)
        self.take(result)
        if self.mode is Mode.FIX:
            sys.stdout.buffer.write(result.new_bytes if result.new_bytes is not None else data)
            sys.stdout.buffer.flush()

    def take(self, result: Result) -> None:
        self.files += 1
        self.findings += result.findings
        self.fixed += result.fixed
        self.uncounted += result.uncounted
        if result.new_bytes is not None:
            self.changed.append(result)
        for problem in result.problems:
            self.failed = self.failed or problem.fatal
            click.echo(f"cudafix: {problem}", err=True)

    def report(self) -> None:
        if self.mode is Mode.DIFF:
            for result in self.changed:
                click.echo(unified_diff(result), nl=False)
            self.summarise(sys.stderr)
            return
        stdout_is_taken = self.mode is Mode.FIX and STDIN in self.flags["paths"]
        stream = sys.stderr if stdout_is_taken else sys.stdout
        target = self.flags["output_file"]
        if target is None:
            self.write_findings(stream, self.wants_colour(stream))
        else:
            with target.open("w", encoding="utf-8") as file:
                self.write_findings(file, False)
        if self.flags["output_format"] == "text":
            self.summarise(sys.stderr if stdout_is_taken or target else sys.stdout)

    def write_findings(self, stream: TextIO, rich: bool) -> None:
        if self.flags["statistics"] and self.flags["output_format"] == "text":
            write_statistics(self.findings, stream)
            return
        shown = self.findings
        if self.flags["output_format"] == "text":
            shown = [finding for finding in shown if finding.code != "CFX001"]  # already said on stderr
        if rich:
            text = Colours(stream)
            REPORTERS[self.flags["output_format"]](shown, text, True)  # type: ignore[arg-type]
        else:
            REPORTERS[self.flags["output_format"]](shown, stream, False)

    def wants_colour(self, stream: TextIO) -> bool:
        choice = self.flags["color"]
        if choice == "auto":
            return stream.isatty() and not os.environ.get("NO_COLOR")
        return bool(choice == "always")

    def summarise(self, stream: TextIO) -> None:
        if self.flags["quiet"]:
            return
        if self.failed and not self.findings and not self.fixed:
            return
        for line in summary(self.mode, self.files, self.findings, self.fixed, self.changed, self.uncounted):
            print(line, file=stream)

    def exit_code(self) -> int:
        if self.failed:
            return ERROR
        if self.flags["exit_zero"]:
            return CLEAN
        if self.mode is Mode.DIFF:
            return FINDINGS if self.changed else CLEAN
        return FINDINGS if self.findings else CLEAN


class Colours:
    """A stream that click writes to, so that styles survive where they are wanted."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        click.echo(text, file=self.stream, nl=False, color=True)


def read_overrides(flags: dict[str, Any]) -> Overrides:
    """Turn the flags that were given into settings, by the same readers as the configuration file's."""
    given: dict[str, Any] = {}
    for name in ("select", "extend_select", "ignore", "exclude", "extend_exclude"):
        if flags[name]:
            given[name.replace("_", "-")] = list(flags[name])
    for name in ("force_exclude", "route", "runtime_module", "target_torch"):
        if flags[name] is not None:
            given[name.replace("_", "-")] = flags[name]
    if flags["per_file_ignores"]:
        pairs: dict[str, list[str]] = {}
        for entry in flags["per_file_ignores"]:
            glob, colon, codes = entry.rpartition(":")
            if not colon or not glob:
                raise ConfigError(f"--per-file-ignores: expected GLOB:CODES, got {entry!r}")
            pairs.setdefault(glob, []).append(codes)
        given["per-file-ignores"] = pairs
    return Overrides(read_settings(given, "command line"), flags["config"], flags["isolated"])


def with_progress(results: Iterator[Result], count: int, quiet: bool) -> Iterator[Result]:
    """Pass results on; after a second, on a terminal, show how far it is."""
    started = time.monotonic()
    shows = sys.stderr.isatty() and not quiet
    shown = False
    for number, result in enumerate(results, 1):
        yield result
        if shows and time.monotonic() - started > 1:
            shown = True
            width = 30 * number // max(1, count)
            print(f"\r[{'#' * width}{'.' * (30 - width)}] {number}/{count} files", end="", file=sys.stderr, flush=True)
    if shown:
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)


def unified_diff(result: Result) -> str:
    old, new = (decode(one) for one in (result.old_bytes, result.new_bytes))
    lines = difflib.unified_diff(old, new, f"a/{result.path}", f"b/{result.path}")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def decode(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", errors="surrogateescape").splitlines(keepends=True)


def write_statistics(findings: Sequence[Finding], stream: TextIO) -> None:
    counts = Counter((finding.code, finding.name) for finding in findings)
    fixable = Counter(finding.code for finding in findings if finding.fix)
    width = max((len(str(count)) for count in counts.values()), default=1)
    for (code, name), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        stream.write(f"{count:>{width}}  {code}  {name}  ({fixable[code]} fixable)\n")


def summary(
    mode: Mode,
    files: int,
    findings: Sequence[Finding],
    fixed: Sequence[Finding],
    changed: Sequence[Result],
    uncounted: int,
) -> Iterator[str]:
    if fixed:
        verb = "Would fix" if mode is Mode.DIFF else "Fixed"
        yield f"{verb} {plural(len(fixed), 'finding')} in {plural(len(changed), 'file')}."
    if findings:
        word = "Left" if mode is not Mode.CHECK else "Found"
        yield f"{word} {plural(len(findings), 'finding')} in {plural(len({one.path for one in findings}), 'file')}."
        yield from next_steps(findings)
    elif not fixed:
        yield f"All clear: no finding in {plural(files, 'file')}."
    if uncounted:
        yield f"{plural(uncounted, 'CUDA-only use')} not counted; list with `--extend-select CFX4`."


def next_steps(findings: Sequence[Finding]) -> Iterator[str]:
    levels = Counter(finding.fix.safety if finding.fix else Safety.MANUAL for finding in findings)
    if levels[Safety.SAFE]:
        yield f"{levels[Safety.SAFE]} fixable with `cudafix fix`; `cudafix fix --diff` shows how."
    if levels[Safety.UNSAFE]:
        yield f"{levels[Safety.UNSAFE]} fixable with `cudafix fix --unsafe-fixes`."
    if levels[Safety.MANUAL]:
        yield f"{levels[Safety.MANUAL]} to be decided by hand; `cudafix explain CODE` says more."


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def fail(message: str) -> None:
    click.echo(f"cudafix: error: {message}", err=True)
    sys.exit(ERROR)


@cli.command()
def rules() -> None:
    """List all rules."""
    from cudafix.rules import RULES

    for rule in RULES:
        state = "on" if rule.default else "opt-in"
        click.echo(f"{rule.code}  {rule.name:<30}  {state:<6}  {rule.summary}")


@cli.command()
@click.argument("code")
def explain(code: str) -> None:
    """Print the documentation of the rule CODE (CFX101, or its name)."""
    from cudafix.config import suggestion
    from cudafix.rules import RULES

    for rule in RULES:
        if code.upper() == rule.code or code == rule.name:
            click.echo(f"# {rule.name} ({rule.code})\n\n{rule.doc.strip()}")
            return
    known = [one for rule in RULES for one in (rule.code, rule.name)]
    fail(f"no rule is called `{code}`{suggestion(code, known)}; `cudafix rules` lists them")


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 unless PATH is a current copy.")
@click.option("--force", is_flag=True, help="Overwrite a file that is no unedited copy of the runtime.")
def vendor(path: Path, only_check: bool, force: bool) -> None:
    """Write the runtime as one file into your own project, so that nothing has to be installed."""
    from cudafix.vendor import state_of, vendored

    if path.is_dir():
        fail(f"{path} is a folder: name the file, such as {path / 'device_runtime.py'}")
    state = state_of(path)
    if only_check:
        click.echo(f"{path}: {state}" if state else f"{path} is up to date")
        sys.exit(FINDINGS if state else CLEAN)
    if state in ("was edited by hand", "is no copy of the runtime") and not force:
        fail(f"{path} {state}: --force overwrites it")
    if not path.parent.is_dir():
        fail(f"{path.parent}: no such folder")
    path.write_text(vendored(path), encoding="utf-8", newline="\n")
    click.echo(f'Wrote {path}. Set `runtime-module = "…"` in [tool.cudafix] to its dotted name.')
