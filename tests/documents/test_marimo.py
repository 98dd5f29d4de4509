"""Notebooks of marimo: a parameter is the name that another cell returns, and a name has one home."""

from __future__ import annotations

import ast
import textwrap

import pytest
from checks import EVERY_RULE

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

START = "import marimo\n\napp = marimo.App()\n\n\n"
END = 'if __name__ == "__main__":\n    app.run()\n'
NEW = "from cudafix.runtime import empty_device_cache"
TORCH = ("", "import torch\n\nx = torch.ones(1)", "torch, x")
USE = "torch.cuda.empty_cache()"


def cell(parameters: str, body: str, returns: str = "", before: str = "@app.cell\ndef _") -> str:
    names = [one.strip() for one in returns.split(",") if one.strip()]
    last = f"return ({names[0]},)" if len(names) == 1 else f"return ({', '.join(names)})" if names else "return"
    return f"{before}({parameters}):\n{textwrap.indent(body, '    ')}\n    {last}\n\n\n"


def notebook(*cells: tuple[str, ...] | str) -> str:
    return START + "".join(one if isinstance(one, str) else cell(*one) for one in cells) + END


def run(text: str, mode: Mode = Mode.FIX, unsafe: bool = False, **settings: object) -> Result:
    options = Options(**read_settings(EVERY_RULE | settings, "test"))
    return process(Source("a.py", text.encode()), options, Work(mode, unsafe))


def fixed(text: str, unsafe: bool = False, **settings: object) -> str:
    result = run(text, unsafe=unsafe, **settings)
    assert result.problems == ()
    new = (result.new_bytes or text.encode()).decode()
    ast.parse(new)
    assert run(new, unsafe=unsafe, **settings).new_bytes is None
    return new


# What stays


def test_a_notebook_without_a_finding_stays() -> None:
    text = notebook(("", "import torch", "torch"), ("torch", "torch.ones(1)"))
    assert fixed(text) == text


def test_a_parameter_that_no_cell_defines_is_no_torch() -> None:
    assert run(notebook(("torch", USE))).findings == ()


def test_a_function_that_is_no_cell_keeps_its_parameters() -> None:
    text = notebook(f"def f(torch):\n    {USE}\n\n\n", ("", "import torch", "torch"))
    assert run(text).findings == ()


# What is found


def test_a_parameter_is_the_import_of_the_cell_that_returns_it() -> None:
    (finding,) = run(notebook(TORCH, ("torch", f"y = 1\n{USE}", "y")), Mode.CHECK).findings
    assert finding.place == "a.py:17:5"


def test_the_place_of_a_finding_does_not_depend_on_the_order_of_the_cells() -> None:
    (finding,) = run(notebook(("torch", f"y = 1\n{USE}", "y"), TORCH), Mode.CHECK).findings
    assert finding.place == "a.py:9:5"


def test_a_reason_names_a_line_of_the_file() -> None:
    doubtful = "try:\n    import torch\nexcept E:\n    torch = 1"
    (finding,) = run(notebook(("torch", USE), ("", doubtful, "torch")), Mode.CHECK).findings
    assert "also bound on line 17" in finding.reason


# What is fixed


def test_an_import_is_in_the_cell_of_torch_and_goes_to_the_others_by_name() -> None:
    assert fixed(notebook(TORCH, ("torch", USE))) == notebook(
        ("", f"import torch\n{NEW}\n\nx = torch.ones(1)", "empty_device_cache, x"),
        ("empty_device_cache", "empty_device_cache()"),
    )


def test_torch_is_returned_as_long_as_a_cell_needs_it() -> None:
    cells = (TORCH, ("torch, x", f"{USE}\nx"), ("torch", "torch.ones(1)"))
    assert fixed(notebook(*cells)) == notebook(
        ("", f"import torch\n{NEW}\n\nx = torch.ones(1)", "empty_device_cache, torch, x"),
        ("empty_device_cache, x", "empty_device_cache()\nx"),
        cells[2],
    )


