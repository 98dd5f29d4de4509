"""What takes the place of a backend's function: the name that it needs, and what is made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

import libcst as cst

from cudafix.model import Safety


@dataclass(frozen=True)
class ImportedName:
    """A name that the new code imports."""

    module: str
    name: str


@dataclass(frozen=True, eq=False)
class Replacement:
    """What replaces the node of a reference.

    Attributes:
        imported: what the new code begins with, a function as a rule.
        attributes: what follows its name.
        on_module: whether it is called before the attributes are read, with `module_of` as its argument.
        arguments: the call's arguments that lose their keyword.
        passed: what stands between the parentheses, where a call is made; None: the old call's own stay.
        whole_call: whether the old call goes with the name that it calls.
        template: what stands around it all; its first `{}` is this.
        also: what the new code imports beside it, named in `passed`.
        fails_idle: whether it raises on a machine without an accelerator.
        since: the oldest torch that has it; the runtime's functions work with 2.4.
    """

    imported: ImportedName
    attributes: tuple[str, ...] = ()
    on_module: bool = False
    arguments: tuple[cst.Arg, ...] = ()
    passed: str | None = None
    whole_call: bool = False
    module_of: str = ""
    template: str = "{}"
    also: tuple[ImportedName, ...] = ()
    fails_idle: bool = False
    since: tuple[int, int] = (2, 4)
    safety: Safety = Safety.SAFE
    reason: str = ""

    @property
    def imported_names(self) -> tuple[ImportedName, ...]:
        return (self.imported, *self.also)

    def text(self, local_name: str, *others: str) -> str:
        """Return the new code; `others` are the local names of what `also` names."""
        module = f"{local_name}({self.module_of})" if self.on_module else local_name
        function = ".".join((module, *self.attributes))
        passed = self.passed
        for imported, local in zip(self.also, others, strict=False):
            passed = re.sub(rf"(?<![\w.]){imported.name}\b(?!\s*=)", local, passed or "")
        return self.template.replace("{}", function if passed is None else f"{function}({passed})", 1)

    @property
    def names_said(self) -> set[str]:
        """The names that the new code uses beside the neutral function's."""
        own = "" if self.imported.module else self.imported.name
        found = set(re.findall(r"(?<![\w.])[^\W\d]\w*", f"{self.passed or ''} {self.module_of} {own}"))
        return found - {one.name for one in self.also}


@dataclass(frozen=True)
class Refusal:
    """Why a finding has no fix."""

    reason: str


def is_module(path: str, module: str) -> bool:
    """Whether the file at `path` is the module that neutral functions are imported from; none is torch itself."""
    if module == "torch":
        return False
    parts = PurePath(path).with_suffix("").parts
    names = tuple(module.split("."))
    return parts[-len(names) :] == names or parts[-len(names) - 1 :] == (*names, "__init__")
