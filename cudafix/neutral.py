"""Reference → the neutral form that takes its place: which one, how far it can be trusted, and if none, why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath

import libcst as cst

from cudafix.arguments import positional_only, unknown_argument
from cudafix.config import Options, Route
from cudafix.file import File
from cudafix.model import Safety
from cudafix.names import Binding
from cudafix.properties import cuda_only_property
from cudafix.references import Reference
from cudafix.row import Native, Row
from cudafix.symbols import Symbol

MODULE_FUNCTION = "device_module"

NEVER_RAISED = frozenset((
    "device_count", "empty_cache", "get_rng_state_all", "is_available", "is_bf16_supported", "is_initialized",
    "is_tf32_supported", "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_cached",
    "max_memory_reserved", "memory_allocated", "memory_cached", "memory_reserved", "memory_stats", "seed", "seed_all",
))  # fmt: skip
"""What torch.cuda answers without CUDA, too; the rest of it raises there."""

SCRIPTED = "TorchScript compiles this function and cannot compile the neutral call"
MISSING_CUDA = ("AssertionError", "BaseException", "Exception", "RuntimeError")


@dataclass(frozen=True)
class Need:
    """A name that the new code imports."""

    module: str
    name: str


@dataclass(frozen=True, eq=False)
class Neutral:
    """What replaces the node of a reference.

    Attributes:
        need: the function that the new code begins with.
        attributes: what follows its name.
        on_module: whether it is called before the attributes are read, with `module_of` as its argument.
        arguments: the call's arguments that lose their keyword.
        passed: what stands between the parentheses, where a call is made; None: the old call's own stay.
        whole_call: whether the old call goes with the name that it calls.
        template: what stands around it all; its first `{}` is this.
    """

    need: Need
    attributes: tuple[str, ...] = ()
    on_module: bool = False
    arguments: tuple[cst.Arg, ...] = ()
    passed: str | None = None
    whole_call: bool = False
    module_of: str = ""
    template: str = "{}"
    safety: Safety = Safety.SAFE
    reason: str = ""

    def text(self, local_name: str) -> str:
        module = f"{local_name}({self.module_of})" if self.on_module else local_name
        function = ".".join((module, *self.attributes))
        return self.template.replace("{}", function if self.passed is None else f"{function}({self.passed})", 1)

    @property
    def names_said(self) -> set[str]:
        """The names that the new code uses beside the neutral function's."""
        own = "" if self.need.module else self.need.name
        return set(re.findall(r"(?<![\w.])[^\W\d]\w*", f"{self.passed or ''} {self.module_of} {own}"))


@dataclass(frozen=True)
class Refusal:
    """Why a finding has no fix."""

    reason: str


def find_neutral(reference: Reference, file: File, options: Options) -> Neutral | Refusal:
    """Choose the neutral form of `reference`, or say what stops it."""
    row = reference.symbol.row
    if not row.has_neutral_form:
        return Refusal(row.note)
    obstacle = find_obstacle(reference, file)
    if obstacle:
        return Refusal(obstacle)
    form = find_form(reference, file, options)
    if isinstance(form, Refusal):
        return form
    if is_module(file.path, form.need.module) and form.need.name not in file.names.root.bindings:
        return Refusal(f"this file is {form.need.module} itself, where the neutral function comes from")
    doubts = find_doubts(reference, file, form)
    if not doubts:
        return form
    return replace(form, safety=Safety.UNSAFE, reason="; ".join(filter(None, [form.reason, *doubts])))


def is_module(path: str, module: str) -> bool:
    """Whether the file at `path` is the module that neutral functions are imported from; none is torch itself."""
    if module == "torch":
        return False
    parts = PurePath(path).with_suffix("").parts
    names = tuple(module.split("."))
    return parts[-len(names) :] == names or parts[-len(names) - 1 :] == (*names, "__init__")


def find_obstacle(reference: Reference, file: File) -> str:
    """Return what makes a rewrite impossible whatever the form, or ""."""
    doubt = reference.resolution.doubt
    if doubt is not None:
        return describe_doubt(doubt, reference, file)
    if any(origin.outer for origin in reference.resolution.origins):
        return (
            f"`{reference.resolution.origins[0].name}` is bound through `global`, where no import can stand beside it"
        )
    if not all(origin.scope.encloses(reference.scope) for origin in reference.resolution.origins):
        return "the import behind the alias cannot be seen from here"
    if reference.node in file.names.changed:
        return "the function itself is assigned or deleted here"
    if isinstance(file.names.parents.get(reference.node), (cst.MatchValue, cst.MatchClass)):
        return "a pattern compares with a dotted name, and would bind a plain one"
    if isinstance(reference.node, cst.Call) and len(reference.node.args) > 2:
        return "`getattr` has a default here, which tells whether the function is there"
    if reference.symbol.backend != "cuda" and reference.symbol.row.name == "is_available":
        return f"it asks for {reference.symbol.backend.upper()} among the backends"
    if has_ancestor(reference.node, file, is_class_base):
        return "a base class"
    if reference.symbol.name == "torch.cuda.graph" and "CUDAGraph(" in file.text:
        return "it captures a torch.cuda.CUDAGraph of this file, and the neutral one does not take that elsewhere"
    if reference.symbol.row.name == "get_device_properties" and (attribute := cuda_only_property(reference, file)):
        return f"`{attribute}` is no property that all backends have: keep it behind a test for device.type == 'cuda'"
    if is_scripted(reference.node, file):
        return SCRIPTED
    return ""


