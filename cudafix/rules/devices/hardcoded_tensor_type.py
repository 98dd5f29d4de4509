"""A tensor type of one backend.

## What it does
Finds `torch.cuda.FloatTensor`, `torch.cuda.HalfStorage` and the like, also in strings that name one.

## Why is this bad?
The legacy types exist for CUDA only; a dtype and a device say the same for every backend.

## Example
```python
import torch

x = torch.cuda.FloatTensor([1.0])
y = x.type("torch.cuda.HalfTensor")
```

## Use instead
```python
import torch
from cudafix.runtime import current_device_type

x = torch.tensor([1.0], dtype=torch.float32, device=current_device_type())
y = x.to(current_device_type(), torch.float16)
```

## Fix safety
Unsafe: the tensor is on another accelerator, or on the CPU, where the program failed before. Sizes become
`torch.empty(…)`, a list, a tuple or an array `torch.tensor(…)`; `x.type(…)` becomes `x.to(…)`, and
`torch.set_default_tensor_type(…)` two statements, for the device and the dtype. No fix where sizes cannot be told from
data, where the type itself is passed on or compared with, and for storages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.enclosing_branch import find_branch_backends
from cudafix.analysis.control_flow.substitutes import NO_TORCH, name_of_torch, torch_beside
from cudafix.analysis.devices.replace_literal import NOTHING_BESIDE, NeutralDevice, match_with_fix, neutral_device
from cudafix.analysis.functions.classify import classify
from cudafix.analysis.functions.messages import message_for
from cudafix.analysis.match import Match
from cudafix.catalogue.tensors import DTYPES
from cudafix.fixes.operations import NodeChange, Operations
from cudafix.matchers.references import Reference
from cudafix.registry import code_of
from cudafix.replacements.replacement import Refusal
from cudafix.syntax.arguments import comma

CODE = code_of("hardcoded-tensor-type")
IN_TEXT = re.compile(r"torch\.cuda\.(?P<kind>[A-Z]\w*)Tensor")
DEFAULT_TYPE = "torch.set_default_tensor_type"
DATA = (cst.List, cst.Tuple, cst.ListComp)
"""What a tensor is made of that is no size."""

UNSEEN = "whether it is given sizes or data cannot be seen"
ITSELF = "the type itself is meant here: say a dtype and a device where it is used"


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each tensor type of CUDA, named by torch or in a string."""
    for reference in context.references:
        if reference.symbol.backend != "cuda" or reference.is_import or reference in context.silenced:
            continue
        if classify(reference, context) == CODE:
            yield match_reference(reference, context)
    for node in context.file.names.places:
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        match = IN_TEXT.fullmatch(text) if isinstance(text, str) else None
        if match is None or not isinstance(node, cst.SimpleString):
            continue
        if "cuda" not in find_branch_backends(node, context):
            fix = as_argument(node, DTYPES.get(match["kind"], ""), "", context)
            found = match_with_fix(node, f"{node.value} is tied to CUDA", fix, context)
            yield replace(found, help="say a dtype and a device")


def match_reference(reference: Reference, context: RuleContext) -> Match:
    kind, _, rest = reference.symbol.row.name.partition("Tensor")
    dtype = DTYPES.get(kind, "") if reference.symbol.row.name.endswith("Tensor") and not rest else ""
    torch = name_of_torch(reference, context)
    if reference.call is not None:
        fix = as_constructor(reference.call, dtype, torch, context)
    else:
        fix = as_argument(reference.node, dtype, torch, context)
    match = match_with_fix(reference.node, message_for(reference), fix, context)
    rows = context.file.rows(reference.call) if reference.call is not None else None
    symbol = reference.symbol
    return replace(match, symbol=symbol.name, help=symbol.row.note, reference=reference, covers=(reference,), rows=rows)


# A type that is called


def as_constructor(call: cst.Call, dtype: str, torch: str, context: RuleContext) -> Operations | Refusal:
    """Return the fix that makes a tensor by `torch.tensor` or `torch.empty`."""
    function = maker_for(call.args, context)
    if not dtype or not function:
        return Refusal(UNSEEN if dtype else ITSELF)
    found = find_device(call, torch, context)
    if isinstance(found, Refusal):
        return found
    device, torch = found
    build = partial(made, function=f"{torch}.{function}", dtype=f"{torch}.{dtype}")
    change = NodeChange(call, build, kept=tuple(call.args), substitutions=(device.substitution,), names_said=(torch,))
    return Operations(changes=(change,), constants=device.constants)


