"""Notebooks that are written as scripts, by jupytext, nbconvert and for Databricks: their magics are code as well."""

from __future__ import annotations

import pytest
from checks import EVERY_RULE

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

SYNC = "from torch.cuda import synchronize as sync\n"
NEW = "from cudafix.runtime import synchronize_device\n"
DATABRICKS = "# Databricks notebook source\n"


def run(text: str, mode: Mode = Mode.FIX) -> Result:
    options = Options(**read_settings(EVERY_RULE, "test"))
    return process(Source("a.py", text.encode()), options, Work(mode))


def fixed(text: str) -> str:
    result = run(text)
    assert [one for one in result.problems if one.fatal] == []
    new = (result.new_bytes or text.encode()).decode()
    assert run(new).new_bytes is None
    return new


@pytest.mark.parametrize("text", ["# %% torch.cuda.empty_cache()\nx = 1\n", "# %% [markdown]\n# torch.cuda\n"])
def test_the_title_of_a_cell_is_no_magic(text: str) -> None:
    result = run(text)
    assert (result.findings, result.problems, result.new_bytes) == ((), (), None)


@pytest.mark.parametrize(
    "comment",
    [
        "# %bogus sync()",
        "# MAGIC %bogus sync()",
        "# !echo {sync()}",
        "# MAGIC sync",
        "# x, y = %bogus sync()",
        "# x = !echo {sync()}",
    ],
)
def test_a_magic_in_a_comment_keeps_the_import_of_what_it_says(comment: str) -> None:
    new = fixed(f"# %%\n{SYNC}{comment}\nsync()\n")
    assert SYNC in new
    assert new.endswith(f"{comment}\nsynchronize_device()\n")


@pytest.mark.parametrize("comment", ["# !!! sync is slow", "#!sync", "# sync"])
def test_another_comment_in_a_module_keeps_no_import(comment: str) -> None:
    assert fixed(f"{SYNC}{comment}\nsync()\n") == f"{NEW}{comment}\nsynchronize_device()\n"


def test_a_comment_in_a_module_that_is_no_notebook_stays() -> None:
    text = f"{SYNC}# %timeit sync()\nsync()\n"
    assert "# %timeit sync()\n" in fixed(text)


@pytest.mark.parametrize(
    "line",
    [
        "# %timeit -n1 {}",
        "    # %time {}",
        "#%time {}",
        "# MAGIC %time {}",
        "# res = %timeit -o -q -n1 -r1 {}",
        "# MAGIC t = %timeit -o {}",
        "# %time for x in y: {}",
        "# x = 1\n# %time {}",
        "get_ipython().run_line_magic('timeit', '-n1 {}')",
        "get_ipython().run_line_magic('timeit','-n1 {}')",
        "x = get_ipython().run_line_magic('timeit', '-o {}')",
        "get_ipython().run_cell_magic('time', '', '{}\\n')",
        'get_ipython().run_cell_magic("capture", "", "{}")',
    ],
)
def test_the_code_of_a_magic_follows(line: str) -> None:
    before = f"# %%\n{SYNC}\nif x:\n    y\n{line.format('sync()')}\nsync()\n"
    after = f"# %%\n{NEW}\nif x:\n    y\n{line.format('synchronize_device()')}\nsynchronize_device()\n"
    assert fixed(before) == after


def test_magics_that_are_no_comments_are_read_as_in_a_notebook() -> None:
    before = f"# %%\n%matplotlib inline\n{SYNC}# %%\n!ls\n%timeit -n1 sync()\nawait f()\nsync()\n"
    assert fixed(before) == before.replace(SYNC, NEW).replace("sync()", "synchronize_device()")


@pytest.mark.parametrize(
    "cell", ["%%bash\nif x; then (\n", "if x; then (\n!ls\n\n", "# a remark\n%%bogus\n%time sync()\n1 +\n"]
)
def test_a_cell_that_is_no_python_leaves_the_others_read(cell: str) -> None:
    before = f"# %%\n{SYNC}# %%\n{cell}# %%\n!ls\n%time {{0}}\n"
    after = f"# %%\n{NEW}{SYNC if 'sync' in cell else ''}# %%\n{cell}# %%\n!ls\n%time {{0}}\n"
    assert fixed(before.format("sync()")) == after.format("synchronize_device()")


