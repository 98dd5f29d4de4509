"""Code that is read, and not only run: what TorchScript compiles, and what is pasted from its source into another file.

The neutral function is a name of this file, and no part of what either takes along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import libcst as cst

from cudafix.syntax.assigned_values import reads_of
from cudafix.syntax.expressions import last_name
from cudafix.syntax.module import File

SCRIPTED = "TorchScript compiles this function and cannot compile the neutral call"
MAY_BE_SCRIPTED = "TorchScript, where it compiles this module, cannot compile the neutral context"
PASTED = "its source is read with inspect.getsource, and the import would not go with it"

SCRIPTS = ("torch.jit.script", "torch.jit.export")
READS_SOURCE = ("inspect.getsource", "inspect.getsourcelines")


def find_reader(node: cst.CSTNode, file: File) -> str:
    """Return who reads the code around `node` and cannot take a neutral call, in words; "" where nobody does."""
    if is_scripted(node, file):
        return SCRIPTED
    return PASTED if is_pasted(node, file) else ""


def is_scripted(node: cst.CSTNode, file: File) -> bool:
    """Whether a function or class around `node` is given to `torch.jit.script` or `export`.

    As a decorator, by its name, or an instance of it.
    """
    for definition in definitions_around(node, file):
        decorators = [one.decorator for one in definition.decorators]
        functions = [one.func if isinstance(one, cst.Call) else one for one in decorators]
        functions += calls_with(definition.name.value, file)
        if any(path.startswith(SCRIPTS) for path in paths(functions, file)):
            return True
    return False


def is_pasted(node: cst.CSTNode, file: File) -> bool:
    """Whether the file asks for the source of a function or class around `node`, or of it knows not which."""
    if not any(one.rpartition(".")[2] in file.text for one in READS_SOURCE):
        return False
    names = {one.name.value for one in definitions_around(node, file)}
    for call in source_reads(file):
        asked = call.args[0].value if call.args else None
        is_known = asked is not None and bool(last_name(asked)) and is_own(last_name(asked), file)
        if asked is None or not is_known or last_name(asked) in names:
            return bool(names)
    return False


def in_module(node: cst.CSTNode, file: File) -> bool:
    """Whether `node` stands in a method of what is called a Module, as TorchScript takes it, and not in a decorator."""
    around = list(definitions_around(node, file))
    for inner, outer in pairwise(around):
        if isinstance(inner, cst.FunctionDef) and isinstance(outer, cst.ClassDef):
            is_body = inner.body in file.tree.ancestors(node)
            bases = [last_name(one.value) for one in outer.bases]
            meanings = [file.names.resolve(one.value) for one in outer.bases]
            is_of_torch = any(one is not None and one.path.startswith("torch.nn.") for one in meanings)
            return is_body and (is_of_torch or any(one.endswith("Module") for one in bases))
    return False


def definitions_around(node: cst.CSTNode, file: File) -> Iterator[cst.FunctionDef | cst.ClassDef]:
    for ancestor in file.tree.ancestors(node):
        if isinstance(ancestor, (cst.FunctionDef, cst.ClassDef)):
            yield ancestor


def calls_with(name: str, file: File) -> list[cst.BaseExpression]:
    """Return the functions that are called with `name`, or with what a call of it makes, as an argument."""
    found = []
    for use in file.names.uses_by_name.get(name, ()):
        for node in (use.node, *made_by(use.node, file)):
            call = file.tree.call_around(node)
            if call is not None:
                found.append(call.func)
    return found


def made_by(name: cst.Name, file: File) -> Sequence[cst.CSTNode]:
    """Return the call of a class, and the reads of the names that are given what it makes."""
    call = file.tree.parents.get(name)
    return reads_of(call, file) if isinstance(call, cst.Call) and call.func is name else ()


def source_reads(file: File) -> Iterator[cst.Call]:
    """Yield the calls that return the source of a function."""
    for node in file.names.places:
        if isinstance(node, cst.Call) and any(path in READS_SOURCE for path in paths([node.func], file)):
            yield node


def is_own(name: str, file: File) -> bool:
    """Whether the file defines a function or class of that name."""
    bindings = [one for scope in file.names.scopes for one in scope.bindings.get(name, ())]
    return any(isinstance(one.node, (cst.FunctionDef, cst.ClassDef)) for one in bindings)


def paths(functions: list[cst.BaseExpression], file: File) -> Iterator[str]:
    meanings = (file.names.resolve(one) for one in functions)
    return (one.path for one in meanings if one is not None)
