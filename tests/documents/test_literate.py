"""Documents whose cells run one after the other are fixed as notebooks are: Quarto, R Markdown, MyST and jupytext."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from checks import EVERY_RULE
from command import invoke

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

MYST = "---\nkernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n"
JUPYTEXT = (
    "---\njupyter:\n  jupytext:\n    text_representation:\n      extension: .md\n      format_name: markdown\n---\n"
)


def run(text: str, name: str, mode: Mode = Mode.FIX) -> Result:
    options = Options(**read_settings(EVERY_RULE, "test"))
    return process(Source(name, text.encode()), options, Work(mode))


def dedent(text: str) -> str:
    return textwrap.dedent(text).removeprefix("\n")


def fixed(text: str, name: str) -> str:
    result = run(text, name)
    assert result.problems == ()
    new = (result.new_bytes or text.encode()).decode()
    assert run(new, name).new_bytes is None
    return new


def unread(text: str, name: str = "a.md") -> list[str]:
    return [one.message for one in run(text, name, Mode.CHECK).problems]


def cells(opening: str, *codes: str) -> str:
    return "Text.\n\n" + "\n".join(f"{opening}\n{one}```\n" for one in codes)


IMPORT, USE = "import torch as t\n", "t.cuda.empty_cache()\n"
NEW_IMPORT, NEW_USE = "from cudafix.runtime import empty_device_cache\n", "empty_device_cache()\n"


@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("a.qmd", "```{r}"),
        ("a.qmd", "```{{python}}"),
        ("a.Rmd", "```{r, echo=FALSE}"),
        ("a.md", "```{code-cell} r"),
        ("a.md", "```{code-block} c"),
        ("a.md", "```{bash}"),
    ],
)
def test_what_is_no_python_stays(name: str, opening: str) -> None:
    result = run(cells(opening, "import torch\ntorch.cuda.empty_cache()\n"), name)
    assert (result.findings, result.problems, result.new_bytes) == ((), (), None)


def test_a_bare_cell_is_what_the_header_says() -> None:
    header = "---\nkernelspec:\n  language: R\n  name: ir\n---\n"
    text = header + cells("```{code-cell}", "import torch\ntorch.cuda.empty_cache()\n")
    assert run(text, "a.md").findings == ()


@pytest.mark.parametrize(
    ("name", "opening", "header"),
    [
        ("a.qmd", "```{python}", ""),
        ("a.qmd", "``` {python}", ""),
        ("a.qmd", "```{python .x #y}", ""),
        ("a.Rmd", "```{python, echo=FALSE}", ""),
        ("a.Rmd", "```{python label, fig.cap='x'}", ""),
        ("a.Rmd", "```{r engine='python'}", ""),
        ("a.md", "```{code-cell} ipython3", ""),
        ("a.md", "```{code-cell}", MYST),
        ("a.md", "```{code-cell} python\n:tags: [hide-input]\n:name: x", MYST),
        ("a.md", "```{code-cell} python\n---\ntags: [x]\n---", MYST),
        ("a.md", "```python", JUPYTEXT),
        ("a.md", '```python tags=["x"]', JUPYTEXT),
    ],
)
def test_a_name_goes_from_one_cell_to_the_next(name: str, opening: str, header: str) -> None:
    before = header + cells(opening, IMPORT, f"t.ones(1)\n{USE}")
    assert fixed(before, name) == header + cells(opening, IMPORT + NEW_IMPORT, f"t.ones(1)\n{NEW_USE}")


@pytest.mark.parametrize("opening", ["```{python, eval=FALSE}", "```{python}\n#| eval: false"])
def test_a_cell_that_does_not_run_is_not_counted_on(opening: str) -> None:
    waits, runs = f"{IMPORT}t.ones(1)\n", f"{IMPORT}t.ones(1)\n{USE}"
    text = f"{opening}\n{waits}```\n\n```{{python}}\n{runs}```\n"
    assert (
        fixed(text, "a.Rmd") == f"{opening}\n{waits}```\n\n```{{python}}\n{IMPORT}{NEW_IMPORT}t.ones(1)\n{NEW_USE}```\n"
    )


def test_directives_stay_at_the_top_of_a_cell() -> None:
    text = cells("```{python}", "import gc\n", f"#| label: x\n{IMPORT}{USE}")
    assert fixed(text, "a.qmd") == cells("```{python}", "import gc\n", f"#| label: x\n{NEW_IMPORT}{NEW_USE}")


def test_magics_and_await_in_cells_are_read() -> None:
    text = cells("```{code-cell} ipython3", f"{IMPORT}%matplotlib inline\n", f"await x\n%timeit -n1 {USE}!ls\n")
    assert fixed(text, "a.md") == cells(
        "```{code-cell} ipython3", f"{NEW_IMPORT}%matplotlib inline\n", f"await x\n%timeit -n1 {NEW_USE}!ls\n"
    )


def test_a_magic_that_jupytext_made_a_comment_of_is_read() -> None:
    text = cells("```{python}", IMPORT, f"x = 1\n# %timeit -n1 {USE}", USE)
    assert fixed(text, "a.Rmd") == cells("```{python}", NEW_IMPORT, f"x = 1\n# %timeit -n1 {NEW_USE}", NEW_USE)


def test_cells_and_what_is_shown_are_fixed_side_by_side() -> None:
    shown = "import torch\ntorch.cuda.empty_cache()\n"
    text = f"```{{python}}\n{IMPORT}```\n\n```python\n{shown}```\n\n```{{python}}\n{USE}x = 1\n```\n"
    assert fixed(text, "a.qmd") == (
        f"```{{python}}\n{NEW_IMPORT}```\n\n```python\n{NEW_IMPORT}{NEW_USE}```\n\n```{{python}}\n{NEW_USE}x = 1\n```\n"
    )


def test_a_cell_keeps_its_indentation_and_its_line_ends() -> None:
    text = dedent("""
        * x

          ```{code-cell} python
          import torch as t

          if x:
              t.cuda.empty_cache()
          ```
        """).replace("\n", "\r\n")
    after = text.replace("import torch as t", "from cudafix.runtime import empty_device_cache")
    assert fixed(text, "a.md") == after.replace("t.cuda.empty_cache", "empty_device_cache")


def test_a_line_of_spaces_stays_and_is_no_other_line() -> None:
    text = cells("```{python}", f"{IMPORT}    \nx = 1\n\n{USE}\t\n\ny = 1\n")
    assert fixed(text, "a.qmd") == cells("```{python}", f"{NEW_IMPORT}    \nx = 1\n\n{NEW_USE}\t\n\ny = 1\n")


def test_the_place_of_a_finding_is_that_in_the_document() -> None:
    text = f"# T\n\n```{{python}}\n{IMPORT}```\n\n* x\n\n  ```{{python}}\n  x = 1\n  %time {USE}  ```\n"
    (finding,) = run(text, "a.qmd", Mode.CHECK).findings
    assert finding.place == "a.qmd:11:9"


@pytest.mark.parametrize(("name", "inline"), [("a.qmd", "`{python} t.ones(1)`"), ("a.md", "{eval}`t.ones(1)`")])
def test_what_the_text_says_of_an_import_keeps_it(name: str, inline: str) -> None:
    opening = "```{python}" if name == "a.qmd" else "```{code-cell} python"
    text = cells(opening, f"{IMPORT}{USE}") + f"\nSo {inline}.\n"
    assert fixed(text, name) == cells(opening, f"{IMPORT}{NEW_IMPORT}{NEW_USE}") + f"\nSo {inline}.\n"


def test_an_expression_in_the_text_that_names_a_backend_is_named() -> None:
    text = cells("```{python}", IMPORT) + "\nSo `{python} t.cuda.device_count()`.\n"
    assert unread(text, "a.qmd") == ["not read: line 7: `t.cuda.device_count()` is in the text"]


def test_a_reason_names_a_line_of_the_document() -> None:
    text = f"```{{python}}\n{IMPORT}```\n\n```{{python}}\ntry:\n    t = x()\nexcept E:\n    pass\n{USE}```\n"
    (finding,) = run(text, "a.qmd", Mode.CHECK).findings
    assert "also bound on line 7" in finding.reason


# Fences that are shown


@pytest.mark.parametrize("line", ["!pip install x", "%pip install x", "%matplotlib inline", "%bogus x", "?print"])
def test_a_line_that_is_no_python_does_not_hide_its_block(line: str) -> None:
    text = f"```python\n{line}\nimport torch\ntorch.cuda.empty_cache()\n```\n"
    assert fixed(text, "a.md") == f"```python\n{line}\n{NEW_IMPORT}{NEW_USE}```\n"


def test_the_code_of_a_magic_in_a_block_is_fixed() -> None:
    text = "```python\nimport torch\n%timeit torch.cuda.empty_cache()\n```\n"
    assert fixed(text, "a.md") == f"```python\n{NEW_IMPORT}%timeit {NEW_USE}```\n"


@pytest.mark.parametrize(
    "opening",
    [
        "```{code-block} python",
        "```{code} python",
        "```{testcode}",
        "```{jupyter-execute}",
        "``` python",
        "```{.python}",
    ],
)
def test_what_a_directive_shows_is_a_block(opening: str) -> None:
    text = f"{opening}\nimport torch\ntorch.cuda.empty_cache()\n```\n"
    assert fixed(text, "a.md") == f"{opening}\n{NEW_IMPORT}{NEW_USE}```\n"


def test_a_block_in_a_directive_with_text_is_seen() -> None:
    text = "````{note}\nText.\n\n```python\nimport torch\ntorch.cuda.empty_cache()\n```\n````\n"
    assert fixed(text, "a.md") == f"````{{note}}\nText.\n\n```python\n{NEW_IMPORT}{NEW_USE}```\n````\n"


# What is not read


def test_a_block_that_is_no_python_is_named_with_the_reason() -> None:
    text = "```python\nimport torch\n```\n\n```python\nx = torch.cuda.device_count(\n```\n"
    (said,) = unread(text)
    assert said.startswith("not read: line 6: the block there cannot be read as Python (")


def test_a_cell_that_is_no_python_is_named() -> None:
    text = cells("```{python}", IMPORT, "x = t.cuda.device_count(\n", f"%bogus {USE}")
    assert unread(text, "a.qmd") == [
        "not read: line 8: `x` cannot be read as Python; line 12: `%bogus` is no magic whose text is known to be Python"
    ]


def test_nothing_is_said_of_a_block_that_names_no_backend() -> None:
    assert unread("```python\nimport torch\n```\n\n```python\nx = (torch\n```\n\ntorch.cuda\n") == []


# The command line


@pytest.mark.parametrize("name", ["a.qmd", "a.Rmd", "a.rmd"])
def test_such_documents_are_found_in_folders(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(cells("```{python}", IMPORT, USE), encoding="utf-8")
    assert invoke("check", ".").stdout.startswith(f"{name}:8:1: CFX101 [*]")


def test_a_run_that_did_not_read_all_is_not_called_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.qmd").write_text(cells("```{python}", "%bogus torch.cuda.empty_cache()\n"), encoding="utf-8")
    for _ in range(2):  # the second time from the cache
        done = invoke("check", ".")
        assert "a.qmd: not read: line 4: `%bogus`" in done.stderr
        assert "1 place that may name a backend not read" in done.stderr
        assert "All clear" not in done.output


@pytest.mark.parametrize("opening", ["```python {.marimo}", "```{.python.marimo}"])
def test_a_cell_of_marimo_in_markdown_is_left_alone_and_named(opening: str) -> None:
    result = run(f"{opening}\nimport torch\ntorch.cuda.empty_cache()\n```\n", "a.md")
    assert result.new_bytes is None
    assert [one.message for one in result.problems] == [
        "not read: line 2: the block there is a cell of marimo, of which only scripts are read"
    ]


@pytest.mark.parametrize("said", ["```{r}\npy$free()\n```\n", "So `r py$free()`.\n"])
def test_what_r_reads_of_python_keeps_it(said: str) -> None:
    text = cells("```{python}", "from torch.cuda import empty_cache as free\nimport torch\nfree()\n") + f"\n{said}"
    assert "import empty_cache as free" in fixed(text, "a.Rmd")


@pytest.mark.parametrize("options", [":linenos:\n", ":caption: x\n:linenos:\n\n", "---\nlinenos: true\n---\n"])
def test_the_options_of_code_that_is_shown_stand_above_it(options: str) -> None:
    text = cells("```{code-block} python", f"{options}{IMPORT}{USE}")
    assert fixed(text, "a.md") == cells("```{code-block} python", f"{options}{NEW_IMPORT}{NEW_USE}")
