"""The one value that a name or an attribute of `self` was given, where there is only one."""

from __future__ import annotations

import libcst as cst

from cudafix.syntax.module import File
from cudafix.syntax.scopes import Binding, BindingKind


def assigned_value(node: cst.BaseExpression, file: File) -> cst.BaseExpression | None:
    """Return the expression that `node` stands for, when all that is ever assigned to it is that expression."""
    if isinstance(node, cst.Name):
        binding = only_binding(node, file)
        return binding.value if binding is not None else None
    if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
        return attribute_value(node, node.value.value, file)
    return None


def only_binding(node: cst.Name, file: File) -> Binding | None:
    """Return the one assignment that can reach `node`."""
    use = file.names.uses.get(node)
    scope = file.names.find_scope(node.value, use.scope) if use is not None else None
    if use is None or scope is None or len(scope.bindings[node.value]) != 1:
        return None
    (binding,) = scope.bindings[node.value]
    if file.names.dominated_region(binding.node) not in file.tree.ancestors(node):
        return None  # it may not have been bound yet
    return binding if binding.kind in (BindingKind.OTHER, BindingKind.ALIAS) and not binding.outer else None


def reads_of(value: cst.CSTNode, file: File) -> list[cst.CSTNode]:
    """Return an expression, and the reads of the names that are given its value."""
    found = [value]
    for binding in file.value_bindings:
        if binding.value is value:
            uses = file.names.uses_by_name.get(binding.name, ())
            found += [use.node for use in uses if binding in file.names.reaching_definitions(use)]
    return found


def attribute_value(node: cst.Attribute, owner: str, file: File) -> cst.BaseExpression | None:
    """Return what the class around `node` assigns to `self.NAME`, when it does so once."""
    function, around = enclosing_method(node, file)
    if function is None or around is None or first_parameter(function) != owner:
        return None
    target = only_target(node.attr.value, around, file)
    if target is not None and not is_set_first(target, file):
        return None
    return value_of(target, file) if target is not None else None


def only_target(name: str, around: cst.ClassDef, file: File) -> cst.Attribute | None:
    """Return the one place of the file that sets the attribute: a statement that runs when its method does."""
    given = file.attribute_writes.get(name, ())
    if len(given) != 1 or not is_in(given[0], around, file) or not is_own(given[0], file):
        return None
    function, _ = enclosing_method(given[0], file)
    in_class = any(one.node is around and name in one.bindings for one in file.names.scopes)
    return given[0] if not in_class and file.tree.suite(given[0]) is function.body else None  # type: ignore[union-attr]


def is_set_first(target: cst.Attribute, file: File) -> bool:
    """Whether the attribute is set before any other method can read it."""
    function, _ = enclosing_method(target, file)
    return function is not None and function.name.value == "__init__"


def enclosing_method(node: cst.CSTNode, file: File) -> tuple[cst.FunctionDef | None, cst.ClassDef | None]:
    """Return the outermost function around `node` in the innermost class, and that class."""
    function: cst.FunctionDef | None = None
    for parent in file.tree.ancestors(node):
        if isinstance(parent, cst.FunctionDef):
            function = parent
        if isinstance(parent, cst.ClassDef):
            return function, parent
    return None, None


def first_parameter(function: cst.FunctionDef) -> str:
    params = (*function.params.posonly_params, *function.params.params)
    decorators = [one.decorator for one in function.decorators]
    is_static = any(isinstance(one, cst.Name) and one.value == "staticmethod" for one in decorators)
    return params[0].name.value if params and not is_static else ""


def is_in(node: cst.CSTNode, around: cst.CSTNode, file: File) -> bool:
    return around in file.tree.ancestors(node)


def is_own(target: cst.Attribute, file: File) -> bool:
    """Whether `target` is an attribute of the object that the method around it belongs to."""
    function, _ = enclosing_method(target, file)
    return (
        function is not None and isinstance(target.value, cst.Name) and target.value.value == first_parameter(function)
    )


def value_of(target: cst.Attribute, file: File) -> cst.BaseExpression | None:
    """Return what is assigned to `target`; None for a loop's variable, `del`, `+=` or a part of a tuple."""
    parent = file.tree.parents.get(target)
    if isinstance(parent, cst.AssignTarget):
        parent = file.tree.parents.get(parent)
    if isinstance(parent, cst.Assign) or (isinstance(parent, cst.AnnAssign) and parent.value is not None):
        return parent.value
    return None
