"""A resolved dotted path → the symbol that it is: its canonical name, its backend and its row in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from cudafix.catalogue.backends import BACKENDS
from cudafix.catalogue.row import Row
from cudafix.catalogue.table import BACKEND_ONLY, MODULE_NAMES, ROWS
from cudafix.registry import CUDA_ONLY

ROOTS = {f"torch.{name}": name for name in BACKENDS} | {"torch_npu.npu": "npu"}
"""Where a backend's module is found, and the backend's name."""

SUBMODULES = {
    "memory": "", "random": "", "streams": "", "graphs": "", "event": "", "mtia_graph": "",
    "amp.autocast_mode": "amp.", "amp.grad_scaler": "amp.", "amp.common": "amp.",
}  # fmt: skip
"""Submodules whose public names are the same objects one level up: `torch.cuda.memory.empty_cache`."""


@dataclass(frozen=True)
class Symbol:
    """A reference's meaning: the canonical dotted name, its backend, its row, and what the code adds below it."""

    name: str
    backend: str
    row: Row
    rest: tuple[str, ...] = ()

    @property
    def is_module(self) -> bool:
        return self.row.name in MODULE_NAMES


@cache
def look_up(path: str) -> Symbol | None:
    """Return what a resolved dotted path is in a backend's module; None for every other path.

    `torch.cuda.memory.empty_cache` is `torch.cuda.empty_cache`; of `torch.cuda.Stream.priority_range` the longest
    known part is taken and the rest kept. A name that no torch has up to 2.15 gets a row of its own, so that
    nothing under a backend's module goes unseen.
    """
    root = next((root for root in ROOTS if path == root or path.startswith(f"{root}.")), None)
    if root is None:
        return None
    backend = ROOTS[root]
    parts = path[len(root) + 1 :].split(".") if path != root else []
    for length in range(len(parts), -1, -1):
        name = canonical(".".join(parts[:length]))
        found = find_row(backend, name)
        if found is not None and (found.name not in MODULE_NAMES or length == len(parts)):
            return Symbol(f"torch.{backend}" + (f".{name}" if name else ""), backend, found, tuple(parts[length:]))
    return Symbol(f"torch.{backend}.{canonical('.'.join(parts))}", backend, unknown_row(backend, parts))


def canonical(name: str) -> str:
    """Lift a name out of the submodule that defines it, unless the name is private there."""
    for submodule, lifted in SUBMODULES.items():
        below = name.removeprefix(f"{submodule}.")
        if below != name and "." not in below and not below.startswith("_"):
            return lifted + below if lifted + below in ROWS or backend_has(lifted + below) else name
    return name


def backend_has(name: str) -> bool:
    return any(name in names.split() for names in BACKEND_ONLY.values())


def find_row(backend: str, name: str) -> Row | None:
    if backend in BACKEND_ONLY and name in BACKEND_ONLY[backend].split():
        return Row(name, CUDA_ONLY, note=f"only torch.{backend} has it")
    return ROWS.get(name)


def unknown_row(backend: str, parts: list[str]) -> Row:
    name = ".".join(parts)
    private = any(part.startswith("_") for part in parts)
    note = f"private to torch.{backend}" if private else f"not a public name of torch.{backend} up to torch 2.15"
    return Row(name, CUDA_ONLY, note=note)
