"""Notebooks as the tools write them: written by the tool, fixed, and read, converted and run by it, on the CPU.

Before the fix they stop at their first call of `torch.cuda`, where torch is built without CUDA.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from environments import Environment, environment
from tools import cudafix

pytestmark = pytest.mark.corpus

pytest.importorskip("torch")

CELLS = (
    ("markdown", "# About `torch.cuda`"),
    ("code", "%precision 3\nimport gc\nimport torch\nfrom torch.cuda import synchronize as sync"),
    ("markdown", "Text."),
    ("code", "# a remark\nx = torch.ones(2)\nsync()\n\ntorch.cuda.empty_cache()"),
    ("code", "%timeit -n1 -r1 sync()"),
    ("code", "%%time\ntorch.cuda.empty_cache()\nsync()"),
    ("code", "import asyncio\nawait asyncio.sleep(0)\ntorch.cuda.synchronize()"),
    ("code", "def f():\n    gc.collect()\n    torch.cuda.empty_cache()\n\nf()"),
    ("code", "!true\nfrom torch.cuda import empty_cache\nempty_cache()"),
)
FORMATS = {
    "py:percent": "py", "py:light": "py", "py:hydrogen": "py", "md": "md", "md:myst": "md", "Rmd": "Rmd",
}  # fmt: skip


@pytest.fixture(scope="module")
def tools() -> Environment:
    return environment(
        "jupytext==1.17.2", "nbconvert==7.17.2", "ipykernel==7.4.0", "marimo==0.25.2", "nbdev==3.3.26",
    )  # fmt: skip


def write_notebook(file: Path, *cells: tuple[str, str]) -> None:
    code = {"outputs": [], "execution_count": None}
    whole = [
        {"cell_type": kind, "metadata": {}, "source": text} | (code if kind == "code" else {}) for kind, text in cells
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python", "file_extension": ".py", "nbconvert_exporter": "python"}
    metadata = {"kernelspec": kernel, "language_info": language}
    notebook = {"cells": whole, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
    file.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def code_cells(file: Path) -> list[str]:
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return ["".join(one["source"]) for one in cells if one["cell_type"] == "code"]


def fix(*paths: Path) -> None:
    cudafix("fix", "--isolated", *map(str, paths))


def test_a_fixed_notebook_runs(tools: Environment, tmp_path: Path) -> None:
    write_notebook(tmp_path / "a.ipynb", *CELLS)
    fix(tmp_path / "a.ipynb")
    assert ".cuda" not in "".join(code_cells(tmp_path / "a.ipynb"))
    tools.passed("-m", "nbconvert", "--execute", "--to", "notebook", "--output", "b.ipynb", "a.ipynb", cwd=tmp_path)


@pytest.mark.parametrize("form", FORMATS)
def test_what_jupytext_has_written_gets_the_fix_of_the_notebook(tools: Environment, tmp_path: Path, form: str) -> None:
    write_notebook(tmp_path / "a.ipynb", *CELLS)
    file = tmp_path / f"b.{FORMATS[form]}"
    tools.passed("-m", "jupytext", "--to", form, "-o", file.name, "a.ipynb", cwd=tmp_path)
    fix(tmp_path / "a.ipynb", file)
    tools.passed("-m", "jupytext", "--to", "ipynb", "-o", "c.ipynb", file.name, cwd=tmp_path)
    assert code_cells(tmp_path / "c.ipynb") == code_cells(tmp_path / "a.ipynb")


def test_what_jupytext_has_written_as_a_gallery_keeps_its_texts(tools: Environment, tmp_path: Path) -> None:
    write_notebook(tmp_path / "a.ipynb", *CELLS)
    tools.passed("-m", "jupytext", "--to", "py:sphinx", "-o", "b.py", "a.ipynb", cwd=tmp_path)
    before = (tmp_path / "b.py").read_text(encoding="utf-8")
    fix(tmp_path / "b.py")
    after = (tmp_path / "b.py").read_text(encoding="utf-8")
    comments = [[one for one in text.splitlines() if one.startswith(("# a", "# T", "##"))] for text in (before, after)]
    assert comments[0] == comments[1]
    tools.passed("-m", "jupytext", "--to", "ipynb", "-o", "c.ipynb", "b.py", cwd=tmp_path)
    fix(tmp_path / "a.ipynb")
    ours, theirs = code_cells(tmp_path / "a.ipynb"), code_cells(tmp_path / "c.ipynb")
    assert [one.strip() for one in theirs if one != "%matplotlib inline"] == ours  # jupytext adds that one


def test_what_nbconvert_has_written_as_a_script_runs(tools: Environment, tmp_path: Path) -> None:
    write_notebook(tmp_path / "a.ipynb", *(one for one in CELLS if not one[1].startswith("%%")))
    tools.passed("-m", "nbconvert", "--to", "script", "--output", "b", "a.ipynb", cwd=tmp_path)
    fix(tmp_path / "b.py")
    assert "torch.cuda." not in (tmp_path / "b.py").read_text(encoding="utf-8")
    (tmp_path / "b.py").rename(tmp_path / "b.ipy")
    tools.passed("-m", "IPython", "--no-banner", "b.ipy", cwd=tmp_path)


# nbdev

EXPORT = "from nbdev.doclinks import nbdev_export; nbdev_export()"
PROJECT = '[project]\nname = "own"\nversion = "0.0.1"\n\n[tool.nbdev]\nlib_path = "own"\nnbs_path = "nbs"\n'


def test_a_module_that_nbdev_exports_is_fixed_in_its_notebook(tools: Environment, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "nbs").mkdir()
    write_notebook(
        tmp_path / "nbs" / "00_mem.ipynb",
        ("code", "#| default_exp mem"),
        ("code", "#| hide\nimport torch\nx = torch.ones(2)"),
        ("code", "#| export\nimport gc\nimport torch"),
        ("code", "#| export\ndef free():\n    gc.collect()\n    torch.cuda.synchronize()"),
        ("code", "#| eval: false\nfree()"),
    )
    tools.passed("-c", EXPORT, cwd=tmp_path)
    module = tmp_path / "own" / "mem.py"
    assert "generated, by its head: change `../nbs/00_mem.ipynb`" in cudafix("check", "--isolated", str(module))
    fix(tmp_path)
    assert "torch.cuda" in module.read_text(encoding="utf-8")
    tools.passed("-c", EXPORT, cwd=tmp_path)
    assert "torch.cuda" not in module.read_text(encoding="utf-8")
    tools.passed("-c", "import own.mem; own.mem.free()", cwd=tmp_path)


# marimo

HEAD = 'import marimo\n\n__generated_with = "0.25.2"\napp = marimo.App()\n\n\n'
END = '\n\nif __name__ == "__main__":\n    app.run()\n'
TORCH = "@app.cell\ndef _():\n    import torch\n\n    x = torch.ones(2)\n    return torch, x\n\n\n"
USES = "@app.cell\ndef _(torch, x):\n    torch.cuda.synchronize()\n    print(x)\n    return\n"
AWAITS = (
    "\n\n@app.cell\nasync def _(torch):\n    import asyncio\n\n    await asyncio.sleep(0)\n"
    "    torch.cuda.synchronize()\n    return\n"
)
OWN = (
    "@app.cell\ndef _():\n    import torch as _t\n\n    y = _t.ones(2)\n"
    "    _t.cuda.synchronize()\n    return (y,)\n\n\n"
)
OF_OTHERS = (
    "@app.cell\ndef _(y):\n    from torch.cuda import synchronize\n\n    synchronize()\n    print(y)\n    return\n"
)
SETUP = "with app.setup:\n    import torch\n\n\n"
FUNCTION = "@app.function\ndef f():\n    torch.cuda.synchronize()\n\n\n@app.cell\ndef _():\n    f()\n    return\n"


@pytest.mark.parametrize(
    "cells", [TORCH + USES, TORCH + USES + AWAITS, USES + "\n\n" + TORCH.rstrip(), OWN + OF_OTHERS, SETUP + FUNCTION]
)
def test_a_notebook_of_marimo_passes_its_check_and_runs(tools: Environment, tmp_path: Path, cells: str) -> None:
    file = tmp_path / "a.py"
    file.write_text(HEAD + cells.rstrip("\n") + "\n" + END, encoding="utf-8")
    tools.passed("-m", "marimo", "check", "--strict", "a.py", cwd=tmp_path)
    assert tools.run("a.py", cwd=tmp_path).returncode != 0
    fix(file)
    tools.passed("-m", "marimo", "check", "--strict", "a.py", cwd=tmp_path)
    tools.passed("a.py", cwd=tmp_path)


def test_the_notebooks_that_marimo_brings_come_back_as_they_were(tools: Environment) -> None:
    from cudafix.documents.marimo import MarimoNotebook

    texts = [one.read_text(encoding="utf-8") for one in tools.folder.glob("lib/python*/site-packages/marimo/**/*.py")]
    notebooks = [one for text in texts if "@app.cell" in text and (one := MarimoNotebook(text)).cells and one.order]
    assert len(notebooks) > 50
    assert [one.text for one in notebooks if one.with_code(one.code) != one.text] == []
