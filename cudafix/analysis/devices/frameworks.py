"""What typer, click, FastAPI, tyro, attrs and pydantic make of a default → where it stands, and why it must stay.

What they show of a program is the same after a fix: the flags of a command line, the schema of an API.
"""

from __future__ import annotations

import libcst as cst

from cudafix.analysis.context import RuleContext, once
from cudafix.replacements.replacement import ImportedName
from cudafix.syntax.arguments import keyword_argument
from cudafix.syntax.expressions import dotted_name, last_name

OPTIONS = frozenset(("Option", "Argument"))
"""The functions of typer that describe a parameter, and whose first argument is its default."""

CALLED = ("callback", "parser", "click_type")
CLICK = frozenset(("option", "argument"))
ROUTES = frozenset((
    "get", "post", "put", "delete", "patch", "options", "head", "trace", "websocket", "api_route", "websocket_route",
))  # fmt: skip
DEPENDS = frozenset(("Depends", "Security"))
MODEL_BASES = frozenset(("BaseModel", "BaseSettings"))
"""The classes of pydantic whose children have fields."""

CHOSEN = "it is one of those that may be chosen"
HANDED_ON = "what is called with the default would get None"
IN_SCHEMA = "the schema of the API says what it is by default"
ON_COMMAND_LINE = "tyro would offer None on the command line"

ATTRS_CLASSES = frozenset(("define", "frozen", "mutable"))
OLD_CLASSES = frozenset(("s", "attrs", "attributes", "dataclass", "frozen_s"))


def described_default(param: cst.Param) -> cst.Arg | None:
    """Return the argument that is the default in `device: str = typer.Option("cuda", "--device")`."""
    call = param.default
    if not isinstance(call, cst.Call) or last_name(call.func) not in OPTIONS:
        return None
    first = [one for one in call.args[:1] if one.keyword is None and not one.star]
    return keyword_argument(call, "default") or next(iter(first), None)


def option_around(node: cst.CSTNode, context: RuleContext) -> cst.Arg | None:
    """Return the `default=…` of an option of click that `node` is, or is a part of."""
    child: cst.CSTNode = node
    for parent in context.file.tree.ancestors(node):
        if isinstance(parent, (cst.BaseStatement, cst.BaseSmallStatement)):
            return None
        is_option = isinstance(parent, cst.Call) and last_name(parent.func) in CLICK
        if is_option and isinstance(context.parent(parent), cst.Decorator) and isinstance(child, cst.Arg):
            is_default = child.keyword is not None and child.keyword.value == "default"
            return child if is_default else None
        child = parent
    return None


def why_shown(owner: cst.CSTNode | None, node: cst.CSTNode, context: RuleContext) -> str:
    """Return why a default stays that others are shown; "" where nobody is."""
    if is_one_of_choices(node, context):
        return CHOSEN
    if is_handed_on(node, context):
        return HANDED_ON
    if owner is not None and imports_fastapi(context) and is_in_schema(owner, context):
        return IN_SCHEMA
    return ""


