"""What the corpus tests share: running cudafix and ruff, fixing copies, reading files as Python does, comparing."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tokenize
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TypeVar

from guard_oracle import Decision, decisions
from oracle import Reference, references

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
RUFF_CODES = "F821,F811,F401,E402,I001"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Finding:
    code: str
    symbol: str
    file: str
    row: int
    end_row: int

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.code} {self.symbol}"


def cudafix(*arguments: str) -> str:
    """Its standard output."""
    return run_cudafix(*arguments).stdout


def run_cudafix(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In the repository, so that no module of a tree can shadow one of ours."""
    command = [sys.executable, "-m", "cudafix", *arguments]
    anew = {**os.environ, "CUDAFIX_NO_CACHE": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, env=anew)
    said = f"cudafix {' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-2000:]}"
    assert "Traceback" not in done.stdout + done.stderr, said
    assert done.returncode in {0, 1}, said
    return done


def check(tree: Path, select: str, files: Iterable[str] = (".",)) -> list[Finding]:
    options = ("--isolated", "--select", select, "--output-format", "json")
    return [finding(entry, tree) for entry in json.loads(cudafix("check", *options, *paths(tree, files)))]


def fix(tree: Path, *options: str, files: Iterable[str] = (".",)) -> list[str]:
    """What it asks to report: files that it refused to write."""
    said = run_cudafix("fix", "--isolated", *options, *paths(tree, files)).stderr
    return [line for line in said.splitlines() if "please report this" in line]


def paths(tree: Path, files: Iterable[str]) -> list[str]:
    return [str(tree / file) for file in files]


def finding(entry: dict[str, object], tree: Path) -> Finding:
    match entry:
        case {"code": str(code), "symbol": symbol, "filename": str(name), "location": {"row": int(row)}}:
            end = entry["end_location"]
            assert isinstance(end, dict), entry
            file = Path(os.path.relpath(os.path.realpath(ROOT / name), os.path.realpath(tree))).as_posix()
            return Finding(code, str(symbol or ""), file, row, int(end["row"]))
    raise AssertionError(f"not the JSON of a finding: {entry}")


def python_files(tree: Path) -> list[str]:
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*.py") if path.is_file())