def test_a_cell_that_is_no_python_is_said_where_it_names_a_backend() -> None:
    (problem,) = run(f"# %%\n!ls\n# %%\n\nx = (torch.cuda.empty_cache(\n# %%\n{SYNC}sync()\n").problems
    assert problem.message == "not read: line 5: `x` cannot be read as Python"


def test_a_cell_in_comments_is_read_line_by_line() -> None:
    before = f"{DATABRICKS}{SYNC}# COMMAND ----------\n# MAGIC %%time\n# MAGIC sync()\n# MAGIC\n# MAGIC sync()\n\nx\n"
    assert fixed(before) == before.replace(SYNC, NEW).replace("sync()", "synchronize_device()")


@pytest.mark.parametrize(
    "line",
    [
        "# %bogus torch.cuda.empty_cache()",
        "# MAGIC %bogus torch.cuda.empty_cache()",
        "# %timeit torch.cuda.empty_cache(",
        "# x = %bogus torch.cuda.empty_cache()",
        "get_ipython().run_cell_magic('time', '', 'x = 1\\ntorch.cuda.empty_cache()\\n')",
        "get_ipython().run_cell_magic('bogus', '', 'torch.cuda.empty_cache()\\n')",
        "get_ipython().run_cell_magic('bogus', '', 'torch.cuda.empty_cache()\\n')\n!ls",
        "# x = !echo {torch.cuda.device_count()}",
        "# !torchrun --nproc_per_node={torch.cuda.device_count()} t.py",
        "!torchrun --nproc_per_node={torch.cuda.device_count()} t.py",
        "# MAGIC %%writefile a.py\n# MAGIC import torch\n# MAGIC\n# MAGIC torch.cuda.empty_cache()",
        "# MAGIC %%time\n# MAGIC if x:\n# MAGIC     torch.cuda.empty_cache()",
    ],
)
def test_what_is_not_read_is_said_where_it_names_a_backend(line: str) -> None:
    result = run(f"# %%\nimport torch\n{line}\n")
    (problem,) = result.problems
    assert problem.message.startswith("not read: line ")
    assert not problem.fatal
    assert result.new_bytes is None


@pytest.mark.parametrize(
    "line",
    ["# %timeit -n1 torch.cuda.empty_cache()", "get_ipython().run_line_magic('time', 'torch.cuda.empty_cache()')"],
)
def test_the_place_of_a_finding_is_that_in_the_script(line: str) -> None:
    (finding,) = run(f"# %%\nimport torch\n{line}\n", Mode.CHECK).findings
    assert line[finding.start.column - 1 :].startswith("torch.cuda")
    assert finding.fix is not None
    edit = next(one for one in finding.fix.edits if one.content == "empty_device_cache")
    assert line[edit.start.column - 1 : edit.end.column - 1] == "torch.cuda.empty_cache"


@pytest.mark.parametrize(
    "mark", ["# %% [markdown]", "# %% Title [md]", "# %% [raw]", "# + [markdown]", '# + [markdown] slideshow={"a": 1}']
)
def test_a_magic_in_prose_is_neither_read_nor_said(mark: str) -> None:
    result = run(f"{mark}\n# %timeit torch.cuda.empty_cache()\n# %bogus torch.cuda\n")
    assert (result.findings, result.problems, result.new_bytes) == ((), (), None)


@pytest.mark.parametrize(("prose", "code"), [("# %% [markdown]", "# %% x"), ("# + [markdown]", "# -")])
def test_prose_ends_where_its_cell_does(prose: str, code: str) -> None:
    before = f"{prose}\n# %time sync()\n\n{code}\n{SYNC}# %time sync()\n"
    assert fixed(before).endswith(f"{prose}\n# %time sync()\n\n{code}\n{NEW}{SYNC}# %time synchronize_device()\n")


@pytest.mark.parametrize("magic", ["%md", "%sql", "%%bash"])
def test_a_cell_in_comments_of_another_language_is_neither_read_nor_said(magic: str) -> None:
    result = run(f"{DATABRICKS}# MAGIC {magic}\n# MAGIC %timeit torch.cuda.empty_cache()\n# MAGIC x.cuda\n\nx\n")
    assert (result.findings, result.problems, result.new_bytes) == ((), (), None)


WRITTEN = "import torch\n\ntorch.cuda.empty_cache()\n"


