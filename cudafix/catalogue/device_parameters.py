"""Which arguments of a function are devices, and which a backend of torch.distributed, by their places.

Those of a backend's module come from the signatures in THE TABLE, those of torch.amp from its own; the rest of torch's
is written here.
"""

from __future__ import annotations

from cudafix.catalogue.amp import FUNCTIONS, SETTINGS
from cudafix.catalogue.symbols import look_up
from cudafix.catalogue.table import BY_RUNTIME, ROWS

FIRST = (
    "torch.Generator", "torch.amp.autocast_mode.is_autocast_available", "torch.amp.is_autocast_available",
    "torch.device", "torch.distributed.DeviceMesh", "torch.distributed._tensor.DeviceMesh",
    "torch.distributed.device_mesh.DeviceMesh", "torch.distributed.device_mesh.init_device_mesh",
    "torch.distributed.get_default_backend_for_device", "torch.distributed.init_device_mesh",
    "torch.distributed.tensor.DeviceMesh", "torch.get_device_module", "torch.set_default_device",
)  # fmt: skip
"""The functions of torch whose first argument is a device."""

OF_TORCH: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(FIRST, (0,)),
    **{f"torch.{name}": (0,) for name, _ in SETTINGS.values()},
    **{path: (one.params.index(one.device),) for path, one in FUNCTIONS.items() if one.device in one.params},
    "torch.load": (1,),
}
"""The functions of torch outside of the backends' modules that take a device."""

METHODS = frozenset(("to", "pin_memory", "is_pinned", "to_empty"))
"""The methods of tensors and modules whose first argument is a device."""

COMMUNICATION: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(
        ("torch.distributed.init_process_group", "torch.distributed.distributed_c10d.init_process_group",
         "deepspeed.init_distributed", "deepspeed.comm.init_distributed"), (0,)),
    **dict.fromkeys(("torch.distributed.new_group", "torch.distributed.distributed_c10d.new_group"), (2,)),
}  # fmt: skip
"""The functions that take a backend of torch.distributed."""


def device_places(path: str) -> tuple[int, ...]:
    """Return the places of the devices among the arguments of a function of torch, or of a neutral one."""
    if path in OF_TORCH:
        return OF_TORCH[path]
    symbol = look_up(path)
    if symbol is not None:
        return () if symbol.rest else symbol.row.device_places
    name = BY_RUNTIME.get(path.rpartition(".")[2])
    return ROWS[name].device_places if name is not None else ()


def communication_places(path: str) -> tuple[int, ...]:
    """Return the places of backends of torch.distributed among the arguments of a function."""
    return COMMUNICATION.get(path, ())