def test_an_import_that_nobody_needs_any_more_goes_with_its_name() -> None:
    cells = (("", "import torch\nimport gc", "gc, torch"), ("gc, torch", f"gc.collect()\n{USE}"))
    assert fixed(notebook(*cells)) == notebook(
        ("", f"{NEW}\nimport gc", "empty_device_cache, gc"),
        ("empty_device_cache, gc", "gc.collect()\nempty_device_cache()"),
    )


def test_cells_may_stand_in_another_order_than_they_run() -> None:
    assert fixed(notebook(("torch", USE), TORCH)) == notebook(
        ("empty_device_cache", "empty_device_cache()"),
        ("", f"import torch\n{NEW}\n\nx = torch.ones(1)", "empty_device_cache, x"),
    )


def test_where_there_is_a_setup_the_import_is_there() -> None:
    setup = "with app.setup:\n    import torch\n\n\n"
    text = notebook(setup, ("", f"{USE}\ntorch.ones(1)"), f"@app.function\ndef f():\n    {USE}\n\n\n")
    assert fixed(text) == notebook(
        setup.replace("import torch", f"import torch\n    {NEW}"),
        ("", "empty_device_cache()\ntorch.ones(1)"),
        "@app.function\ndef f():\n    empty_device_cache()\n\n\n",
    )


def test_what_two_cells_could_import_one_of_them_does() -> None:
    own = "import torch as _torch\n\n_torch.ones(1)\n_torch.cuda.empty_cache()"
    assert fixed(notebook(("", own), ("", own))) == notebook(
        ("", f"import torch as _torch\n{NEW}\n\n_torch.ones(1)\nempty_device_cache()", "empty_device_cache"),
        ("empty_device_cache", "import torch as _torch\n\n_torch.ones(1)\nempty_device_cache()"),
    )


def test_the_cell_that_runs_first_imports_for_the_others() -> None:
    first, second = "import torch as _t\nb = _t.ones(1)\n_t.cuda.empty_cache()", "import torch as _t\na = _t.ones(b)\n"
    assert fixed(notebook(("b", f"{second}_t.cuda.empty_cache()"), ("", first, "b"))) == notebook(
        ("b, empty_device_cache", f"{second}empty_device_cache()"),
        ("", f"import torch as _t\n{NEW}\nb = _t.ones(1)\nempty_device_cache()", "b, empty_device_cache"),
    )


def test_what_a_cell_cannot_have_from_a_later_one_is_its_own() -> None:
    first, later = "import torch as _t\nb = _t.ones(1)\n_t.cuda.empty_cache()", ("b", f"{NEW}\nempty_device_cache(b)")
    assert fixed(notebook(("", first, "b"), later), unsafe=True) == notebook(
        ("", f"import torch as _t\n{NEW} as _empty_device_cache\nb = _t.ones(1)\n_empty_device_cache()", "b"), later
    )


def test_a_cell_that_does_nothing_else_imports_for_the_others() -> None:
    own = ("", "from torch.cuda import empty_cache", "empty_cache")
    assert fixed(notebook(TORCH, own, ("empty_cache, torch", f"empty_cache()\n{USE}"))) == notebook(
        ("", "import torch\n\nx = torch.ones(1)", "x"),
        ("", NEW, "empty_device_cache"),
        ("empty_device_cache", "empty_device_cache()\nempty_device_cache()"),
    )


def test_a_function_of_a_cell_is_fixed_as_well() -> None:
    body = f"def free():\n    {USE}"
    assert fixed(notebook(TORCH, ("torch", body, "free"), ("free", "free()"))) == notebook(
        ("", f"import torch\n{NEW}\n\nx = torch.ones(1)", "empty_device_cache, x"),
        ("empty_device_cache", "def free():\n    empty_device_cache()", "free"),
        ("free", "free()"),
    )


@pytest.mark.parametrize(
    "before", ["@app.cell(hide_code=True)\ndef _", "@app.cell\ndef name", "@app.cell(\n    x=1\n)\ndef _"]
)
def test_all_forms_of_a_cell_are_read(before: str) -> None:
    assert fixed(notebook(TORCH, ("torch", USE, "", before))) == notebook(
        ("", f"import torch\n{NEW}\n\nx = torch.ones(1)", "empty_device_cache, x"),
        ("empty_device_cache", "empty_device_cache()", "", before),
    )


