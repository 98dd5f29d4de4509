"""The functions of torch.amp that take a device, and those that speak of CUDA's autocast without a word."""

from __future__ import annotations

from dataclasses import dataclass

TURNS_ON = "on another accelerator it starts to compute in lower precision"

AT_IMPORT = "the backend is decided when the decorator runs, which is mostly at import"


@dataclass(frozen=True)
class AmpFunction:
    """A function of torch.amp, and what takes its place.

    Attributes:
        replacement: the function of the runtime, without the device.
        symbol: the function of torch.cuda that is the same.
        params: the parameters in their order.
        device: the name of the one that takes the device.
        asks_always: whether the device is CUDA where none is given.
        reason: why the fix is not safe.
    """

    replacement: str
    symbol: str
    params: tuple[str, ...]
    device: str = "device_type"
    asks_always: bool = False
    reason: str = ""


AUTOCAST = AmpFunction(
    "device_autocast", "torch.cuda.amp.autocast", ("device_type", "dtype", "enabled", "cache_enabled"),
)  # fmt: skip

SCALER = AmpFunction(
    "device_grad_scaler", "torch.cuda.amp.GradScaler",
    ("device", "init_scale", "growth_factor", "backoff_factor", "growth_interval", "enabled"),
    device="device", asks_always=True, reason="on another accelerator it starts to scale",
)  # fmt: skip

FORWARD = AmpFunction("amp_custom_fwd", "torch.cuda.amp.custom_fwd", ("fwd",), reason=AT_IMPORT)

BACKWARD = AmpFunction("amp_custom_bwd", "torch.cuda.amp.custom_bwd", ("bwd",), reason=AT_IMPORT)

FUNCTIONS = {
    "torch.autocast": AUTOCAST, "torch.amp.autocast": AUTOCAST, "torch.amp.autocast_mode.autocast": AUTOCAST,
    "torch.GradScaler": SCALER, "torch.amp.GradScaler": SCALER, "torch.amp.grad_scaler.GradScaler": SCALER,
    "torch.amp.custom_fwd": FORWARD, "torch.amp.autocast_mode.custom_fwd": FORWARD,
    "torch.amp.custom_bwd": BACKWARD, "torch.amp.autocast_mode.custom_bwd": BACKWARD,
}  # fmt: skip

SETTINGS = {
    "torch.get_autocast_gpu_dtype": ("get_autocast_dtype", 0),
    "torch.set_autocast_gpu_dtype": ("set_autocast_dtype", 1),
    "torch.is_autocast_enabled": ("is_autocast_enabled", 0),
    "torch.set_autocast_enabled": ("set_autocast_enabled", 1),
}
"""The functions that speak of CUDA's autocast without a word, by their number of arguments; what takes the device."""
