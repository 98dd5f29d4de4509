"""The command line: its commands and their flags. What they do is in `commands/`, loaded when it is asked for.

Exit codes: 0 clean, 1 findings (with --diff: something would change), 2 usage or internal error.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from cudafix.catalogue.backends import BACKENDS
from cudafix.commands.conventions import BASELINE, CLEAN, ERROR, FINDINGS
from cudafix.errors import UserError
from cudafix.formats import FORMATS
from cudafix.version import __version__

INTERRUPTED = 130
Command = TypeVar("Command", bound=Callable[..., Any])

SEARCH_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("paths", nargs=-1, type=click.Path(allow_dash=True)),
    click.option("--select", multiple=True, metavar="CODES", help="Report only these codes (CFX101, CFX1, ALL)."),
    click.option("--extend-select", multiple=True, metavar="CODES", help="Report these codes as well."),
    click.option("--ignore", multiple=True, metavar="CODES", help="Do not report these codes."),
    click.option("--per-file-ignores", multiple=True, metavar="GLOB:CODES", help="Do not report CODES in some files."),
    click.option("--exclude", multiple=True, metavar="GLOBS", help="Leave these out instead of the default ones."),
    click.option("--extend-exclude", multiple=True, metavar="GLOBS", help="Leave these out as well."),
    click.option("--force-exclude", is_flag=True, default=None, help="Exclude files that are named here, too."),
    click.option("--code-blocks", is_flag=True, default=None, help="Also the code in documents and docstrings."),
    click.option(
        "--route", metavar="ROUTE", help="What fixes write: runtime (default), accelerator, torch or targets."
    ),
    click.option("--runtime-module", metavar="MODULE", help="Import neutral functions from here."),
    click.option(
        "--target-torch",
        metavar="VERSION",
        help="Oldest torch that the fixed code must run with; auto: that of the project.",
    ),
    click.option("--helper-name", metavar="NAME", help="Name of the method that replaces a repeated flush block."),
    click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Use this configuration file."),
    click.option("--isolated", is_flag=True, help="Ignore all configuration files."),
    click.option(
        "-n",
        "--no-cache",
        is_flag=True,
        envvar="CUDAFIX_NO_CACHE",
        help="Look at every file anew, and remember nothing.",
    ),
    click.option(
        "--cache-dir",
        metavar="FOLDER",
        envvar="CUDAFIX_CACHE_DIR",
        help="Keep the cache here (default: .cudafix_cache).",
    ),
    click.option(
        "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes; default: one for each core."
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print findings only, no summary."),
    click.option("-v", "--verbose", is_flag=True, help="Say which files are read and which are excluded."),
)
"""What is looked for, and where."""

OUTPUT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--stdin-filename", metavar="NAME", help="The name of what comes on standard input."),
    click.option(
        "--output-format",
        type=click.Choice(sorted(FORMATS)),
        default="text",
        show_default=True,
        help="How findings are written.",
    ),
    click.option("--output-file", metavar="FILE", help="Write findings to this file; - is standard output."),
    click.option("--statistics", is_flag=True, help="Count the findings by code instead of listing them."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Use colours; auto: on a terminal, unless NO_COLOR is set.",
    ),
)
"""How it is shown, and the exit code."""

FILE_OPTION = click.option("--file", metavar="FILE", help=f"The baseline (default: {BASELINE}, or what is configured).")


def main(**arguments: Any) -> None:
    """Run the command line in a process of its own."""
    open_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # whatever the terminal's encoding, no finding is lost
    end_as_by_ctrl_c()
    try:
        cli(**arguments)
    except KeyboardInterrupt:  # a second one
        sys.exit(INTERRUPTED)


def open_standard_streams() -> None:
    """Open what was closed when we were started, so that no file of ours gets its number, and is written into.

    Nothing comes from such an input, and nothing can be put out, which is an error as soon as it is tried.
    """
    for name, mode in (("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, mode)
            purpose = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(descriptor, purpose, encoding="utf-8", closefd=False))
    if sys.stderr is sys.__stderr__ or sys.__stderr__ is None:
        raw = io.BufferedWriter(Unheard(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, sys.stderr.encoding, "backslashreplace", line_buffering=True)


class Unheard(io.FileIO):
    """A standard error that may be full, or not open for writing: nobody can be told, and nothing else changes."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def end_as_by_ctrl_c() -> None:
    """Let what asks a program to end, or a terminal that goes, end a run as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup has switched it off
            signal.signal(number, interrupt)


class Commands(click.Group):
    """The group of all commands. Every error is one line on stderr; a command returns its exit code."""

    def main(self, *arguments: Any, **settings: Any) -> Any:
        if sys.flags.optimize > 1:
            restore_help(self)
        try:
            code = super().main(*arguments, **{**settings, "standalone_mode": False})
        except click.ClickException as error:
            code = complain(error.format_message())
        except UserError as error:
            code = complain(str(error))
        except (click.Abort, KeyboardInterrupt):
            say("cudafix: interrupted")
            code = INTERRUPTED
        except OSError as error:
            code = ERROR if output_is_lost() else complain(reason(error))
        except Exception as error:  # no traceback: its exit code would say that there are findings
            code = complain(f"internal error: {type(error).__name__}: {error}{place(error)}; please report this")
        sys.exit(ERROR if output_is_lost() else code)


def restore_help(group: click.Group) -> None:
    """Give the commands of a group the help that Python dropped with their docstrings."""
    from cudafix.docstrings import read_docstring

    for command in (group, *group.commands.values()):
        if command.callback is not None:
            command.help = read_docstring("cli.py", command.callback.__name__)
        if isinstance(command, click.Group) and command is not group:
            restore_help(command)


def complain(message: str) -> int:
    from cudafix.formats.text import printable

    say(f"cudafix: error: {printable(' '.join(message.split()))}")
    return ERROR


def say(line: str) -> None:
    with suppress(OSError):  # nobody can be told
        click.echo(line, err=True)


def reason(error: OSError) -> str:
    """Return what the system has against us: a file is named, the current folder if it is gone, or standard output."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder is gone"
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return f"what is to be said cannot be written: {error.strerror or error}"


