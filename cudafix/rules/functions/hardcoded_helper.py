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
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.functions.classify import HELPER
from cudafix.analysis.match import Match
from cudafix.catalogue.row import Row
from cudafix.catalogue.symbols import Symbol
from cudafix.fixes.operations import Operations, substitution_for
from cudafix.matchers.references import Reference, chain
from cudafix.replacements.project import find_other, find_stop, form_of
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
            yield match_use(*found, context)
    for binding in names.imports:
        name = context.absolute(binding.target)
        if name in wanted and binding.alias is not None and binding.alias not in used:
            reason = "nothing here uses it: who imports it from here, another file tells"
            yield Match(binding.alias, name, f"import of {describe(name)}", Operations(), reason=reason)


def find_use(
    use: Use, resolution: Resolution, wanted: list[str], context: RuleContext
) -> tuple[Reference, str, str] | None:
    """Return what stands for a name of `wanted`, that name, and the module as the file writes it."""
    nodes, attributes = chain(context.file.names, use.node)
    for length in range(len(attributes) + 1):
        path = resolution.below(attributes[:length]).path
        name = context.absolute(path)
        if name in wanted and (length or not resolution.through):  # else the place that made the alias is reported
            node = nodes[length]
            parent = context.parent(node)
            call = parent if isinstance(parent, cst.Call) and parent.func is node else None
            symbol = Symbol(name, "", Row(name, HELPER))
            reference = Reference(node, symbol, resolution, use.scope, use.order, use, call)
            return reference, name, path.rpartition(".")[0]
    return None


def match_use(reference: Reference, name: str, written: str, context: RuleContext) -> Match:
    fix = find_fix(reference, name, written, context)
    match = Match(reference.node, name, describe(name), Operations())
    if isinstance(fix, Refusal):
        return replace(match, reason=fix.reason)
    return replace(match, operations=Operations((substitution_for(reference, fix),)), reason=fix.reason)


def find_fix(reference: Reference, name: str, written: str, context: RuleContext) -> Replacement | Refusal:
    file, options = context.file, context.options
    entry = find_other(name, file.path, options, reference.call is not None)
    if entry is None:
        return Refusal("here it is called with arguments, or not at all, and the target stands for a bare call")
    if reference.resolution.doubt is not None:
        return Refusal(f"`{file.code(reference.node)}` may be something else here")
    stop = find_stop(entry.target, reference.node, file, options)
    form = Refusal(stop) if stop else form_of(entry, reference.call, file, options)
    if isinstance(form, Replacement) and context.absolute(written) == entry.target.module:
        module = ImportedName(written, form.need.name)
        form = replace(form, need=module, also=tuple(ImportedName(written, one.name) for one in form.also))
    return form


def describe(name: str) -> str:
    return f"`{name}` is tied to one backend"
