"""What modules and functions of cudafix say of themselves, read from their files: nothing is imported for it, and it is
there where Python drops docstrings (`PYTHONOPTIMIZE=2`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast


@cache
def read_docstring(file: str, function: str = "") -> str:
    """Return the docstring of a file of the package, or of one of its functions, as it is written."""
    import ast  # not at the top: few commands show a page

    tree = parsed(file)
    if not function:
        return ast.get_docstring(tree, clean=False) or ""
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == function]
    return next(filter(None, map(ast.get_docstring, functions)), "")


@cache
def parsed(file: str) -> ast.Module:
    import ast
    import pkgutil

    source = pkgutil.get_data("cudafix", file)
    assert source is not None  # each loader that Python has can read files of a package
    return ast.parse(source)
