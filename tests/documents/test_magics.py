"""The code of magics is read and fixed where its text is known to be Python; what uses a name keeps its import."""

from __future__ import annotations

import pytest
from notebooks import FLUSH, IMPORT, document, fixed, places, run, sources

from cudafix.engine.work import Mode

SYNC = "from torch.cuda import synchronize as sync"


def unread(*cells: str) -> list[str]:
    """What is said to be not read."""
    return [one.message for one in run(document(*cells), Mode.CHECK).problems]


@pytest.mark.parametrize(
    "magic",
    [
        "%bogus sync()",
        "%%bogus\nsync()",
        "%timeit sync(",
        "%lprun -f sync",
        "%%bash\necho {sync}",
        "!echo {sync()}",
        "x = %bogus sync",
        "get_ipython().run_line_magic('bogus', 'sync()')",
        "get_ipython().run_cell_magic('time', '', '\\nsync()\\n')",
        "import timeit\ntimeit.timeit('sync()', 'from __main__ import sync')",
    ],
)
def test_what_python_does_not_see_keeps_its_import(magic: str) -> None:
    new = fixed(SYNC, magic, "sync()")
    assert SYNC in new[0]
    assert new[1:] == [magic, "synchronize_device()"]


@pytest.mark.parametrize(
    ("magic", "name"),
    [
        ("%bogus torch.cuda.synchronize()", "%bogus"),
        ("%%bogus\ntorch.cuda.synchronize()", "%%bogus"),
        ("%%writefile a.py\nimport torch\ntorch.cuda.empty_cache()", "%%writefile"),
        ("%%capture\n%bogus torch.cuda.synchronize()", "%bogus"),
        ("return torch.cuda.synchronize()", "return"),
        (
            "get_ipython().run_line_magic('bogus', 'torch.cuda.synchronize()')",
            "get_ipython().run_line_magic('bogus', 't",
        ),
        ("x = (torch.cuda.synchronize()", "x"),
        ("x = !echo {torch.cuda.device_count()}", "x"),
        ("!torchrun --nproc_per_node={torch.cuda.device_count()} t.py", "!torchrun"),
        ("%env N={torch.cuda.device_count()}", "%env"),
        ("%%timeit x = torch.cuda.device_count()\nimport math", "%%timeit"),
    ],
)
def test_what_is_not_read_comes_back_and_is_said_where_it_names_a_backend(magic: str, name: str) -> None:
    assert sources(run(document(IMPORT, magic, FLUSH)).new_bytes or b"")[1:] == [magic, "empty_device_cache()"]
    (said,) = unread(IMPORT, magic, FLUSH)
    assert said.startswith("not read: cell 2, line ")
    assert f"`{name}`" in said


@pytest.mark.parametrize(
    "magic", ["%bogus x", "%%bogus\nx", "torch.cuda?", "!rm torch.cuda", "!rm torch.cuda {x}", "%%sql\ntorch.cuda"]
)
def test_nothing_is_said_of_what_names_no_backend_or_is_no_code(magic: str) -> None:
    assert unread(IMPORT, magic, FLUSH) == []


@pytest.mark.parametrize(
    ("magic", "after"),
    [
        ("%timeit sync()", "%timeit synchronize_device()"),
        ("%time sync()", "%time synchronize_device()"),
        ("%timeit -n1 -r 1 -q sync(); sync()", "%timeit -n1 -r 1 -q synchronize_device(); synchronize_device()"),
        ("%timeit -n 10 -- sync()", "%timeit -n 10 -- synchronize_device()"),
        ("x = %timeit -o sync()", "x = %timeit -o synchronize_device()"),
        ("%time for i in range(3): sync()", "%time for i in range(3): synchronize_device()"),
        ("%prun -l 10 -s cumulative sync()", "%prun -l 10 -s cumulative synchronize_device()"),
        ("%memit -r 1 sync()", "%memit -r 1 synchronize_device()"),
        ("%time f(sync(), \\\n  1)", "%time f(synchronize_device(), \\\n  1)"),
        ("if x:\n    %time sync()", "if x:\n    %time synchronize_device()"),
        ("%%time\nsync()", "%%time\nsynchronize_device()"),
        ("\n%%timeit -n 1\nsync()", "\n%%timeit -n 1\nsynchronize_device()"),
        ("%%timeit sync()\nx", "%%timeit synchronize_device()\nx"),
        ("%%capture out --no-stderr\n%%time\nsync()", "%%capture out --no-stderr\n%%time\nsynchronize_device()"),
        ("%%memray_flamegraph --native\nsync()", "%%memray_flamegraph --native\nsynchronize_device()"),
        ("%%capture\n%time sync()\n!ls", "%%capture\n%time synchronize_device()\n!ls"),
        (
            "get_ipython().run_line_magic('timeit','-n1 -r1 sync()')\nx",
            "get_ipython().run_line_magic('timeit','-n1 -r1 synchronize_device()')\nx",
        ),
        (
            "get_ipython().run_cell_magic('time','','sync()\\n')",
            "get_ipython().run_cell_magic('time','','synchronize_device()\\n')",
        ),
        (
            "!ls\nx = get_ipython().run_line_magic('timeit', '-o sync()')",
            "!ls\nx = get_ipython().run_line_magic('timeit', '-o synchronize_device()')",
        ),
        (
            '%%timeit\ny = """\nno code\n"""\n\nsync()\n# done',
            '%%timeit\ny = """\nno code\n"""\n\nsynchronize_device()\n# done',
        ),
    ],
)
def test_the_code_of_a_magic_is_fixed(magic: str, after: str) -> None:
    assert fixed(SYNC, magic, "sync()") == [
        "from cudafix.runtime import synchronize_device",
        after,
        "synchronize_device()",
    ]


