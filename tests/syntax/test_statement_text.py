"""The text of a statement in a form that no formatter changes."""

from __future__ import annotations

import pytest

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.syntax.statement_text import normal_form


def statements(source: str, options: Options) -> list[str]:
    result = process(Source("a.py", f"import torch\n{source}\n".encode()), options, Work(Mode.CHECK))
    return [one.statement for one in result.findings]


@pytest.mark.parametrize(
    ("code", "formatted"),
    [
        ("torch.cuda.empty_cache()", "torch . cuda.empty_cache( )"),
        ("f(a, b)", "f(\n    a,  # the first\n    b,\n)"),
        ("x = a + b", "x = (\n    a\n    + b\n)"),
        ("x = a + \\\n    b", "x = a + b"),
        ("x = [1, 2, ]", "x = [1, 2]"),
        ("x = a[1, 2, ]", "x = a[1, 2]"),
        ("x = {'a': 1,\n}", 'x = {"a": 1}'),
        ("x = 'a' 'b'", 'x = "ab"'),
        ("x = u'a'", 'x = "a"'),
        ("x = 'it\\'s'", 'x = "it\'s"'),
        ("x = f'{a[\"b\"]} c'", "x = f\"{ a['b'] } c\""),
        ("x = 0XFF + 1E5", "x = 0xFF + 1e5"),
        ("return (not x)", "return not x"),
        ("for (a, b) in c:", "for a, b in c:"),
        ("a = b,", "a = (b,)"),
        ("x = 1;", "x = 1"),
        ("class A():", "class A:"),
    ],
)
def test_what_a_formatter_may_change_is_left_out(code: str, formatted: str) -> None:
    assert normal_form(code) == normal_form(formatted)


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("torch.cuda.empty_cache()", "torch.cuda.synchronize()"),
        ("f(a, b)", "f(a, c)"),
        ("x = 'a'", "x = a"),
        ("x = 'a b'", "x = 'ab'"),
        ("x = not a", "x = nota"),
        ("x = 1.5", "x = 15"),
        ("f(a, *b)", "f(a * b)"),
        ("x: a = b", "x = a"),
        ("x == a", "x = a"),
    ],
)
def test_what_is_another_statement_has_another_form(code: str, other: str) -> None:
    assert normal_form(code) != normal_form(other)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("torch.cuda.synchronize()", "torch.cuda.synchronize"),
        ("x = 1; torch.cuda.synchronize(); y = 2", "torch.cuda.synchronize"),
        ("x = f(\n    torch.cuda.device_count(),\n)", "x=f torch.cuda.device_count"),
        ("while torch.cuda.device_count(): a()", "while torch.cuda.device_count:"),
        ("with torch.cuda.stream(s):\n    # why\n    a()", "with torch.cuda.stream s:"),
        ("def f(a=torch.cuda.device_count()):\n    b()", "f a=torch.cuda.device_count:"),
        ("@a(torch.cuda.device_count())\n@b\ndef f(): pass", "@a torch.cuda.device_count"),
        ("if a:\n    b()\nelif torch.cuda.device_count() > 1:\n    c()", "elif torch.cuda.device_count>1:"),
        ("class C:\n    x = torch.cuda.device_count()", "x=torch.cuda.device_count"),
        ("match torch.cuda.device_count():\n    case 1: a()", "match torch.cuda.device_count:"),
        ("x = [a for a in range(torch.cuda.device_count())]", "x=[a for a in range torch.cuda.device_count]"),
        ("async def f():\n    return await torch.cuda.device_count()", "return await torch.cuda.device_count"),
    ],
)
def test_a_finding_stands_in_the_smallest_statement_or_the_head_of_a_compound_one(source: str, expected: str) -> None:
    assert statements(source, Options(select=("CFX1",), statements=True)) == [expected]


def test_nobody_works_it_out_unasked() -> None:
    assert statements("torch.cuda.synchronize()", Options()) == [""]
