"""A rule, a function of a backend or one of the runtime → a page: what it is, and what stands for it elsewhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache

from cudafix import runtime
from cudafix.catalogue.backends import BACKENDS
from cudafix.catalogue.row import Native, Row
from cudafix.catalogue.support import COLUMNS, backends_with
from cudafix.catalogue.symbols import Symbol, look_up
from cudafix.catalogue.table import BACKEND_ONLY, ROWS
from cudafix.docstrings import read_docstring
from cudafix.model import Safety
from cudafix.registry import BY_CODE, RULES

NOT_COVERED = [one for one in BACKENDS if one not in COLUMNS]
"""The backends whose functions the table of support does not list."""


def explain(name: str) -> str | None:
    """Return the page, in Markdown, of a rule (its code or name) or of a function; None for what is neither.

    A function is named in full (`torch.cuda.mem_get_info`), from the backend's module on, or by its last name alone,
    which stands for that of `torch.cuda` or of the runtime.
    """
    for rule in RULES:
        if name.upper() == rule.code or name == rule.name:
            return rule.page
    symbol = find_symbol(name)
    if symbol is not None:
        return "\n".join(page_of(symbol)) + "\n"
    function = name.removeprefix("cudafix.runtime.")
    return "\n".join(page_of_neutral(function)) + "\n" if function in neutral_functions() else None


def find_symbol(name: str) -> Symbol | None:
    """Return the symbol that a name means, where torch has it."""
    for path in (name, f"torch.{name}", f"torch.cuda.{name}") if name else ():
        symbol = look_up(path.removesuffix("()"))
        if symbol is not None and is_known(symbol):
            return symbol
    return None


def is_known(symbol: Symbol) -> bool:
    names = BACKEND_ONLY.get(symbol.backend, "").split()
    return not symbol.rest and (symbol.row.name in ROWS or symbol.row.name in names)


def page_of(symbol: Symbol) -> Iterator[str]:
    row = symbol.row
    rule = BY_CODE[row.code]
    yield f"# {symbol.name}"
    yield ""
    state = "on by default" if rule.default else "opt-in"
    yield f"Reported as {rule.code} {rule.name} ({state}): {rule.summary[0].lower()}{rule.summary[1:]}."
    if row.params:
        yield f"Called as `{symbol.name}{row.params}`."
    yield from neutral_forms(row)
    yield from support(symbol)
    yield from differences(row)
    yield from example(symbol)


def neutral_forms(row: Row) -> Iterator[str]:
    yield from ("", "## Neutral forms", "")
    forms = list(forms_of(row))
    if not forms:
        yield "There is none."
        return
    yield "| route | form | torch |"
    yield "|---|---|---|"
    for route, form, since in forms:
        yield f"| {route} | `{form}` | {since} |"


def forms_of(row: Row) -> Iterator[tuple[str, str, str]]:
    """Yield what each route writes, and with which torch."""
    if row.alias_of is not None:
        yield "all", f"torch.{row.alias_of.name}", since(row.alias_of)
        return
    on_module = f"torch.get_device_module().{row.name}".rstrip(".")
    if row.runtime == ".":
        yield "runtime", f"device_module().{row.name}", "2.4 or newer"
    elif row.runtime:
        yield "runtime", f"{row.runtime}{signature(row.runtime)}", "2.4 or newer"
    if row.native is not None:
        yield "accelerator, torch", f"torch.{row.native.name}", since(row.native)
    elif row.runtime:
        yield "torch", on_module, "2.4 or newer"
    if row.annotation:
        yield "annotations", f"torch.{row.annotation}", "2.4 or newer"


def since(native: Native) -> str:
    return "{}.{} or newer".format(*native.since)


def support(symbol: Symbol) -> Iterator[str]:
    yield from ("", "## Which backends have it", "")
    only = symbol.row.name not in ROWS
    versions = {symbol.backend: ""} if only else backends_with(symbol.row.name)
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|" + "---|" * len(COLUMNS)
    yield "| " + " | ".join(cell(versions.get(one)) for one in COLUMNS) + " |"
    yield ""
    yield f"The first torch with it (npu: torch_npu), of 2.1 to 2.15. Not looked at: {', '.join(NOT_COVERED)}."


def cell(version: str | None) -> str:
    return "no" if version is None else version.replace("-", " to ") or "yes"


def differences(row: Row) -> Iterator[str]:
    yield from ("", "## What differs", "")
    safety = {Safety.SAFE: "The fix is safe", Safety.UNSAFE: "The fix is unsafe", Safety.MANUAL: "There is no fix"}
    yield f"{safety[row.safety]}{f': {row.note}' if row.note else ''}."
    if row.native is not None and not row.native.keeps_cpu:
        yield f"`torch.{row.native.name}` raises on a machine without an accelerator; the runtime's function does not."


def example(symbol: Symbol) -> Iterator[str]:
    """Yield a line and what the fix makes of it."""
    from cudafix.api import fix_source  # not at the top: a rule's page needs no parser

    row = symbol.row
    if not row.has_neutral_form or symbol.is_module:
        return
    call = f"{symbol.name}({', '.join(required(row.params))})" if row.params and row.params != "." else symbol.name
    before = f"import torch\n\n{call}\n"
    settings = {"select": ["CFX1"], "target-torch": "2.15"}
    after = fix_source(before, settings=settings, unsafe_fixes=True).source
    if after != before:
        yield from ("", "## Example", "", "```python", before.rstrip(), "```", "", "becomes")
        yield from ("", "```python", after.rstrip(), "```")


def required(params: str) -> list[str]:
    """Return the names of the parameters that have no default."""
    parts = [one.strip() for one in params.strip("()").split(",")]
    return [one for one in parts if one and "=" not in one and not one.startswith("*")]


def page_of_neutral(name: str) -> Iterator[str]:
    replaced = [f"torch.cuda.{one.name}".rstrip(".") for one in ROWS.values() if one.runtime == name]
    yield f"# cudafix.runtime.{name}"
    yield ""
    yield f"`{name}{signature(name)}`"
    yield ""
    yield inspect.getdoc(getattr(runtime, name)) or read_docstring("runtime.py", name)
    if replaced:
        yield ""
        yield f"Stands for {', '.join(f'`{one}`' for one in replaced)}."


def signature(name: str) -> str:
    """Return the parameters of a function of the runtime, without their types."""
    found = inspect.signature(getattr(runtime, name))
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in found.parameters.values()]
    return str(found.replace(parameters=bare, return_annotation=inspect.Signature.empty))


@cache
def neutral_functions() -> dict[str, Callable[..., object]]:
    """Return the functions of the runtime that others may call."""
    found = {name: one for name, one in vars(runtime).items() if inspect.isfunction(one) and not name.startswith("_")}
    return {name: one for name, one in found.items() if one.__module__ == runtime.__name__}


@cache
def names_known() -> tuple[str, ...]:
    """Return what can be explained."""
    symbols = [f"torch.cuda.{one}".rstrip(".") for one in ROWS]
    return (*(name for rule in RULES for name in (rule.code, rule.name)), *symbols, *neutral_functions())
