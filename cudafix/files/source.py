"""A path → its Source: the bytes of the file, read once, under the name that findings carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from cudafix.files.ordinary import DATA, read_ordinary

STDIN = "-"
NOTEBOOK = ".ipynb"
LITERATE = (".qmd", ".Rmd", ".rmd")
"""How the names of documents end whose cells run: of Quarto and of R Markdown."""

SUFFIXES = (".py", ".pyi", ".pyw", NOTEBOOK, *LITERATE)
"""How the names of files end that are code."""

DOCUMENTS = (".md", ".markdown", ".mdx", ".rst")
HOLD_MODULES = (NOTEBOOK, *LITERATE, *DOCUMENTS)
"""How the names of files end that are no modules and hold code."""

BETWEEN_CELLS = "'cudafix: the next cell'"
"""What stands between the cells of a notebook where they are one module."""

CELL_THAT_WAITS = "'cudafix: the next cell, which does not run'"

GENERATED = re.compile(rb"^[ \t]*(?:#|\"\"\"|''').*@generated\b", re.MULTILINE)
RUNTIME_MARK = b"# cudafix: runtime"
HEAD = 4096
"""Bytes. So far a file may say that nobody edits it."""

SCRIPT_NEEDLES = (b"# %", b"#%", b"# MAGIC", b"# +", b"# Databricks notebook", b"get_ipython()", b"marimo")
SCRIPT = re.compile(
    rb"^#[ \t]*%%|^# (?:Databricks notebook source|In\[|\+(?:[ \t]|\r?$)|jupytext:|jupyter:)|^[ \t]*get_ipython\(\)\."
    rb"|^\w+ = (?:\w+\.)?App\(",
    re.MULTILINE,
)
"""How the lines begin that only a notebook has which is written as a script."""

HUGE = 20_000_000
"""Bytes. More than this is data, whatever its name: it is not looked at."""

LARGEST = 2_000_000
"""Bytes. libcst 1.9.0 takes a minute and 2 GB for more: of such a file no more than a slice is looked at."""


@dataclass(frozen=True)
class OutsideUse:
    """What another file does with a name of a module.

    Attributes:
        name: the name, and what is read of it: `torch.cuda.synchronize`.
        replaces: whether it puts something else in its place, as tests do.
        path: the other file.
        row: the line there.
    """

    name: str
    replaces: bool
    path: str
    row: int


@dataclass(frozen=True)
class Source:
    """The bytes of one file under the name that findings carry, and what other files of the run do with its names."""

    path: str
    data: bytes
    outside_uses: tuple[OutsideUse, ...] = ()

    @property
    def may_await(self) -> bool:
        """Whether code may await outside of functions, as the cells of a notebook may."""
        return self.path.endswith(HOLD_MODULES) or self.may_be_notebook

    @cached_property
    def may_be_notebook(self) -> bool:
        """Whether a module is a notebook in the form of a script, as jupytext, nbconvert and Databricks write it."""
        return any(one in self.data for one in SCRIPT_NEEDLES) and SCRIPT.search(self.data) is not None

    @property
    def is_marimo(self) -> bool:
        """Whether a module is a notebook of marimo."""
        return b"marimo" in self.data and b"App(" in self.data and self.may_be_notebook

    @property
    def is_exempt(self) -> bool:
        """Whether the file says of itself that nobody edits it: `@generated`, or a copy of our runtime."""
        head = self.data[:HEAD]
        return RUNTIME_MARK in head or GENERATED.search(head) is not None


def digest(data: bytes) -> str:
    """Return what stands for a content: no two contents have the same."""
    import hashlib  # not at the top: a hook needs none

    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read(path: str) -> Source:
    """Read `path`.

    Raises:
        TooLargeError: when it is data, whatever its name.
        OSError: when it cannot be read.
    """
    return Source(path, read_ordinary(path, DATA))
