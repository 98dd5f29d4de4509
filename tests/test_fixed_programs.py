"""Random programs, fixed: they do what they did, bind what they bound, and are fixed once and for all."""

from __future__ import annotations

import io
import random
import symtable
import sys
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from checks import fixed, options
from hypothesis import given
from hypothesis import strategies as st
from strategies import Dressed, compiles, dressed, quick, surroundings, valid

from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source

RUNTIME = {"empty_device_cache", "device_module"}
ROUTES = st.sampled_from(["runtime", "accelerator", "torch"])


UNBOUND = "a name that is not bound"


def trace(program: str, seed: int) -> list[str]:
    """Run `program` and return what it did, in order: it called torch's own function or its neutral form, or another,
    or read a name that was not bound.
    """
    calls: list[str] = []
    cuda = SimpleNamespace(empty_cache=lambda: calls.append("torch"))
    torch = SimpleNamespace(cuda=cuda)
    runtime = SimpleNamespace(empty_device_cache=lambda *_: calls.append("torch"), device_module=lambda: cuda)
    fake = SimpleNamespace(empty_cache=lambda: calls.append("other"))
    fake.cuda = fake
    names = surroundings(fake, seed, lambda name: runtime if name.startswith("cudafix") else torch)

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "exception" and issubclass(argument[0], NameError):
            calls.append(UNBOUND)
        return watch

    code, watched = compile(program, "program", "exec"), sys.gettrace()
    sys.settrace(watch)
    try:
        with suppress(NameError, AttributeError, TypeError, RecursionError):
            exec(code, names)
    finally:
        sys.settrace(watched)
    return calls


def bound_at_module_level(program: str) -> set[str]:
    """Return the names that a module binds, in whatever scope it says so."""
    table = symtable.symtable(program, "program", "exec")
    return {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()} | {
        one.get_name() for scope in scopes(table) for one in scope.get_symbols() if one.is_declared_global()
    }


def scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from scopes(child)


def unexplained(program: str) -> set[str]:
    """Return the names that some scope reads from the module, and that the module does not bind."""
    table = symtable.symtable(program, "program", "exec")
    read = {one.get_name() for scope in (table, *scopes(table)) for one in scope.get_symbols() if one.is_global()}
    read |= {one.get_name() for one in table.get_symbols() if one.is_referenced()}
    return read - bound_at_module_level(program)


def comments(program: str) -> list[str]:
    """Return the comments of a program that are not for a linter."""
    tokens = tokenize.generate_tokens(io.StringIO(program).readline)
    texts = [one.string.rstrip() for one in tokens if one.type == tokenize.COMMENT]
    return [one for one in (text.partition("  # noqa")[0] for text in texts) if not one.startswith("# noqa")]


def is_within(part: Sequence[str], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(one in rest for one in part)


def after_fix(program: str, unsafe: bool = False, **settings: object) -> str:
    result = fixed(program.encode(), unsafe=unsafe, **settings)
    assert result.problems == ()
    return (result.new_bytes or program.encode()).decode()


@quick
@given(valid, st.integers(0, 3))
def test_a_safe_fix_calls_the_same_in_the_same_order(program: str, seed: int) -> None:
    before, after = trace(program, seed), trace(after_fix(program), seed)
    if UNBOUND in before:  # what fails for want of an import may go on
        before = before[: before.index(UNBOUND)]
        after = after[: len(before)]
    assert after == before


@quick
@given(valid, ROUTES, st.booleans())
def test_a_second_run_changes_nothing(program: str, route: str, unsafe: bool) -> None:
    once = after_fix(program, unsafe, route=route)
    assert after_fix(once, unsafe, route=route) == once


@quick
@given(valid, st.booleans())
def test_the_module_binds_what_it_bound_but_for_imports_that_nothing_uses(program: str, unsafe: bool) -> None:
    old, new = bound_at_module_level(program), bound_at_module_level(after_fix(program, unsafe))
    assert new - old <= RUNTIME
    assert old - new <= {"torch", "t", "cuda"}


@quick
@given(valid, st.booleans())
def test_no_name_is_used_that_nothing_explains(program: str, unsafe: bool) -> None:
    assert unexplained(after_fix(program, unsafe)) <= unexplained(program)


@quick
@given(dressed)
def test_comments_encoding_line_ends_and_a_byte_order_mark_stay(program: Dressed) -> None:
    result = process(Source("a.py", program.data), options(), Work(Mode.FIX, unsafe=True))
    assert result.problems == ()
    new = result.new_bytes or program.data
    assert compiles(new)
    assert new.startswith(b"\xef\xbb\xbf") == program.data.startswith(b"\xef\xbb\xbf")
    text = new.decode(program.encoding)
    assert set(line_ends(text)) <= set(line_ends(program.data.decode(program.encoding)))
    assert is_within(comments(text), comments(program.data.decode(program.encoding)))


def line_ends(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    return [one[len(one.rstrip("\r\n")) :] for one in lines if one.endswith(("\r", "\n"))]


@quick
@given(dressed, st.randoms(use_true_random=False))
def test_a_broken_program_is_analysed_or_refused_and_never_an_error_of_ours(
    program: Dressed, chance: random.Random
) -> None:
    data = bytearray(program.data)
    for _ in range(chance.randrange(1, 4)):
        start = chance.randrange(len(data))
        data[start : start + chance.randrange(3)] = chance.choice(
            [b"", b"(", b'"""', b"\\", b"\0", b"\xff", b"\n ", b"\t"]
        )
    before = bytes(data)
    result = process(Source("a.py", before), options(select=["ALL"], ignore=[]), Work(Mode.FIX, unsafe=True))
    assert [one.message for one in result.problems if "internal" in one.message or "report" in one.message] == []
    assert result.new_bytes is None or compiles(result.new_bytes) or not compiles(before)


def test_a_program_says_itself_what_it_binds_and_reads() -> None:
    program = "import torch\ndef f():\n    global g\n    g = torch\nprint(x)\n"
    assert bound_at_module_level(program) == {"torch", "f", "g"}
    assert unexplained(program) == {"print", "x"}


def test_a_trace_tells_torch_from_what_is_not() -> None:
    program = "import torch\ntorch.cuda.empty_cache()\ntorch = FAKE\ntorch.cuda.empty_cache()\n"
    assert trace(program + "x\n", 0) == ["torch", "other", UNBOUND]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="hypothesmith knows no newer grammar")
def test_sources_that_the_grammar_makes_raise_nothing_and_are_left_alone() -> None:
    hypothesmith = pytest.importorskip("hypothesmith")

    @quick
    @given(hypothesmith.from_grammar())
    def check(source: str) -> None:
        result = process(
            Source("a.py", source.encode()), options(select=["ALL"], ignore=[]), Work(Mode.FIX, unsafe=True)
        )
        assert result.problems == ()
        assert result.new_bytes is None

    check()
