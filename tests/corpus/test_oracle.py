"""The oracle itself, form by form: what it must see, what it must not, and where it must say that it is unsure."""

from __future__ import annotations

import ast
import importlib.util
import symtable
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import pytest
from oracle import Collector, Reference, references

EMPTY_CACHE = "torch.cuda.empty_cache"


def found(source: str) -> list[tuple[int, int, str]]:
    """Row, column, path; all of them certain."""
    everything = references(dedent(source))
    assert all(one.certain for one in everything), everything
    return [(one.row, one.column, one.path) for one in everything]


def paths(source: str) -> list[str]:
    return [path for _, _, path in found(source)]


def unsure(source: str) -> list[str]:
    everything = references(dedent(source))
    assert not any(one.certain for one in everything), everything
    return [one.path for one in everything]


def finds_nothing(source: str) -> bool:
    return references(dedent(source)) == []


# what is no reference


def test_finds_nothing_in_strings_and_comments() -> None:
    assert finds_nothing('import torch\n"torch.cuda.empty_cache()"  # torch.cuda.empty_cache()\n')


def test_finds_nothing_where_torch_is_not_imported() -> None:
    assert finds_nothing("torch.cuda.empty_cache()\n")


def test_takes_a_relative_import_of_torch_for_another_module() -> None:
    assert finds_nothing("from . import torch\ntorch.cuda.empty_cache()\n")


def test_takes_an_attribute_named_torch_for_something_else() -> None:
    assert finds_nothing("import torch\nself.torch.cuda.empty_cache()\nx.cuda.empty_cache()\n")


def test_takes_other_cuda_modules_for_something_else() -> None:
    assert finds_nothing("import torch\ntorch.backends.cuda.matmul\ntorch.version.cuda\ntorch.xpu.empty_cache()\n")


def test_import_statements_of_the_module_are_no_references() -> None:
    assert finds_nothing("import torch.cuda\nimport torch.cuda.nvtx as nvtx\nfrom torch import cuda as c\n")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def f(torch): torch.cuda", id="parameter"),
        pytest.param("def f(torch=None): torch.cuda", id="parameter with a default"),
        pytest.param("def f(*torch): torch.cuda", id="star parameter"),
        pytest.param("def f(**torch): torch.cuda", id="double-star parameter"),
        pytest.param("def f(*, torch): torch.cuda", id="keyword-only parameter"),
        pytest.param("def f(torch, /): torch.cuda", id="positional-only parameter"),
        pytest.param("async def f(torch): torch.cuda", id="parameter of a coroutine"),
        pytest.param("lambda torch: torch.cuda", id="lambda parameter"),
        pytest.param("def f():\n  torch.cuda\n  torch = x", id="local bound later"),
        pytest.param("def f():\n  torch: object\n  torch.cuda", id="local that is only annotated"),
        pytest.param("def f():\n  torch += 1\n  torch.cuda", id="augmented assignment"),
        pytest.param("def f():\n  del torch\n  torch.cuda", id="del"),
        pytest.param("def f():\n  for torch in x: torch.cuda", id="for target"),
        pytest.param("def f():\n  for a, (torch, b) in x: torch.cuda", id="unpacked for target"),
        pytest.param("def f():\n  with x as torch: torch.cuda", id="with-as"),
        pytest.param("def f():\n  try: pass\n  except E as torch: torch.cuda", id="except-as"),
        pytest.param("def f():\n  if (torch := x): torch.cuda", id="walrus"),
        pytest.param("def f():\n  [torch := y for y in x]\n  torch.cuda", id="walrus in a comprehension"),
        pytest.param("def f():\n  import numpy as torch\n  torch.cuda", id="import of something else"),
        pytest.param("def f():\n  def torch(): pass\n  torch.cuda", id="nested function"),
        pytest.param("def f():\n  class torch: pass\n  torch.cuda", id="nested class"),
        pytest.param("def f():\n  match x:\n    case torch: torch.cuda", id="match capture"),
        pytest.param("def f():\n  match x:\n    case [*torch]: torch.cuda", id="match star"),
        pytest.param("def f():\n  match x:\n    case {**torch}: torch.cuda", id="match rest"),
        pytest.param("def f():\n  match x:\n    case C() as torch: torch.cuda", id="match as"),
        pytest.param("def f():\n  torch = x\n  def g(): torch.cuda", id="local of the function around"),
        pytest.param("def f(torch):\n  class A:\n    torch.cuda", id="class body in a function"),
        pytest.param("[torch.cuda for torch in x]", id="list comprehension"),
        pytest.param("{torch.cuda for torch in x}", id="set comprehension"),
        pytest.param("{torch.cuda: 1 for torch in x}", id="dict comprehension"),
        pytest.param("any(torch.cuda for torch in x)", id="generator"),
        pytest.param("[1 for torch in x for y in torch.cuda]", id="second iterable"),
        pytest.param("class A:\n  torch = x\n  torch.cuda", id="class attribute in its class body"),
    ],
)
def test_a_name_that_shadows_torch_is_not_torch(source: str) -> None:
    assert finds_nothing(f"import torch\n{source}\n")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of Python 3.12")
