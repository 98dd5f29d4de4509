"""Questions to git: which files there are, which were renamed, which lines have changed; None where it cannot say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

HOOK_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What git sets for its hooks; it would make git speak of another folder than the one we ask about."""

HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")

Rows = tuple[int, int]
"""The first row, and the last."""


def run_git(folder: Path, *arguments: str) -> bytes | None:
    import subprocess  # not at the top: a hook names its files

    environment = {name: value for name, value in os.environ.items() if name not in HOOK_VARIABLES}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def list_files(folder: Path) -> list[str] | None:
    """Return what git tracks or does not ignore below `folder`."""
    if run_git(folder, "check-ignore", "-q", ".") is not None:
        return None  # who names an ignored folder wants it checked
    listing = run_git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    return None if listing is None else sorted(names(listing))


def names(listing: bytes) -> set[str]:
    return {os.fsdecode(name) for name in listing.split(b"\0") if name}


def renames_since(file: Path) -> dict[str, str]:
    """Return old path → new path of what was renamed since `file` was committed, relative to its folder."""
    folder = file.parent
    revision = (run_git(folder, "log", "-1", "--format=%H", "--", file.name) or b"").decode().strip()
    if not revision:
        return {}
    listing = run_git(folder, "diff", "--relative", "-z", "-M", "--diff-filter=R", "--name-status", revision, "--", ".")
    parts = [os.fsdecode(one) for one in (listing or b"").split(b"\0")]
    return dict(zip(parts[1::3], parts[2::3], strict=False))


def changed_rows(folder: Path, revision: str) -> dict[str, list[Rows]] | None:
    """Return the rows that have changed since `revision`, or since HEAD left it, by absolute path.

    A file that git does not know has changed as a whole.
    """
    top = run_git(folder, "rev-parse", "--show-toplevel")
    commit = run_git(folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if top is None or commit is None:
        return None
    base = run_git(folder, "merge-base", commit.decode().strip(), "HEAD") or commit
    root = Path(os.path.realpath(os.fsdecode(top.rstrip(b"\r\n"))))
    diff = run_git(
        root, "diff", "-U0", "--no-color", "--no-ext-diff", "--dst-prefix=b/", base.decode().strip(), "--", "."
    )
    untracked = run_git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", ".")
    if diff is None or untracked is None:
        return None
    found = {str(root / one): [(1, 1 << 60)] for one in names(untracked)}
    for path, rows in hunks(diff):
        found.setdefault(str(root / path), []).append(rows)
    return found


def hunks(diff: bytes) -> Iterator[tuple[str, Rows]]:
    """Yield the path and the new rows of each hunk; those that only take lines away have none."""
    path, is_head = "", True
    for line in diff.split(b"\n"):
        if line.startswith(b"diff --git "):
            is_head = True
        elif is_head and line.startswith(b"+++ "):
            path = read_name(line[len(b"+++ ") :].rstrip(b"\t"))
        elif match := HUNK.match(line):
            is_head = False
            first, count = int(match[1]), int(match[2] or 1)
            if count and path:
                yield path, (first, first + count - 1)


def read_name(shown: bytes) -> str:
    """Return the path in a line `+++ b/path`; in quotes, if it holds what stands for something else there."""
    if shown.startswith(b'"'):
        import codecs

        shown = codecs.escape_decode(shown.strip(b'"'))[0]
    return os.fsdecode(shown[2:]) if shown.startswith(b"b/") else ""
