"""What a project's own hook let through → which findings those are: comments on lines, and lists of files.

Nothing is run: a script is read as text, and its lists of paths are the strings in it that name files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from cudafix.config.settings import ConfigError
from cudafix.files.ordinary import DATA, read_text, reason
from cudafix.model import Finding
from cudafix.syntax.python_parser import parse


class Allowance:
    """What the hook let through: lines with one of `comments`, and `paths`, files and folders relative to `root`."""

    def __init__(self, root: Path, comments: Sequence[str], paths: Sequence[str]) -> None:
        self.root = root
        self.paths = [PurePosixPath(one.rstrip("/")) for one in paths]
        words = "|".join(re.escape(one) for one in comments)
        self.comment = re.compile(words) if comments else None
        self.last = ""
        """The file that was asked for last: findings come file by file."""
        self.lines: tuple[str, ...] = ()
        self.ends: dict[int, int] = {}

    def covers(self, finding: Finding) -> bool:
        return self.covers_path(finding.path) or self.covers_line(finding)

    def covers_path(self, path: str) -> bool:
        try:
            place = PurePosixPath(Path(path).resolve().relative_to(self.root.resolve()).as_posix())
        except ValueError:
            return False
        return any(one in (place, *place.parents) for one in self.paths)

    def covers_line(self, finding: Finding) -> bool:
        if self.comment is None or finding.start.cell:
            return False
        if finding.path != self.last:
            self.last, self.lines, self.ends = finding.path, *read_lines(Path(finding.path).resolve())
        last = max(finding.end.row, self.ends.get(finding.start.row, 0))
        return any(self.comment.search(one.partition("#")[2]) for one in self.lines[finding.start.row - 1 : last])


def read_lines(path: Path) -> tuple[tuple[str, ...], dict[int, int]]:
    """Return the lines of a file, and for the rows on which calls start, those on which they end."""
    try:
        text = read_text(path, DATA, errors="replace")
    except OSError:
        return (), {}
    ends: dict[int, int] = {}
    for node in python_nodes(text):
        if isinstance(node, ast.Call):
            ends[node.lineno] = max(ends.get(node.lineno, 0), node.end_lineno or 0)
    return tuple(text.split("\n")), ends


def python_nodes(text: str) -> list[ast.AST]:
    tree = parse(text)
    return list(ast.walk(tree)) if tree is not None else []


def allowed_paths(file: Path, root: Path) -> list[str]:
    """Return the files and folders of the project that a list names: a script of Python, or a text with one each line.

    Raises:
        ConfigError: where it cannot be read, or names none.
    """
    try:
        text = read_text(file, DATA)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {reason(error)}") from None
    named = strings_in(text, file) if file.suffix == ".py" else lines_in(text)
    found = [one for one in dict.fromkeys(named) if is_path(one, root)]
    if not found:
        raise ConfigError(f"{file}: names no file or folder below {root}")
    return found


def strings_in(text: str, file: Path) -> Iterator[str]:
    nodes = python_nodes(text)
    if not nodes:
        raise ConfigError(f"{file}: cannot be read as Python")
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def lines_in(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield line.partition("#")[0].strip().strip("\"',- ")


def is_path(text: str, root: Path) -> bool:
    plain = text.rstrip("/")
    if not plain or plain in (".", "..") or "\n" in plain or PurePosixPath(plain).is_absolute():
        return False
    if "/" not in plain and not plain.endswith((".py", ".pyi", ".ipynb")):
        return False  # a word, which may happen to be the name of a folder
    try:
        return (root / plain).exists() and ".." not in PurePosixPath(plain).parts
    except (OSError, ValueError):
        return False
