"""A dotted path and the symbol that it is."""

from __future__ import annotations

import pytest

from cudafix.catalogue.symbols import look_up


@pytest.mark.parametrize("path", ["torch", "torch.nn", "torch.cudax", "torch.accelerator.empty_cache", "numpy.cuda"])
def test_other_paths_are_no_symbols(path: str) -> None:
    assert look_up(path) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("torch.cuda.empty_cache", "torch.cuda.empty_cache"),
        ("torch.cuda.memory.empty_cache", "torch.cuda.empty_cache"),
        ("torch.cuda.random.manual_seed_all", "torch.cuda.manual_seed_all"),
        ("torch.cuda.streams.Stream", "torch.cuda.Stream"),
        ("torch.cuda.graphs.graph", "torch.cuda.graph"),
        ("torch.cuda.amp.autocast_mode.autocast", "torch.cuda.amp.autocast"),
        ("torch.cuda.amp.grad_scaler.GradScaler", "torch.cuda.amp.GradScaler"),
        ("torch.mps.event.Event", "torch.mps.Event"),
        ("torch_npu.npu.empty_cache", "torch.npu.empty_cache"),
        ("torch.cuda", "torch.cuda"),
        ("torch.cuda.memory", "torch.cuda.memory"),
        ("torch.cuda.nvtx.range", "torch.cuda.nvtx.range"),
        ("torch.cuda.memory._snapshot", "torch.cuda.memory._snapshot"),
        ("torch.cuda._sleep", "torch.cuda._sleep"),
    ],
)
def test_a_path_has_one_canonical_name(path: str, name: str) -> None:
    symbol = look_up(path)
    assert symbol is not None
    assert symbol.name == name


def test_what_is_asked_of_a_symbol_is_not_part_of_it() -> None:
    symbol = look_up("torch.cuda.Stream.priority_range")
    assert symbol is not None
    assert (symbol.name, symbol.rest) == ("torch.cuda.Stream", ("priority_range",))


def test_a_private_name_is_reported_as_such() -> None:
    symbol = look_up("torch.cuda._lazy_init")
    assert symbol is not None
    assert (symbol.row.code, symbol.row.note) == ("CFX401", "private to torch.cuda")


def test_a_name_that_no_torch_has_is_still_seen() -> None:
    symbol = look_up("torch.cuda.brand_new")
    assert symbol is not None
    assert symbol.row.code == "CFX401"


def test_what_only_another_backend_has_is_that_backends_own() -> None:
    symbol = look_up("torch.mps.driver_allocated_memory")
    assert symbol is not None
    assert symbol.row.note == "only torch.mps has it"
