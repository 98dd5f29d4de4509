"""Random documents and docstrings: fixes change the lines of calls and imports, and no others."""

from __future__ import annotations

import textwrap

from hypothesis import given
from hypothesis import strategies as st
from strategies import quick

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import NOT_READ

OPTIONS = Options(**read_settings({"select": ["CFX1"], "code-blocks": True}, "test"))
CALLS = "import torch\nx = 1\ntorch.cuda.empty_cache()\n"
EXAMPLE = ">>> import torch\n>>> torch.cuda.empty_cache()\nTrue\n>>> for x in y:\n...     torch.cuda.empty_cache()\n"
PIECES = st.sampled_from(
    [
        "Some words about torch.cuda.empty_cache().\n",
        "\n",
        f"```python\n{CALLS}```\n",
        f"~~~~ py\n{CALLS}~~~~\n",
        f"```text\n{EXAMPLE}```\n",
        f"```pycon\n{EXAMPLE}```\n",
        "```bash\n$ python\n```\n",
        "```\nno language\n```\n",
        f".. code-block:: python\n\n{textwrap.indent(CALLS, '    ')}\n",
        f".. testcode::\n\n{textwrap.indent(CALLS, '   ')}\n",
        f".. note::\n\n{textwrap.indent(EXAMPLE, '   ')}\n",
        f"{EXAMPLE}\n",
        f"* a list\n\n{textwrap.indent(EXAMPLE, '  ')}\n",
        ">>> torch.cuda.empty_cache()\n",
        "```python\ntorch.cuda.empty_cache()\n```\n",
        "```python\ndef broken(\n```\n",
        "```python\n",
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map("".join)


@st.composite
def modules(draw: st.DrawFn) -> str:
    """Modules whose functions, classes and methods have such texts as docstrings."""
    parts = []
    for number in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["def", "class"]))
        texts = draw(st.lists(TEXTS, min_size=1, max_size=2))
        doc = textwrap.indent(f'"""Says.\n\n{texts[0]}\n"""\n', "    ")
        parts.append(f"{kind} f{number}{'(x)' if kind == 'def' else ''}:\n{doc}")
        inner = textwrap.indent(f'"""Does.\n\n{texts[-1]}\n"""\n', "        ")
        parts.append(f"    def g(self):\n{inner}        return self\n\n\n")
    return "".join(parts)


def check_only_calls_and_imports_change(text: str, name: str) -> None:
    result = process(Source(name, text.encode()), OPTIONS, Work(Mode.FIX, unsafe=True))
    assert [one for one in result.problems if not one.message.startswith(NOT_READ)] == []
    new = (result.new_bytes or text.encode()).decode()
    assert rest(new) == rest(text)
    again = process(Source(name, new.encode()), OPTIONS, Work(Mode.FIX, unsafe=True))
    assert again.new_bytes is None


def rest(text: str) -> list[str]:
    undone = text.replace("empty_device_cache()", "torch.cuda.empty_cache()")
    return [line for line in undone.splitlines() if "import" not in line]


@quick
@given(TEXTS)
def test_no_other_line_of_markdown_changes(text: str) -> None:
    check_only_calls_and_imports_change(text, "a.md")


@quick
@given(TEXTS)
def test_no_other_line_of_restructured_text_changes(text: str) -> None:
    check_only_calls_and_imports_change(text, "a.rst")


@quick
@given(modules())
def test_no_other_line_of_a_docstring_changes(source: str) -> None:
    check_only_calls_and_imports_change(source, "a.py")
