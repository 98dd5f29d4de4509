"""The default of a parameter that names CUDA → changes after which the function works it out when it is called.

The parameter gets None, and the function begins with a statement that says what None stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.analysis.devices.frameworks import ON_COMMAND_LINE, described_default, is_for_tyro
from cudafix.config.python_requirement import oldest_python
from cudafix.fixes.operations import NodeChange, Substitution, names_in
from cudafix.replacements.replacement import Refusal
from cudafix.syntax.expressions import last_name
from cudafix.syntax.scopes import Scope

NONE_NOW = "None, where it is passed on purpose, now stands for it"
TAKES_NONE = ("None", "Optional", "Any", "object")
"""Words of annotations that let None pass."""


def late_parameter(
    param: cst.Param, substitutions: Mapping[cst.SimpleString, Substitution], context: RuleContext
) -> tuple[NodeChange, ...] | Refusal:
    """Return the changes for a parameter in whose default each literal gets its substitution."""
    names = context.file.names
    assert param.default is not None
    around = names.tree.ancestors(param)
    function = next((one for one in around if isinstance(one, (cst.FunctionDef, cst.Lambda))), None)
    scope = next((one for one in names.scopes if one.node is function), None)
    if not isinstance(function, cst.FunctionDef) or scope is None:
        return Refusal("it is worked out where the lambda is made")
    first = first_statement(function)
    obstacle = find_obstacle(param, function, scope, context)
    if first is None or obstacle:
        return Refusal(obstacle or "the function does nothing that a device could be worked out before")
    kept = tuple(one for one in (param.annotation, param.default) if one is not None)
    resolve = partial(resolved, literals=tuple(substitutions), param=param, context=context)
    made = tuple(when_called(one, scope) for one in substitutions.values())
    return (
        NodeChange(param, partial(without_default, original=param, context=context), kept=kept),
        NodeChange(first, resolve, before=True, substitutions=made),
    )


def when_called(substitution: Substitution, scope: Scope) -> Substitution:
    """Return a substitution as it is in the body of the function."""
    place, replacement = substitution
    reason = f"{replacement.reason.partition(';')[0]}; {NONE_NOW}"
    return Substitution(replace(place, scope=scope), replace(replacement, reason=reason))


def first_statement(function: cst.FunctionDef) -> cst.CSTNode | None:
    """Return the first statement behind the docstring; None where the function is a stub or stands on one line."""
    body = list(function.body.body) if isinstance(function.body, cst.IndentedBlock) else []
    if body and is_text(body[0]):
        del body[0]
    return body[0] if body and not is_stub(body[0]) else None


def is_text(statement: cst.CSTNode) -> bool:
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    return isinstance(small, cst.Expr) and isinstance(small.value, (cst.SimpleString, cst.ConcatenatedString))


def is_stub(statement: cst.CSTNode) -> bool:
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    is_dots = isinstance(small, cst.Expr) and isinstance(small.value, cst.Ellipsis)
    return is_dots or isinstance(small, (cst.Pass, cst.Raise))


def find_obstacle(param: cst.Param, function: cst.FunctionDef, scope: Scope, context: RuleContext) -> str:
    """Return why None cannot stand for the default, or ""."""
    file, name = context.file, param.name.value
    names = file.names
    assert param.default is not None
    if param.annotation is not None and "Literal" in file.code(param.annotation.annotation):
        return "the annotation says which values may be passed"
    if any(context.references_in(param.default)):
        return "more of the default is of a backend"
    if any(one.value in scope.bindings for one in names_in(param.default, names)):
        return "the default says a name that is another one in the function"
    if is_for_tyro(function, context):
        return ON_COMMAND_LINE
    own = [use.node for use in names.uses_by_name.get(name, ()) if names.find_scope(name, use.scope) is scope]
    return "None stands for something else here" if any(asks_for_none(one, context) for one in own) else ""


def asks_for_none(use: cst.Name, context: RuleContext) -> bool:
    """Whether a name is compared with None, or read as a condition."""
    parent = context.parent(use)
    if isinstance(parent, cst.Comparison):
        return any(isinstance(one.operator, (cst.Is, cst.IsNot)) for one in parent.comparisons)
    if isinstance(parent, (cst.If, cst.IfExp, cst.While, cst.Assert)):
        return parent.test is use
    return isinstance(parent, (cst.BooleanOperation, cst.UnaryOperation))


def without_default(updated: cst.Param, original: cst.Param, context: RuleContext) -> cst.Param:
    """Return a parameter whose default is None, or whose description by typer says so."""
    annotation, described = updated.annotation, described_default(original)
    default: cst.BaseExpression = cst.Name("None")
    if described is not None:
        call = cst.ensure_type(updated.default, cst.Call)
        index = cst.ensure_type(original.default, cst.Call).args.index(described)
        args = [*call.args]
        args[index] = args[index].with_changes(value=default)
        default = call.with_changes(args=args)
    if annotation is not None:
        annotation = annotation.with_changes(annotation=or_none(annotation.annotation, context))
    return updated.with_changes(default=default, annotation=annotation)


def or_none(annotation: cst.BaseExpression, context: RuleContext) -> cst.BaseExpression:
    """Return an annotation that also takes None, in the words that the file has for that."""
    code = context.file.code(annotation)
    if any(word in code for word in TAKES_NONE):
        return annotation
    if isinstance(annotation, cst.Subscript) and last_name(annotation.value) == "Annotated":
        first = annotation.slice[0]
        assert isinstance(first.slice, cst.Index)
        inner = first.with_changes(slice=first.slice.with_changes(value=or_none(first.slice.value, context)))
        return annotation.with_changes(slice=[inner, *annotation.slice[1:]])
    names = context.file.names
    known = [one.name for one in names.imports_by_target.get("typing.Optional", ()) if one.scope is names.root]
    if not known and not may_use_bars(context):
        modules = [one.name for one in names.imports_by_target.get("typing", ()) if one.scope is names.root]
        return cst.parse_expression(f"{modules[0]}.Optional[{code}]") if modules else annotation
    if isinstance(annotation, cst.SimpleString):
        text = f"{annotation.prefix}{annotation.quote}{annotation.raw_value} | None{annotation.quote}"
        return annotation.with_changes(value=text)
    return cst.parse_expression(f"{known[0]}[{code}]" if known else f"{code} | None")


@once
def may_use_bars(context: RuleContext) -> bool:
    """Whether `X | None` can be said: annotations are not run, Python is 3.10 or newer, or the file says it already."""
    if context.file.names.imports_by_target.get("__future__.annotations"):
        return True
    if (oldest_python(context.options.root) or (0, 0)) >= (3, 10):
        return True
    unions = [one for one in context.file.tree.parents if isinstance(one, cst.BinaryOperation)]
    return any(isinstance(one.operator, cst.BitOr) and last_name(one.right) == "None" for one in unions)


def resolved(
    updated: cst.CSTNode, *texts: str, literals: Sequence[cst.SimpleString], param: cst.Param, context: RuleContext
) -> cst.BaseStatement:
    """Return `if device is None: device = …`."""
    described = described_default(param)
    whole = described.value if described is not None else param.default
    assert whole is not None
    value = context.file.code(with_texts(whole, dict(zip(literals, texts, strict=True))))
    name = param.name.value
    return cst.ensure_type(cst.parse_statement(f"if {name} is None:\n    {name} = {value}\n"), cst.If)


def with_text(whole: cst.BaseExpression, literal: cst.SimpleString, text: str) -> cst.BaseExpression:
    """Return an expression with `text` in the place of its literal."""
    return with_texts(whole, {literal: text})


def with_texts(whole: cst.BaseExpression, texts: Mapping[cst.SimpleString, str]) -> cst.BaseExpression:
    """Return an expression with a text in the place of each of its literals."""
    built = whole.visit(Texts(texts))
    assert isinstance(built, cst.BaseExpression)
    return built


class Texts(cst.CSTTransformer):
    def __init__(self, texts: Mapping[cst.SimpleString, str]) -> None:
        super().__init__()
        self.texts = texts

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.BaseExpression:
        text = self.texts.get(original_node)
        return updated_node if text is None else cst.parse_expression(text)