@pytest.mark.parametrize(
    "source", ["def f[torch](x: torch.cuda): ...", "class A[torch](torch.cuda): ...", "type A[torch] = torch.cuda"]
)
def test_a_type_parameter_shadows_torch(source: str) -> None:
    assert finds_nothing(f"import torch\n{source}\n")


# what is one


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.cuda.empty_cache()",
        "import torch as t\nt.cuda.empty_cache()",
        "import torch.nn\ntorch.cuda.empty_cache()",
        "import torch.cuda\ntorch.cuda.empty_cache()",
        "import torch.cuda as tc\ntc.empty_cache()",
        "import torch.cuda.memory as memory\nmemory.empty_cache()",
        "import torch.cuda.memory\ntorch.cuda.memory.empty_cache()",
        "from torch import cuda\ncuda.empty_cache()",
        "from torch import cuda as c\nc.empty_cache()",
        "from torch import cuda\ncuda.memory.empty_cache()",
        "import torch\ntorch.cuda.memory.empty_cache()",
        "import torch\nif x: torch.cuda.empty_cache()",
        "import torch\ndef f(): torch.cuda.empty_cache()",
        "import torch\nclass A:\n  torch = 1\n  def f(self): torch.cuda.empty_cache()",
        "import torch\nclass A:\n  torch = 1\n  x = [torch.cuda.empty_cache() for y in z]",
        "import torch\ndef f():\n  class A:\n    torch = 1\n    g = lambda: torch.cuda.empty_cache()",
        "import torch\ndef f(x=torch.cuda.empty_cache, torch=1): ...",
        "import torch\ndef f(torch: torch.cuda.empty_cache): ...",
        "import torch\nx = lambda torch=torch.cuda.empty_cache: torch",
        "import torch\n@torch.cuda.empty_cache\ndef f(torch): ...",
        "import torch\nclass A(torch.cuda.empty_cache):\n  torch = 1",
        "import torch\n[torch for torch in torch.cuda.empty_cache]",
        "import torch\ndef f():\n  global torch\n  torch.cuda.empty_cache()",
        "import torch\ndef f(torch):\n  def g():\n    global torch\n    torch.cuda.empty_cache()",
        "def f():\n  import torch\n  torch.cuda.empty_cache()",
        "def f():\n  import torch\n  def g(): torch.cuda.empty_cache()",
        "torch = None\ndef f():\n  global torch\n  import torch\ndef g(): torch.cuda.empty_cache()",
        "def f():\n  torch = None\n  def g():\n    nonlocal torch\n    import torch\n  torch.cuda.empty_cache()",
        "try:\n  import torch\nexcept ImportError:\n  torch = None\ntorch.cuda.empty_cache()",
        "import torch\ntorch: object\ntorch.cuda.empty_cache()",
        "import torch\nimport torch.cuda\nif x: import torch.nn\ntorch.cuda.empty_cache()",
        "import torch\ngetattr(torch.cuda, 'empty_cache')()",
        "import torch\ngetattr(torch.cuda, 'empty_cache', None)",
        "import torch\ngetattr(getattr(torch, 'cuda'), 'empty_cache')",
        "import torch\nf'{torch.cuda.empty_cache():>10}'",
        "import torch\nf'{x:>{torch.cuda.empty_cache()}}'",
        "import torch\ntorch.cuda.empty_cache = f",
        "import torch\ndel torch.cuda.empty_cache",
        "import torch\nx: torch.cuda.empty_cache",
        "import torch\nmatch x:\n  case torch.cuda.empty_cache: ...",
        "from torch.cuda import empty_cache",
        "from torch.cuda import empty_cache as ec",
        "from torch.cuda.memory import empty_cache",
    ],
)
def test_sees_empty_cache_once_however_it_is_spelt(source: str) -> None:
    assert paths(source) == [EMPTY_CACHE]


