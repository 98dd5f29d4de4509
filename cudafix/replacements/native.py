"""A function → torch's own neutral one, `torch.accelerator.X`, where the arguments can be carried over."""

from __future__ import annotations

from dataclasses import replace

from cudafix.catalogue.row import Native
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import ImportedName, Replacement
from cudafix.syntax.arguments import positional_only

GET_MODULE = "get_device_module"
ON_CPU = "without an accelerator `torch.get_device_module()` is torch.cpu, which lacks most of it"
ASKS_THE_CPU = frozenset(("is_available", "device_count"))
"""What `torch.cpu` answers as if it were a device."""

ANSWER_OF_CPU = "torch.get_device_module() answers for the CPU here, and target-torch has no torch.accelerator for it"


def of_torch(native: Native) -> Replacement:
    """Return a function of torch itself as what takes the place of another."""
    first, *rest = native.name.split(".")
    return Replacement(ImportedName("torch", first), tuple(rest), since=native.since)


def native_form(reference: Reference, newest: tuple[int, int] | None) -> Replacement | None:
    """Return torch's own form where a torch as old as `newest` has it; None: whatever torch has it."""
    row, call = reference.symbol.row, reference.call
    if row.native is None or (newest is not None and row.native.since > newest):
        return None
    arguments = positional_only(call, row.parameters) if call is not None else ()
    if arguments is None:
        return None
    safety, reason = row.safety, row.note if row.safety is not Safety.SAFE else ""
    if not row.native.keeps_cpu:
        safety, reason = Safety.UNSAFE, f"torch.{row.native.name} raises on a machine without an accelerator"
    fails = not row.native.keeps_cpu
    return replace(of_torch(row.native), arguments=arguments, safety=safety, reason=reason, fails_idle=fails)
