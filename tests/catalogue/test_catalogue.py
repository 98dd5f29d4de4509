"""The catalogue held against what torch has: nothing missing, nothing invented, every neutral form callable as said."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path

import pytest

from cudafix import runtime
from cudafix.catalogue.row import Row, parameter_names
from cudafix.catalogue.support import COLUMNS, OLDEST, backends_with
from cudafix.catalogue.symbols import look_up
from cudafix.catalogue.table import BACKEND_ONLY, MODULES, OLD_NAME, ROWS, WITHOUT_ACCELERATOR
from cudafix.model import Safety
from cudafix.registry import BY_CODE, CUDA_ONLY

FACTS = json.loads((Path(__file__).parent / "torch_api.json").read_text(encoding="utf-8"))
TORCH: dict[str, list[str]] = FACTS["torch"]
BACKENDS = ("torch.cuda", "torch.xpu", "torch.mps", "torch.mtia")
PUBLIC = [name for name in TORCH if name.startswith(BACKENDS)] + FACTS["torch_npu"]
CALLED = [row for row in ROWS.values() if row.runtime not in ("", ".") and row not in MODULES]
KNOWN = {symbol.row.name for name in PUBLIC if (symbol := look_up(name))}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_symbol_of_every_backend_has_a_row(name: str) -> None:
    symbol = look_up(name)
    assert symbol is not None
    assert symbol.rest == ()
    assert "not a public name" not in symbol.row.note


@pytest.mark.parametrize("name", sorted(name for name in ROWS if name))
def test_every_row_is_a_symbol_that_some_torch_has(name: str) -> None:
    assert name in KNOWN


@pytest.mark.parametrize(("backend", "names"), BACKEND_ONLY.items())
def test_a_name_that_only_one_backend_has_is_not_in_torch_cuda(backend: str, names: str) -> None:
    assert [name for name in names.split() if f"torch.cuda.{name}" in TORCH and not name.startswith("profiler")] == []


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.native or row.alias_of], ids=lambda row: row.name)
def test_a_native_form_exists_in_torch_since_the_version_that_the_row_says(row: Row) -> None:
    native = row.native or row.alias_of
    assert native is not None
    fork_safe_since = {"device_count": "2.8", "is_available": "2.7"}  # before, they asked the driver
    assert fork_safe_since.get(row.name, TORCH[f"torch.{native.name}"][0]) == "{}.{}".format(*native.since)


@pytest.mark.parametrize(
    "name",
    [
        "accelerator.mem_get_info",
        "accelerator.current_device",
        "accelerator.set_device",
        "accelerator.get_device_name",
        "accelerator.manual_seed_all",
        "accelerator.get_device_capability",
    ],
)
def test_no_row_has_the_native_forms_that_people_invent_or_mistake(name: str) -> None:
    assert name not in {row.native.name for row in ROWS.values() if row.native}


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.params], ids=lambda row: row.name)
def test_a_row_states_the_signature_of_the_newest_torch(row: Row) -> None:
    assert row.params == TORCH[f"torch.cuda.{row.name}"][2]


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.annotation], ids=lambda row: row.name)
def test_what_an_annotation_becomes_exists(row: Row) -> None:
    assert f"torch.{row.annotation}" in TORCH


@pytest.mark.parametrize("row", CALLED, ids=lambda row: row.name)
def test_the_runtime_has_the_function_that_a_row_rewrites_to(row: Row) -> None:
    assert row.runtime in runtime.__all__
    assert callable(getattr(runtime, row.runtime))


@pytest.mark.parametrize("row", [row for row in CALLED if row.name != "empty_cache"], ids=lambda row: row.name)
def test_the_runtime_function_takes_the_arguments_of_the_original(row: Row) -> None:
    names = [name.lstrip("*") for name in parameter_names(row.params)]
    assert list(inspect.signature(getattr(runtime, row.runtime)).parameters) == names


@pytest.mark.parametrize("row", CALLED, ids=lambda row: row.name)
def test_the_runtime_function_has_defaults_where_the_original_has(row: Row) -> None:
    original = ast.parse(f"def f{row.params}: pass").body[0]
    assert isinstance(original, ast.FunctionDef)
    optional = len(original.args.defaults) + sum(one is not None for one in original.args.kw_defaults)
    parameters = inspect.signature(getattr(runtime, row.runtime)).parameters.values()
    expected = 1 if row.name == "empty_cache" else optional
    assert sum(one.default is not inspect.Parameter.empty for one in parameters) == expected


@pytest.mark.parametrize(("function", "asked"), runtime._ASKS.items())
def test_what_a_function_of_the_runtime_asks_a_backend_for_is_the_row_that_becomes_it(
    function: str, asked: str
) -> None:
    rows = {row.name: row for row in CALLED if row.runtime == function}
    assert asked in rows
    assert all(row.note == OLD_NAME or row.class_like for name, row in rows.items() if name != asked)


@pytest.mark.parametrize(("name", "path"), runtime._NATIVE.items())
def test_what_the_runtime_asks_torch_itself_for_is_what_the_row_says(name: str, path: str) -> None:
    native = ROWS[name].native
    assert path == (ROWS[name].annotation if native is None else native.name)


def test_every_function_of_the_runtime_is_used_by_a_row_or_is_for_new_code() -> None:
    for_new_code = {
        "available_device_memory",
        "current_device",
        "current_device_type",
        "distributed_backend",
        "get_available_gpu_memory",
        "print_probe",
        "probe_machine",
        "register_backend",
    }
    assert set(runtime.__all__) - {row.runtime for row in ROWS.values()} == for_new_code


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name or "the module")
def test_every_row_belongs_to_a_rule(row: Row) -> None:
    assert row.code in BY_CODE


@pytest.mark.parametrize(
    "row", [row for row in ROWS.values() if row.safety is not Safety.SAFE], ids=lambda row: row.name or "the module"
)
def test_a_row_that_is_not_safe_says_why(row: Row) -> None:
    assert row.note


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.code == CUDA_ONLY], ids=lambda row: row.name)
def test_what_is_cuda_only_has_no_neutral_form(row: Row) -> None:
    assert not row.has_neutral_form


def test_a_group_of_the_table_is_sorted_into_no_duplicates() -> None:
    names = [row.name for row in ROWS.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", sorted(WITHOUT_ACCELERATOR))
def test_the_answer_without_an_accelerator_is_the_one_that_the_runtime_gives(name: str) -> None:
    torch = pytest.importorskip("torch")
    arguments = {"seed": "1", "device": "0", "stream": "None", "new_state": "torch.zeros(8)", "new_states": "[]"}
    row = ROWS[name]
    required = [one for one in row.params.strip("()").split(", ") if one and "=" not in one]
    call = f"{row.runtime}({', '.join(arguments[one] for one in required)})"
    answer = "True" if name == "empty_cache" and torch.backends.cuda.is_built() else WITHOUT_ACCELERATOR[name]
    assert repr(eval(call, {**vars(runtime), "torch": torch})) == answer  # torch.cuda.empty_cache looks for itself


@pytest.mark.parametrize("name", [name for name in ROWS if name])
def test_the_table_of_support_says_since_when_each_backend_has_a_name(name: str) -> None:
    found = {one: TORCH.get(f"torch.{one}.{name}") for one in COLUMNS if one != "npu"}
    expected = {one: "-".join(versions(since)) for one, since in found.items() if since}
    assert {one: since for one, since in backends_with(name).items() if one != "npu"} == expected


@pytest.mark.parametrize("name", [name for name in ROWS if name])
def test_the_table_of_support_says_whether_an_npu_has_a_name(name: str) -> None:
    gone = {"MemPoolContext"}  # torch_npu had it up to 2.12
    assert ("npu" in backends_with(name)) == (f"torch.npu.{name}" in FACTS["torch_npu"] and name not in gone)


def test_a_name_in_no_row_of_the_table_is_of_cuda() -> None:
    assert backends_with("nvtx.mark") == {"cuda": OLDEST}


def versions(since: list[str]) -> list[str]:
    """Return the first torch that has a name, and the last one where that is not the newest."""
    first, last = since[0].removeprefix("<="), since[1]
    return [first] if last == "2.15" else [first, last]
