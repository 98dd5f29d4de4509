"""A test that is for CUDA alone.

## What it does
In files of tests, finds `pytest.mark.skipif(not torch.cuda.is_available(), …)` and its siblings of unittest, decorators
such as `require_cuda`, `requires_gpu` and `onlyCUDA`, and assertions that a device is CUDA's.

## Why is this bad?
On another accelerator the test is skipped, or fails though the code is right.

## Example
```python
import pytest
import torch


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_moves():
    assert move(torch.ones(1)).device.type == "cuda"
```

## Use instead
```python
import pytest
import torch
from cudafix.runtime import current_device_type, is_accelerator_available


@pytest.mark.skipif(not is_accelerator_available(), reason="needs a GPU")
def test_moves():
    assert move(torch.ones(1)).device.type == current_device_type()
```

## Fix safety
Unsafe: the test runs on other accelerators, where it was skipped. The text of the reason stays. No fix for a test that
calls what only CUDA has. A decorator of transformers, diffusers or accelerate is exchanged for that library's neutral
one; others are reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends
from cudafix.analysis.control_flow.substitutes import template_of
from cudafix.analysis.devices.assertions import is_asserted, is_test
from cudafix.analysis.devices.replace_literal import NOTHING_BESIDE, match_with_fix, neutral_device, without_literal
from cudafix.analysis.match import Match
from cudafix.catalogue.symbols import look_up
from cudafix.fixes.operations import NodeChange, Operations, Place, Substitution, substitution_for
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.registry import CUDA_ONLY
from cudafix.replacements.replacement import ImportedName, Refusal, Replacement
from cudafix.syntax.expressions import dotted_name, last_name, leftmost
from cudafix.syntax.scopes import Resolution

RUNS_ELSEWHERE = "the test runs on other accelerators, where it was skipped"
SKIPS = frozenset(("pytest.mark.skipif", "pytest.mark.xfail", "unittest.skipIf", "unittest.skipUnless"))
"""What is called with a condition under which a test does not run."""

TESTS_FOR_CUDA = frozenset(("is_available", "device_count"))
"""The functions of `torch.cuda` that such a condition calls."""

FOR_CUDA = re.compile(
    r"(?:_?(?:require|requires|needs?|skip|skipif|only)[a-zA-Z_]*_?(?:cuda|gpus?|nccl)(?:_\w+)?"
    r"|only(?:CUDA|GPU)|(?:multi|single|large)_gpu_(?:test|only|mark)|skipCUDA\w+|(?:cuda|gpu|multi_gpu|single_gpu)\w*)",
)  # fmt: skip
"""What decorators are called that let a test run on CUDA alone: `require_cuda`, `skip_if_lt_x_gpu`, `onlyCUDA`."""

OF_CUDA = re.compile(r"\b(?:\w*kernels?|triton|capability|cutlass|cudnn|cublas\w*|sm_?\d+\w*)\b", re.IGNORECASE)
"""What a condition or a reason speaks of that CUDA alone has, or has otherwise."""

NEUTRAL_DECORATORS = {
    "transformers.testing_utils": {
        "require_torch_gpu": "require_torch_accelerator",
        "require_torch_multi_gpu": "require_torch_multi_accelerator",
        "require_torch_non_multi_gpu": "require_torch_non_multi_accelerator",
        "require_torch_up_to_2_gpus": "require_torch_up_to_2_accelerators",
        "require_torch_large_gpu": "require_torch_large_accelerator",
    },
    "diffusers.utils.testing_utils": {
        "require_torch_gpu": "require_torch_accelerator",
        "require_torch_multi_gpu": "require_torch_multi_accelerator",
        "require_big_gpu_with_torch_cuda": "require_big_accelerator",
    },
    "accelerate.test_utils": {
        "require_cuda": "require_non_cpu",
        "require_single_gpu": "require_single_device",
        "require_multi_gpu": "require_multi_device",
    },
}
"""The decorators of libraries that have a neutral one (transformers 5.23, diffusers 0.42, accelerate 1.15)."""


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each skip, decorator and assertion of a file of tests that is about CUDA alone."""
    if is_test(context):
        yield from find_skips(context)
        yield from find_decorators(context)
        yield from find_assertions(context)


# Skips


def find_skips(context: RuleContext) -> Iterator[Match]:
    for reference in context.references:
        call = skip_around(reference, context)
        if call is None or reference in context.silenced or "cuda" in find_branch_backends(reference.node, context):
            continue
        obstacle = find_obstacle(call, context)
        replacement = context.replacement(reference)
        if isinstance(replacement, Replacement) and not obstacle:
            replacement = replace(replacement, safety=Safety.UNSAFE, reason=RUNS_ELSEWHERE)
            fix: Operations | Refusal = Operations((substitution_for(reference, replacement),))
        else:
            fix = Refusal(obstacle or replacement.reason)
        match = match_with_fix(reference.node, "the test is skipped without CUDA", fix, context)
        rows = context.file.rows(call)
        yield replace(match, symbol=reference.symbol.name, reference=reference, covers=(reference,), rows=rows)


