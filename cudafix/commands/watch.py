"""`check --watch`: a check after each change of a file that it is about."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

import click

from cudafix.commands.conventions import CLEAN, FlagError
from cudafix.commands.session import Session
from cudafix.config.options import Options, forget
from cudafix.engine.discover import DEFAULT_EXCLUDE, kind_of
from cudafix.errors import UserError
from cudafix.files.source import DOCUMENTS, SUFFIXES

SETTINGS_FILES = ("cudafix.toml", "pyproject.toml")
WAITING = "Watching for changes; Ctrl+C ends it."
DELETED = 3
"""What watchfiles calls it."""

CLEAR_SCREEN = "\x1b[2J\x1b[H"
MILLISECONDS = 100
"""That several changes may lie apart and still count as one."""


def watch(make_session: Callable[[], Session]) -> int:
    """Check, and check again whenever something changes, until Ctrl+C.

    Raises:
        FlagError: where watchfiles is not installed, or the flags leave nothing to watch.
    """
    try:
        import watchfiles  # noqa: F401
    except ImportError as error:
        raise FlagError(f"--watch needs watchfiles ({error}): pip install 'cudafix[watch]'") from None
    session = make_session()
    if session.reads_stdin:
        raise FlagError("--watch is about files: - (standard input) does not change")
    places = [*places_of(session.paths, session.options_for)]
    changes = Watcher(places).changes()
    try:
        next(changes)  # only now it watches: nothing is lost that happens during the first check
        session.run()
        say_waiting()
        for changed in changes:
            if changed:
                forget()
                check_again(make_session)
                say_waiting()
    except KeyboardInterrupt:
        pass
    return CLEAN


class Watcher:
    """Some files and folders, and whether one of them has gone.

    Many editors, and `cudafix fix`, save a file by putting another in its place, and git does so with folders: what has
    gone is watched anew once it is back.
    """

    def __init__(self, places: Iterable[Path]) -> None:
        self.places = tuple(os.path.abspath(one) for one in places)
        self.has_lost = False

    def changes(self) -> Iterator[bool]:
        """Yield whether something has changed, every now and then; the first time as soon as it watches."""
        again = False
        while True:
            with suppress(FileNotFoundError):  # one has gone just now
                for changed in self.until_lost():
                    yield changed or again
                    again = False
            again = True

    def until_lost(self) -> Iterator[bool]:
        """Yield whether something has changed, until what had gone is back."""
        import watchfiles  # not at the top: it is an extra

        self.has_lost = False
        for changed in watchfiles.watch(
            *self.places, watch_filter=self.counts, step=MILLISECONDS, rust_timeout=MILLISECONDS, yield_on_timeout=True
        ):
            if self.has_lost and all(os.path.exists(one) for one in self.places):
                return
            yield bool(changed)

    def counts(self, change: int, path: str) -> bool:
        """Whether a change can have an effect on a check."""
        has_gone = change == DELETED and path in self.places
        self.has_lost = self.has_lost or has_gone
        return has_gone or is_ours(self.below(path))

    def below(self, path: str) -> str:
        """Return a path from the folder on that is watched: what is around that may have any name."""
        folders = (os.path.join(one, "") for one in self.places)
        return next((path.removeprefix(one) for one in folders if path.startswith(one)), os.path.basename(path))


def check_again(make_session: Callable[[], Session]) -> None:
    if sys.stdout.isatty():
        click.echo(CLEAR_SCREEN, nl=False)
    try:
        make_session().run()
    except UserError as error:
        click.echo(f"cudafix: error: {error}", err=True)


def say_waiting() -> None:
    click.echo(WAITING, err=True)


def places_of(paths: Sequence[str], options_for: Callable[[Path], Options]) -> Iterator[Path]:
    """Yield what is watched: what is checked, and the configuration where it lies elsewhere.

    Raises:
        PathError: for a path that is not there.
    """
    for name in paths:
        kind_of(name)  # raises where nothing is there
        yield Path(name)
    root = options_for(Path.cwd()).root
    yield from (root / name for name in SETTINGS_FILES if (root / name).is_file())


def is_ours(path: str) -> bool:
    """Whether the change of a file can have an effect on a check."""
    *folders, name = PurePath(path).parts
    is_excluded = any(one in DEFAULT_EXCLUDE for one in folders)
    return name.endswith((*SUFFIXES, *DOCUMENTS, *SETTINGS_FILES)) and not is_excluded