def place(error: Exception) -> str:
    """Return where an error of ours was raised, for those who are to mend it."""
    from traceback import extract_tb

    frames = [one for one in extract_tb(error.__traceback__) if "cudafix" in one.filename]
    return f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""


def output_is_lost() -> bool:
    """Whether what was written to standard output cannot be put out; then this is said, and nothing more is tried."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError, ValueError):  # what Python still holds goes nowhere: it would only complain in the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno != errno.EPIPE:  # who reads no more has seen enough
            complain(f"standard output: {error.strerror}")
            return True
    return False


@click.group(
    "cudafix", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True
)
@click.version_option(__version__, "-V", "--version", prog_name="cudafix")
@click.pass_context
def cli(context: click.Context) -> int:
    """Find hardcoded CUDA calls in Python and make them device-neutral."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
    return ERROR


def shared_options(command: Command) -> Command:
    return with_options(command, SEARCH_OPTIONS + OUTPUT_OPTIONS)


def search_options(command: Command) -> Command:
    """Give a command that says what it finds in its own way the options about what is looked for, and where."""
    return with_options(command, SEARCH_OPTIONS)


def with_options(command: Command, options: Sequence[Callable[[Any], Any]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@shared_options
@click.option(
    "--gate", metavar="GATE", help="With a baseline: fail on what is `new` (default), or of rules that are `migrated`."
)
@click.option(
    "--baseline", is_flag=False, flag_value=BASELINE, metavar="[FILE]",
    help=f"Report only what is not in this file ({BASELINE}; give another as --baseline=FILE).",
)  # fmt: skip
@click.option("--diff-base", metavar="REV", help="Report only what stands on lines that changed since REV (git).")
@click.option("--add-noqa", is_flag=True, help="Silence all that is found by `# noqa` comments.")
@click.option(
    "--add-ignore", is_flag=False, flag_value="", metavar="[REASON]",
    help="Silence all that is found by `# cudafix: ignore[…] REASON` comments (give a reason as --add-ignore=REASON).",
)  # fmt: skip
@click.option("-w", "--watch", is_flag=True, help="Check again after each change (needs cudafix[watch]).")
def check(add_noqa: bool, add_ignore: str | None, watch: bool, **flags: Any) -> int:
    """Report hardcoded backend calls below PATHS (default: the current folder; - is standard input)."""
    if flags["baseline"] is not None and is_source(Path(flags["baseline"])):  # `--baseline src`
        flags |= {"paths": (flags["baseline"], *flags["paths"]), "baseline": BASELINE}
    if add_ignore and is_source(Path(add_ignore)):  # `--add-ignore src`
        add_ignore, flags["paths"] = "", (add_ignore, *flags["paths"])
    if add_noqa or add_ignore is not None:
        from cudafix.commands.suppress import SuppressSession
        from cudafix.suppressions.insertion import Style

        return SuppressSession(flags, Style(add_noqa, add_ignore or "")).run()
    from cudafix.commands.session import Session
    from cudafix.engine.work import Mode

    if watch:
        from cudafix.commands.watch import watch as watch_files

        return watch_files(lambda: Session(flags, Mode.CHECK, unsafe=True))
    return Session(flags, Mode.CHECK, unsafe=True).run()


def is_source(path: Path) -> bool:
    from cudafix.files.source import SUFFIXES

    return os.path.isdir(path) or path.suffix in SUFFIXES


@cli.command()
@shared_options
@click.option("--unsafe-fixes", is_flag=True, help="Also apply fixes that may change what the code does.")
@click.option("--diff", is_flag=True, help="Show what would change and write nothing.")
@click.option("--patches", type=click.Path(path_type=Path), metavar="FOLDER", help="Write patches to FOLDER instead.")
@click.option(
    "--split-by", type=click.Choice(["dir", "rule", "owner"]), help="What is in one patch (default: dir, a folder)."
)
def fix(unsafe_fixes: bool, diff: bool, patches: Path | None, split_by: str | None, **flags: Any) -> int:
    """Rewrite hardcoded backend calls below PATHS; exits with 1 while something remains."""
    if patches is not None and diff:
        return complain("--patches and --diff exclude each other")
    if split_by is not None and patches is None:
        return complain("--split-by says what is in one patch: say where they go with --patches FOLDER")
    if patches is not None:
        from cudafix.commands.patch_split import Split
        from cudafix.commands.patches import PatchSession

        return PatchSession(flags, unsafe_fixes, patches, Split(split_by or "dir")).run()
    from cudafix.commands.session import Session
    from cudafix.engine.work import Mode

    return Session(flags, Mode.DIFF if diff else Mode.FIX, unsafe_fixes).run()


@cli.command()
@search_options
@click.option(
    "--format", "form", type=click.Choice(["html", "markdown", "json"]), default="html", show_default=True,
    help="A page, text for a pull request, or what a later report compares with.",
)  # fmt: skip
@click.option("--output-file", metavar="FILE", help="Write here; - is standard output, the default but for html.")
@click.option(
    "--history", multiple=True, type=click.Path(exists=True, path_type=Path), metavar="FILE",
    help="Earlier reports (JSON or pages), or folders of them: shows how far the migration has come.",
)  # fmt: skip
@click.option("--link", metavar="URL", help="Where a line is shown: an address with {path} and {line} in it.")
def report(form: str, history: tuple[Path, ...], link: str | None, **flags: Any) -> int:
    """Write a report about PATHS: how many findings there are, where they sit, and what to do next."""
    from cudafix.commands.report import ReportSession

    return ReportSession(flags, link, form).write(history)


@cli.group(invoke_without_command=True)
@click.pass_context
def baseline(context: click.Context) -> int:
    """Keep the findings of today in a file, so that `check --baseline` fails on new ones only."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
    return ERROR


@baseline.command()
@shared_options
@FILE_OPTION
@click.option("--force", is_flag=True, help="Replace a baseline that is there.")
def create(file: str | None, force: bool, **flags: Any) -> int:
    """Write all findings below PATHS to a new baseline."""
    from cudafix.commands.baseline import BaselineSession

    return BaselineSession(flags, file).create(force)


@baseline.command("import")
@shared_options
@FILE_OPTION
@click.option("--force", is_flag=True, help="Replace a baseline that is there.")
@click.option(
    "--comment", "comments", multiple=True, metavar="WORD", help="Comments with this word excuse a line: ignore-cuda."
)
@click.option(
    "--allow-list", "lists", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help="Files and folders that this script, or list, names are excused.",
)  # fmt: skip
def take_over(file: str | None, force: bool, comments: tuple[str, ...], lists: tuple[Path, ...], **flags: Any) -> int:
    """Write the findings that a hook of the project's own let through to a new baseline, and no others."""
    from cudafix.commands.baseline import BaselineSession

    if not comments and not lists:
        return complain("baseline import: say what was excused, with --comment WORD or --allow-list FILE")
    return BaselineSession(flags, file).take_over(force, comments, lists)


@baseline.command()
@shared_options
@FILE_OPTION
def prune(file: str | None, **flags: Any) -> int:
    """Take out of the baseline what fits nothing below PATHS any more; nothing is ever added."""
    from cudafix.commands.baseline import BaselineSession

    return BaselineSession(flags, file).prune()


@baseline.command()
@FILE_OPTION
def show(file: str | None) -> int:
    """Count the entries of the baseline by rule and folder."""
    from cudafix.commands.baseline import show_baseline

    return show_baseline(file)


@cli.command()
@click.argument("linter", type=click.Choice(["ruff"]))
@click.option("--backend", "backends", multiple=True, type=click.Choice(BACKENDS), help="Of these (default: cuda).")
def export(linter: str, backends: tuple[str, ...]) -> None:
    """Print the catalogue as configuration of another linter: ruff's `banned-api` table."""
    from cudafix.commands.export import ruff_table
    from cudafix.config.options import Overrides, options_for

    click.echo(ruff_table(backends or ("cuda",), options_for(Path.cwd(), Overrides({}))), nl=False)


@cli.command()
def rules() -> None:
    """List all rules."""
    from cudafix.registry import RULES

    for rule in RULES:
        state = "on" if rule.default else "opt-in"
        click.echo(f"{rule.code}  {rule.name:<30}  {state:<6}  {rule.summary}")


@cli.command()
@click.argument("name")
def explain(name: str) -> int:
    """Print what there is to know about NAME: a rule (CFX101, hardcoded-empty-cache) or a function.

    A function may be one of a backend (torch.cuda.mem_get_info) or of the runtime (device_memory_info).
    """
    from cudafix.commands.explain import explain as page_about
    from cudafix.commands.explain import names_known
    from cudafix.config.settings import suggestion

    page = page_about(name)
    if page is None:
        near = suggestion(name, names_known()) or ";"
        return complain(f"no rule or function is called `{name}`{near} `cudafix rules` lists the rules")
    click.echo(page, nl=False)
    return CLEAN


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 unless PATH is a current copy.")
@click.option("--force", is_flag=True, help="Overwrite a file that is no unedited copy of the runtime.")
def vendor(path: Path, only_check: bool, force: bool) -> int:
    """Write the runtime as one file into your own project, so that nothing has to be installed."""
    from cudafix.commands.vendor import State, how_to_use, state_of, write_copy

    state = state_of(path)
    if only_check:
        click.echo(f"{path} {state.value}")
        return CLEAN if state is State.CURRENT else FINDINGS
    write_copy(path, force)
    click.echo(f"Wrote {path}. {how_to_use(path)}")
    return CLEAN


@cli.command()
def server() -> int:
    """Speak the Language Server Protocol on standard input and output, for editors (needs cudafix[server])."""
    try:
        from cudafix.server.language_server import make_server
    except ImportError as error:
        return complain(f"the server needs pygls ({error}): pip install 'cudafix[server]'")
    from cudafix.engine.workers import collect_less

    collect_less()
    make_server().start_io()
    return CLEAN


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, sizes in bytes.")
def probe(as_json: bool) -> int:
    """Show this machine's devices, their memory, and what the neutral functions can do here (needs torch)."""
    from cudafix import runtime

    return runtime.print_probe(["--json"] if as_json else [])