@pytest.mark.parametrize(
    "source",
    [
        "from torch.cuda import empty_cache\nempty_cache()",
        "from torch.cuda import empty_cache as ec\nx = ec",
        "try:\n  from torch.cuda import empty_cache\nexcept ImportError:\n  empty_cache = None\nempty_cache()",
    ],
)
def test_sees_an_imported_function_at_its_import_and_at_its_use(source: str) -> None:
    assert paths(source) == [EMPTY_CACHE, EMPTY_CACHE]


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ncuda = torch.cuda\ncuda.empty_cache()",
        "import torch as t\na = b = t.cuda\na.empty_cache()",
        "import torch\ncuda: object = torch.cuda\ndef f(): cuda.empty_cache()",
        "import torch\nt = torch\ncuda = t.cuda\ndef f():\n  cuda.empty_cache()",
        "import torch\ndef f():\n  cuda = torch.cuda\n  return cuda.empty_cache",
        "import torch\ncuda = None\nif x: cuda = torch.cuda\ncuda.empty_cache()",
    ],
)
def test_follows_a_module_alias(source: str) -> None:
    assert paths(source) == ["torch.cuda", EMPTY_CACHE]


def test_follows_an_alias_of_torch_itself() -> None:
    assert paths("import torch\nt = torch\nt.cuda.empty_cache()\n") == [EMPTY_CACHE]


def test_sees_the_module_as_a_value() -> None:
    assert (
        paths("import torch\nfrom torch import cuda\nf(torch.cuda, cuda, hasattr(torch.cuda, 'x'))\n")
        == ["torch.cuda"] * 3
    )


def test_sees_nested_references() -> None:
    assert paths("import torch\ntorch.cuda.synchronize(torch.cuda.current_device()).x\n") == [
        "torch.cuda.synchronize",
        "torch.cuda.current_device",
    ]


def test_takes_a_getattr_of_its_own_for_another_function() -> None:
    assert paths("import torch\ndef getattr(*a): ...\ngetattr(torch.cuda, 'empty_cache')\n") == ["torch.cuda"]


def test_takes_a_computed_getattr_for_a_use_of_the_module() -> None:
    assert paths("import torch\ngetattr(torch.cuda, name)\n") == ["torch.cuda"]


# where, and by which name


def test_counts_columns_in_characters() -> None:
    assert found("import torch\n'é𝄞'; torch.cuda.empty_cache()\n") == [(2, 7, EMPTY_CACHE)]


def test_counts_rows_as_python_does() -> None:
    assert found("import torch\r\n\f\r\n'\u2028'; torch.cuda.empty_cache()") == [(3, 6, EMPTY_CACHE)]


def test_places_a_chain_at_its_start() -> None:
    assert found("import torch\nx = (torch\n  .cuda\n  .empty_cache)\n") == [(2, 6, EMPTY_CACHE)]


def test_places_an_imported_name_at_its_alias() -> None:
    source = "from torch.cuda.amp import (\n    autocast,\n    GradScaler as S,\n)\n"
    assert found(source) == [(2, 5, "torch.cuda.amp.autocast"), (3, 5, "torch.cuda.amp.GradScaler")]


def test_places_a_getattr_at_its_start() -> None:
    assert found("import torch\nx = getattr(torch.cuda, 'empty_cache')\n") == [(2, 5, EMPTY_CACHE)]


@pytest.mark.parametrize(
    ("spelt", "path"),
    [
        ("memory.memory_allocated", "torch.cuda.memory_allocated"),
        ("random.get_rng_state", "torch.cuda.get_rng_state"),
        ("streams.Event", "torch.cuda.Event"),
        ("graphs.CUDAGraph", "torch.cuda.CUDAGraph"),
        ("memory", "torch.cuda.memory"),
        ("memory._dump_snapshot", "torch.cuda.memory._dump_snapshot"),
        ("amp.autocast_mode.autocast", "torch.cuda.amp.autocast"),
        ("amp.grad_scaler.GradScaler", "torch.cuda.amp.GradScaler"),
        ("amp.common.amp_definitely_not_available", "torch.cuda.amp.amp_definitely_not_available"),
        ("nvtx.range_push", "torch.cuda.nvtx.range_push"),
    ],
)
def test_a_submodule_path_is_the_same_symbol(spelt: str, path: str) -> None:
    assert paths(f"import torch\ntorch.cuda.{spelt}\n") == [path]
    assert paths(f"from torch import cuda as c\nc.{spelt}\n") == [path]
    package, _, name = f"torch.cuda.{spelt}".rpartition(".")
    assert paths(f"from {package} import {name} as x\n") == [path]


