"""`[tool.cudafix.targets]`: what the project's own code has in the place of a function; read from text, and found.

A key is a symbol (`torch.cuda.empty_cache`), a symbol that is called without arguments (`torch.cuda.device_count()`),
a group (`CFX103` or its name), `torch.cuda.*`, a function of the runtime (`cudafix.runtime.current_device_type`) or any
other dotted name. A value is a function (`pkg.device.flush`), a method of an object (`pkg.device:current.flush`) or of
what a call returns (`pkg.device.get().flush`); `*` is the symbol's own name. One that ends in parentheses stands for
the whole call: `pkg.testing.flush(device)`, where `...` are the arguments of the old call.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cudafix.config.names import LONGEST, STANDARD_LIBRARY, fault_of_expression, fault_of_module, fault_of_names

WORD = r"[\w:+-]*(?:\.[\w:+-]+)*"
"""What stands between quotes, such as the name of a device."""

NAME = r"[^\W\d]\w*"
DOTTED = rf"{NAME}(?:\.{NAME})*"
STEP = rf"(?:{NAME}(?:\(\))?|\*)"
TARGET = re.compile(rf"(?:(?P<module>{DOTTED}):)?(?P<steps>{STEP}(?:\.{STEP})*)(?:\((?P<arguments>[^()]+)\))?")
ARGUMENT = re.compile(rf"(?:{NAME} *= *)?(?:{NAME}|-?\d+|\"{WORD}\"|'{WORD}')|\.\.\.")
CONSTANTS = frozenset(("None", "True", "False"))
SAME = "*"
"""What stands for the symbol's own name."""

REST = "..."
"""What stands for the arguments of the old call."""


class TargetError(Exception):
    """A target that cannot be right; the text says why."""


@dataclass(frozen=True)
class Target:
    """What stands for a symbol.

    Attributes:
        module: what is imported from.
        name: what is imported.
        attributes: what follows the name.
        is_called: whether the name is called before they are read.
        arguments: what is passed, where a whole call is replaced by a whole call; None elsewhere.
        is_certain: whether the text says where the module ends; else the name may be an attribute of an object.
    """

    module: str
    name: str
    attributes: tuple[str, ...] = ()
    is_called: bool = False
    arguments: str | None = None
    is_certain: bool = False

    @property
    def path(self) -> str:
        """The dotted name that code which uses the target resolves to; "" for what a call returns."""
        return "" if self.is_called else ".".join((self.module, self.name, *self.attributes))

    @property
    def text(self) -> str:
        """What a person calls it."""
        first = f"{self.name}()" if self.is_called else self.name
        call = "" if self.arguments is None else f"({self.arguments})"
        return ".".join((first, *self.attributes)) + call

    @property
    def imported_arguments(self) -> tuple[str, ...]:
        """The names among the arguments, which are imported from the same module."""
        parts = [one.strip().rpartition("=")[2].strip() for one in (self.arguments or "").split(",")]
        names = [one for one in parts if one.isidentifier() and one not in CONSTANTS]
        return tuple(dict.fromkeys(names))

    def named(self, name: str) -> Target:
        """Return the target for a symbol, where it goes by the symbol's own name."""
        if self.name == SAME:
            return replace(self, name=name)
        return replace(self, attributes=tuple(name if one == SAME else one for one in self.attributes))


@dataclass(frozen=True)
class Entry:
    """A symbol, or a pattern of several, and what stands for it, in the files that `glob` fits ("": in all)."""

    symbol: str
    target: Target
    is_call: bool = False
    glob: str = ""

    @property
    def replaces_call(self) -> bool:
        """Whether the whole call goes, its parentheses too."""
        return self.is_call or self.target.arguments is not None


def read_target(text: str) -> Target:
    """Read what stands for a symbol.

    Raises:
        TargetError: for what cannot be imported and named.
    """
    if len(text) > LONGEST:
        raise TargetError(f"`{text[:20]}…` is longer than {LONGEST} characters")
    found = TARGET.fullmatch(text)
    if found is None:
        raise TargetError(f"expected `package.module.function`, got {text!r}")
    steps, arguments = found["steps"].split("."), found["arguments"]
    if arguments is not None and not all(ARGUMENT.fullmatch(one.strip()) for one in arguments.split(",")):
        raise TargetError(f"`{text}`: an argument is a name, a string of one word, an integer or `...`")
    if arguments is None and steps[-1].endswith("()"):
        arguments, steps[-1] = "", steps[-1][:-2]
    called = [index for index, one in enumerate(steps) if one.endswith("()")]
    if len(called) > 1:
        raise TargetError(f"`{text}` calls more than one function")
    index = first_name(steps, called, bool(found["module"]))
    module = found["module"] or ".".join(steps[:index])
    if not module or SAME in module or (found["module"] and called and called[0] > 0):
        raise TargetError(f"`{text}` names no module: expected `package.module.function`")
    name = steps[index].removesuffix("()")
    is_certain = bool(found["module"]) or bool(called) or module == "torch"
    target = Target(module, name, tuple(steps[index + 1 :]), bool(called), arguments, is_certain)
    if fault := fault_of(target):
        raise TargetError(f"`{text}`: {fault}")
    return target


def fault_of(target: Target) -> str:
    """Return why code cannot import a target, or use it as it is written; "" where it can."""
    names = [one for one in (target.name, *target.attributes, *target.imported_arguments) if one != SAME]
    fault = fault_of_module(target.module) or fault_of_names(names)
    if not fault and target.module.partition(".")[0] in STANDARD_LIBRARY:
        return f"`{target.module}` is of Python's own library, and nothing there stands for a function of a device"
    plain = target.text.replace(SAME, "name")
    if plain.count(REST) > 1:
        return f"`{REST}` are all arguments of the old call, and stand in one place"
    ways = (plain.replace(REST, "old"), plain.replace(REST, "old=old"))  # what they are, only each call says
    return fault or next(filter(None, map(fault_of_expression, ways)), "")


def first_name(steps: list[str], called: list[int], has_module: bool) -> int:
    """Return the place of what is imported among the parts of a dotted target."""
    if has_module:
        return 0
    if called:
        return called[0]
    return 1 if steps[0] == "torch" and len(steps) > 1 else len(steps) - 1


@cache
def located(target: Target, root: Path) -> Target:
    """Return the target with its module cut where the project's own files say that it ends.

    `pkg.platforms.current.flush` is a method of the object `current` where `pkg/platforms` is all that is a file.
    """
    if target.is_certain or is_there(target.module, root):
        return target
    parts = target.module.split(".")
    for length in range(len(parts) - 1, 0, -1):
        if is_there(".".join(parts[:length]), root):
            name, *rest = (*parts[length:], target.name)
            return replace(target, module=".".join(parts[:length]), name=name, attributes=(*rest, *target.attributes))
    return target


def is_there(module: str, root: Path) -> bool:
    return module_file(module, root) is not None


@cache
def module_file(module: str, root: Path) -> Path | None:
    """Return the file of a module of the project, below its folder or its `src`; None where there is none."""
    path = Path(*module.split("."))
    for folder in (root, root / "src"):
        for candidate in (folder / path / "__init__.py", folder / path.with_suffix(".py")):
            if os.path.isfile(candidate):
                return candidate
    return None