def maker_for(args: Sequence[cst.Arg], context: RuleContext) -> str:
    """Return the function of torch that takes the same arguments: sizes or data; "" where that cannot be seen."""
    if any(one.keyword is not None or one.star == "**" for one in args):
        return ""
    first = args[0].value if args else None
    if first is None or len(args) > 1 or args[0].star or isinstance(first, cst.Integer) or is_size(first):
        return "empty"
    meaning = context.file.names.resolve(first.func) if isinstance(first, cst.Call) else None
    is_array = meaning is not None and meaning.path.startswith("numpy.")
    return "tensor" if isinstance(first, DATA) or is_array else ""


def is_size(node: cst.BaseExpression) -> bool:
    """Whether an expression is `x.size()` or `x.shape`."""
    name = node.func if isinstance(node, cst.Call) and not node.args else node
    wanted = "size" if isinstance(node, cst.Call) else "shape"
    return isinstance(name, cst.Attribute) and name.attr.value == wanted


def find_device(call: cst.Call, torch: str, context: RuleContext) -> tuple[NeutralDevice, str] | Refusal:
    """Return the active device for `call`, and what torch is called there."""
    device = neutral_device(call, context)
    if device is None:
        return Refusal(NOTHING_BESIDE)
    torch = torch or torch_beside(device.substitution.place)
    return (device, torch) if torch else Refusal(NO_TORCH)


def made(updated: cst.Call, device: str, function: str, dtype: str) -> cst.Call:
    """Return `torch.empty(…, dtype=…, device=…)`."""
    args = list(updated.args) or [cst.Arg(cst.Integer("0"))]
    args[-1] = args[-1].with_changes(comma=comma(), whitespace_after_arg=cst.SimpleWhitespace(""))
    last = updated.args[-1].comma if updated.args else cst.MaybeSentinel.DEFAULT
    new = cst.ensure_type(cst.parse_expression(f"f(dtype={dtype}, device={device})"), cst.Call).args
    return updated.with_changes(
        func=cst.parse_expression(function), args=[*args, new[0], new[1].with_changes(comma=last)]
    )


# A type that is an argument


def as_argument(node: cst.CSTNode, dtype: str, torch: str, context: RuleContext) -> Operations | Refusal:
    """Return the fix for `x.type(torch.cuda.FloatTensor)` and `torch.set_default_tensor_type(…)`."""
    call = context.file.tree.call_around(node)
    if call is None or call.args[0].value is not node or not dtype:
        return Refusal(ITSELF)
    found = find_device(call, torch, context)
    if isinstance(found, Refusal):
        return found
    device, torch = found
    meaning = context.file.names.resolve(call.func)
    if meaning is not None and meaning.path == DEFAULT_TYPE:
        return default_type(call, dtype, torch, device, context)
    others = call.args[1:]
    is_type = isinstance(call.func, cst.Attribute) and call.func.attr.value == "type"
    if not is_type or any(one.keyword is None or one.star for one in others):
        return Refusal(ITSELF)
    assert isinstance(call.func, cst.Attribute)
    build = partial(moved, dtype=f"{torch}.{dtype}")
    kept = (call.func, *others)
    change = NodeChange(call, build, kept=kept, substitutions=(device.substitution,), names_said=(torch,))
    return Operations(changes=(change,), constants=device.constants)


def moved(updated: cst.Call, device: str, dtype: str) -> cst.Call:
    """Return `x.to(device, dtype)` for `x.type(…)`."""
    assert isinstance(updated.func, cst.Attribute)
    new = cst.ensure_type(cst.parse_expression(f"f({device}, {dtype})"), cst.Call).args
    first, *others = updated.args
    args = [new[0], new[1].with_changes(comma=first.comma), *others]
    return updated.with_changes(func=updated.func.with_changes(attr=cst.Name("to")), args=args)


def default_type(
    call: cst.Call, dtype: str, torch: str, device: NeutralDevice, context: RuleContext
) -> Operations | Refusal:
    """Return the fix that says the default device and the default dtype, a statement each."""
    statement = context.parent(call)
    line = context.parent(statement) if isinstance(statement, cst.Expr) else None
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1 or len(call.args) != 1:
        return Refusal("two statements take its place")
    build = partial(said, torch=torch, dtype=f"{torch}.{dtype}")
    change = NodeChange(line, build, substitutions=(device.substitution,), names_said=(torch,))
    return Operations(changes=(change,), constants=device.constants)


def said(updated: cst.SimpleStatementLine, device: str, torch: str, dtype: str) -> Sequence[cst.BaseStatement]:
    """Return `torch.set_default_device(…)` and `torch.set_default_dtype(…)`."""
    first = cst.ensure_type(cst.parse_statement(f"{torch}.set_default_device({device})\n"), cst.SimpleStatementLine)
    second = cst.ensure_type(cst.parse_statement(f"{torch}.set_default_dtype({dtype})\n"), cst.SimpleStatementLine)
    trailing = updated.trailing_whitespace
    return [first.with_changes(leading_lines=updated.leading_lines, trailing_whitespace=trailing), second]