@pytest.mark.parametrize(
    "magic", ["!pip install torch", "%pip install torch", "%%bash\npip show torch", "x = !ls torch"]
)
def test_a_command_of_the_shell_uses_no_import(magic: str) -> None:
    assert fixed(IMPORT, magic, FLUSH)[0] == "from cudafix.runtime import empty_device_cache"


def test_what_timeit_imports_nobody_else_sees() -> None:
    own = "%%timeit\nimport torch\ntorch.cuda.empty_cache()"
    line = "%timeit import torch; torch.cuda.empty_cache()"
    assert fixed(own, line, f"{IMPORT}\n{FLUSH}") == [
        "%%timeit\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()",
        "%timeit from cudafix.runtime import empty_device_cache; empty_device_cache()",
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()",
    ]


def test_a_magic_of_a_whole_cell_keeps_a_line_below_it() -> None:
    assert fixed(f"%%capture\n{IMPORT}", f"{IMPORT}\n{FLUSH}") == [
        "%%capture\nfrom cudafix.runtime import empty_device_cache",
        "empty_device_cache()",
    ]
    assert fixed(IMPORT, f"%%capture out\n{IMPORT}", FLUSH)[1] == "%%capture out\npass"


def test_what_a_magic_in_a_timed_cell_imports_others_see() -> None:
    timed = "%%timeit\n%time import torch\nx = 1"
    assert fixed(f"{IMPORT}\n{FLUSH}", timed, "torch.ones(1)")[1:] == [timed, "torch.ones(1)"]


def test_what_time_imports_others_see() -> None:
    assert fixed(f"%time {IMPORT}", FLUSH) == [
        "%time from cudafix.runtime import empty_device_cache",
        "empty_device_cache()",
    ]


@pytest.mark.parametrize(
    ("magic", "place"),
    [
        ("%timeit -n1 torch.cuda.empty_cache()", "2:1:13"),
        ("x = %timeit -o -n1 torch.cuda.empty_cache()", "2:1:20"),
        ("%timeit y = torch.cuda.empty_cache()", "2:1:13"),
        ("%time for x in y: torch.cuda.empty_cache()", "2:1:19"),
        ("%%timeit\ny = torch.cuda.empty_cache()", "2:2:5"),
        ("%%timeit -n1 torch.cuda.empty_cache()\nf()", "2:1:14"),
        ("get_ipython().run_line_magic('timeit', '-n1 torch.cuda.empty_cache()')", "2:1:45"),
        ("%%timeit\nif x:\n    y = 1\n    %time torch.cuda.empty_cache()", "2:4:11"),
    ],
)
def test_the_place_of_a_finding_is_that_in_the_cell(magic: str, place: str) -> None:
    result = run(document(IMPORT, magic), Mode.CHECK)
    assert places(result) == [f"a.ipynb:cell {place}"]
    (finding,) = result.findings
    lines = magic.split("\n")
    assert lines[finding.start.row - 1][finding.start.column - 1 :].startswith("torch.cuda")
    assert finding.fix is not None
    start, end = next((one.start, one.end) for one in finding.fix.edits if one.start.cell == 2)
    assert lines[start.row - 1][start.column - 1 : end.column - 1] == "torch.cuda.empty_cache"


@pytest.mark.parametrize(
    "code",
    [
        "await x()\ntorch.cuda.empty_cache()",
        "async with x as y:\n    torch.cuda.empty_cache()",
        "async for y in x:\n    torch.cuda.empty_cache()",
        "y = [one async for one in x]\ntorch.cuda.empty_cache()",
        "%matplotlib inline\nawait x()\ntorch.cuda.empty_cache()",
        "print(await x(torch.cuda.empty_cache()))",
    ],
)
def test_a_cell_may_await(code: str) -> None:
    assert fixed(f"{IMPORT}\ntorch.ones(1)", code)[1] == code.replace("torch.cuda.empty_cache", "empty_device_cache")


def test_a_magic_in_a_function_says_nothing_of_cuda() -> None:
    before = "import torch\ndef f():\n    x = 1\n    %time torch.cuda.synchronize()\n    return x"
    after = "def f():\n    x = 1\n    %time synchronize_device()\n    return x"
    assert fixed(before) == [f"from cudafix.runtime import synchronize_device\n{after}"]
