"""What somebody could write to harm a run: text that patterns choke on, files that cost more than they hold."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from command import invoke
from hypothesis import given
from hypothesis import strategies as st
from strategies import quick

import cudafix
from cudafix.config.options import Options
from cudafix.config.settings import READERS, ConfigError, read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

if sys.version_info >= (3, 11):
    import re._constants as kinds
    import re._parser as parser
else:
    import sre_constants as kinds
    import sre_parse as parser

SIZE = 20_000
SECONDS = 20
"""For what grows so fast that it never ends."""

LITTLE = 0.3
"""Seconds for SIZE: a text that is five times as long takes 20, even where the time grows with the square."""

COMPILED_BEFORE = {"cudafix.syntax.statement_text.TOKEN"}
"""Patterns for code that Python has read: no string in it has one end only."""


class TooLongError(Exception):
    """Something took more than SECONDS."""


@contextmanager
def limit() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def patterns() -> Iterator[tuple[str, re.Pattern[Any], bool]]:
    """Yield the patterns that modules hold, and whether one is looked for anywhere in a text, not at its start only."""
    for module in pkgutil.walk_packages(cudafix.__path__, "cudafix."):
        if module.name != "cudafix.__main__":
            loaded = importlib.import_module(module.name)
            text = Path(str(loaded.__file__)).read_text(encoding="utf-8")
            for name, value in vars(loaded).items():
                several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
                anchored = re.search(rf"\b{name}(?:\[[^]]*\])?\.(?:full)?match\(", text) and not re.search(
                    rf"\b{name}\.(?:search|finditer|findall|sub|split)\(", text
                )
                for one in several:
                    if isinstance(one, re.Pattern):
                        yield f"{module.name}.{name}", one, not anchored


def hostile(parsed: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield beginnings of what a pattern fits, and what may be said again and again behind them."""
    for kind, value in parsed:
        if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
            yield before, "".join(map(example, value[2])) or "a"
            yield from hostile(value[2], before)
        if kind is kinds.SUBPATTERN:
            yield from hostile(value[3], before)
        if kind is kinds.BRANCH:
            for branch in value[1]:
                yield from hostile(branch, before)
        before += example((kind, value))
        if before:
            yield "", before


def example(node: Any) -> str:
    """Return a short text that a part of a pattern fits."""
    kind, value = node
    if kind is kinds.LITERAL:
        return chr(value)
    if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
        return "".join(map(example, value[2])) * value[0]
    if kind is kinds.SUBPATTERN:
        return "".join(map(example, value[3]))
    if kind is kinds.BRANCH:
        return "".join(map(example, value[1][0]))
    if kind is kinds.NOT_LITERAL:
        return "y" if value == ord("x") else "x"
    if kind is kinds.ANY:
        return "x"
    return next((one for one in "a x1A_.,()[]\"'\\#\n\t:=-" if fits(one, value)), "a") if kind is kinds.IN else ""


def fits(character: str, choices: Any) -> bool:
    negated = choices[0][0] is kinds.NEGATE
    found = any(
        (kind is kinds.LITERAL and ord(character) == value)
        or (kind is kinds.RANGE and value[0] <= ord(character) <= value[1])
        or (kind is kinds.CATEGORY and CATEGORIES[value](character))
        for kind, value in choices
    )
    return found != negated


CATEGORIES = {
    kinds.CATEGORY_SPACE: str.isspace,
    kinds.CATEGORY_NOT_SPACE: lambda one: not one.isspace(),
    kinds.CATEGORY_WORD: lambda one: one.isalnum() or one == "_",
    kinds.CATEGORY_NOT_WORD: lambda one: not (one.isalnum() or one == "_"),
    kinds.CATEGORY_DIGIT: str.isdigit,
    kinds.CATEGORY_NOT_DIGIT: lambda one: not one.isdigit(),
}
PATTERNS = sorted({(name, pattern.pattern, pattern.flags, anywhere) for name, pattern, anywhere in patterns()}, key=str)