@pytest.mark.parametrize(
    "script",
    [
        "# %%\n# %%writefile a.py\n{}\n# %% more\n",
        "# %%\n\n%%writefile a.py\n{}if x: 1 +\n\n# %%\n!ls\n",
        "# %%\n%%capture\n%%bogus\n{}\n# %%\n",
        "# %%\n# %%script python\n{}\n# %%\n",
        "# +\n# %%writefile a.py\n{}# -\n\n",
        "# ---\n# jupyter:\n# ---\n\n# %%writefile a.py\nimport torch\ntorch.cuda.empty_cache()\n\n",
    ],
)
def test_a_cell_of_a_magic_that_holds_no_python_is_left_alone(script: str) -> None:
    left = script.format(WRITTEN)
    assert fixed(f"{left}{SYNC}sync()\n") == f"{left}{NEW}synchronize_device()\n"


@pytest.mark.parametrize("magic", ["# %%writefile a.py", "%%writefile a.py", "# %%bogus"])
def test_a_cell_that_is_left_alone_is_said_where_it_names_a_backend(magic: str) -> None:
    (problem,) = run(f"# %%\n{magic}\n{WRITTEN}# %%\ntorch.ones(1)\n", Mode.CHECK).problems
    assert problem.message.startswith(f"not read: line 2: `{magic}` ")


def test_a_cell_is_left_alone_where_python_refuses_the_order_of_the_cells() -> None:
    left = f"# %%\n# %%writefile a.py\n{WRITTEN}# %%\nfrom __future__ import annotations\n"
    assert fixed(f"{left}{SYNC}sync()\n").startswith(left)


def test_a_cell_that_is_left_alone_keeps_its_imports() -> None:
    assert fixed(f"# %%\n{SYNC}# %%\n# %%bogus\nsync()\n# %%\nsync()\n") == (
        f"# %%\n{NEW}{SYNC}# %%\n# %%bogus\nsync()\n# %%\nsynchronize_device()\n"
    )


@pytest.mark.parametrize("magic", ["# %%time", "# %%timeit -n1", "# %%capture out", "# %%capture\n# %%time"])
def test_a_cell_of_a_magic_that_holds_python_is_read(magic: str) -> None:
    before = f"# %%\n{SYNC}# %%\n{magic}\nsync()\n"
    assert fixed(before) == before.replace(SYNC, NEW).replace("sync()", "synchronize_device()")


@pytest.mark.parametrize("title", ["#%%Load", "#%%Load\n#%%Train"])
def test_a_title_right_behind_the_mark_is_no_magic(title: str) -> None:
    before = f"{title}\n{SYNC}sync()\n"
    assert fixed(before) == before.replace(SYNC, NEW).replace("sync()", "synchronize_device()")


def test_a_line_end_of_windows_stays() -> None:
    before = f"# %%\n{SYNC}# %timeit sync()\nsync()\n".replace("\n", "\r\n")
    assert fixed(before) == before.replace(SYNC[:-1], NEW[:-1]).replace("sync()", "synchronize_device()")


def test_a_script_that_awaits_in_its_cells_is_read() -> None:
    before = f"# %%\n{SYNC}# %%\nawait f()\nsync()\n"
    assert fixed(before) == before.replace(SYNC, NEW).replace("sync()", "synchronize_device()")


def test_a_magic_whose_result_gets_a_name_is_read() -> None:
    text = f"# %%\n{SYNC}# %%\n# took = %timeit -o -n1 sync()\nsync()\n"
    assert fixed(text) == f"# %%\n{NEW}# %%\n# took = %timeit -o -n1 synchronize_device()\nsynchronize_device()\n"


@pytest.mark.parametrize("magic", ["%%writefile a.py", "%%bogus"])
def test_a_cell_of_another_magic_is_left_as_it_is(magic: str) -> None:
    other = f"# %%\n# {magic}\nimport torch\ntorch.cuda.empty_cache()\n# %%\n"
    text = f"# %%\n{SYNC}sync()\n\n{other}x = 1\n"
    assert fixed(text) == f"# %%\n{NEW}synchronize_device()\n\n{other}x = 1\n"
    (problem,) = run(text, Mode.CHECK).problems
    assert f"`# {magic}` is no magic" in problem.message


@pytest.mark.parametrize("marker", ["# %% [markdown]", "# %% [raw]"])
def test_a_magic_in_prose_is_prose(marker: str) -> None:
    prose = f"{marker}\n# Use this:\n#\n# %timeit torch.cuda.empty_cache()\n"
    text = f"# %%\nimport torch\nx = torch.ones(1)\n{prose}# %%\nx\n"
    assert (run(text).findings, run(text).problems, fixed(text)) == ((), (), text)
