"""What a new tensor meets: `x` in `x * torch.ones(n, device="cuda")`, `model` in `model(**inputs)`.

In: the place of a device's name. Out: the name of the tensor, or of the model, whose `device` is the one that the new
tensor must be on, since torch raises where the two are on different ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst

from cudafix.catalogue.tensors import FACTORIES, MEETINGS, METHODS, OF_TENSORS, SAME_DEVICE
from cudafix.syntax.expressions import leftmost
from cudafix.syntax.module import File
from cudafix.syntax.scopes import Binding, ScopeKind, Use

OF_MODELS = frozenset(("forward", "generate"))
"""The methods that a model is run by."""

KEEPS_MODEL = frozenset(("bfloat16", "cuda", "eval", "float", "half", "requires_grad_", "to", "train"))
"""The methods of a model that give the model itself."""

MODELS = re.compile(r"(transformers|diffusers)\.(?!.*(Tokenizer|Processor|Extractor|Config|Scheduler))")
"""The classes of the libraries whose models know their device."""


def find_met(placed: cst.CSTNode, file: File) -> str:
    """Return the tensor, or the model, that meets what is made with the device at `placed`; "" where none is known."""
    made = placed if isinstance(placed, cst.Call) else file.tree.call_around(placed)
    if made is None or not gives_tensor(made, file):
        return ""
    result = outermost(made, file)
    direct = next((one for one in met_at(result, file) if is_known(one, file)), None)
    return file.code(direct) if direct is not None else met_later(result, placed, file)


def gives_tensor(call: cst.Call, file: File) -> bool:
    """Whether a call gives what is on the device that it is told: `torch.zeros(…)`, `x.to(…)`, `x.cuda()`."""
    if isinstance(call.func, cst.Attribute) and call.func.attr.value in ("to", "cuda"):
        return file.names.resolve(call.func) is None
    meaning = file.names.resolve(call.func)
    return meaning is not None and meaning.path.startswith("torch.") and meaning.path[6:] in FACTORIES


def outermost(node: cst.BaseExpression, file: File) -> cst.BaseExpression:
    """Return the largest expression around `node` that is no more than it in another shape: `-x[0].float()`."""
    parents = file.tree.parents
    while True:
        parent = parents.get(node)
        is_item = isinstance(parent, cst.Subscript) and parent.value is node
        if isinstance(parent, cst.Attribute) and is_same_call(parents.get(parent), parent):
            node = parents[parent]  # type: ignore[assignment]
        elif is_item or (isinstance(parent, cst.UnaryOperation) and not isinstance(parent.operator, cst.Not)):
            node = parent  # type: ignore[assignment]
        else:
            return node


def is_same_call(call: cst.CSTNode | None, func: cst.Attribute) -> bool:
    return isinstance(call, cst.Call) and call.func is func and func.attr.value in SAME_DEVICE


def met_at(result: cst.BaseExpression, file: File) -> Iterator[cst.BaseExpression]:
    """Yield what an expression, a tensor, meets where it stands."""
    names = file.names
    parent = names.tree.parents.get(result)
    if isinstance(parent, cst.BinaryOperation):
        yield parent.left if parent.right is result else parent.right
    elif isinstance(parent, cst.AugAssign) and parent.value is result:
        yield parent.target
    elif isinstance(parent, (cst.Index, cst.ComparisonTarget, cst.Comparison)):
        yield from met_by_operator(parent, result, file)
    elif isinstance(parent, cst.Element):
        container = names.tree.parents[parent]
        call = names.tree.call_around(container)
        if call is not None and isinstance(container, (cst.List, cst.Tuple)) and is_meeting(call, file):
            yield from (one.value for one in container.elements if one is not parent)
    elif isinstance(parent, cst.Arg):
        yield from met_in_call(parent, file)


def met_by_operator(
    parent: cst.Index | cst.ComparisonTarget | cst.Comparison, result: cst.BaseExpression, file: File
) -> Iterator[cst.BaseExpression]:
    if isinstance(parent, cst.Index):
        subscript = file.tree.parents[file.tree.parents[parent]]
        if isinstance(subscript, cst.Subscript):
            yield subscript.value
        return
    comparison = file.tree.comparison_around(result)
    if comparison is None or len(comparison.comparisons) != 1:
        return
    target = comparison.comparisons[0]
    if not isinstance(target.operator, (cst.Is, cst.IsNot, cst.In, cst.NotIn)):
        yield comparison.left if target.comparator is result else target.comparator


def met_in_call(arg: cst.Arg, file: File) -> Iterator[cst.BaseExpression]:
    call = file.tree.parents[arg]
    if not isinstance(call, cst.Call):
        return
    if is_meeting(call, file):
        yield from (one.value for one in call.args if one is not arg)
    func = call.func
    if isinstance(func, cst.Attribute) and func.attr.value in METHODS and not arg.star:
        yield func.value
    yield func.value if isinstance(func, cst.Attribute) and func.attr.value in OF_MODELS else func


def is_meeting(call: cst.Call, file: File) -> bool:
    meaning = file.names.resolve(call.func)
    return meaning is not None and meaning.path.startswith("torch.") and meaning.path[6:] in MEETINGS


# Through a name


def met_later(result: cst.BaseExpression, placed: cst.CSTNode, file: File) -> str:
    """Return what a name that is given the result meets, further down in the same block, in all cases."""
    names = file.names
    parent = names.tree.parents.get(result)
    if isinstance(parent, cst.DictComp) and parent.value is result:
        parent = names.tree.parents.get(parent)
    target = parent.targets[0].target if isinstance(parent, cst.Assign) and len(parent.targets) == 1 else None
    if not isinstance(target, cst.Name):
        return ""
    scope, order = names.places[placed]
    while scope.parent is not None and scope.kind is ScopeKind.COMPREHENSION:
        scope = scope.parent
    around = names.tree.ancestors(placed)
    for use in sorted(names.uses_by_name.get(target.value, ()), key=lambda one: one.order):
        is_certain = use.scope is scope and use.order > order and names.dominated_region(use.node) in around
        if is_certain and [one.value for one in names.reaching_definitions(use)] == [parent.value]:  # type: ignore[union-attr]
            found = next((one for one in met_at(part_of(use.node, file), file) if is_known(one, file)), None)
            if found is not None and is_same_now(found, order, file):
                return file.code(found)
    return ""


def part_of(name: cst.Name, file: File) -> cst.BaseExpression:
    """Return `inputs.input_ids`, or what else is taken out of what the name holds, and the largest of that kind."""
    node = outermost(name, file)
    parent = file.tree.parents.get(node)
    call = file.tree.parents.get(parent) if isinstance(parent, cst.Attribute) else None
    return node if not isinstance(parent, cst.Attribute) or isinstance(call, cst.Call) else parent


def is_same_now(met: cst.BaseExpression, order: int, file: File) -> bool:
    """Whether a name holds at the place that stands at `order` what it holds further down."""
    if not isinstance(met, cst.Name):
        return False
    use = file.names.uses.get(met)
    return use is not None and all(one.order < order for one in file.names.reaching_definitions(use))


# What is known to have a device


def is_known(node: cst.BaseExpression, file: File) -> bool:
    """Whether an expression is a name, or an attribute of `self`, that is known to be a tensor or a model."""
    root = leftmost(node)
    use = file.names.uses.get(root) if root is not None else None
    if use is None or not isinstance(node, (cst.Name, cst.Attribute)):
        return False
    if isinstance(node, cst.Attribute) and (node.value is not root or use.node.value != "self"):
        return False
    bindings = file.names.reaching_definitions(use)
    if not bindings or file.names.resolve(node) is not None:
        return False
    return is_annotated(node, bindings, file) or is_model(node, file) or is_used_as_tensor(node, use, bindings, file)


def is_annotated(node: cst.BaseExpression, bindings: Sequence[Binding], file: File) -> bool:
    """Whether a name is a parameter, and said to be a tensor."""
    function = file.tree.parents.get(bindings[0].node)
    if not isinstance(node, cst.Name) or len(bindings) > 1 or not isinstance(function, cst.FunctionDef):
        return False
    if function.body is not bindings[0].node:
        return False
    params = (*function.params.posonly_params, *function.params.params, *function.params.kwonly_params)
    annotation = next((one.annotation for one in params if one.name.value == node.value), None)
    meaning = file.names.resolve(annotation.annotation) if annotation is not None else None
    return meaning is not None and meaning.path == "torch.Tensor"


def is_used_as_tensor(node: cst.BaseExpression, use: Use, bindings: Sequence[Binding], file: File) -> bool:
    """Whether what the same name holds is asked, elsewhere, for its device, or what only tensors can tell."""
    text = file.code(node)
    function = function_of(node, file)
    for other in file.names.uses_by_name.get(use.node.value, ()):
        whole = file.tree.parents.get(other.node) if isinstance(node, cst.Attribute) else other.node
        if whole is None or whole is node or function_of(whole, file) is not function or file.code(whole) != text:
            continue
        if file.names.reaching_definitions(other) == bindings and is_telling(whole, file):
            return True
    return False


def function_of(node: cst.CSTNode, file: File) -> cst.CSTNode | None:
    return next((one for one in file.tree.ancestors(node) if isinstance(one, cst.FunctionDef)), None)


def is_telling(node: cst.CSTNode, file: File) -> bool:
    """Whether `x.device`, `x.size(…)` or the like stands around `x`."""
    attribute = file.tree.parents.get(node)
    if not isinstance(attribute, cst.Attribute) or attribute.value is not node or attribute in file.names.changed:
        return False
    call = file.tree.parents.get(attribute)
    is_called = isinstance(call, cst.Call) and call.func is attribute and attribute.attr.value in OF_TENSORS
    return is_called or attribute.attr.value == "device"


def is_model(node: cst.BaseExpression, file: File, depth: int = 4) -> bool:
    """Whether a name holds what `from_pretrained` of a class of Hugging Face's libraries gave."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        if node.func.attr.value == "from_pretrained":
            meaning = file.names.resolve(node.func.value)
            return meaning is not None and MODELS.match(meaning.path) is not None
        return node.func.attr.value in KEEPS_MODEL and is_model(node.func.value, file, depth)
    use = file.names.uses.get(node) if isinstance(node, cst.Name) else None
    bindings = file.names.reaching_definitions(use) if use is not None else []
    value = bindings[0].value if len(bindings) == 1 else None
    return value is not None and depth > 0 and is_model(value, file, depth - 1)