def grows_no_faster(work: Callable[[int], object]) -> bool:
    """Whether `work` is done in LITTLE time, or takes less than 8 times as long for 4 times the size."""
    with limit():
        taken = seconds(work, SIZE)
        return taken < LITTLE or taken < 8 * seconds(work, SIZE // 4)


def seconds(work: Callable[[int], object], size: int) -> float:
    """Return the time that this process alone takes, however busy the machine is."""
    start = time.process_time()
    work(size)
    return time.process_time() - start


def look_at_hostile_texts(text: str | bytes, flags: int, anywhere: bool, size: int) -> None:
    pattern = re.compile(text, flags)
    pairs = hostile(parser.parse(text, flags))
    for said in {one for before, again in pairs for one in repeated(before, again, size)}:
        look(pattern, said.encode("latin-1", "replace") if isinstance(text, bytes) else said, anywhere)


def repeated(before: str, again: str, size: int) -> Iterator[str]:
    """Yield long texts: one part many times, and all of it many times; in lines where spaces may be line ends."""
    for made in (before + again * (size // len(again)), (before + again) * (size // len(before + again))):
        yield made
        yield made.replace(" ", "\n")


def look(pattern: re.Pattern[Any], text: Any, anywhere: bool) -> None:
    pattern.fullmatch(text)
    pattern.match(text)
    if anywhere:
        for _ in pattern.finditer(text):
            pass


@pytest.mark.parametrize(("name", "text", "flags", "anywhere"), PATTERNS, ids=lambda value: str(value)[:60])
def test_a_pattern_takes_time_that_grows_with_the_text(
    name: str, text: str | bytes, flags: int, anywhere: bool
) -> None:
    assert name in COMPILED_BEFORE or grows_no_faster(partial(look_at_hostile_texts, text, flags, anywhere))


def test_a_pattern_whose_time_grows_with_the_square_is_noticed() -> None:
    assert not grows_no_faster(partial(look_at_hostile_texts, "(a+)b", 0, True))


CALL = "torch.cuda.empty_cache()\n"
FILES: dict[str, Callable[[int], str]] = {
    "number signs": lambda size: f"import torch\n{CALL}" + "#" * size,
    "noqa again and again": lambda size: f"import torch\n{CALL}# " + "noqa " * (size // 5),
    "suppressions that never end": lambda size: f"import torch\n{CALL}# " + "cudafix: ignore[" * (size // 16),
    "imports that never end": lambda size: f"'''{'from torch import (' * (size // 19)}'''\nimport torch\n{CALL}",
    "calls that never end": lambda size: f"'''{'getattr(' * (size // 8)}'''\nimport torch\n{CALL}",
    "a name that is bound to itself": lambda size: "import torch\n" + "torch = torch\n" * (size // 14) + CALL,
    "a list of devices": lambda size: f"import torch\n{CALL}x = [" + "'cuda'," * (size // 7) + "]\n",
    "a docstring of mentions": lambda size: (
        f'"""{"as torch.cuda.empty_cache does, " * (size // 32)}"""\nimport torch\n{CALL}'
    ),
    "a string of escapes": lambda size: f"import torch\n{CALL}x = '" + "\\'" * (size // 2) + "'\n",
    "spaces": lambda size: f"import torch\n{CALL}" + " " * size + "\n",
}


def check(text: str) -> Result:
    return process(Source("a.py", text.encode()), Options(select=("CFX",)), Work(Mode.CHECK, unsafe=True))


@pytest.mark.parametrize("made", FILES.values(), ids=FILES)
def test_a_file_takes_time_that_grows_with_its_size(made: Callable[[int], str]) -> None:
    assert grows_no_faster(lambda size: check(made(size)))


@pytest.mark.parametrize("made", FILES.values(), ids=FILES)
def test_what_is_found_in_it_is_told(made: Callable[[int], str]) -> None:
    result = check(made(SIZE // 4))
    assert result.problems == ()
    assert "CFX101" in [one.code for one in result.findings]


# What stands in files that are not code

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["1", "a.py"])
)
KEYS = st.text(max_size=10) | st.sampled_from(
    ["version", "findings", "a.py", "../a.py", "CFX101 torch.cuda.empty_cache f18585437fd0 1", "cells", "source",
     "cell_type", "metadata", "kernelspec", "language", "nbformat", "files", "code", "start", "fix", "select"]
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
WITHOUT_NULL = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
BASELINES = ANYTHING | st.fixed_dictionaries({"version": st.just(1), "findings": ANYTHING})
CELLS = st.fixed_dictionaries({"cell_type": st.just("code") | ANYTHING, "source": st.just([CALL, "x\n"]) | ANYTHING})
NOTEBOOKS = ANYTHING | st.fixed_dictionaries({"cells": st.lists(CELLS, max_size=3)})


def tree(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a hardcoded file, in a folder with another."""
    (tmp_path / "a.py").write_text(f"import torch\n{CALL}")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "a.py").write_text(f"import torch\n{CALL}")
    monkeypatch.chdir(tmp_path / "inside")
    return tmp_path


@quick
@given(value=BASELINES)
def test_any_json_is_a_baseline_or_one_line_and_prune_writes_no_other_file(project: Path, value: Any) -> None:
    Path("known.json").write_text(json.dumps(value))
    before = tree(project)
    checked = invoke("check", "--no-cache", "-q", "--baseline=known.json", "a.py")
    assert checked.exit_code in (0, 1, 2)
    assert checked.exit_code != 2 or len(checked.stderr.splitlines()) == 1
    invoke("baseline", "prune", "--no-cache", "-q", "--file", "known.json", "a.py")
    changed = {name for name, data in tree(project).items() if before.get(name) != data}
    assert changed <= {str(project / "inside" / "known.json")}


@quick
@given(value=NOTEBOOKS)
def test_any_json_is_a_notebook_or_one_line(value: Any) -> None:
    data = json.dumps(value).encode()
    result = process(Source("a.ipynb", data), Options(select=("CFX",)), Work(Mode.FIX, unsafe=True))
    assert [one.message for one in result.problems if "internal" in one.message or "report" in one.message] == []
    assert result.new_bytes is None or json.loads(result.new_bytes)


@quick
@given(key=st.sampled_from(sorted(READERS)), value=WITHOUT_NULL)
def test_any_value_of_a_setting_is_read_or_an_error_that_names_it(key: str, value: Any) -> None:
    said = ""
    try:
        Options(**read_settings({key: value}, "cudafix.toml"))
    except ConfigError as error:
        said = str(error)
    assert said == "" or said.startswith(f"cudafix.toml: setting `{key}`: ")
    assert "\n" not in said


@quick
@given(value=ANYTHING)
def test_any_json_is_a_cache_or_no_cache(project: Path, value: Any) -> None:
    expected = invoke("check", "-q", ".").stdout
    (shelf,) = Path(".cudafix_cache").glob("*.json")
    known = json.loads(shelf.read_text())
    for made in (value, dict.fromkeys(known, value) if isinstance(known, dict) else value):
        shelf.write_text(json.dumps(made))
        assert invoke("check", "-q", ".").stdout == expected
