"""Whether a call's arguments fit another function, and how they are carried over."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst


def unknown_argument(call: cst.Call, names: Sequence[str]) -> str:
    """Return the first argument of `call` that a function with these parameters does not take, or ""."""
    if any(name.startswith("**") for name in names):
        return ""
    positional = 0
    for arg in call.args:
        if arg.star:
            return f"`{arg.star}…`, which may hold anything"
        if arg.keyword is None:
            positional += 1
        elif arg.keyword.value not in names:
            return f"`{arg.keyword.value}`"
    return f"number {positional}" if positional > len(names) else ""


def positional_only(call: cst.Call, names: Sequence[str]) -> tuple[cst.Arg, ...] | None:
    """Return the arguments that must lose their keyword for a function that takes positional ones only.

    None when that cannot be done: `**kwargs`, an unknown keyword, or keywords in another order than the parameters.
    """
    renamed = []
    for index, arg in enumerate(call.args):
        if arg.star == "**" or (arg.star and index + 1 < len(call.args)):
            return None
        if arg.keyword is not None:
            if index >= len(names) or names[index] != arg.keyword.value:
                return None
            renamed.append(arg)
    return tuple(renamed)


def is_false(argument: cst.Arg | None) -> bool:
    """Whether `False` is given."""
    return argument is not None and isinstance(argument.value, cst.Name) and argument.value.value == "False"


def keyword_argument(call: cst.Call, name: str) -> cst.Arg | None:
    """Return the argument that `call` passes by that name."""
    return next((one for one in call.args if one.keyword is not None and one.keyword.value == name), None)


def with_keyword(argument: cst.Arg, name: str) -> cst.Arg:
    """Return an argument that is passed by that name, with the spaces around `=` that it had."""
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    kept = argument.equal if isinstance(argument.equal, cst.AssignEqual) else equal
    return argument.with_changes(keyword=cst.Name(name), equal=kept)


def comma() -> cst.Comma:
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
