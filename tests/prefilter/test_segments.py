"""The rows of outermost statements, found without a parser, are those that the parser tells."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from generated import program
from hypothesis import given
from strategies import quick, valid

import cudafix
from cudafix.prefilter.segments import Unparsed, parsed, segments, unparsed
from cudafix.prefilter.statements import first_row, last_row

OWN = sorted(Path(cudafix.__file__).parent.rglob("*.py"))


def rows(source: str) -> list[tuple[int, int]]:
    return [(first_row(one), last_row(one)) for one in ast.parse(source).body]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n\n# nothing\n",
        "x = 1",
        "x = 1\ny = 2\n",
        "# about x\nx = 1  # one\n# about y\n\ny = 2\n# the end\n",
        "x = (\n1,\n)\ny = {\n'a': [\n2,\n],\n}\n",
        "x = 1 + \\\n2\ny = 3\n",
        "x = 'a\\\nb'\ny = 3\n",
        'x = """\ny = 1\n"""\nz = 2\n',
        "x = r'''\n\\'''\ny = 1\n'''\nz = 2\n",
        'x = "# no comment"\ny = \'"\'  # "\nz = 1\n',
        "x = '(['  # (\ny = 1\n",
        "def f():\n    x = 1\n\n    # inside\n\n\n# outside\ndef g(): pass\n",
        "@a\n@b(\n1)\ndef f():\n    pass\n@c\n\n# why\nclass C: pass\n",
        "if a:\n    b\nelif c:\n    d\nelse:\n    e\ntry:\n    f\nexcept E:\n    g\nelse:\n    h\nfinally:\n    i\nj\n",
        "async def f():\n    pass\nelse_ = 1\nfinally_ = 2\n",
        "match a:\n    case 1:\n        b\nmatch = 2\n",
        "x = 1\r\ny = (\r\n2)\r\n",
        "x = f'{a[\"b\"]}'\ny = 1\n",
    ],
)
def test_they_are_the_rows_that_the_parser_tells(source: str) -> None:
    assert segments(source.encode()) == rows(source)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_they_are_for_files_of_our_own(path: Path) -> None:
    assert segments(path.read_bytes()) == rows(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", range(0, 200, 10))
def test_they_are_for_programs_made_at_random(seed: int) -> None:
    assert segments(program(seed).encode()) == rows(program(seed))


@quick
@given(valid)
def test_they_are_for_programs_that_hypothesis_makes(made: str) -> None:
    assert segments(made.encode()) == rows(made)


def test_what_decides_is_parsed_and_all_else_is_not() -> None:
    kinds = [type(one) for one in unparsed(b"import a\nif b:\n    c = 1\ndef f():\n    pass\nd = 2\n")]
    assert kinds == [Unparsed, ast.If, Unparsed, Unparsed]


def test_a_statement_that_is_parsed_later_stands_where_it_was() -> None:
    (_, node) = unparsed(b"a = 1\ndef f():\n    return 2\n")
    function = parsed(node, b"def f():\n    return 2\n")
    assert isinstance(function, ast.FunctionDef)
    assert (function.lineno, function.body[0].lineno, function.end_lineno) == (2, 3, 3)


@pytest.mark.parametrize("text", [b"a = 1; b = 2", b"", b"a = (", b"a b"])
def test_what_is_not_one_statement_is_an_error(text: bytes) -> None:
    with pytest.raises(SyntaxError):
        parsed(Unparsed(lineno=1, end_lineno=1, col_offset=0), text)