def test_a_parameter_keeps_its_annotation_and_a_comment_does_not_hide_a_cell() -> None:
    made = ("", "y: dict[str, int] = {}", "y")
    text = notebook(TORCH, made, ("torch, y: dict[str, int]", f"y\n{USE}"))
    assert "def _(empty_device_cache, y: dict[str, int]):\n    y\n    empty_device_cache()" in fixed(text)
    assert run(notebook(TORCH, ("torch", USE)).replace("(torch):", "(torch):  # why")).fixed


def test_a_cell_may_await() -> None:
    before = "@app.cell\nasync def _"
    assert cell("empty_device_cache, f", "await f()\nempty_device_cache()", "", before) in fixed(
        notebook(TORCH, ("", "f = 1", "f"), ("f, torch", f"await f()\n{USE}", "", before))
    )


def test_a_long_signature_is_broken_as_marimo_does() -> None:
    names = [f"name_number_{number}" for number in range(4)]
    made = ("", "\n".join(f"{one} = 1" for one in names), ", ".join(names))
    text = notebook(TORCH, made, (f"{', '.join(names)}, torch", f"{', '.join(names)}\n{USE}"))
    assert "def _(\n    empty_device_cache,\n    name_number_0,\n" in fixed(text)


def test_there_is_no_constant_between_the_cells() -> None:
    text = notebook(TORCH, ("torch", 'y = torch.ones(1, device="cuda")\nz = torch.ones(1, device="cuda")'))
    new = fixed(text, unsafe=True, select=["CFX2"], ignore=[])
    assert "DEVICE_TYPE" not in new
    assert "def _(current_device_type, torch):\n    y = torch.ones(1, device=current_device_type())\n" in new


def test_a_device_in_a_cell_that_no_cell_imports_torch_for_has_no_fix() -> None:
    result = run(notebook(("", "import gc", "gc"), ("gc", 'x.to("cuda")')), unsafe=True, select=["CFX2"], ignore=[])
    assert result.new_bytes is None
    assert [one.reason for one in result.findings] == ["the file imports nothing that a new import could stand beside"]


def test_a_device_in_a_cell_without_torch_gets_the_import_from_the_cell_of_torch() -> None:
    new = fixed(notebook(("m", 'm.to("cuda")'), TORCH, ("", "m = 1", "m")), unsafe=True, select=["CFX2"], ignore=[])
    assert "def _(current_device_type, m):\n    m.to(current_device_type())\n" in new
    assert "    return (current_device_type, torch, x)\n" in new


# What is not


def test_a_notebook_whose_cells_need_each_other_in_a_circle_is_read_and_left_as_it_was() -> None:
    result = run(notebook(("b", f"import torch\na = b\n{USE}", "a"), ("a", "b = a", "b")))
    assert result.new_bytes is None
    assert len(result.findings) == 1
    assert [one.message for one in result.problems] == ["left as it was: its cells need each other in a circle"]


def test_names_of_a_function_are_not_those_of_its_cell() -> None:
    body = "def f(torch):\n    x = torch\n    return [x for x in torch]"
    assert fixed(notebook(TORCH, ("", body, "f"))) == notebook(TORCH, ("", body, "f"))


def test_a_name_that_would_be_another_one_leaves_the_notebook_as_it_was() -> None:
    first = "import torch as _t\nb = _t.ones(1)\n_empty_device_cache = 1\n_t.cuda.empty_cache()"
    result = run(notebook(("", first, "b"), ("b", f"{NEW}\nempty_device_cache(b)")), unsafe=True)
    assert result.new_bytes is None
    assert [one.message for one in result.problems] == [
        "left as it was: `_empty_device_cache` is another name in a cell"
    ]
    assert len(result.findings) == 1


def test_a_cell_that_marimo_keeps_as_text_is_not_read() -> None:
    kept = 'app._unparsable_cell(\n    r"""\n    x = (torch.cuda.empty_cache()\n    """,\n    name="_"\n)\n\n\n'
    result = run(notebook(("", "import torch", "torch"), kept))
    assert [one.message for one in result.problems] == ["not read: line 12: a cell that marimo itself cannot read"]
