"""What the rules share about one file: its references, what replaces each, and what conditions ask about backends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from copy import copy
from functools import cached_property, wraps
from pathlib import PurePath
from typing import Any, ParamSpec, TypeVar

import libcst as cst

from cudafix.catalogue.table import BY_RUNTIME
from cudafix.config.options import Options
from cudafix.config.targets import Entry
from cudafix.files.globs import relative
from cudafix.matchers.conditions import BackendCondition, read_condition
from cudafix.matchers.references import Reference, find_references, torch_names
from cudafix.replacements.choose import find_replacement
from cudafix.replacements.index_as_device import as_device
from cudafix.replacements.module_in_scope import with_module_in_scope
from cudafix.replacements.module_paths import absolute
from cudafix.replacements.replacement import Refusal, Replacement
from cudafix.syntax.expressions import leftmost
from cudafix.syntax.module import File

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def once(work: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Have a function, whose last argument is the context, work out its answer once for a file."""

    @wraps(work)
    def answer(*arguments: Parameters.args, **named: Parameters.kwargs) -> Answer:
        *rest, context = arguments
        assert isinstance(context, RuleContext)
        key = (work, *rest)
        if key not in context.remembered:
            context.remembered[key] = work(*arguments, **named)
        found: Answer = context.remembered[key]
        return found

    return answer


class RuleContext:
    """One file as the rules see it; each answer is worked out once."""

    def __init__(self, file: File, options: Options, silenced: Set[Reference] = frozenset()) -> None:
        """Make the context of a file; `silenced` are the references that a suppression comment is about."""
        self.file = file
        self.options = options
        self.silenced = silenced
        self.replacements: dict[Reference, Replacement | Refusal] = {}
        self.conditions: dict[cst.BaseExpression, BackendCondition | None] = {}
        self.remembered: dict[tuple[object, ...], Any] = {}
        """What functions that are marked `once` have answered."""

    def with_silenced(self, silenced: Set[Reference]) -> RuleContext:
        """Return the context for the rules that come after the comments; what no comment changes is kept."""
        later = copy(self)
        later.silenced, later.remembered = silenced, {}
        return later

    @cached_property
    def torch_names(self) -> frozenset[str]:
        """The names that may stand for torch or a part of it."""
        return torch_names(self.file.names)

    def may_be_torch(self, node: cst.BaseExpression) -> bool:
        """Whether `node` begins with a name that may stand for torch or a part of it."""
        root = leftmost(node)
        return root is not None and (bool(self.file.names.stars) or root.value in self.torch_names)

    @cached_property
    def references(self) -> list[Reference]:
        return find_references(self.file.names, self.torch_names)

    @cached_property
    def references_by_node(self) -> dict[cst.CSTNode, Reference]:
        """The references that are no imports, by the nodes that they stand at."""
        return {one.node: one for one in self.references if not one.is_import}

    def replacement(self, reference: Reference) -> Replacement | Refusal:
        """Return the neutral form of `reference`, or what stops it."""
        if reference not in self.replacements:
            found = find_replacement(reference, self.file, self.options)
            if isinstance(found, Replacement):
                found = with_module_in_scope(reference, found, self.file)
                found = as_device(reference, found, self.file, self.options, self.references)
            self.replacements[reference] = found
        return self.replacements[reference]

    def condition(self, test: cst.BaseExpression) -> BackendCondition | None:
        """Return what `test` asks about backends, or None where it asks nothing, or nothing that can be told."""
        if test not in self.conditions:
            self.conditions[test] = read_condition(test, self.file, self.options)
        return self.conditions[test]

    def references_in(self, *nodes: cst.CSTNode) -> Iterator[Reference]:
        """Yield the references inside `nodes`, in the order of the file."""
        found = {reference for node in nodes for reference in self.references_inside.get(node, ())}
        yield from sorted(found, key=lambda one: one.order)

    @cached_property
    def references_inside(self) -> dict[cst.CSTNode, list[Reference]]:
        """The references inside each node that holds one."""
        found: dict[cst.CSTNode, list[Reference]] = {}
        for node, reference in self.references_by_node.items():
            for around in (node, *self.file.tree.ancestors(node)):
                found.setdefault(around, []).append(reference)
        return found

    @cached_property
    def path_without_suffix(self) -> str:
        """The path of the file below the project's folder, without its suffix."""
        return relative(PurePath(self.file.path), self.options.root).with_suffix("").as_posix()

    def absolute(self, written: str) -> str:
        """Return a dotted name that may begin with dots, as in a relative import, from the project's folder on."""
        return absolute(written, self.file.path, self.options.root)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self.file.tree.parents.get(node)

    def target_behind(self, call: cst.Call) -> Entry | None:
        """Return the target of the project that `call` calls."""
        meaning = self.file.names.resolve(call.func) if self.options.targets else None
        if meaning is None or meaning.doubt is not None:
            return None
        return next((one for one in self.options.targets if one.target.path == meaning.path), None)

    def neutral_function(self, call: cst.Call) -> str:
        """Return the catalogue's name of the function that `call`, neutral already, stands for; else ""."""
        meaning = self.file.names.resolve(call.func)
        if meaning is None or meaning.doubt is not None:
            return ""
        own = self.target_behind(call)
        if own is not None and own.symbol.startswith("torch."):
            return own.symbol.split(".", 2)[2]
        module, _, function = meaning.path.rpartition(".")
        return BY_RUNTIME.get(function, "") if module == self.options.runtime_module else ""


@once
def found_in_file(pattern: re.Pattern[str], context: RuleContext) -> re.Match[str] | None:
    """Return where the text of a file first fits a pattern; each of its references asks."""
    return pattern.search(context.file.text)