def compiles(path: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True


def text(path: Path) -> str:
    """As Python decodes it, line ends translated."""
    with tokenize.open(path) as file:
        return file.read()


def references_in(path: Path) -> list[Reference] | None:
    """None where Python itself cannot parse the file."""
    return found_in(path, references) if names(path, b"torch", b"cuda") else []


def decisions_in(path: Path) -> list[Decision]:
    """None of them where Python itself cannot parse the file."""
    return (found_in(path, decisions) or []) if names(path, b"torch") else []


def names(path: Path, *words: bytes) -> bool:
    content = path.read_bytes()
    return all(word in content for word in words)


def found_in(path: Path, look: Callable[[str], list[T]]) -> list[T] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return look(text(path))
        except (SyntaxError, ValueError):
            return None


def listed(title: str, places: Sequence[object]) -> str:
    """An assertion's message: how many, and the first ten."""
    return "\n  ".join([f"{len(places)} {title}", *map(str, places[:10])])


def ruff_counts(tree: Path) -> Counter[tuple[str, str]]:
    """How often each file has each code; syntax errors count as a code of their own."""
    options = ("--isolated", "--no-cache", "--select", RUFF_CODES, "--output-format", "json")
    command = [sys.executable, "-m", "ruff", "check", *options, "."]
    done = subprocess.run(command, cwd=tree, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in {0, 1}, f"ruff did not run: {done.stderr[-2000:]}"
    found = json.loads(done.stdout)
    return Counter((os.path.relpath(entry["filename"], tree), str(entry["code"])) for entry in found)


@dataclass(frozen=True)
class Fixed:
    """A tree as published, its fixed copy, and the complaints of cudafix about its own fixes."""

    original: Path
    copy: Path
    refused: list[str]

    def changed_files(self) -> list[str]:
        """The Python files that differ and that were valid before."""
        return [
            file
            for file in python_files(self.original)
            if (self.original / file).read_bytes() != (self.copy / file).read_bytes() and compiles(self.original / file)
        ]

    def touched(self) -> list[str]:
        """The files that came, went, or changed without being Python."""
        before, after = digests(self.original), digests(self.copy)
        return [
            file
            for file in sorted(before.keys() | after.keys())
            if before.get(file) != after.get(file)
            and not (file in before and file in after and file.endswith((".py", ".pyi", ".ipynb")))
        ]

    def broken(self) -> list[str]:
        return [file for file in self.changed_files() if not compiles(self.copy / file)]

    def restyled(self) -> list[str]:
        """The files whose line ends, final newline or byte order mark changed."""
        return [
            file
            for file in self.changed_files()
            if line_style((self.original / file).read_bytes()) != line_style((self.copy / file).read_bytes())
        ]


def copied(original: Path, folder: Path) -> Path:
    copy = folder / "tree"
    shutil.copytree(original, copy, symlinks=True)
    return copy


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(file for file in before.keys() | after.keys() if before.get(file) != after.get(file))


def risen(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> list[str]:
    """The files and codes that ruff counts more often than before."""
    return [
        f"{file}: {code} {before[file, code]} -> {count}"
        for (file, code), count in sorted(after.items())
        if count > before[file, code]
    ]


def line_style(content: bytes) -> tuple[bool, bool, frozenset[bytes]]:
    """Byte order mark, final newline, and the kinds of line ends."""
    ends = frozenset(re.findall(rb"\r\n|\r|\n", content))
    return content.startswith(BYTE_ORDER_MARK), content.endswith((b"\r", b"\n")), ends


def import_rows(source: str) -> set[int]:
    imports = (node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return {row for node in imports for row in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def stray_changes(before: str, after: str, finding_rows: Iterable[int]) -> list[str]:
    """The changed lines that neither had a finding nor belong to an import, as `-row: line` and `+row: line`."""
    old, new, flagged = before.split("\n"), after.split("\n"), set(finding_rows)
    old_imports, new_imports = import_rows(before), import_rows(after)
    heads, old_heads = statement_heads(after), statement_heads(before)
    strays = []
    for removed, added in changed_blocks(old, new):
        others = [row for row in added if row not in new_imports]
        statements = {old_heads.get(row, 0) for row in removed}
        if len(statements) == len(others) == 1 and flagged.intersection(removed):
            continue  # a statement with a finding that fits on one line again
        strays += [f"-{row}: {old[row - 1]}" for row in removed if row not in flagged | old_imports]
        if len({heads.get(row, row) for row in others}) > len(flagged.intersection(removed)):  # one for one, no more
            strays += [f"+{row}: {new[row - 1]}" for row in others]
    return strays


def statement_heads(source: str) -> dict[int, int]:
    """Return the row that a statement, or the head of one with a block, begins on, by each of its rows."""
    heads: dict[int, int] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            heads.update((row, node.lineno) for row in range(node.lineno, last + 1))
    return heads


def changed_blocks(old: list[str], new: list[str]) -> Iterator[tuple[range, range]]:
    """Rows removed and rows added, block by block; a second look at each block, since the quick first is coarse."""
    for old_start, old_end, new_start, new_end in differences(old, new, quick=True):
        for block in differences(old[old_start:old_end], new[new_start:new_end], quick=False):
            removed = range(old_start + block[0] + 1, old_start + block[1] + 1)
            added = range(new_start + block[2] + 1, new_start + block[3] + 1)
            yield removed, added


def differences(old: list[str], new: list[str], *, quick: bool) -> Iterator[tuple[int, int, int, int]]:
    for tag, *block in SequenceMatcher(None, old, new, autojunk=quick).get_opcodes():
        if tag != "equal":
            old_start, old_end, new_start, new_end = block
            yield old_start, old_end, new_start, new_end
