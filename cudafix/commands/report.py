"""`cudafix report`: a check whose findings become a report for people."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path, PurePath
from typing import Any

import click

from cudafix.commands.conventions import CLEAN, ERROR, STANDARD_OUTPUT, FlagError
from cudafix.commands.session import Session, read_overrides
from cudafix.config.options import options_for
from cudafix.engine.work import Mode
from cudafix.files.git import GitError, find_top, run_git
from cudafix.files.output import descriptor_of, write_output
from cudafix.files.owners import load_owners
from cudafix.formats.places import from_root, root
from cudafix.formats.summary import plural
from cudafix.formats.text import printable
from cudafix.model import Finding, Result
from cudafix.registry import CUDA_ONLY_FAMILY, RULES, UNREADABLE
from cudafix.report.figures import Figures, by_folder, by_owner, by_rule, by_symbol, tally_of
from cudafix.report.history import load_history
from cudafix.report.markdown import markdown
from cudafix.report.page import Page
from cudafix.report.steps import Advisor
from cudafix.version import __version__

FAMILIES = (
    "CFX1",
    "CFX2",
    *(rule.code for rule in RULES if rule.file.startswith("control_flow.") and rule.name != "backend-branch"),
    CUDA_ONLY_FAMILY,
)
"""What a migration is about, where flags and configuration do not say; what stands in its own branch is not."""

UNUSED_FLAGS = {
    "output_format": "text", "statistics": False, "exit_zero": False, "stdin_filename": None,
    "color": "auto",
}  # fmt: skip
"""What a check is told about its own output, which is not a report's."""

PAGE_FILE = "cudafix-report.html"
REMOTE = re.compile(r"(?:\w+://(?:[^@/]+@)?|[^@/]+@)(?P<host>[^:/]+)(?::\d+)?[:/](?P<path>.+?)(?:\.git)?/?")
"""The address of a repository, as git has it: by HTTPS or SSH."""


class ReportSession(Session):
    def __init__(self, flags: dict[str, Any], link: str | None, form: str) -> None:
        flags = {**flags, **UNUSED_FLAGS}
        if flags["output_file"] is None:
            flags["output_file"] = default_output(form)
        self.select: tuple[str, ...] = options_for(Path.cwd(), read_overrides(flags)).select or FAMILIES
        super().__init__({**flags, "select": self.select}, Mode.CHECK, unsafe=True)
        if self.reads_stdin:
            raise FlagError("a report is about files: - (standard input) has no place")
        self.unreadable = 0
        self.link = link
        self.form = form

    def make_gate(self) -> None:
        """Hold nothing back: a report counts what a baseline knows as well."""

    def take(self, result: Result) -> None:
        self.unreadable += bool(result.problems)
        super().take(result)

    def write(self, history: Sequence[Path]) -> int:
        """Look at the files and write the report; return the exit code."""
        self.check_output()
        before = load_history(history)
        self.run_paths()
        findings = [self.shown(one.in_document) for one in self.total.findings if one.code != UNREADABLE]
        text = self.text(self.form, findings, before)
        if self.output is None:
            sys.stdout.buffer.write(text)
        else:
            write_output(self.output, text)
            found = f"{plural(len(findings), 'finding')} in {plural(self.total.files, 'file')}"
            is_stream = descriptor_of(self.output) is not None
            click.echo(printable(f"Wrote {self.output}: {found}."), err=is_stream)
        return ERROR if self.total.failed else CLEAN

    def text(self, form: str, findings: Sequence[Finding], before: Sequence[Figures]) -> bytes:
        owned = load_owners(root())
        owners = {path: owned.of(path) for path in {finding.path for finding in findings}}
        figures = self.figures(findings, owners)
        if form == "json":
            text = json.dumps(figures.as_object(), indent=1, ensure_ascii=True) + "\n"
        elif form == "markdown":
            text = markdown(figures, before)
        else:
            text = Page(
                figures, findings, owners, self.link or web_link(figures.commit) or "{path}#L{line}", before
            ).html
        return text.encode("utf-8", "backslashreplace")

    def figures(self, findings: Sequence[Finding], owners: dict[str, tuple[str, ...]]) -> Figures:
        return Figures(
            title=self.title(),
            created=now(),
            commit=git("rev-parse", "HEAD"),
            cudafix=__version__,
            select=self.select,
            files=self.total.files,
            affected=len(owners),
            unreadable=self.unreadable,
            total=tally_of(findings),
            rules=by_rule(findings),
            symbols=by_symbol(findings),
            folders=by_folder(findings),
            owners=by_owner(findings, owners),
            steps=Advisor(findings, self.select, self.paths).steps(),
        )

    def title(self) -> str:
        """Return the name of what was looked at: the only folder that was named, or the repository."""
        named = [one for one in self.paths if one != os.curdir]
        return Path(os.path.abspath(named[0] if len(named) == 1 else root())).name or "/"

    def shown(self, finding: Finding) -> Finding:
        """Return the finding with its path from the root of the repository; as it was given where it lies elsewhere."""
        below = from_root(finding.path)
        return replace(finding, path=PurePath(finding.path).as_posix() if below.startswith("../") else below)


def default_output(form: str) -> str:
    """Return where a report goes that nobody has named a file for."""
    if form != "html":
        return STANDARD_OUTPUT
    if os.path.islink(PAGE_FILE):
        raise FlagError(f"{PAGE_FILE}: is a link: name it with --output-file to write to where it leads")
    return PAGE_FILE


def now() -> str:
    """Return the time in UTC, or the one that makes builds repeat themselves."""
    moment = datetime.now(timezone.utc)
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed.isdecimal():
        with suppress(ValueError, OverflowError, OSError):  # more seconds than there will be
            moment = datetime.fromtimestamp(int(fixed), timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def git(*arguments: str) -> str:
    """Return what git says of the repository; "" where it says nothing."""
    top = find_top(root())
    try:
        return "" if top is None else run_git(top, *arguments).decode("utf-8", "replace").strip()
    except GitError:
        return ""


def web_link(commit: str) -> str:
    """Return where the web shows a line of a commit; "" where the repository does not say."""
    found = REMOTE.fullmatch(git("remote", "get-url", "origin"))
    if found is None or not commit:
        return ""
    blob = "-/blob" if "gitlab" in found["host"] else "blob"
    return f"https://{found['host']}/{found['path']}/{blob}/{commit}/{{path}}#L{{line}}"
