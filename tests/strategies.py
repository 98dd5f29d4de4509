"""Hypothesis strategies: programs that bind and use torch in all the ways that Python has."""

from __future__ import annotations

import builtins
import os
import random
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

NAMES = st.sampled_from(["torch", "torch", "t", "cuda"])
IMPORTS = st.sampled_from(["import torch", "import torch as t", "import torch.cuda as cuda", "from torch import cuda"])
CALLS = st.sampled_from(["torch.cuda.empty_cache()", "t.cuda.empty_cache()", "cuda.empty_cache()"])
BINDINGS = [
    "{name} = FAKE",
    "{name} = None",
    "{name} = torch",
    "{name} = torch.cuda",
    "{name}: object",
    "del {name}",
    "def {name}(): ...",
    "chance() and ({name} := FAKE)",
    "[{name} := FAKE for _ in some()]",
    "[FAKE for {name} in some()]",
]
BLOCKS = [
    "if chance():\n{body}\nelse:\n{other}",
    "for {name} in some():\n{body}\nelse:\n{other}",
    "while chance():\n{body}",
    "try:\n{body}\nexcept Exception as {name}:\n{other}",
    "try:\n    raise ValueError\nexcept Exception as {name}:\n{body}\nfinally:\n{other}",
    "def f():\n    global {name}\n{body}\nf()",
    "def f():\n{body}\nf()\n{later}f()",
    "def f({name}=FAKE):\n{body}\nf()",
    "@(lambda function: function)\ndef f():\n{body}\nf()",
    "@({name} := lambda kind: kind)\nclass D:\n{body}",
    "def f():\n    import torch\n    def g():\n        nonlocal torch\n{deeper}\n    g()\n{body}\nf()",
    "class C:\n{body}\n    def m(self):\n{deeper}\nC().m()",
    "match FAKE:\n    case {name} if chance():\n{deeper}\n    case _:\n{deeper}",
]
CALL = "try:\n    {call}\nexcept (NameError, AttributeError, TypeError):\n    pass"

calls = CALLS.map(lambda call: CALL.format(call=call))
bindings = st.builds(lambda form, name: form.format(name=name), st.sampled_from(BINDINGS), NAMES)
simple = st.one_of(calls, calls, IMPORTS, bindings)


def indented(lines: list[str], depth: int) -> str:
    return textwrap.indent("\n".join(lines), "    " * depth)


def block(form: str, name: str, body: list[str], other: list[str]) -> str:
    parts = {"body": indented(body, 1), "other": indented(other, 1), "deeper": indented(other, 2)}
    return form.format(name=name, later="\n".join(other) + "\n", **parts)


def blocks(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bodies = st.lists(statements, min_size=1, max_size=4)
    return st.builds(block, st.sampled_from(BLOCKS), NAMES, bodies, bodies)


def surroundings(fake: object, seed: int, imported: Callable[[str], object]) -> dict[str, object]:
    """Return the names that a program finds when it runs: what it imports, `FAKE`, and chance."""
    choices = random.Random(seed)
    return {
        "__builtins__": {**vars(builtins), "__import__": lambda name, *_: imported(name)},
        "__name__": "program",
        "FAKE": fake,
        "chance": lambda: choices.random() < 0.4,
        "some": lambda: [fake] * choices.randrange(3),
    }


programs = st.lists(st.recursive(simple, blocks, max_leaves=12), min_size=2, max_size=8).map("\n".join)


def compiles(program: str | bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(program, "program", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


valid = programs.filter(compiles)
PROGRAMS = 150 if os.environ.get("CI") else 40
quick = settings(
    max_examples=PROGRAMS, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Dressed:
    """A program as somebody saved it: with comments, in an encoding, with line ends of one kind."""

    data: bytes
    encoding: str


@st.composite
def dress(draw: st.DrawFn, program: str) -> Dressed:
    """Put comments, blank lines, semicolons and tabs into a program, and save it."""
    encoding, mark, head = draw(
        st.sampled_from(
            [("utf-8", b"", ""), ("utf-8", b"\xef\xbb\xbf", ""), ("latin-1", b"", "# -*- coding: latin-1 -*-\n"),
             ("cp1252", b"", "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n")]
        )
    )  # fmt: skip
    lines = []
    for number, line in enumerate(program.split("\n")):
        indentation = line[: len(line) - len(line.lstrip())]
        what = draw(st.integers(0, 11))
        if what == 0:
            lines.append(f"{indentation}# a comment é {number}")
        elif what == 1:
            line += f"  # beside {number}"
        elif what == 2:
            lines.append("")
        elif what == 3 and not line.rstrip().endswith(":"):
            line += " ;"
        elif what == 4 and number:
            lines.append(f"# at the margin {number}")
        elif what == 5:
            line += "  "
        lines.append(line)
    text = head + "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n", "\n# last é"]))
    if draw(st.booleans()):
        text = text.replace("    ", "\t")
    return Dressed(mark + text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"]))).encode(encoding), encoding)


dressed = valid.flatmap(dress).filter(lambda one: compiles(one.data))
