"""Hypothesis strategies: programs that bind and use torch in all the ways that Python has."""

from __future__ import annotations

import textwrap

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


programs = st.lists(st.recursive(simple, blocks, max_leaves=12), min_size=2, max_size=8).map("\n".join)


def compiles(program: str) -> bool:
    try:
        compile(program, "program", "exec")
    except SyntaxError:
        return False
    return True


valid = programs.filter(compiles)
quick = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
