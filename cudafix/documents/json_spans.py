"""JSON text → its values and where each stands, so that one of them can be replaced and no other byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecoder
from typing import Any

DECODER = JSONDecoder(strict=False)
SPACE = re.compile(r"[ \t\n\r]*")
SCALAR = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|NaN|-?Infinity")
CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
"""What stands for one character between the quotes of a string."""


@dataclass(frozen=True)
class Node:
    """A value: a `str`, a `dict` or a `list` of nodes, None for numbers and words; `start` and `end` are its place."""

    value: Any
    start: int
    end: int

    def get(self, *keys: str) -> Any:
        """Return the value below some keys; None where there is none."""
        node: Node | None = self
        for key in keys:
            node = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
        return node.value if node is not None else None


def parse(text: str) -> Node:
    """Read a document.

    Raises:
        ValueError: for what is no JSON; RecursionError: for what is nested too deeply.
    """
    node = read_value(text, skip(text, 0))
    if skip(text, node.end) != len(text):
        raise ValueError(f"there is more behind its end, at character {node.end}")
    return node


def skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found is not None else at


def read_value(text: str, at: int) -> Node:
    first = text[at : at + 1]
    if first == '"':
        value, end = DECODER.raw_decode(text, at)
        return Node(value, at, end)
    if first == "{":
        return read_object(text, at)
    if first == "[":
        return read_array(text, at)
    found = SCALAR.match(text, at)
    if found is None:
        raise ValueError(f"no value at character {at}")
    return Node(None, at, found.end())


def read_object(text: str, at: int) -> Node:
    members: dict[str, Node] = {}
    end = skip(text, at + 1)
    while text[end : end + 1] != "}":
        if text[end : end + 1] != '"':
            raise ValueError(f"no name at character {end}")
        name, end = DECODER.raw_decode(text, end)
        end = skip(text, end)
        if text[end : end + 1] != ":":
            raise ValueError(f"no colon at character {end}")
        members[name] = read_value(text, skip(text, end + 1))
        end = behind_comma(text, members[name].end, "}")
    return Node(members, at, end + 1)


def read_array(text: str, at: int) -> Node:
    items: list[Node] = []
    end = skip(text, at + 1)
    while text[end : end + 1] != "]":
        items.append(read_value(text, end))
        end = behind_comma(text, items[-1].end, "]")
    return Node(items, at, end + 1)


def behind_comma(text: str, at: int, close: str) -> int:
    """Return where the next item starts, or the closing bracket stands."""
    end = skip(text, at)
    if text[end : end + 1] == ",":
        following = skip(text, end + 1)
        if text[following : following + 1] != close:
            return following
    elif text[end : end + 1] == close:
        return end
    raise ValueError(f"no comma at character {end}")


def offsets_in(text: str, node: Node) -> Iterator[int]:
    """Yield where each character of a string stands in the document."""
    return (one.start() for one in CHARACTER.finditer(text, node.start + 1, node.end - 1))
