"""Strings that name a device: `"cuda"`, `"cuda:0"`, `f"cuda:{i}"`, `"cuda:" + str(i)`, `"cuda:{}".format(i)`.

In: the string literals of a file. Out: `DeviceText`s, the whole expression that gives the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from cudafix.syntax.module import File

WHOLE = re.compile(r"(?P<type>cuda)(?::(?P<index>\d+))?")
BEGINNING = re.compile(r"(?P<type>cuda):(?P<field>%[dsi]|\{[^{}]*\})?")
"""What `+`, `%` and `.format` make the name of a device of."""


@dataclass(frozen=True, eq=False)
class DeviceText:
    """An expression whose value is the name of a device.

    Attributes:
        literal: the characters that say which.
        string: the string that these stand in.
        whole: the expression: the literal, an f-string, a sum, a call of `format`.
    """

    literal: cst.SimpleString | cst.FormattedStringText
    string: cst.SimpleString | cst.FormattedString
    whole: cst.BaseExpression

    @property
    def text(self) -> str:
        if isinstance(self.literal, cst.FormattedStringText):
            return self.literal.value
        return str(self.literal.evaluated_value)


def find_device_texts(file: File) -> Iterator[DeviceText]:
    """Yield the names of CUDA devices in the strings of a file, in its order."""
    for node in file.names.places:
        if isinstance(node, cst.SimpleString):
            whole = whole_of(node, file)
            if whole is not None:
                yield DeviceText(node, node, whole)
        elif isinstance(node, cst.FormattedString) and node.parts:
            first = node.parts[0]
            if isinstance(first, cst.FormattedStringText) and is_beginning(first, node):
                yield DeviceText(first, node, node)


def is_beginning(first: cst.FormattedStringText, string: cst.FormattedString) -> bool:
    return first.value == "cuda:" if len(string.parts) > 1 else WHOLE.fullmatch(first.value) is not None


def whole_of(literal: cst.SimpleString, file: File) -> cst.BaseExpression | None:
    """Return the expression that `literal` is, or begins, if that names a device."""
    text = literal.evaluated_value
    parent = file.tree.parents[literal]
    if not isinstance(text, str) or isinstance(parent, cst.ConcatenatedString):
        return None
    if WHOLE.fullmatch(text):
        return literal
    match = BEGINNING.fullmatch(text)
    if match is None:
        return None
    if isinstance(parent, cst.BinaryOperation) and parent.left is literal:
        is_sum = isinstance(parent.operator, cst.Add) and match["field"] is None
        is_format = isinstance(parent.operator, cst.Modulo) and match["field"] is not None
        return parent if is_sum or is_format else None
    call = file.tree.parents.get(parent)
    is_method = isinstance(parent, cst.Attribute) and parent.attr.value == "format" and match["field"] is not None
    return call if is_method and isinstance(call, cst.Call) and call.func is parent else None
