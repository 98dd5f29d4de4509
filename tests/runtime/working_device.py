"""A backend that works: device tensors whose numbers live on the CPU, streams, and memory that is counted.

Pure Python, for torch 2.10 and newer, one name per process. What `torch.cuda` offers and this does not is left out on
purpose: a young out-of-tree backend looks like this.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

DEVICES = 2
TOTAL = 16 << 30


class Memory:
    """A caching allocator's books: bytes in use and bytes kept, by device."""

    def __init__(self) -> None:
        self.allocated = [0] * DEVICES
        self.cached = [0] * DEVICES

    def take(self, size: int) -> None:
        self.allocated[0] += size
        self.cached[0] = max(self.cached[0] - size, 0)

    def give_back(self, size: int) -> None:
        self.allocated[0] -= size
        self.cached[0] += size

    def empty_cache(self) -> None:
        self.cached = [0] * DEVICES


class Current:
    """The current device."""

    index = 0


def index_of(device: Any) -> int:
    if device is None:
        return Current.index
    return device if isinstance(device, int) else torch.device(device).index or 0


def make_module(name: str, memory: Memory) -> Any:
    module: Any = ModuleType(f"torch.{name}")
    module.seeds = []

    class device:
        def __init__(self, device: Any) -> None:
            self.index = index_of(device)

        def __enter__(self) -> None:
            self.previous, Current.index = Current.index, self.index

        def __exit__(self, *exception: object) -> None:
            Current.index = self.previous

    def set_device(device: Any) -> None:
        Current.index = index_of(device)

    module.device = device
    module.set_device = set_device
    module.current_device = lambda: Current.index
    module.is_available = module.is_initialized = lambda: True
    module._is_in_bad_fork = lambda: False
    module._lazy_init = module.synchronize = lambda device=None: None
    module.device_count = lambda: DEVICES
    module.manual_seed_all = module.seeds.append
    module.get_amp_supported_dtype = lambda: [torch.float16, torch.bfloat16]
    module.get_device_name = lambda device=None: f"Working {name} {index_of(device)}"
    module.empty_cache = memory.empty_cache
    module.memory_allocated = lambda device=None: memory.allocated[index_of(device)]
    module.memory_reserved = lambda device=None: memory.allocated[index_of(device)] + memory.cached[index_of(device)]
    module.mem_get_info = lambda device=None: (TOTAL - module.memory_reserved(device), TOTAL)
    return module


def install(name: str) -> Any:
    """Register the backend with torch and return its module."""
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    memory = Memory()
    module = make_module(name, memory)
    _setup_privateuseone_for_python_backend(name, module)
    module.kept = run_on_the_cpu(name, memory)
    return module


def run_on_the_cpu(name: str, memory: Memory) -> list[Any]:
    """Send every operation on the backend's tensors to the CPU; return what must stay alive."""
    numbers: dict[int, torch.Tensor] = {}
    storages: list[Any] = []

    def to_cpu(x: Any) -> Any:
        if isinstance(x, torch.Tensor) and x.device.type == name:
            return numbers[x.untyped_storage()._cdata].reshape(x.shape)
        return torch.device("cpu") if isinstance(x, torch.device) and x.type == name else x

    def to_device(x: Any) -> Any:
        if not isinstance(x, torch.Tensor) or x.device.type != "cpu":
            return x
        made = torch._C._acc.create_empty_tensor(tuple(x.shape), x.dtype)
        numbers[made.untyped_storage()._cdata] = x.detach().contiguous()
        storages.append(made.untyped_storage())
        memory.take(x.nbytes)
        weakref.finalize(made, memory.give_back, x.nbytes)
        return made

    def run(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        own_args, own_kwargs = tree_map(to_cpu, (args, kwargs))
        with torch.no_grad():
            result = op(*own_args, **own_kwargs)
        changed = {}
        if op._schema.is_mutable:  # type: ignore[attr-defined]
            for given, own in zip(tree_leaves((args, kwargs)), tree_leaves((own_args, own_kwargs)), strict=True):
                if given is not own:
                    if given.shape != own.shape:  # out= gave it another size
                        given.data = to_device(own)
                    changed[id(own)] = given
        return tree_map(lambda each: changed.get(id(each), to_device(each)), result)

    def copy(source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
        to_cpu(target).copy_(to_cpu(source))
        return target

    everything = torch.library.Library("_", "IMPL")
    everything.fallback(run, "PrivateUse1")
    everything.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    aten = torch.library.Library("aten", "IMPL")
    aten.impl("_copy_from", copy, "PrivateUse1")
    return [everything, aten]
