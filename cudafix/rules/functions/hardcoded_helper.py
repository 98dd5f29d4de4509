"""A function of the project, or of a library, that is for one backend and for which the configuration names another.

## What it does
Finds the names that `[tool.cudafix.targets]`, or a preset, gives another for, and that are no functions of torch:
`transformers.testing_utils.require_torch_gpu`, a helper that only counts CUDA's devices.

## Why is this bad?
A name that hides `torch.cuda` is as tied to CUDA as `torch.cuda` is; nobody who searches for that finds it.

## Example
```toml
[tool.cudafix.targets]
"accelerate.test_utils.require_cuda" = "accelerate.test_utils.require_non_cpu"
```
```python
from accelerate.test_utils import require_cuda


@require_cuda
def test_trains(): ...
```

## Use instead
```python
from accelerate.test_utils import require_non_cpu


@require_non_cpu
def test_trains(): ...
```

## Fix safety
Safe: the configuration says that one takes the place of the other. The import is exchanged, in the same statement.
No fix in the module of the target itself, nor in one that this imports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.match import Match
from cudafix.fixes.operations import Operations, Place, Substitution
from cudafix.matchers.references import chain
from cudafix.replacements.project_targets import find_other, find_stop, form_of
from cudafix.replacements.replacement import ImportedName, Refusal, Replacement
from cudafix.syntax.scopes import Resolution, Use


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each place that says a name for which a target stands."""
    wanted = [one for one in context.options.replaced if one.rpartition(".")[2] in context.file.text]
    if not wanted:
        return
    names = context.file.names
    used: set[cst.CSTNode] = set()
    for use in names.uses.values():
        resolution = names.resolve_use(use)
        if resolution is None:
            continue
        found = find_use(use, resolution, wanted, context)
        if found is not None:
            used.update(origin.alias for origin in resolution.origins if origin.alias is not None)
            yield match_use(found, context)
    for binding in names.imports:
        name = context.absolute(binding.target)
        if name in wanted and binding.alias is not None and binding.alias not in used:
            reason = "nothing here uses it: who imports it from here, another file tells"
            yield Match(binding.alias, name, f"import of {message_for(name)}", Operations(), reason=reason)


@dataclass(frozen=True, eq=False)
class Replaced:
    """A place that says a name for which a target stands.

    Attributes:
        place: where; it begins with a name of another library, or of the project.
        name: the dotted name, from the project's folder on.
        module: the module that it is in, as the file writes it.
        call: the call of it, if it is called.
        is_certain: whether it can be nothing else here.
    """

    place: Place
    name: str
    module: str
    call: cst.Call | None
    is_certain: bool


def find_use(use: Use, resolution: Resolution, wanted: list[str], context: RuleContext) -> Replaced | None:
    """Return the place around `use` that says a name of `wanted`."""
    nodes, attributes = chain(context.file.names, use.node)
    for length in range(len(attributes) + 1):
        path = resolution.below(attributes[:length]).path
        name = context.absolute(path)
        if name in wanted and (length or not resolution.through):  # else the place that made the alias is reported
            node = nodes[length]
            parent = context.parent(node)
            call = parent if isinstance(parent, cst.Call) and parent.func is node else None
            place = Place(node, use.scope, use.order, resolution.origins, use, is_of_torch=False)
            return Replaced(place, name, path.rpartition(".")[0], call, resolution.doubt is None)
    return None


def match_use(replaced: Replaced, context: RuleContext) -> Match:
    place, fix = replaced.place, find_fix(replaced, context)
    match = Match(place.node, replaced.name, message_for(replaced.name), Operations())
    if isinstance(fix, Refusal):
        return replace(match, reason=fix.reason)
    if fix.whole_call and replaced.call is not None:
        place = replace(place, node=replaced.call)
    return replace(match, operations=Operations((Substitution(place, fix),)), reason=fix.reason)


def find_fix(replaced: Replaced, context: RuleContext) -> Replacement | Refusal:
    """Return what takes the place of the name, by what the file itself calls the module of the target."""
    file, options = context.file, context.options
    entry = find_other(replaced.name, file.path, options, replaced.call is not None)
    if entry is None:
        return Refusal("here it is called with arguments, or not at all, and the target stands for a bare call")
    if not replaced.is_certain:
        return Refusal(f"`{file.code(replaced.place.node)}` may be something else here")
    obstacle = find_stop(entry.target, replaced.place.node, file, options)
    form = Refusal(obstacle) if obstacle else form_of(entry, replaced.call, file, options)
    if isinstance(form, Replacement) and context.absolute(replaced.module) == entry.target.module:
        module = ImportedName(replaced.module, form.imported.name)
        form = replace(form, imported=module, also=tuple(ImportedName(replaced.module, one.name) for one in form.also))
    return form


def message_for(name: str) -> str:
    return f"`{name}` is tied to one backend"
