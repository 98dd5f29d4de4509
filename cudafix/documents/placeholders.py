"""What notebooks and documents share: calls in the place of lines that are no Python, and what code imports."""

from __future__ import annotations

import re
from keyword import iskeyword

from cudafix.syntax.python_parser import find_complaint

OURS = "__cudafix_"
"""How the names begin that stand in the code only while it is looked at."""

MASK = f"{OURS}line__"
"""The function that is called where a line was no Python; its first argument is a number."""

RUN = f"{OURS}run__"
"""The function that is called before the code of a magic."""

ELSEWHERE = f"{OURS}elsewhere__"
"""The function that is called in the place of a magic whose code runs in other processes."""

WORD = re.compile(r"[^\W\d]\w*")
IMPORT = re.compile(r"(?m)^[ \t]*(?:from[ \t]+\S+[ \t]+)?import[ \t]+(.+)")


def imported_names(text: str) -> frozenset[str]:
    """Return the names that text which may be Python imports."""
    return words(" ".join(IMPORT.findall(text)))


def words(text: str) -> frozenset[str]:
    return frozenset(one for one in WORD.findall(text) if not iskeyword(one))


def is_python(text: str) -> bool:
    return find_complaint(text.encode("utf-8", "surrogatepass")) is None


def may_be_cell(text: str) -> bool:
    """Whether a text is Python that the cell of a notebook may hold, which may await."""
    return find_complaint(text.encode("utf-8", "surrogatepass"), awaits=True) is None
