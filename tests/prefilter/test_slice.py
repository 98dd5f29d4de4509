"""A slice of a file says what the whole says: the same findings at the same places, with the same fixes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from generated import program
from hypothesis import given
from strategies import quick, valid

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result
from cudafix.prefilter.slice import cut

FIXTURES = sorted(Path(__file__).parents[2].joinpath("fixtures").rglob("*.py"))
SLICES = Options(extend_select=("CFX4",))
WHOLE = replace(SLICES, slices=False)
HEAD = "import torch\n\n\n"
MUCH = "    a = 1\n    b = 2\n    c = a + b\n"
EMPTY = "torch.cuda.empty_cache()\n"


def look(source: str, options: Options = SLICES) -> Result:
    return process(Source("a.py", source.encode()), options, Work(Mode.CHECK))


def check(source: str, says: str, without: str = "", **settings: object) -> None:
    """Something is found, the same in slice and whole; the slice says `says`, and does not say `without`."""
    options = replace(SLICES, **settings)  # type: ignore[arg-type]
    shown = cut(source.encode(), options.words, options.flush_methods)
    assert shown is not None
    assert says in shown.decode()
    assert not without or without not in shown.decode()
    found = look(source, options)
    assert found.findings
    assert found == look(source, replace(options, slices=False))


# What goes, and what stays


def test_what_no_rule_asks_about_goes_and_takes_up_its_rows() -> None:
    source = f"{HEAD}def f():\n{MUCH}    {EMPTY}{MUCH}    return c\n\n\ndef g():\n{MUCH}\n\nx = 1\n"
    check(source, EMPTY, without="b = 2")
    shown = cut(source.encode())
    assert shown is not None
    assert [row for row in shown.decode().split("\n") if row.strip()] == [
        "import torch",
        "def f():",
        '    ("""',
        '""",)',
        "    torch.cuda.empty_cache()",
        '    ("""',
        '""",)',
        '("""',
        '""",)',
    ]
    rows = source.split("\n")
    assert all(row == rows[number] for number, row in enumerate(shown.decode().split("\n")) if "torch" in row)


def test_one_row_is_filled_by_one_row() -> None:
    shown = cut(f"{HEAD}x = 1\ntorch.cuda.empty_cache()\ny = 1\n".encode())
    assert shown is not None
    assert shown.decode().split("\n")[3:] == ["x = 1", "torch.cuda.empty_cache()", '("",)', ""]


def test_other_line_ends_are_kept() -> None:
    source = f"{HEAD}def f():\n{MUCH}    {EMPTY}".replace("\n", "\r\n")
    shown = cut(source.encode())
    assert shown is not None
    assert shown.count(b"\r\n") == shown.count(b"\n") == source.count("\n")
    check(source, "empty_cache", without="b = 2")


def test_a_use_of_an_import_in_what_goes_is_told() -> None:
    check(
        f"{HEAD}def f():\n    {EMPTY}\n\ndef g(x):\n    y = torch.ones(1)\n    return y\n", "(torch, ", without="ones"
    )


def test_an_import_that_only_what_stays_uses_is_not_told() -> None:
    check(f"from torch.cuda import empty_cache\n\n\ndef f():\n    empty_cache()\n{MUCH}", "empty_cache()\n", "(empty")


def test_a_docstring_stays() -> None:
    check(f"{HEAD}def f():\n    '''About.\n\n    It.\n    '''\n    {EMPTY}{MUCH}", "    It.\n", without="b = 2")


@pytest.mark.parametrize(
    ("stays", "source"),
    [
        ("if npu:\n        pass\n", "def f(npu):\n    if npu:\n        pass\n    CALL"),
        ("if gpu:\n        a\n", "gpu = torch.cuda.is_available()\nMORE\n\ndef f():\nMUCH    if gpu:\n        a\n"),
        ("_fast = is_hip()\n", "MORE_fast = is_hip()\n\n\ndef f():\n    if _fast:\n        CALL"),
        ("    if a:\n", "def f():\n    a = torch.cuda.is_available()\nMUCH    if a:\n        CALL"),
        ("self.fast = is_npu()\n", "class A:\n    def __init__(self):\n        self.fast = is_npu()\n\n"
         "    def f(self):\n        if self.fast:\n            CALL"),
        ("return None\n", "def f(d):\nMUCH    if d.type != 'npu':\n        return None\n    CALL"),
        ("return False\n", "def f():\n    try:\n        CALL    except RuntimeError:\n        return False\n"),
        ("props.major\n", "def f():\n    props = torch.cuda.get_device_properties(0)\nMUCH    return props.major\n"),
        ("    sync()\n", "sync = torch.cuda.synchronize\nMORE\n\ndef f():\nMUCH    sync()\n"),
        ("    ev(1)\n", "from torch.cuda import Event as ev\nMORE\n\ndef f():\nMUCH    ev(1)\n"),
        ("def sync():\n", "from torch.cuda import synchronize as sync\ntry:\n    a\nexcept E:\nMUCH    def sync():\n"
         "        pass\n\n\ndef f():\n    sync()\n"),
        ("torch.jit.script(f)\n", "def f():\n    CALL\n\ndef h():\nMUCH    torch.jit.script(f)\n"),
        ("self.device_module = torch", "class A:\n    def __init__(self, d):\n        self.device_module = "
         "torch.get_device_module(d)\n\n    def f(self):\n        CALL"),
        ("self.p = p\n", "class A:\n    def f(self):\n        import torch.cuda.profiler as p\n\n        self.p = p\n"
         "    MUCH"),
        ("from x import y\n", "def f():\n    from x import y\nMUCH    CALL"),
        ("is_npu_there = mine()\n", "is_cuda_there = torch.cuda.is_available()\nMOREis_npu_there = mine()\n"),
    ],
)  # fmt: skip
def test_what_a_finding_hangs_on_stays(stays: str, source: str) -> None:
    more = MUCH.replace("    ", "")
    check(HEAD + source.replace("CALL", EMPTY).replace("MUCH", MUCH).replace("MORE", more), stays)