def skip_around(reference: Reference, context: RuleContext) -> cst.Call | None:
    """Return the call of `pytest.mark.skipif` and the like whose condition a reference is a part of."""
    if reference.is_import or reference.symbol.backend != "cuda" or reference.symbol.row.name not in TESTS_FOR_CUDA:
        return None
    for parent in context.file.tree.ancestors(reference.node):
        if isinstance(parent, cst.Call):
            meaning = context.file.names.resolve(parent.func)
            if meaning is not None and meaning.path in SKIPS:
                return parent
        if isinstance(parent, (cst.BaseSuite, cst.Lambda)):
            return None
    return None


def find_obstacle(call: cst.Call, context: RuleContext) -> str:
    """Return why a test is right to be skipped without CUDA, or ""."""
    around = [call, *context.file.tree.ancestors(call)]
    names = [one.name.value for one in around if isinstance(one, (cst.FunctionDef, cst.ClassDef))]
    helper = next((one for one in names if FOR_CUDA.fullmatch(one)), "")
    if helper:
        return f"`{helper}` is for CUDA by its name"
    word = OF_CUDA.search(context.file.code(call))
    if word is not None:
        return f"it speaks of {word[0]}"
    test = next((one for one in around if isinstance(one, (cst.FunctionDef, cst.ClassDef, cst.Module))), call)
    only = (one.symbol.name for one in context.references_in(test) if one.symbol.row.code == CUDA_ONLY)
    return next((f"the test calls `{one}`" for one in only), "")


# Decorators


def find_decorators(context: RuleContext) -> Iterator[Match]:
    owners = [one.node for one in context.file.names.scopes]
    decorators = [decorator.decorator for owner in owners for decorator in getattr(owner, "decorators", ())]
    for decorator in decorators:
        name = decorator.func if isinstance(decorator, cst.Call) else decorator
        meaning = context.file.names.resolve(name)
        is_known = meaning is not None and bool(look_up(meaning.path) or meaning.path in SKIPS)
        if FOR_CUDA.fullmatch(last_name(name)) and not is_known:
            if meaning is not None and context.absolute(meaning.path) in context.options.replaced:
                continue  # a target says what takes its place
            fix = exchanged(name, meaning, context)
            yield match_with_fix(name, f"`{dotted_name(name)}` lets the test run on CUDA alone", fix, context)


def exchanged(name: cst.BaseExpression, meaning: Resolution | None, context: RuleContext) -> Operations | Refusal:
    """Return the fix that says the library's neutral decorator, and imports it where the other is imported."""
    module, _, old = meaning.path.rpartition(".") if meaning is not None and meaning.doubt is None else ("", "", "")
    known = next((one for one in NEUTRAL_DECORATORS if module == one or module.startswith(f"{one}.")), "")
    new = NEUTRAL_DECORATORS.get(known, {}).get(old, "")
    root = leftmost(name)
    names = context.file.names
    use = names.uses.get(root) if root is not None else None
    if meaning is None or not new or use is None:
        return Refusal("which decorator asks for any accelerator, only who knows the tests can say")
    imports = [one for one in names.imports if one.scope is names.root and one.target.startswith(f"{known}.")]
    in_scope = [one.name for one in imports if one.target.endswith(f".{new}")]
    written = dotted_name(name).rpartition(".")[0]
    imported = ImportedName("", f"{written}.{new}") if written else ImportedName(module, new)
    imported = ImportedName("", in_scope[0]) if in_scope else imported
    place = Place(name, use.scope, use.order, meaning.origins, root=use)
    replacement = Replacement(imported, safety=Safety.UNSAFE, reason=RUNS_ELSEWHERE)
    return Operations((Substitution(place, replacement),))


# Assertions


def find_assertions(context: RuleContext) -> Iterator[Match]:
    for node in context.file.names.places:
        if not isinstance(node, (cst.SimpleString, cst.Attribute)) or not is_asserted(node, context):
            continue
        statement = next(one for one in context.file.tree.ancestors(node) if isinstance(one, cst.BaseSmallStatement))
        if "cuda" not in find_branch_backends(statement, context):
            yield match_asserted(node, context)


def match_asserted(node: cst.SimpleString | cst.Attribute, context: RuleContext) -> Match:
    message = "the test expects a device of CUDA"
    if isinstance(node, cst.SimpleString):
        fix = without_literal(node, node, template_of(node), context)
        return match_with_fix(node, message, fix, context)
    device = neutral_device(node, context, takes_device=False)
    if device is None:
        return match_with_fix(node, message, Refusal(NOTHING_BESIDE), context)
    change = NodeChange(node, comparison, kept=(node.value,), substitutions=(device.substitution,))
    fix = Operations(changes=(change,), constants=device.constants)
    match = match_with_fix(node, message, fix, context)
    return replace(match, help=f"use `{context.file.code(node.value)}.device.type == …`")


def comparison(updated: cst.Attribute, device: str) -> cst.BaseExpression:
    """Return `x.device.type == current_device_type()` for `x.is_cuda`."""
    new = cst.ensure_type(cst.parse_expression(f"x.device.type == {device}"), cst.Comparison)
    kind = cst.Attribute(cst.Attribute(updated.value, cst.Name("device")), cst.Name("type"))
    return new.with_changes(left=kind, lpar=updated.lpar, rpar=updated.rpar)