def test_a_symbol_ends_where_the_modules_do() -> None:
    (one,) = references("import torch\ntorch.cuda.streams.Stream.priority_range()\n")
    assert (one.symbol, one.path) == ("torch.cuda.Stream", "torch.cuda.Stream.priority_range")


@pytest.mark.parametrize(
    ("reported", "fits"),
    [
        ("torch.cuda", False),
        ("torch.cuda.Str", False),
        ("torch.cuda.Stream", True),
        ("torch.cuda.Stream.priority_range", True),
        ("torch.cuda.Stream.priority_range.x", False),
        ("", False),
    ],
)
def test_a_report_fits_from_the_symbol_to_the_path(reported: str, fits: bool) -> None:
    one = Reference(1, 1, "torch.cuda.Stream", certain=True, path="torch.cuda.Stream.priority_range")
    assert one.is_named(reported) is fits


# where it is unsure


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import torch\nif x: torch = y\ntorch.cuda.empty_cache()", id="rebound"),
        pytest.param("import torch\nif x: import numpy as torch\ntorch.cuda.empty_cache()", id="imported twice"),
        pytest.param("import torch\ndef f():\n  global torch\n  torch = 1\ntorch.cuda.empty_cache()", id="global"),
        pytest.param("import torch\ntorch.cuda.empty_cache()\ndel torch", id="deleted"),
        pytest.param("import torch\nfor torch in x: torch.cuda.empty_cache()", id="for target"),
    ],
)
def test_is_unsure_of_a_name_with_other_bindings(source: str) -> None:
    assert unsure(source) == [EMPTY_CACHE]


def test_is_unsure_of_a_function_bound_to_a_variable() -> None:
    assert [(one.path, one.certain) for one in references("import torch\nf = torch.cuda.empty_cache\nf()\n")] == [
        (EMPTY_CACHE, True),
        (EMPTY_CACHE, False),
    ]


def test_is_unsure_of_an_alias_with_two_meanings() -> None:
    source = "import torch\nif x: m = torch.cuda\nelse: m = torch.xpu\nm.empty_cache()\n"
    assert [(one.path, one.certain) for one in references(source)] == [("torch.cuda", True), (EMPTY_CACHE, False)]


@pytest.mark.parametrize("value", ["(cuda := torch.cuda)", "cuda = getattr(torch, 'cuda', None)"])
def test_is_unsure_of_an_alias_that_is_no_plain_assignment(value: str) -> None:
    everything = references(f"import torch\n{value}\ncuda.empty_cache()\n")
    assert [(one.path, one.certain) for one in everything] == [("torch.cuda", True), (EMPTY_CACHE, False)]


def test_is_unsure_of_a_star_import() -> None:
    assert unsure("from torch.cuda import *\n") == ["torch.cuda"]


def test_survives_names_that_are_bound_to_themselves() -> None:
    assert finds_nothing("a = b\nb = a\nclass A:\n  a = a\na.cuda\n")


def test_leaves_a_syntax_error_to_the_caller() -> None:
    with pytest.raises(SyntaxError):
        references("import torch\ntorch.cuda.(\n")


# its scopes against Python's own


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="its tables mix a comprehension's names with the function's")
@pytest.mark.parametrize(
    "module", ["argparse", "asyncio.base_events", "contextlib", "dataclasses", "inspect", "typing"]
)
def test_functions_have_the_locals_that_symtable_gives_them(module: str) -> None:
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    source = Path(spec.origin).read_text(encoding="utf-8")
    assert Counter(locals_by_oracle(source)) == Counter(locals_by_symtable(symtable.symtable(source, module, "exec")))


def locals_by_oracle(source: str) -> list[tuple[str, ...]]:
    collector = Collector()
    collector.visit(ast.parse(source))
    functions = [scope for scope in collector.scopes if scope.kind == "function"]
    return [without_private(scope.bindings.keys() - scope.nonlocals) for scope in functions]


def locals_by_symtable(table: symtable.SymbolTable) -> list[tuple[str, ...]]:
    inner = [names for child in table.get_children() for names in locals_by_symtable(child)]
    if table.get_type() != "function" or table.get_name() in {"listcomp", "setcomp", "dictcomp", "genexpr"}:
        return inner
    return [without_private(symbol.get_name() for symbol in table.get_symbols() if symbol.is_local()), *inner]


def without_private(names: Iterable[str]) -> tuple[str, ...]:
    """Python mangles some of those; the others say enough."""
    return tuple(sorted(name for name in names if not name.startswith("_")))
