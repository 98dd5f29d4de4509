"""What settings may say where fixes write it into code: names, as Python itself reads them."""

from __future__ import annotations

import keyword
import sys
import unicodedata

FUTURE = "__future__"
LONGEST = 500
"""Characters of all that one setting writes in one place."""

STANDARD_LIBRARY = sys.stdlib_module_names - {"contextlib", "test"}
"""Modules that are not the project's: nothing in them stands for a function of a device. `nullcontext` may, and a
project may have a package for its tests.
"""


def fault_of_name(name: str) -> str:
    """Return why code cannot give something this name; "" where it can."""
    if not name.isidentifier():
        return f"{name!r} is no name of Python"
    if keyword.iskeyword(name):
        return f"`{name}` is a keyword of Python"
    if name == "__debug__":
        return f"`{name}` is Python's own: nothing else can have this name"
    if unicodedata.normalize("NFKC", name) != name:
        return f"`{name}` is another name to Python: `{unicodedata.normalize('NFKC', name)}`"
    return f"`{name[:20]}…` is longer than {LONGEST} characters" if len(name) > LONGEST else ""


def fault_of_names(names: list[str]) -> str:
    return next(filter(None, map(fault_of_name, names)), "")


def fault_of_module(dotted: str) -> str:
    """Return why nothing can be imported from a module of this name; "" where something can."""
    if len(dotted) > LONGEST:
        return f"`{dotted[:20]}…` is longer than {LONGEST} characters"
    names = dotted.split(".")
    if names[0] == FUTURE:
        return f"`{FUTURE}` is for Python's compiler: nothing else can be imported from there"
    return fault_of_names(names)


def fault_of_expression(text: str) -> str:
    """Return why Python cannot read a call or a name as such; "" where it can. Nothing is run."""
    try:
        compile(text, "<setting>", "eval", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        return f"is no expression of Python: {error.args[0] if error.args else error}"
    return ""
