"""A test for CUDA, and what depends on its answer → whether it may ask for any accelerator instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import libcst as cst

from cudafix.matchers.cuda_words import names_backend, names_cuda
from cudafix.matchers.references import Reference
from cudafix.replacements.replacement import Refusal, Replacement
from cudafix.syntax.blocks import leaves
from cudafix.syntax.module import File
from cudafix.syntax.scopes import Binding

Guard: TypeAlias = cst.If | cst.IfExp

NAMES_CUDA = "names CUDA itself"
"""What is said of the code behind a test that stays for that alone."""

SAYS_CUDA = "a text or a comment beside it speaks of CUDA, and would be false of another accelerator"


def refine_flag(
    reference: Reference,
    replacement: Replacement,
    file: File,
    becomes_neutral: Callable[[Guard], bool] = lambda guard: False,
) -> Replacement | Refusal:
    """Return what the test in `use_cuda = torch.cuda.is_available()` becomes, by all that depends on the flag.

    `becomes_neutral` tells of what depends on the flag whether it no longer names CUDA after its own fix.
    """
    binding = flag_of(reference, file)
    if binding is None:
        return replacement
    bound_beside = (one for one in file.value_bindings if one.scope is binding.scope)
    beside = next((one for one in bound_beside if is_flag_of_another(one, file)), None)
    if beside is not None:
        return Refusal(f"beside `{beside.name}`, `{binding.name}` is about CUDA alone")
    for use in file.names.uses_by_name.get(binding.name, ()):
        if binding not in file.names.reaching_definitions(use):
            continue
        guard = guard_around(use.node, file)
        if isinstance(guard, cst.If) and any(names_backend(file.code(test)) for test in ladder_tests(guard, file)):
            return Refusal(f"`{binding.name}` decides about one rung of a ladder over backends")
        if guard is not None and depends_on_cuda(guard, file) and not becomes_neutral(guard):
            row = file.start(guard).row
            return Refusal(f"the code that depends on `{binding.name}` on line {row} {NAMES_CUDA}")
    return replacement


def guards_of(reference: Reference, file: File) -> list[Guard]:
    """Return what a test decides about, by itself or by the flag that holds its answer."""
    guard, binding = guard_around(reference.node, file), flag_of(reference, file)
    if guard is not None or binding is None:
        return [guard] if guard is not None else []
    uses = [
        use for use in file.names.uses_by_name.get(binding.name, ()) if binding in file.names.reaching_definitions(use)
    ]
    return [found for use in uses if (found := guard_around(use.node, file)) is not None]


def flag_of(reference: Reference, file: File) -> Binding | None:
    """Return the flag that is set from a test: `use_cuda = torch.cuda.is_available()`."""
    whole = whole_condition(reference, file)
    return next((one for one in file.value_bindings if one.value is whole), None)


def whole_condition(reference: Reference, file: File) -> cst.CSTNode:
    """Return the whole of `a and not b or c` around the reference."""
    whole = reference.call or reference.node
    compares = (cst.Comparison,) if reference.symbol.row.name == "device_count" else ()
    kinds = (cst.BooleanOperation, cst.UnaryOperation, *compares)
    while isinstance(parent := file.tree.parents.get(whole), kinds):
        whole = parent
    return whole


def is_flag_of_another(binding: Binding, file: File) -> bool:
    """Whether a name such as `use_mps` holds the answer of a test for a backend other than CUDA."""
    value = binding.value
    is_test = isinstance(value, (cst.Call, cst.BooleanOperation, cst.UnaryOperation, cst.Comparison))
    return is_test and names_backend(binding.name) and value is not None and names_backend(file.code(value))


def guard_around(node: cst.CSTNode, file: File) -> Guard | None:
    """Return the `if`, or conditional expression, in whose test `node` stands."""
    child = node
    for parent in file.tree.ancestors(node):
        if isinstance(parent, (cst.If, cst.IfExp)):
            return parent if parent.test is child else None
        if not isinstance(parent, (cst.Call, cst.UnaryOperation, cst.BooleanOperation, cst.BaseExpression)):
            return None
        child = parent
    return None


def ladder_tests(rung: cst.If, file: File) -> list[cst.BaseExpression]:
    """Return the tests of the whole `if`/`elif` chain that `rung` is a part of."""
    first = rung
    while isinstance(parent := file.tree.parents.get(first), cst.If) and parent.orelse is first:
        first = parent
    tests = []
    current: cst.CSTNode | None = first
    while isinstance(current, cst.If):
        tests.append(current.test)
        current = current.orelse
    return tests


def depends_on_cuda(guard: Guard, file: File) -> bool:
    """Whether what is done, or not done, after the test is about CUDA itself."""
    return any(names_cuda(file.code(one)) for one in dependent_parts(guard, file))


def dependent_parts(guard: Guard, file: File) -> list[cst.CSTNode]:
    """Return what is done, or not done, after the test."""
    return [one for one in (guard.body, guard.orelse, *after_exit(guard, file)) if one is not None]


def after_exit(guard: Guard, file: File) -> Sequence[cst.CSTNode]:
    """Return the statements that come after `if not …: return`."""
    is_exit = isinstance(guard, cst.If) and leaves(guard.body)
    return file.tree.following(guard) if is_exit else ()
