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


def test_every_public_symbol_of_every_backend_has_a_row() -> None:
    symbols = {name: look_up(name) for name in PUBLIC}
    assert [name for name, symbol in symbols.items() if symbol is None or symbol.rest != ()] == []
    assert [name for name, symbol in symbols.items() if symbol and "not a public name" in symbol.row.note] == []


def test_every_row_is_a_symbol_that_some_torch_has() -> None:
    assert {name for name in ROWS if name} - KNOWN == set()


def test_a_name_that_only_one_backend_has_is_not_in_torch_cuda() -> None:
    names = [name for names in BACKEND_ONLY.values() for name in names.split()]
    assert [name for name in names if f"torch.cuda.{name}" in TORCH and not name.startswith("profiler")] == []


def test_a_native_form_exists_in_torch_since_the_version_that_the_row_says() -> None:
    natives = {row.name: form for row in ROWS.values() if (form := row.native or row.alias_of) is not None}
    fork_safe_since = {"device_count": "2.8", "is_available": "2.7"}  # before, they asked the driver
    since = {name: fork_safe_since.get(name, TORCH[f"torch.{native.name}"][0]) for name, native in natives.items()}
    assert since == {name: "{}.{}".format(*native.since) for name, native in natives.items()}


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


def test_a_row_states_the_signature_of_the_newest_torch() -> None:
    said = {row.name: row.params for row in ROWS.values() if row.params}
    assert said == {name: TORCH[f"torch.cuda.{name}"][2] for name in said}


def test_what_an_annotation_becomes_exists() -> None:
    assert {f"torch.{row.annotation}" for row in ROWS.values() if row.annotation} - TORCH.keys() == set()


def test_the_runtime_has_the_function_that_a_row_rewrites_to() -> None:
    assert {row.runtime for row in CALLED} - {*runtime.__all__} == set()
    assert [row.runtime for row in CALLED if not callable(getattr(runtime, row.runtime))] == []


def test_the_runtime_function_takes_the_arguments_of_the_original() -> None:
    called = [row for row in CALLED if row.name != "empty_cache"]
    taken = {row.name: [*inspect.signature(getattr(runtime, row.runtime)).parameters] for row in called}
    assert taken == {row.name: [name.lstrip("*") for name in parameter_names(row.params)] for row in called}


def test_the_runtime_function_has_defaults_where_the_original_has() -> None:
    defaults = {
        row.name: [one.default for one in inspect.signature(getattr(runtime, row.runtime)).parameters.values()]
        for row in CALLED
    }
    optional = {name: sum(one is not inspect.Parameter.empty for one in found) for name, found in defaults.items()}
    assert optional == {row.name: optional_parameters(row) for row in CALLED} | {"empty_cache": 1}


def optional_parameters(row: Row) -> int:
    """Return how many parameters of the original have a default."""
    original = ast.parse(f"def f{row.params}: pass").body[0]
    assert isinstance(original, ast.FunctionDef)
    return len(original.args.defaults) + sum(one is not None for one in original.args.kw_defaults)


def test_what_a_function_of_the_runtime_asks_a_backend_for_is_the_row_that_becomes_it() -> None:
    rows = {(row.runtime, row.name): row for row in CALLED if row.runtime in runtime._ASKS}
    assert runtime._ASKS.items() - rows.keys() == set()
    others = [row for pair, row in rows.items() if pair not in runtime._ASKS.items()]
    assert [row.name for row in others if row.note != OLD_NAME and not row.class_like] == []


def test_what_the_runtime_asks_torch_itself_for_is_what_the_row_says() -> None:
    rows = {name: ROWS[name] for name in runtime._NATIVE}
    said = {name: row.annotation if row.native is None else row.native.name for name, row in rows.items()}
    assert said == runtime._NATIVE


def test_every_function_of_the_runtime_is_used_by_a_row_or_stands_alone() -> None:
    alone = {
        "autocast_device_type",
        "available_device_memory",
        "current_device",
        "current_device_type",
        "distributed_backend",
        "get_available_gpu_memory",
        "print_probe",
        "probe_machine",
        "register_backend",
    }
    assert set(runtime.__all__) - {row.runtime for row in ROWS.values()} == alone


def test_every_row_belongs_to_a_rule() -> None:
    assert {row.code for row in ROWS.values()} - BY_CODE.keys() == set()


def test_a_row_that_is_not_safe_says_why() -> None:
    assert [row.name for row in ROWS.values() if row.safety is not Safety.SAFE and not row.note] == []


def test_what_is_cuda_only_has_no_neutral_form() -> None:
    assert [row.name for row in ROWS.values() if row.code == CUDA_ONLY and row.has_neutral_form] == []


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


def test_the_table_of_support_says_since_when_each_backend_has_a_name() -> None:
    pairs = [(one, name) for one in COLUMNS if one != "npu" for name in ROWS if name]
    found = {pair: TORCH.get("torch.{}.{}".format(*pair)) for pair in pairs}
    said = {(one, name): since for name in ROWS if name for one, since in backends_with(name).items() if one != "npu"}
    assert said == {pair: "-".join(versions(since)) for pair, since in found.items() if since}


def test_the_table_of_support_says_whether_an_npu_has_a_name() -> None:
    gone = {"MemPoolContext"}  # torch_npu had it up to 2.12
    on_npu = {name for name in ROWS if f"torch.npu.{name}" in FACTS["torch_npu"]} - gone
    assert {name for name in ROWS if name and "npu" in backends_with(name)} == on_npu


def test_a_name_in_no_row_of_the_table_is_of_cuda() -> None:
    assert backends_with("nvtx.mark") == {"cuda": OLDEST}


def versions(since: list[str]) -> list[str]:
    """Return the first torch that has a name, and the last one where that is not the newest."""
    first, last = since[0].removeprefix("<="), since[1]
    return [first] if last == "2.15" else [first, last]
