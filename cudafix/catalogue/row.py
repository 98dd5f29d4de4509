"""What a row of the catalogue is, and the short ways to write one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cudafix.model import Safety
from cudafix.registry import CUDA_ONLY, code_of


@dataclass(frozen=True)
class Native:
    """A function of torch itself: below `torch.`, and the first torch version that has it."""

    name: str
    since: tuple[int, int]
    keeps_cpu: bool = False
    """Whether it answers on a CPU-only torch as torch.cuda's did there."""


@dataclass(frozen=True)
class Row:
    """What is known of one name below a backend's module.

    Attributes:
        name: the dotted name below the backend, `empty_cache` or `amp.autocast`.
        code: the rule that reports it.
        params: the signature that `torch.cuda` gives it in the newest torch; "" for what is not called.
        runtime: the runtime's function, "." for the same name on `device_module()`, "" where there is no neutral form.
        native: the native function, for the accelerator route.
        safety: how far the runtime form can be trusted when the symbol is called.
        note: where behaviour differs, or why there is no neutral form. One sentence, for the reader of a finding.
        returns_other: the runtime form returns something else, so that only a bare call statement is safe.
        class_like: the original is a class, the runtime form a function: only a call can be rewritten.
        alias_of: torch has the very same object under this name, below `torch.` (since Native.since).
        annotation: what an annotation says instead, below `torch.`.
    """

    name: str
    code: str
    params: str = ""
    runtime: str = ""
    native: Native | None = None
    safety: Safety = Safety.MANUAL
    note: str = ""
    returns_other: bool = False
    class_like: bool = False
    alias_of: Native | None = None
    annotation: str = ""

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters in their order, `*` and `/` left out."""
        return parameter_names(self.params)

    @property
    def device_places(self) -> tuple[int, ...]:
        """The places of the parameters that are devices."""
        return tuple(place for place, name in enumerate(self.parameters) if name in ("device", "peer_device"))

    @property
    def has_neutral_form(self) -> bool:
        return bool(self.runtime or self.alias_of)


def row(name: str, group: str, params: str, runtime: str, *, native: str = "", note: str = "", unsafe: str = "",
        returns_other: bool = False, class_like: bool = False, annotation: str = "") -> Row:  # fmt: skip
    """Make a row with a neutral form in the runtime; `unsafe` is the note that says why it is not safe."""
    safety = Safety.UNSAFE if unsafe else Safety.SAFE
    return Row(name, group_code(group), params, runtime, read_native(native), safety, unsafe or note,
               returns_other, class_like, annotation=annotation)  # fmt: skip


def on_module(name: str, group: str, params: str = "", note: str = "") -> Row:
    """Make a row for what only the active backend's own module offers."""
    unsafe = "not every backend has it, and without an accelerator it is an AttributeError"
    return row(name, group, params, ".", unsafe=f"{unsafe}; {note}" if note else unsafe)


def same_object(name: str, group: str, native: str, note: str = "") -> Row:
    """Make a row for what torch has under a neutral name as well: the very same object."""
    return Row(name, group_code(group), alias_of=read_native(native), safety=Safety.SAFE, note=note)


def by_hand(name: str, group: str, params: str, note: str) -> Row:
    """Make a row for what must be decided by a person."""
    return Row(name, group_code(group), params, note=note)


def cuda_only(names: str, note: str) -> list[Row]:
    return [Row(name, CUDA_ONLY, note=note) for name in names.split()]


def read_native(text: str) -> Native | None:
    """Read `"accelerator.empty_cache 2.9"`; a trailing `cpu` says that it also answers on a CPU-only torch."""
    if not text:
        return None
    name, version, *flags = text.split()
    major, minor = version.split(".")
    return Native(name, (int(major), int(minor)), "cpu" in flags)


def group_code(group: str) -> str:
    """Return the code of the rule that reports a group of functions: `memory-info` is `hardcoded-memory-info`."""
    return code_of(f"hardcoded-{group}")


def parameter_names(params: str) -> list[str]:
    """Return the parameter names of a catalogue signature: `(device=None, *, out=None)` → device, out."""
    flat = re.sub(r"=[^,()]*(?:\([^()]*\))?", "", params.strip("()"))
    names = [one.strip() for one in flat.split(",")]
    return [one for one in names if one and one not in ("*", "/")]