def test_a_function_that_the_settings_name_is_asked_for() -> None:
    source = f"{HEAD}def f():\n    if on_ascend():\n        {EMPTY}{MUCH}"
    check(source, "if on_ascend", backend_predicates=(("mine.on_ascend", "npu"),))


# Where the whole is looked at


@pytest.mark.parametrize(
    "source",
    [
        f"from x import *\n{HEAD}{EMPTY}",
        f"# coding: latin-1\n{HEAD}{EMPTY}",
        f"\ufeff{HEAD}{EMPTY}",
        f"{HEAD}\f\n{EMPTY}",
        f"{HEAD}a = 1\r\n{EMPTY}",
        f"{HEAD}a = 1; b = 2\n{EMPTY}",
        f"{HEAD}def f(): a = 1; b = 2\n{EMPTY}def g(): f(); {EMPTY}",
        f"{HEAD}def f():\n    {EMPTY}    x: 'torch.Tensor' = 1\n",
    ],
)
def test_what_cannot_be_cut_for_certain_is_looked_at_as_a_whole(source: str) -> None:
    assert cut(source.encode()) is None
    assert look(source) == look(source, WHOLE)


@pytest.mark.parametrize("code", ["CFX201", "CFX2", "CFX6", "CFX"])
def test_rules_that_need_the_whole_get_it(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cudafix.prefilter.slice.cut", None)
    assert look(HEAD + EMPTY, Options(select=(code,))).problems == ()


def test_a_fix_is_made_in_the_whole() -> None:
    source = f"{HEAD}def f():\n{MUCH}    {EMPTY}"
    result = process(Source("a.py", source.encode()), Options(), Work(Mode.FIX))
    assert result.new_bytes is not None
    assert result.new_bytes.decode().endswith(f"def f():\n{MUCH}    empty_device_cache()\n")


def test_a_file_without_an_allowed_fix_is_only_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cudafix.engine.one_file.analyse_and_rewrite", None)
    result = process(Source("a.py", f"{HEAD}x = {EMPTY}".encode()), Options(), Work(Mode.FIX))
    assert [one.code for one in result.findings] == ["CFX101"]


@pytest.mark.parametrize(
    "line",
    [
        "[x for torch in some()]",
        "y = lambda torch: torch",
        "y = {torch: 1 for torch in some()}",
        "y = [a for a in torch]",
    ],
)
def test_a_name_that_is_bound_inside_an_expression_is_not_the_import(line: str) -> None:
    source = f"def f():\n    fill = 1\n    fill += 1\n    import torch\n    {line}\n    torch.cuda.empty_cache()\n"
    assert cut(source.encode()) is not None
    assert look(source) == look(source, WHOLE)


@pytest.mark.parametrize("line", ["def torch(): ...", "class torch: pass", "for torch in x: pass", "if y: torch = 1"])
def test_what_binds_the_name_of_an_import_on_one_row_stays(line: str) -> None:
    source = f"import torch\n\n\ndef f():\n    fill = 1\n    fill += 1\n    torch.cuda.empty_cache()\n\n\n{line}\n"
    assert look(source) == look(source, WHOLE)


# Whole files


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.parent.name + "/" + path.name)
def test_the_fixtures_say_the_same_in_slices(path: Path) -> None:
    source = path.read_bytes().decode()
    assert look(source) == look(source, WHOLE)


@pytest.mark.parametrize("seed", range(0, 400, 10))
def test_programs_made_at_random_say_the_same_in_slices(seed: int) -> None:
    padding = r"\1\2\1    fill = 1\n\1    fill += 1\n"
    source = re.sub(r"(?m)^((?:    )*)(def [^\n]*:\n)", padding, program(seed))
    assert cut(source.encode()) is not None
    assert look(source) == look(source, WHOLE)


@quick
@given(valid)
def test_programs_that_hypothesis_makes_say_the_same_in_slices(made: str) -> None:
    source = "import torch\n" + re.sub(r"(?m)^( *)(def [^\n]*:\n)", r"\1\2\1    fill = 1\n\1    fill += 1\n", made)
    assert look(source) == look(source, WHOLE)


# Long files


@pytest.mark.parametrize("seed", range(0, 100, 10))
def test_a_long_file_is_cut_as_a_short_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"{HEAD}{program(seed)}\n".encode()
    short = cut(source)
    assert short is not None
    monkeypatch.setattr("cudafix.prefilter.statements.LONG", 0)
    assert cut(source) == short


@quick
@given(valid)
def test_a_long_program_that_hypothesis_makes_is_cut_as_a_short_one(made: str) -> None:
    source = f"import torch\n{made}\n".encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cudafix.prefilter.statements.LONG", 0)
        long = cut(source)
    assert long == cut(source)


def test_of_a_long_file_only_what_is_asked_for_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cudafix.prefilter.statements.LONG", 0)
    shown = cut(f"{HEAD}def f():\n    this is no Python\n\n\ndef g():\n{MUCH}    {EMPTY}".encode())
    assert shown is not None
    assert "no Python" not in shown.decode()
