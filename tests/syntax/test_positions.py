"""Places are those that libcst itself gives, for every node."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

import cudafix
from cudafix.syntax.positions import Positions

OWN = Path(cudafix.__file__).parent.rglob("*.py")
LARGEST = sorted(OWN, key=lambda path: path.stat().st_size)[-8:]


def check(source: str) -> None:
    module = cst.parse_module(source)
    positions = Positions(module)
    expected = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    assert set(positions) == set(expected)
    for node, place in expected.items():
        start, end = positions.start(node), positions.end(node)
        found = (start.row, start.column - 1, end.row, end.column - 1)
        assert found == (place.start.line, place.start.column, place.end.line, place.end.column), node


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n",
        "# a comment\n",
        "x",
        "x = 1  # a comment",
        "if a:\n    b\n  # below\nc\n",
        "if a:\n\tb\n\n\n    \nelse: c\n",
        "x = (  # a\n    1,\n    # b\n    2,\n)\n",
        "x = 1 + \\\n    2\n",
        "@a\n# b\n@c(1)\nasync def f(x, *, y=1) -> int:\n    '''d\n    e'''\n    return await x\n",
        "class A(B, c=1):\n\n    # d\n    x: int = 1; y = 2\n",
        "try:\n    a\nexcept B as c:\n    d\nelse:\n    e\nfinally:\n    f\n",
        "with (a as b, c):\n    pass\n",
        "x = f'a{b!r:>{c}}d' 'e'\n",
        "é = 'ü\\\n'; ß = {1: 2, **c}\n",
        "match a:\n    case [1, *b] if c:\n        d\n    case _:\n        pass\n",
        "a\r\nif b:\r\n    c\r\n",
    ],
)
def test_places_are_those_of_libcst(source: str) -> None:
    check(source)


@pytest.mark.parametrize("path", LARGEST, ids=lambda path: path.name)
def test_places_are_those_of_libcst_in_whole_files(path: Path) -> None:
    check(path.read_text(encoding="utf-8"))
