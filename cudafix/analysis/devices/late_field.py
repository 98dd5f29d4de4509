"""The default of a dataclass's field that names CUDA → changes after which a factory works it out for each object."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.devices.late_parameter import with_text
from cudafix.fixes.operations import NodeChange, Place, Substitution
from cudafix.replacements.replacement import ImportedName, Replacement
from cudafix.syntax.arguments import keyword_argument, with_keyword
from cudafix.syntax.expressions import dotted_name, last_name
from cudafix.syntax.scopes import BindingKind

FIELD_FUNCTIONS = frozenset(("field", "Field", "HfArg"))
"""The functions that describe a field: of dataclasses, of pydantic, of transformers."""

MODEL_BASES = frozenset(("BaseModel", "BaseSettings"))
"""The classes of pydantic whose children have fields."""

WITHOUT_FACTORY = ("ClassVar", "InitVar", "Final")
"""What the annotation of a field says that takes no factory."""


def late_field(
    literal: cst.SimpleString, statement: cst.AnnAssign, substitution: Substitution, context: RuleContext
) -> tuple[NodeChange, ...]:
    """Return the changes for a field in whose default `substitution` replaces `literal`; none in other classes."""
    value = statement.value
    assert value is not None
    if any(one in context.file.code(statement.annotation.annotation) for one in WITHOUT_FACTORY):
        return ()
    is_described = isinstance(value, cst.Call) and last_name(value.func) in FIELD_FUNCTIONS
    argument = default_argument(value) if isinstance(value, cst.Call) and is_described else None
    maker = find_maker(statement, substitution.place, context) if not is_described else None
    if argument is None and maker is None:
        return ()
    place, replacement = substitution
    whole = argument.value if argument is not None else value
    is_all = whole is literal and replacement.template == "{}"
    reason = replacement.reason.partition(";")[0]
    made = Substitution(place, replace(replacement, passed=None if is_all else replacement.passed, reason=reason))
    if argument is not None:
        meaning = context.file.names.resolve(value.func) if isinstance(value, cst.Call) else None
        keyword = "factory" if meaning is not None and meaning.path.startswith("attr") else "default_factory"
        build = partial(with_factory, literal=literal, whole=whole, keyword=keyword)
        return (NodeChange(argument, build, substitutions=(made,)),)
    assert maker is not None
    return (
        NodeChange(value, partial(described, literal=literal, whole=whole), kept=(value,), substitutions=(maker, made)),
    )


def default_argument(call: cst.Call) -> cst.Arg | None:
    """Return the argument of `field(default="cuda")`, or `Field("cuda")`, that is the default."""
    first = [one for one in call.args[:1] if one.keyword is None and not one.star]
    return keyword_argument(call, "default") or next(iter(first), None)


def find_maker(statement: cst.AnnAssign, place: Place, context: RuleContext) -> Substitution | None:
    """Return the function that describes a field of this class, a dataclass or one of pydantic; None for others."""
    around = context.file.tree.ancestors(statement)
    owner = next(one for one in around if isinstance(one, cst.ClassDef))
    decorators = [one.decorator for one in owner.decorators]
    functions = [one.func if isinstance(one, cst.Call) else one for one in decorators]
    known = [
        *((one, ImportedName("dataclasses", "field")) for one in functions if last_name(one) == "dataclass"),
        *((one.value, ImportedName("pydantic", "Field")) for one in owner.bases if last_name(one.value) in MODEL_BASES),
    ]
    if not known:
        return None
    beside, imported = known[0]
    if isinstance(beside, cst.Attribute):  # said as the file says what stands beside it
        imported = ImportedName("", f"{dotted_name(beside.value)}.{imported.name}")
    meaning = context.file.names.resolve(beside)
    imports = [one for one in meaning.origins if one.kind is BindingKind.IMPORT] if meaning is not None else []
    origins = tuple(imports) or place.origins
    return Substitution(replace(place, origins=origins), Replacement(imported))


def with_factory(
    updated: cst.Arg, text: str, literal: cst.SimpleString, whole: cst.BaseExpression, keyword: str
) -> cst.Arg:
    """Return `default_factory=…` for `default="cuda"`; attrs calls it `factory`."""
    value = cst.parse_expression(factory(text, literal, whole))
    return with_keyword(updated, keyword).with_changes(value=value)


def described(
    updated: cst.BaseExpression, maker: str, text: str, literal: cst.SimpleString, whole: cst.BaseExpression
) -> cst.BaseExpression:
    """Return `field(default_factory=…)`."""
    return cst.parse_expression(f"{maker}(default_factory={factory(text, literal, whole)})")


def factory(text: str, literal: cst.SimpleString, whole: cst.BaseExpression) -> str:
    """Return the neutral function itself, where the default is no more than its result, or a lambda."""
    if text.isidentifier():
        return text
    return f"lambda: {cst.Module([]).code_for_node(with_text(whole, literal, text))}"
