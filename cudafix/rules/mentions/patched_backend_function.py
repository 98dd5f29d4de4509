"""A test that replaces a backend's function.

## What it does
Finds `mock.patch("torch.cuda.empty_cache")`, `patch.object(torch.cuda, "empty_cache")`, `patch.multiple`, the same of
`mocker`, and `monkeypatch.setattr` and `delattr`, where what they replace has a neutral form.

## Why is this bad?
Once the code under test calls the neutral function, it no longer meets the stand-in: the test runs the real function,
or fails, and a search for `torch.cuda` in the code does not tell.

## Example
```python
from unittest import mock

with mock.patch("torch.cuda.empty_cache") as empty:
    flush()
```

## Use instead
```python
from unittest import mock

with mock.patch("package.module.empty_device_cache") as empty:
    flush()
```

## Fix safety
There is no fix: which module looks the function up, only who knows the test can say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.match import Match
from cudafix.catalogue.symbols import Symbol, look_up
from cudafix.fixes.operations import Operations
from cudafix.replacements.in_words import neutral_words
from cudafix.syntax.module import File

PATCHERS = {
    "patch": ("target",),
    "patch.object": ("target", "attribute"),
    "patch.multiple": ("target",),
    "spy": ("obj", "name"),
    "setattr": ("target", "name"),
    "delattr": ("target", "name"),
}
"""What is called behind `mock.`, `mocker.` or `monkeypatch.`, and its arguments that say what is replaced."""

MOCKS = ("unittest.mock.", "mock.")
"""What the paths of the patchers of mock libraries begin with."""

OPTIONS = frozenset(("spec", "create", "spec_set", "autospec", "new_callable"))
"""The keywords of `patch.multiple` that name nothing to replace."""

TORCH_PATH = re.compile(r"(?:^|\.)(torch(?:_npu)?\..+)$")


@dataclass(frozen=True)
class Patched:
    """What a call replaces, and the part of it that says so."""

    node: cst.CSTNode
    symbol: Symbol
    call: cst.Call


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each replaced function that has a neutral form."""
    file = context.file
    for call in [one for one in file.tree.parents if isinstance(one, cst.Call)]:
        for patched in patched_by(call, file):
            if patched.symbol.row.has_neutral_form and not patched.symbol.rest:
                yield match_patched(patched, context)


def match_patched(patched: Patched, context: RuleContext) -> Match:
    file, name = context.file, patched.symbol.name
    words = neutral_words(patched.symbol, True, context.file.path, context.options).replace("()", "", 1)
    first, *rest = words.split(".") if not words.startswith("torch.") else (words,)
    way_out = f"replace `{first}`" + (f", by what returns a module with `{'.'.join(rest)}`," if rest else "")
    return Match(
        patched.node, name, f"`{name}` is replaced by something else", Operations(),
        reason=f"code that calls `{words}` does not meet it",
        help=f"{way_out} in the module that looks it up",
        rows=file.rows(patched.call),
    )  # fmt: skip


def patched_by(call: cst.Call, file: File) -> Iterator[Patched]:
    """Yield what `call` replaces, if it is a call of that kind."""
    patcher = find_patcher(call, file)
    if not patcher:
        return
    target, attribute = (argument(call, PATCHERS[patcher], index) for index in (0, 1))
    path = dotted_path(target, file)
    if target is None or not path:
        return
    if patcher == "patch.multiple":
        named = [(one.keyword, one.keyword.value) for one in call.args if one.keyword is not None]
        pairs: list[tuple[cst.CSTNode, str]] = [
            (node, f"{path}.{name}") for node, name in named if name not in {"target", *OPTIONS}
        ]
    elif (name := text_of(attribute)) and len(PATCHERS[patcher]) == 2 and attribute is not None:
        pairs = [(attribute, f"{path}.{name}")]
    else:
        pairs = [(target, path)] if text_of(target) else []
    for node, dotted in pairs:
        symbol = look_up(dotted)
        if symbol is not None:
            yield Patched(node, symbol, call)


def find_patcher(call: cst.Call, file: File) -> str:
    """Return which of the patchers is called, or ""; a plain `patch` must come from a mock library."""
    code = file.code(call.func)
    found = next((one for one in PATCHERS if code == one or code.endswith(f".{one}")), "")
    meaning = file.names.resolve(call.func)
    path = meaning.path if meaning is not None and meaning.doubt is None else ""
    known = next((path.removeprefix(one) for one in MOCKS if path.startswith(one)), "")
    if known in PATCHERS:
        return known
    is_method = isinstance(call.func, cst.Attribute) and not path and code not in PATCHERS
    return found if is_method else ""


def argument(call: cst.Call, params: tuple[str, ...], index: int) -> cst.BaseExpression | None:
    """Return the argument for parameter number `index`, given by place or by name."""
    if any(one.star for one in call.args) or index >= len(params):
        return None
    by_place = [one.value for one in call.args if one.keyword is None]
    by_name = (one.value for one in call.args if one.keyword is not None and one.keyword.value == params[index])
    return by_place[index] if index < len(by_place) else next(by_name, None)


def text_of(node: cst.BaseExpression | None) -> str:
    value = node.evaluated_value if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)) else None
    return value if isinstance(value, str) else ""


def dotted_path(node: cst.BaseExpression | None, file: File) -> str:
    """Return the path that `"torch.cuda"`, `"package.module.torch.cuda"` or the expression `torch.cuda` stands for."""
    text = text_of(node)
    if text:
        found = TORCH_PATH.search(text)
        return found[1] if found else ""
    meaning = file.names.resolve(node) if node is not None else None
    return meaning.path if meaning is not None and meaning.path.startswith("torch") else ""
