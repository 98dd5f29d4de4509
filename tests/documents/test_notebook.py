"""Jupyter notebooks: code cells are checked and fixed as one module; no byte changes but lines of code that do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from command import invoke, invoke_on_terminal
from hypothesis import given, settings
from hypothesis import strategies as st
from notebooks import FLUSH, IMPORT, cell, document, fixed, places, run, sources

from cudafix.documents.json_spans import parse
from cudafix.documents.notebook import Notebook, NotebookError
from cudafix.engine.work import Mode


def test_a_notebook_without_a_finding_stays() -> None:
    assert run(document(IMPORT, "print(1)")).new_bytes is None


def test_what_markdown_and_outputs_say_is_no_finding() -> None:
    assert run(document(IMPORT, cell(FLUSH, kind="markdown"), cell(FLUSH, kind="raw"))).findings == ()


def test_a_name_goes_from_one_cell_to_the_next() -> None:
    assert fixed("import torch as t", "x = t.ones(1)\nt.cuda.empty_cache()") == [
        "import torch as t\nfrom cudafix.runtime import empty_device_cache",
        "x = t.ones(1)\nempty_device_cache()",
    ]


def test_a_finding_is_told_by_its_cell_among_all_cells() -> None:
    found = run(document(cell("# Text", kind="markdown"), IMPORT, f"x = 1\n{FLUSH}"), Mode.CHECK)
    assert places(found) == ["a.ipynb:cell 3:2:1"]


def test_the_place_in_the_document_is_that_of_the_line_there() -> None:
    data = document(IMPORT, 's = "ä\\t"; torch.cuda.empty_cache()')
    (finding,) = run(data, Mode.CHECK).findings
    start, end = finding.shown or (None, None)
    assert start is not None
    assert end is not None
    line = data.decode().splitlines()[start.row - 1]
    assert line[start.column - 1 : end.column - 1] == "torch.cuda.empty_cache"


@pytest.mark.parametrize(
    "magic",
    [
        "%matplotlib inline",
        "!pip install torch \\\n    --quiet",
        "?print",
        "torch.cuda?",
        "torch.cuda.empty_cache??",
        "files = !ls",
        "a, b = %sql select",
        "%time x = 1",
        "if True:\n    !ls\n    %cd ..",
        "%%time\nx = 1",
        "%%bash\nrm torch.cuda",
        "return 1",
        "await x",
        "x = (",
        "  indented = 1",
        "a = 1\r\nb = 2",
        "",
        "\n\n",
    ],
)
def test_what_is_no_python_comes_back_as_it_was(magic: str) -> None:
    assert fixed(f"{IMPORT}\nx = torch.ones(1)", magic, FLUSH)[1:] == [magic, "empty_device_cache()"]


def test_code_beside_a_magic_is_checked() -> None:
    assert fixed(f"%matplotlib inline\n{IMPORT}\n%time x()\n{FLUSH}") == [
        "%matplotlib inline\nfrom cudafix.runtime import empty_device_cache\n%time x()\nempty_device_cache()"
    ]


def test_a_magic_in_a_guard_that_goes_keeps_its_place() -> None:
    source = "if torch.cuda.is_available():\n    torch.cuda.synchronize()\nelse:\n    %time x()"
    assert fixed("import torch\ntorch.ones(1)", source)[1].endswith("else:\n    %time x()")


def test_an_import_that_only_a_magic_uses_stays() -> None:
    assert fixed(IMPORT, FLUSH, "%timeit torch.ones(1)")[0].startswith("import torch\n")
    assert not fixed(IMPORT, FLUSH)[0].startswith("import torch\n")


def test_imports_are_at_the_top_of_their_cell_whatever_stands_above() -> None:
    assert fixed("x = 1", f"{IMPORT}\ntorch.ones(1)\n{FLUSH}")[1] == (
        "import torch\nfrom cudafix.runtime import empty_device_cache\ntorch.ones(1)\nempty_device_cache()"
    )


def test_a_notebook_is_a_program_and_gets_one_constant_for_many_devices() -> None:
    cells = (IMPORT, "x = torch.ones(1).cuda()", "import math\ny = torch.ones(2).cuda()")
    assert fixed(*cells, select=["CFX202"], ignore=[]) == [
        "import torch\nfrom cudafix.runtime import current_device_type\n\nDEVICE_TYPE = current_device_type()",
        "x = torch.ones(1).to(DEVICE_TYPE)",
        "import math\ny = torch.ones(2).to(DEVICE_TYPE)",
    ]


def test_a_notebook_in_another_language_is_left_alone() -> None:
    assert run(document(IMPORT, FLUSH, language="julia"), Mode.CHECK).findings == ()


def test_a_comment_in_a_cell_silences_it() -> None:
    assert run(document(IMPORT, f"{FLUSH}  # noqa: CFX101"), Mode.CHECK).findings == ()


def test_a_reason_names_a_line_by_its_cell() -> None:
    found = run(document(IMPORT, "try:\n    torch = other()\nexcept E:\n    pass", FLUSH), Mode.CHECK)
    assert [one.reason.endswith("it is also bound on line 2 of cell 2") for one in found.findings] == [True]


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("by_line", [True, False])
def test_no_byte_changes_but_the_lines_of_code_that_do(indent: int | None, by_line: bool) -> None:
    keep = r'print("\u003cb>", "\\", "é")'
    data = document(cell(f"{IMPORT}\n{keep}\ntorch.ones(1)\n{FLUSH}", by_line=by_line), indent=indent)
    data = data.replace(b"\\\\u003c", b"\\\\u003c\\u003c")
    new = run(data).new_bytes
    assert new is not None
    old_line = json.dumps(FLUSH)[1:-1].encode()
    assert new.count(b"\\u003c\\u003c") == 1
    head, tail = data.rsplit(old_line, 1)
    assert new.endswith(tail)
    assert new.startswith(head[: head.rindex(b"import torch")])


def test_a_line_that_cannot_be_put_back_leaves_the_notebook_as_it_was() -> None:
    notebook = Notebook(document("!ls\nx = 1"))
    with pytest.raises(NotebookError, match="would stay"):
        notebook.with_code(notebook.code.replace("\nx = 1", "; x = 1"))


def test_a_second_run_changes_nothing() -> None:
    once = run(document(f"%matplotlib inline\n{IMPORT}", f"!ls\n{FLUSH}\nx.cuda()")).new_bytes
    assert once is not None
    assert run(once).new_bytes is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"torch.cuda", "is no JSON: no value at character 0"),
        (b'{"cells": [], "x": "torch.cuda"} 1', "is no JSON: there is more behind its end"),
        (b'{"cells": [1,], "x": "torch.cuda"}', "is no JSON: no comma at character"),
        (b'{"cells" 1, "x": "torch.cuda"}', "is no JSON: no colon at character"),
        (b'{1: "torch.cuda"}', "is no JSON: no name at character"),
        (b'"torch.cuda', "is no JSON: "),
        (b'"torch.cuda \xff"', "is no JSON: "),
        (b'{"worksheets": "torch.cuda"}', "has no cells: notebooks are read in format 4"),
        (b'"torch.cuda"', "has no cells: notebooks are read in format 4"),
        (b'["torch.cuda", ' + b"[" * 2_000, "is nested too deeply"),
    ],
)
def test_what_is_no_notebook_is_one_clear_line(data: bytes, message: str) -> None:
    (problem,) = run(data, Mode.CHECK).problems
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    "odd",
    [
        {"cell_type": "code"},
        {"cell_type": "code", "source": 3},
        {"cell_type": "code", "source": [1]},
        {"cell_type": "code", "source": []},
        {"cell_type": 3, "source": "torch.cuda"},
    ],
)
def test_an_odd_cell_is_left_alone(odd: dict[str, object]) -> None:
    assert fixed(IMPORT, FLUSH)[1] == "empty_device_cache()"
    data = document(IMPORT, odd, FLUSH)
    result = run(data)
    assert result.new_bytes is not None
    assert json.loads(result.new_bytes)["cells"][1] == odd


# The command line


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a.ipynb"
    file.write_bytes(document(IMPORT, f"x = 1\n{FLUSH}"))
    return file


def test_notebooks_are_found_below_a_folder_and_fixed(notebook: Path) -> None:
    assert invoke("check", ".").stdout.startswith("a.ipynb:cell 2:2:1: CFX101 [*] `torch.cuda.empty_cache`")
    assert invoke("check", ".").stdout.startswith("a.ipynb:cell 2:2:1: CFX101")  # from the cache
    assert invoke("fix", ".").exit_code == 0
    assert sources(notebook.read_bytes()) == [
        "from cudafix.runtime import empty_device_cache",
        "x = 1\nempty_device_cache()",
    ]


def test_json_tells_the_cell_of_a_finding_and_of_its_edits(notebook: Path) -> None:
    (found,) = json.loads(invoke("check", "--output-format", "json", ".").stdout)
    assert (found["cell"], found["location"]) == (2, {"row": 2, "column": 1})
    assert [(one["cell"], one["content"]) for one in found["fix"]["edits"]] == [
        (1, ""),
        (1, "from cudafix.runtime import empty_device_cache\n"),
        (2, "empty_device_cache"),
    ]


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif", "junit", "rdjson", "azure", "pylint"])
def test_services_get_the_row_in_the_document(notebook: Path, name: str) -> None:
    row = notebook.read_text(encoding="utf-8")[: notebook.read_text(encoding="utf-8").rindex(FLUSH)].count("\n") + 1
    assert str(row) in invoke("check", "--output-format", name, ".").stdout


def test_standard_input_may_be_a_notebook(notebook: Path) -> None:
    done = invoke("fix", "--stdin-filename", "a.ipynb", "-", stdin=notebook.read_bytes())
    assert sources(done.stdout.encode())[1] == "x = 1\nempty_device_cache()"


def test_a_notebook_gets_no_comments(notebook: Path) -> None:
    before = notebook.read_bytes()
    done = invoke("check", "--add-noqa", ".")
    assert "a.ipynb: left as it was: comments are not written into notebooks and documents" in done.stderr
    assert (done.exit_code, notebook.read_bytes()) == (2, before)


def test_a_baseline_holds_the_findings_of_a_notebook(notebook: Path) -> None:
    invoke("baseline", "create")
    notebook.write_bytes(document(IMPORT, "y = 3", f"x = 1\n{FLUSH}"))
    assert invoke("check", "--baseline", ".").exit_code == 0


# Properties

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES, st.sampled_from([None, 1, 2]), st.booleans())
def test_every_string_of_a_document_is_found_in_its_place(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    waiting = [(parse(text), value)]
    while waiting:
        node, same = waiting.pop()
        assert json.loads(text[node.start : node.end]) == same
        if isinstance(same, dict):
            waiting += [(node.value[key], one) for key, one in same.items()]
        elif isinstance(same, list):
            waiting += list(zip(node.value, same, strict=True))


LINES = st.sampled_from(
    [
        IMPORT,
        FLUSH,
        "x = 1",
        "%time y()",
        f"%timeit -n1 {FLUSH}",
        f"%time x = 1; {FLUSH}",
        f"x = %timeit -o y = {FLUSH}",
        "%%timeit",
        "%%time",
        f"%%timeit {FLUSH}",
        f"%px {IMPORT}",
        f"%px {FLUSH}",
        "%%px",
        "#| export",
        "#| eval: false",
        f"%time if x: {FLUSH}",
        f"%bogus {FLUSH}",
        "from torch.cuda import empty_cache",
        "empty_cache()",
        "await x",
        "!ls \\",
        "  z",
        "# torch",
        "",
        "é = '\\u0041'",
        "f(",
        ")",
    ]
)


@settings(deadline=None)
@given(st.lists(st.lists(LINES, max_size=5), max_size=5), st.booleans())
def test_the_cells_of_any_notebook_come_back_as_they_were(cells: Sequence[Sequence[str]], by_line: bool) -> None:
    data = document(*(cell("\n".join(one), by_line=by_line) for one in cells))
    notebook = Notebook(data)
    assert notebook.with_code(notebook.code or "\n") == data if cells else notebook.code == ""
    result = run(data)
    assert all(not one.fatal for one in result.problems)
    if result.new_bytes is not None:
        assert run(result.new_bytes).new_bytes is None


def test_a_terminal_shows_the_line_of_the_cell(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(document(IMPORT, "x = 1\n" + FLUSH))
    code, output = invoke_on_terminal("check", "--color", "never", cwd=tmp_path)
    assert code == 1
    assert f"2 | {FLUSH}" in output


def test_a_cell_without_any_line_stays_without_one() -> None:
    assert fixed(cell(""), IMPORT + "\n" + FLUSH)[0] == ""
