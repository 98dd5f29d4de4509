"""Calls of a test that replace a backend's function: `mock.patch("torch.cuda.empty_cache")` and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from cudafix.catalogue.symbols import Symbol, look_up
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


def find_patched(file: File) -> Iterator[Patched]:
    """Yield what the tests in a file replace."""
    if "patch" in file.text or "setattr" in file.text or "delattr" in file.text or "spy" in file.text:
        for call in [one for one in file.tree.parents if isinstance(one, cst.Call)]:
            yield from patched_by(call, file)


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