def describe_doubt(doubt: Binding, reference: Reference, file: File) -> str:
    name = reference.root.node.value if reference.root else doubt.name
    if doubt in reference.resolution.origins:
        return f"`{name}` comes from a star import"
    row = file.start(doubt.node).row if doubt.node in file.positions else 1
    return f"`{name}` may be something else here: it is also bound on line {row}"


def is_class_base(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    return isinstance(parent, cst.ClassDef) and isinstance(node, cst.Arg) and node in (*parent.bases, *parent.keywords)


def is_in_annotation(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    return isinstance(node, cst.Annotation)


def is_printed_as_text(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    return isinstance(parent, cst.FormattedStringExpression) and parent.equal is not None


def has_ancestor(node: cst.CSTNode, file: File, wanted: Callable[[cst.CSTNode, cst.CSTNode], bool]) -> bool:
    """Whether going outwards inside the statement meets a (node, parent) pair that `wanted` accepts."""
    current = node
    for parent in file.names.ancestors(node):
        if wanted(current, parent):
            return True
        if isinstance(parent, (cst.BaseSmallStatement, cst.BaseSuite)):
            return False
        current = parent
    return False


def is_scripted(node: cst.CSTNode, file: File) -> bool:
    """Whether a function around `node` is given to `torch.jit.script` or `export`, as a decorator or by its name."""
    for ancestor in file.names.ancestors(node):
        if isinstance(ancestor, (cst.FunctionDef, cst.ClassDef)):
            decorators = [one.decorator for one in ancestor.decorators]
            functions = [one.func if isinstance(one, cst.Call) else one for one in decorators]
            functions += calls_with(ancestor.name.value, file)
            meanings = [file.names.resolve(one) for one in functions]
            if any(
                one is not None and one.path.startswith(("torch.jit.script", "torch.jit.export")) for one in meanings
            ):
                return True
    return False


def calls_with(name: str, file: File) -> list[cst.BaseExpression]:
    """Return the functions that are called with `name` as an argument."""
    parents = file.names.parents
    calls = [parents.get(parents[use.node]) for use in file.names.uses_by_name.get(name, ())]
    return [one.func for one in calls if isinstance(one, cst.Call)]


def find_form(reference: Reference, file: File, options: Options) -> Neutral | Refusal:
    row, call = reference.symbol.row, reference.call
    target = find_target(reference.symbol, options)
    if target is not None:
        return target_form(reference, target, file, options)
    if row.alias_of is not None:
        return torch_form(row.alias_of, Safety.SAFE, "", options)
    if has_ancestor(reference.node, file, is_in_annotation):
        if not row.annotation:
            return Refusal("an annotation needs a type, not a function")
        note = "the annotation names the common base class of all backends' streams and events"
        return torch_form(Native(row.annotation, (2, 4)), Safety.UNSAFE, note, options)
    if options.route is Route.ACCELERATOR and reference.symbol.backend == "cuda":
        form = native_form(reference, options)
        if form is not None:
            return form
    if row.class_like and call is None:
        if row.annotation:
            return on_module(row, options)
        return Refusal(f"the class itself is meant here, and the runtime's {row.runtime} is a function")
    if call is not None:
        unknown = unknown_argument(call, row.params)
        if unknown and (reference.symbol.backend != "cuda" or not any(arg.star for arg in call.args)):
            return Refusal(f"the neutral function has no argument {unknown}")
    return runtime_form(row, options)


def find_target(symbol: Symbol, options: Options) -> Need | None:
    """Return the project's own function for the symbol, if it has told one."""
    targets = dict(options.targets)
    dotted = "" if symbol.rest else targets.get(symbol.name, targets.get(f"torch.cuda.{symbol.row.name}", ""))
    module, _, name = dotted.rpartition(".")
    return Need(module, name) if dotted else None


def target_form(reference: Reference, target: Need, file: File, options: Options) -> Neutral | Refusal:
    """Call the project's own function; in its own module, where it is not there yet, the runtime's stands in for it."""
    row = reference.symbol.row
    if not is_module(file.path, target.module):
        return Neutral(target)
    own = file.names.root.bindings.get(target.name, [])
    around = file.names.ancestors(reference.node)
    if any(one.node in around for one in own):
        return Refusal(f"this is {target.module}.{target.name} itself, which other code calls")
    if own:
        return Neutral(target)
    if row.runtime in ("", "."):
        return Refusal(f"{target.module} does not define {target.name} yet")
    reason = f"{target.module} has no {target.name} yet: it is imported from {options.runtime_module}"
    return Neutral(Need(options.runtime_module, row.runtime), safety=Safety.UNSAFE, reason=reason)


def torch_form(native: Native, safety: Safety, reason: str, options: Options) -> Neutral | Refusal:
    if native.since > max(options.target_torch, (2, 4)):
        return Refusal(f"torch.{native.name} came with torch {native.since[0]}.{native.since[1]}: see target-torch")
    first, *rest = native.name.split(".")
    return Neutral(Need("torch", first), tuple(rest), safety=safety, reason=reason)


def native_form(reference: Reference, options: Options) -> Neutral | None:
    """Return the `torch.accelerator` form when the target has it and the arguments can be carried over."""
    row, call = reference.symbol.row, reference.call
    if row.native is None or row.native.since > options.target_torch:
        return None
    arguments = positional_only(call, row.params) if call is not None else ()
    if arguments is None:
        return None
    first, *rest = row.native.name.split(".")
    safety, reason = row.safety, row.note if row.safety is not Safety.SAFE else ""
    if not row.native.keeps_cpu:
        safety, reason = Safety.UNSAFE, f"torch.{row.native.name} raises on a machine without an accelerator"
    return Neutral(Need("torch", first), tuple(rest), arguments=arguments, safety=safety, reason=reason)


def runtime_form(row: Row, options: Options) -> Neutral:
    if row.runtime == ".":
        return on_module(row, options)
    reason = row.note if row.safety is not Safety.SAFE else ""
    need = Need(options.runtime_module, row.runtime)
    return Neutral(need, on_module=row.runtime == MODULE_FUNCTION, safety=row.safety, reason=reason)


def on_module(row: Row, options: Options) -> Neutral:
    """Return the same name on the active backend's module."""
    reason = row.note if row.safety is not Safety.SAFE else ""
    need = Need(options.runtime_module, MODULE_FUNCTION)
    return Neutral(need, tuple(row.name.split(".")), on_module=True, safety=row.safety, reason=reason)


def find_doubts(reference: Reference, file: File, form: Neutral) -> list[str]:
    """Return what makes this place less safe than the row says."""
    row = reference.symbol.row
    found = []
    if file.names.stars and file.names.torch_of_a_star in reference.resolution.origins:
        found.append("`torch` comes from a star import")
    if reference.symbol.backend != "cuda":
        found.append(f"calls whatever backend is active, where torch.{reference.symbol.backend} alone was meant")
    if form.on_module and reference.call is None and form.attributes:
        found.append("the backend is decided where the name is read, not where it is used")
    elif (form.on_module or row.annotation) and reference.scope.runs_at_import:
        found.append("the backend is decided at import")
    if row.returns_other and form.need.module != "torch" and not is_statement(reference, file):
        found.append(f"the result may be used, and the neutral function {row.note}")
    if has_ancestor(reference.node, file, is_printed_as_text):
        found.append("the f-string prints the text of the expression")
    if has_comment(reference.node, file):
        found.append("a comment inside the expression would be lost")
    if row.name not in NEVER_RAISED and any(
        tells_by_error(one, reference.node, file) for one in tries(reference, file)
    ):
        found.append("an error here tells that there is no CUDA, and the neutral call may raise none")
    return found


def tries(reference: Reference, file: File) -> list[cst.Try]:
    """Return the `try` statements whose body holds the reference, as far as the function around it."""
    found = []
    child: cst.CSTNode = reference.node
    for parent in file.names.ancestors(reference.node):
        if isinstance(parent, (cst.FunctionDef, cst.Lambda)):
            break
        if isinstance(parent, cst.Try) and parent.body is child:
            found.append(parent)
        child = parent
    return found


def tells_by_error(statement: cst.Try, node: cst.CSTNode, file: File) -> bool:
    """Whether it matters that what is tried fails where CUDA is missing: more is done then, or skipped, than that."""
    if not any(catches(handler, file) for handler in statement.handlers):
        return False
    body = statement.body.body
    is_alone = len(body) == 1 and isinstance(body[0], cst.SimpleStatementLine) and len(body[0].body) == 1
    only = body[0].body[0] if is_alone and isinstance(body[0], cst.SimpleStatementLine) else None
    is_call = isinstance(only, cst.Expr) and isinstance(only.value, cst.Call) and only.value.func is node
    passes = all(does_nothing(handler.body) for handler in statement.handlers)
    return not (is_call and passes and statement.orelse is None)


def catches(handler: cst.ExceptHandler, file: File) -> bool:
    """Whether a handler catches what `torch.cuda` raises where there is no CUDA."""
    code = file.code(handler.type) if handler.type is not None else "Exception"
    return any(one in MISSING_CUDA for one in re.findall(r"\w+", code))


def does_nothing(body: cst.BaseSuite) -> bool:
    lines = [one.body if isinstance(one, cst.SimpleStatementLine) else [one] for one in body.body]
    return all(isinstance(one, cst.Pass) for line in lines for one in line)


def is_statement(reference: Reference, file: File) -> bool:
    return reference.call is not None and isinstance(file.names.parents.get(reference.call), cst.Expr)


def has_comment(node: cst.CSTNode, file: File) -> bool:
    own = getattr(node, "lpar", ()), getattr(node, "rpar", ())
    inner = node.with_changes(lpar=(), rpar=()) if any(own) else node
    return "#" in file.code(inner)
