"""The default of a dataclass's field that names CUDA → changes after which a factory works it out for each object."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.frameworks import maker_for
from cudafix.analysis.devices.late_parameter import with_text
from cudafix.fixes.operations import NodeChange, Place, Substitution
from cudafix.replacements.replacement import ImportedName, Replacement
from cudafix.syntax.arguments import keyword_argument, with_keyword
from cudafix.syntax.expressions import dotted_name, last_name
from cudafix.syntax.scopes import BindingKind

FIELD_FUNCTIONS = frozenset(("field", "Field", "HfArg", "ib", "attrib"))
"""The functions that describe a field: of dataclasses, of pydantic, of transformers, of attrs."""

ATTRS = ("attr", "attrs")
WITHOUT_FACTORY = ("ClassVar", "InitVar", "Final")
"""What the annotation of a field says that takes no factory."""


def late_field(
    literal: cst.SimpleString, statement: cst.AnnAssign | cst.Assign, substitution: Substitution, context: RuleContext
) -> tuple[NodeChange, ...]:
    """Return the changes for a field in whose default `substitution` replaces `literal`; none in other classes."""
    annotation = statement.annotation.annotation if isinstance(statement, cst.AnnAssign) else None
    if annotation is not None and any(one in context.file.code(annotation) for one in WITHOUT_FACTORY):
        return ()
    value = described_value(literal, statement, context)
    is_described = isinstance(value, cst.Call) and last_name(value.func) in FIELD_FUNCTIONS
    argument = default_argument(value) if isinstance(value, cst.Call) and is_described else None
    maker = find_maker(statement, substitution.place, context) if not is_described else None
    if value is None or (argument is None and maker is None):
        return ()
    whole = argument.value if argument is not None else value
    made = when_asked(literal, whole, substitution)
    if argument is not None:
        keyword = factory_keyword(value.func, context) if isinstance(value, cst.Call) else ""
        with_late = partial(with_factory, literal=literal, whole=whole, keyword=keyword)
        return (NodeChange(argument, with_late, kept=(argument.value,), substitutions=(made,)),)
    assert maker is not None
    keyword = "factory" if is_of_attrs(maker) else "default_factory"
    build = partial(described, literal=literal, whole=whole, keyword=keyword)
    return (NodeChange(value, build, kept=(value,), substitutions=(maker, made)),)


def late_option(literal: cst.SimpleString, argument: cst.Arg, substitution: Substitution) -> tuple[NodeChange, ...]:
    """Return the change of `default=…` of an option of click, which calls what it is given when it is needed."""
    made = when_asked(literal, argument.value, substitution)
    build = partial(with_factory, literal=literal, whole=argument.value, keyword="default")
    return (NodeChange(argument, build, kept=(argument.value,), substitutions=(made,)),)


def when_asked(literal: cst.SimpleString, whole: cst.BaseExpression, substitution: Substitution) -> Substitution:
    """Return a substitution as it is in a factory: the function itself, where it is all of the default."""
    place, replacement = substitution
    is_all = whole is literal and replacement.template == "{}"
    reason = replacement.reason.partition(";")[0]
    return Substitution(place, replace(replacement, passed=None if is_all else replacement.passed, reason=reason))


def described_value(
    literal: cst.SimpleString, statement: cst.AnnAssign | cst.Assign, context: RuleContext
) -> cst.BaseExpression | None:
    """Return the default of a field, or what describes it in `Annotated[str, Field(default="cuda")]`."""
    around = context.file.tree.ancestors(literal)
    if statement.value is not None and (statement.value is literal or statement.value in around):
        return statement.value
    return next((one for one in around if isinstance(one, cst.Call) and last_name(one.func) in FIELD_FUNCTIONS), None)


def factory_keyword(function: cst.BaseExpression, context: RuleContext) -> str:
    meaning = context.file.names.resolve(function)
    return "factory" if meaning is not None and meaning.path.partition(".")[0] in ATTRS else "default_factory"


def default_argument(call: cst.Call) -> cst.Arg | None:
    """Return the argument of `field(default="cuda")`, or `Field("cuda")`, that is the default."""
    first = [one for one in call.args[:1] if one.keyword is None and not one.star]
    return keyword_argument(call, "default") or next(iter(first), None)


def find_maker(statement: cst.AnnAssign | cst.Assign, place: Place, context: RuleContext) -> Substitution | None:
    """Return the function that describes a field of this class, of a dataclass, of pydantic, of attrs; else None."""
    around = context.file.tree.ancestors(statement)
    known = maker_for(next(one for one in around if isinstance(one, cst.ClassDef)), context)
    if known is None:
        return None
    beside, imported = known
    if isinstance(beside, cst.Attribute):  # said as the file says what stands beside it
        imported = ImportedName("", f"{dotted_name(beside.value)}.{imported.name}")
    meaning = context.file.names.resolve(beside)
    imports = [one for one in meaning.origins if one.kind is BindingKind.IMPORT] if meaning is not None else []
    origins = tuple(imports) or place.origins
    return Substitution(replace(place, origins=origins), Replacement(imported))


def is_of_attrs(maker: Substitution) -> bool:
    """Whether a function that describes a field is one of attrs, which takes a `factory`."""
    place, replacement = maker
    modules = [replacement.imported.module, *(one.target.partition(".")[0] for one in place.origins)]
    return modules[0] in ATTRS or (not modules[0] and modules[-1] in ATTRS)


def with_factory(
    updated: cst.Arg, text: str, literal: cst.SimpleString, whole: cst.BaseExpression, keyword: str
) -> cst.Arg:
    """Return `default_factory=…` for `default="cuda"`; attrs calls it `factory`."""
    value = cst.parse_expression(factory(text, literal, whole))
    return with_keyword(updated, keyword).with_changes(value=value)


def described(
    updated: cst.BaseExpression,
    maker: str,
    text: str,
    literal: cst.SimpleString,
    whole: cst.BaseExpression,
    keyword: str,
) -> cst.BaseExpression:
    """Return `field(default_factory=…)`; attrs calls it `factory`."""
    return cst.parse_expression(f"{maker}({keyword}={factory(text, literal, whole)})")


def factory(text: str, literal: cst.SimpleString, whole: cst.BaseExpression) -> str:
    """Return the neutral function itself, where the default is no more than its result, or a lambda."""
    if text.isidentifier():
        return text
    return f"lambda: {cst.Module([]).code_for_node(with_text(whole, literal, text))}"
