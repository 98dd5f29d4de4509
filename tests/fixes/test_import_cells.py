"""In which cell of a notebook a new import goes: one that runs where the place runs that needs it, below directives."""

from __future__ import annotations

import pytest
from checks import check_fixes
from notebooks import FLUSH, IMPORT, document, fixed, run

NEW = "from cudafix.runtime import empty_device_cache"
USE = "empty_device_cache()"


@pytest.mark.parametrize("directive", ["#@title Setup", "# @param {type: 'string'}", "#| hide", "#|echo: false"])
def test_what_tools_read_at_the_top_of_a_cell_stays_there(directive: str) -> None:
    assert fixed("import gc", f"{directive}\nfrom torch.cuda import empty_cache\nempty_cache()")[1] == (
        f"{directive}\n{NEW}\n{USE}"
    )


def test_directives_stay_at_the_top_of_their_cell() -> None:
    own = "#| echo: false\n#| label: x\nfrom torch.cuda import empty_cache\nempty_cache()"
    assert fixed("import gc", own)[1] == f"#| echo: false\n#| label: x\n{NEW}\n{USE}"


def test_an_exported_cell_gets_its_import_in_an_exported_one() -> None:
    cells = ("#| hide\nimport torch\ntorch.ones(1)", "#| export\nimport gc\nimport torch", f"#| export\n{FLUSH}")
    assert fixed(*cells)[1:] == [f"#| export\nimport gc\nimport torch\n{NEW}", f"#| export\n{USE}"]


@pytest.mark.parametrize("export", ["#|export", "#| exporti", "#| exports", "#export", "# export"])
def test_all_words_for_export_count(export: str) -> None:
    assert fixed("import torch\ntorch.ones(1)", f"{export}\nimport torch as t\nt.ones(1)\nt.cuda.empty_cache()")[1] == (
        f"{export}\nimport torch as t\n{NEW}\nt.ones(1)\n{USE}"
    )


def test_a_module_that_a_cell_is_exported_to_has_imports_of_its_own() -> None:
    cells = [f"#| export {name}\nimport torch\ntorch.ones(1)\n{FLUSH}" for name in ("a", "b")]
    assert fixed(*cells) == [f"#| export {name}\nimport torch\n{NEW}\ntorch.ones(1)\n{USE}" for name in ("a", "b")]


def test_an_exported_cell_that_no_exported_one_imports_torch_for_counts_on_the_others() -> None:
    assert fixed(IMPORT, f"#| export\n{FLUSH}") == [NEW, f"#| export\n{USE}"]


def test_what_is_imported_for_the_exported_cells_serves_the_others() -> None:
    assert fixed(f"#| export\n{IMPORT}\n{FLUSH}", FLUSH) == [f"#| export\n{NEW}\n{USE}", USE]


def test_an_import_in_a_cell_that_does_not_run_is_not_counted_on() -> None:
    waits = f"#| eval: false\n{IMPORT}\n{FLUSH}\ntorch.ones(1)"
    assert fixed(waits, f"{IMPORT}\n{FLUSH}\ntorch.ones(1)") == [
        f"#| eval: false\n{IMPORT}\n{FLUSH}\ntorch.ones(1)".replace(IMPORT, f"{IMPORT}\n{NEW}").replace(FLUSH, USE),
        f"{IMPORT}\n{NEW}\n{USE}\ntorch.ones(1)",
    ]


def test_a_fix_whose_import_only_a_cell_that_does_not_run_could_bring_is_held_back() -> None:
    cells = document(f"#| eval: false\n{IMPORT}", FLUSH)
    result = run(cells)
    assert result.new_bytes is None
    assert [one.reason for one in result.findings] == [
        "no cell that runs where its own does has the import that a new one could stand beside"
    ]


def test_other_processes_have_imports_of_their_own() -> None:
    cells = (f"{IMPORT}\n{FLUSH}\ntorch.ones(1)", f"%%px\n{IMPORT}\ntorch.ones(1)", f"%px {FLUSH}")
    assert fixed(*cells) == [
        f"{IMPORT}\n{NEW}\n{USE}\ntorch.ones(1)",
        f"%%px\n{IMPORT}\n{NEW}\ntorch.ones(1)",
        f"%px {USE}",
    ]


def test_a_line_imports_in_other_processes() -> None:
    assert fixed("%px import torch; torch.ones(1)", f"%%px\n{FLUSH}") == [
        f"%px import torch; {NEW}; torch.ones(1)",
        f"%%px\n{USE}",
    ]


def test_a_fix_in_other_processes_that_import_nothing_is_held_back() -> None:
    result = run(document(IMPORT, f"%%px\n{FLUSH}"))
    assert (result.new_bytes, len(result.findings)) == (None, 1)


def test_a_constant_stands_below_its_import() -> None:
    cells = ("import sys", f"import os\n{IMPORT}\n\nx = os", "x = torch.ones(1).cuda()\ny = torch.ones(2).cuda()")
    assert fixed(*cells, select=["CFX202"], ignore=[]) == [
        "import sys",
        f"import os\n{IMPORT}\nfrom cudafix.runtime import current_device_type\n\n"
        "DEVICE_TYPE = current_device_type()\n\nx = os",
        "x = torch.ones(1).to(DEVICE_TYPE)\ny = torch.ones(2).to(DEVICE_TYPE)",
    ]


def test_cells_that_run_apart_share_no_constant() -> None:
    cells = (f"#| export\n{IMPORT}", "#| export\nx = torch.ones(1).cuda()\ny = torch.ones(2).cuda()")
    assert "DEVICE_TYPE" not in "".join(fixed(*cells, select=["CFX202"], ignore=[]))


# Scripts


@pytest.mark.parametrize(
    "mark",
    ["# %%", "# %% [code] Title", "# + tags=['x']", "# +", "# In[2]:", "# COMMAND ----------\n\n# DBTITLE 1,Text"],
)
def test_an_import_stays_below_the_mark_of_its_cell(mark: str) -> None:
    check_fixes(
        f"# %%\nimport gc\n\n{mark}\nfrom torch.cuda import empty_cache\n\nempty_cache()\n",
        f"# %%\nimport gc\n\n{mark}\n{NEW}\n\nempty_device_cache()\n",
    )


@pytest.mark.parametrize(
    "mark", ["# %%\n# A text\n# of two lines.\n", "#" * 40 + "\n# Text\n", "# -\n\n# +\n# a remark\n"]
)
def test_a_text_at_the_top_of_a_cell_stays_above_its_imports(mark: str) -> None:
    check_fixes(
        f"import gc\n\n{mark}\nimport torch\n\ntorch.ones(1)\ntorch.cuda.empty_cache()\n# %%\n",
        f"import gc\n\n{mark}\nimport torch\n{NEW}\n\ntorch.ones(1)\n{USE}\n# %%\n",
    )
    check_fixes(
        f"import gc\n\n{mark}\nfrom torch.cuda import empty_cache\n\nempty_cache()\n# %%\n",
        f"import gc\n\n{mark}\n{NEW}\n\n{USE}\n# %%\n",
    )
