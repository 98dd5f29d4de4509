"""The words behind a fence → what stands in it: a cell that runs, code that is shown, text, or another language.

Cells are ` ```{python} ` in Quarto and R Markdown, ` ```{code-cell} ` in MyST, and every ` ```python ` in a notebook
that jupytext has written as Markdown. They run one after the other, as those of a Jupyter notebook do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from pathlib import PurePath

from cudafix.files.source import LITERATE

LANGUAGES = frozenset(("python", "py", "python3", "pycon", "ipython", "ipython3"))
OTHER_LANGUAGES = frozenset((
    "bash", "c", "cpp", "css", "d2", "dot", "fortran", "go", "graphviz", "html", "java", "javascript", "js", "json",
    "julia", "latex", "math", "mermaid", "node", "ojs", "perl", "powershell", "r", "raw", "ruby", "rust", "scala", "sh",
    "sql", "stan", "tikz", "toml", "yaml", "zsh",
))  # fmt: skip
WITHOUT_LANGUAGE = ("testcode", "testsetup", "ipython", "doctest", "jupyter-execute", "plot")
SHOWS_CODE = ("code-block", "code", "sourcecode", *WITHOUT_LANGUAGE)

CHUNK = re.compile(r"\{(?P<language>python3?|r)(?P<options>[ \t,][^}]*)?\}")
ENGINE = re.compile(r"\bengine[ \t]*=[ \t]*[\"']python3?[\"']")
MARIMO = re.compile(r"\.marimo\b")
CHUNK_WAITS = re.compile(r"\beval[ \t]*=[ \t]*(?:FALSE|F|false)\b")
DIRECTIVE = re.compile(r"\{(?P<name>[\w:+-]+)\}[ \t]*(?P<language>[\w+-]*)")
WORD = re.compile(r"\{?\.?(?P<language>[\w+-]*)")
HEADER = re.compile(r"(?:\ufeff)?---[ \t]*\r?\n(?P<text>(?:(?!---|\.\.\.).*\n)*)")
SAYS_LANGUAGE = re.compile(r"(?m)^[ \t]*(?:language|name|display_name|main_language):(?P<language>.*)")
WAITS = re.compile(r"\.noeval\b|\bactive=")


class Kind(Enum):
    CELL = "it runs"
    WAITING_CELL = "it runs when somebody says so"
    SHOWN = "it is shown"
    TEXT = "it has fences of its own"
    OTHER = "it is no Python"
    MARIMO = "it is a cell of marimo"


class Fences:
    """How the fences of one document are read."""

    def __init__(self, path: str, text: str) -> None:
        found = HEADER.match(text)
        header = found["text"] if found is not None else ""
        self.has_chunks = PurePath(path).suffix in LITERATE
        self.is_jupytext = "jupytext:" in header and "{code-cell}" not in text
        languages = [one["language"].lower() for one in SAYS_LANGUAGE.finditer(header)] if "kernel" in header else []
        self.is_python = not languages or any("python" in one for one in languages)

    def kind(self, info: str) -> Kind:
        """Return what the words behind a fence say of it."""
        info = info.strip()
        chunk = CHUNK.match(info) if self.has_chunks else None
        if chunk is not None:
            return self.kind_of_chunk(chunk)
        directive = DIRECTIVE.match(info) if not MARIMO.search(info) else None
        if directive is not None and directive["name"] not in LANGUAGES:
            return self.kind_of_directive(directive["name"], directive["language"].lower())
        if MARIMO.search(info):
            return Kind.MARIMO
        found = WORD.match(info)
        if found is None or found["language"].lower() not in LANGUAGES:
            return Kind.OTHER
        if not self.is_jupytext or info.startswith("{"):
            return Kind.SHOWN
        return Kind.WAITING_CELL if WAITS.search(info) else Kind.CELL

    def kind_of_chunk(self, chunk: re.Match[str]) -> Kind:
        options = chunk["options"] or ""
        if chunk["language"] == "r" and not ENGINE.search(options):
            return Kind.OTHER
        return Kind.WAITING_CELL if CHUNK_WAITS.search(options) else Kind.CELL

    def kind_of_directive(self, name: str, language: str) -> Kind:
        is_python = language in LANGUAGES
        if name == "code-cell":
            return Kind.CELL if is_python or (not language and self.is_python) else Kind.OTHER
        if name in SHOWS_CODE:
            return Kind.SHOWN if is_python or (name in WITHOUT_LANGUAGE and not language) else Kind.OTHER
        return Kind.OTHER if name.lower() in OTHER_LANGUAGES else Kind.TEXT


def body_of_cell(lines: Sequence[str], first: int, last: int) -> int:
    """Return where the code of a cell of MyST begins: behind its options, `:tags: [x]` or between two `---`."""
    if first < last and lines[first].strip() == "---":
        return next((one + 1 for one in range(first + 1, last) if lines[one].strip() == "---"), first)
    while first < last and re.match(r"[ \t]*:[\w-]+:", lines[first]):
        first += 1
    return first