def is_one_of_choices(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether a call lists, beside a default, what may be chosen: `choice("cuda", "cpu", default="cuda")`."""
    for parent in context.file.tree.ancestors(node):
        if isinstance(parent, (cst.BaseStatement, cst.BaseSmallStatement, cst.Lambda)):
            return False
        if isinstance(parent, cst.Call):
            values = [one.value for one in parent.args]
            lists = any(isinstance(one, cst.Call) and last_name(one.func) == "Choice" for one in values)
            lists = lists or keyword_argument(parent, "choices") is not None
            if lists or last_name(parent.func) == "choice":
                return True
    return False


def is_handed_on(node: cst.CSTNode, context: RuleContext) -> bool:
    """Whether typer calls a function of the program with the default: `Option("cuda", callback=check)`."""
    around = [one for one in context.file.tree.ancestors(node) if isinstance(one, cst.Call)]
    described = [one for one in around if last_name(one.func) in OPTIONS]
    return any(keyword_argument(one, name) is not None for one in described for name in CALLED)


@once
def imports_fastapi(context: RuleContext) -> bool:
    return any(f"{one.target}.".startswith("fastapi.") for one in context.file.names.imports)


def is_in_schema(owner: cst.CSTNode, context: RuleContext) -> bool:
    """Whether a parameter, or a field, is a part of what an API of FastAPI says of itself."""
    around = context.file.tree.ancestors(owner)
    inner = next((one for one in around if isinstance(one, (cst.FunctionDef, cst.ClassDef, cst.Lambda))), None)
    if isinstance(inner, cst.ClassDef):
        return any(last_name(one.value) in MODEL_BASES for one in inner.bases) or inner.name.value in dependencies(
            context
        )
    if not isinstance(inner, cst.FunctionDef):
        return False
    marks = [one.decorator for one in inner.decorators if isinstance(one.decorator, cst.Call)]
    is_route = any(isinstance(one.func, cst.Attribute) and one.func.attr.value in ROUTES for one in marks)
    owner_class = next((one for one in around if isinstance(one, cst.ClassDef)), None)
    names = {inner.name.value, owner_class.name.value if owner_class is not None else ""}
    return is_route or bool(names & dependencies(context))


@once
def dependencies(context: RuleContext) -> frozenset[str]:
    """The functions and classes that a file names in `Depends(…)`."""
    calls = [one for one in context.file.names.places if isinstance(one, cst.Call) and last_name(one.func) in DEPENDS]
    return frozenset(dotted_name(arg.value) for call in calls for arg in call.args)


def is_for_tyro(function: cst.FunctionDef, context: RuleContext) -> bool:
    """Whether tyro makes a command line of a function's parameters."""
    calls = [one for one in context.file.names.places if isinstance(one, cst.Call)]
    return any(
        dotted_name(call.func).startswith("tyro.")
        and any(function.name.value in names_of(arg.value) for arg in call.args)
        for call in calls
    )


def names_of(value: cst.BaseExpression) -> set[str]:
    """Return the names in a value, where it is one or a list or dictionary of such."""
    if isinstance(value, (cst.List, cst.Tuple)):
        return {dotted_name(one.value) for one in value.elements}
    if isinstance(value, cst.Dict):
        return {dotted_name(one.value) for one in value.elements}
    return {dotted_name(value)}


def maker_for(owner: cst.ClassDef, context: RuleContext) -> tuple[cst.BaseExpression, ImportedName] | None:
    """Return what makes a class have fields, and the function that describes one; None for other classes."""
    for decorator in (one.decorator for one in owner.decorators):
        function = decorator.func if isinstance(decorator, cst.Call) else decorator
        made = field_function(function, decorator, context)
        if made is not None:
            return function, made
    for base in (one.value for one in owner.bases):
        if last_name(base) in MODEL_BASES:
            return base, ImportedName("pydantic", "Field")
    return None


def field_function(
    function: cst.BaseExpression, decorator: cst.BaseExpression, context: RuleContext
) -> ImportedName | None:
    """Return the function for a field of a class with this decorator."""
    meaning = context.file.names.resolve(function)
    module, _, name = (meaning.path if meaning is not None else dotted_name(function)).rpartition(".")
    if module in ("attr", "attrs") and name in ATTRS_CLASSES:
        return ImportedName(module, "field")
    if module == "attr" and name in OLD_CLASSES:
        return ImportedName("attr", "ib") if name == "dataclass" or makes_fields_of_annotations(decorator) else None
    if last_name(function) != "dataclass":
        return None
    own = context.file.names.imports_by_target.get("simple_parsing.field", ())
    return ImportedName("simple_parsing" if own else "dataclasses", "field")


def makes_fields_of_annotations(decorator: cst.BaseExpression) -> bool:
    argument = keyword_argument(decorator, "auto_attribs") if isinstance(decorator, cst.Call) else None
    return argument is not None and isinstance(argument.value, cst.Name) and argument.value.value == "True"
