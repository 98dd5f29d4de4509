"""A condition → what it asks about backends: for which of them it holds, how it asks, and what else it asks.

`torch.cuda.is_available()`, `hasattr(torch, "xpu")`, `device.type == "npu"`, `x.is_cuda`, `is_torch_mlu_available()`,
`_is_hip`, a flag that was set from one of them, and `and`, `or`, `not` of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import libcst as cst

from cudafix.catalogue.backends import BACKENDS, BUILDS, OTHERS, WORDS, family
from cudafix.config.options import Options
from cudafix.syntax.assigned_values import assigned_value
from cudafix.syntax.expressions import dotted_name, is_plain, operands
from cudafix.syntax.module import File

PREDICATE = re.compile(
    rf"_*(?:(?:is|has|have|on|running_on)_(?:torch_|on_)?(?:support_)?(?P<first>{WORDS})"
    rf"(?:_(?:available|alike|platform|device|backend|supported|enabled|present))?"
    rf"|(?:torch_|pt_)?(?P<second>{WORDS})_(?:is_)?(?:available|enabled|present))",
    re.IGNORECASE,
)
"""How functions and flags are called that tell whether a backend is there: `is_torch_npu_available`, `_is_hip`."""

DEVICE = re.compile(rf"(?P<backend>{WORDS}|cpu|meta)(?::(?:\d+)?)?")
"""A device string: `cuda`, `cuda:0`, and `cuda:` as a beginning."""


NO_DEVICE = {
    (cst.GreaterThan, "0"): False, (cst.GreaterThanEqual, "1"): False, (cst.NotEqual, "0"): False,
    (cst.Equal, "0"): True, (cst.LessThan, "1"): True, (cst.LessThanEqual, "0"): True,
}  # fmt: skip
"""Whether a comparison of a number of devices holds where there is none."""


class Certainty(Enum):
    """What a condition goes by, from the surest to the least sure."""

    MACHINE = "whether torch finds the backend"
    PREDICATE = "a function or a flag of the project"
    DEVICE = "a device in scope"


@dataclass(frozen=True, eq=False)
class BackendCondition:
    """What a condition asks about backends.

    Attributes:
        backends: it holds for these alone, or if `negated` it fails for these alone. "cpu" may be one.
        certainty: what it goes by; the least sure where there are several.
        devices: the expressions whose device it asks about.
        rest: what else must hold.
        flags: the names that stand for a condition that was worked out before.
        tests: the functions of torch that it calls.
        counts: whether that is how many devices there are, which is compared with none.
        in_text: whether the name of a device is looked for in a text, which may hold anything else.
    """

    backends: frozenset[str]
    certainty: Certainty = Certainty.MACHINE
    negated: bool = False
    devices: tuple[cst.BaseExpression, ...] = ()
    rest: tuple[cst.BaseExpression, ...] = ()
    flags: tuple[cst.BaseExpression, ...] = ()
    tests: tuple[cst.CSTNode, ...] = ()
    counts: bool = False
    in_text: bool = False


def read_condition(condition: cst.BaseExpression, file: File, options: Options) -> BackendCondition | None:
    """Return what `condition` asks about backends, or None where it asks nothing, or nothing that can be told."""
    return Reader(file, options).read(condition, depth=3)


class Reader:
    def __init__(self, file: File, options: Options) -> None:
        self.file = file
        self.predicates = dict(options.backend_predicates)

    def read(self, node: cst.BaseExpression, depth: int) -> BackendCondition | None:
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            inner = self.read(node.expression, depth)
            return replace(inner, negated=not inner.negated) if inner is not None else None
        if isinstance(node, cst.BooleanOperation):
            parts = operands(node)
            read = self.conjunction if isinstance(node.operator, cst.And) else self.disjunction
            return read(parts, depth)
        if isinstance(node, cst.Comparison):
            return self.comparison(node)
        if isinstance(node, cst.Call):
            return self.call(node)
        if isinstance(node, (cst.Name, cst.Attribute)):
            return self.name(node, depth)
        return None

    def conjunction(self, parts: Sequence[cst.BaseExpression], depth: int) -> BackendCondition | None:
        """Read `a and b`: one backend, asked for once or more, and the rest."""
        read = [(part, self.read(part, depth)) for part in parts]
        wanted = [one for _, one in read if one is not None and not one.negated]
        if not wanted:
            return None
        backends = frozenset.intersection(*(one.backends for one in wanted))
        if not backends:
            return None
        rest = [part for part, one in read if one is None or one.negated]
        return merged(wanted, backends, rest)

    def disjunction(self, parts: Sequence[cst.BaseExpression], depth: int) -> BackendCondition | None:
        """Read `a or b`: any of several backends; or `not a or b`, which lets nothing but `a` go on."""
        read = [self.read(part, depth) for part in parts]
        excluded = [one for one in read if one is not None and one.negated]
        if excluded:
            backends = frozenset.intersection(*(one.backends for one in excluded))
            rest = [part for part, one in zip(parts, read, strict=True) if one is None or not one.negated]
            return replace(merged(excluded, backends, rest), negated=True) if backends else None
        known = [one for one in read if one is not None and not one.negated and not one.rest]
        if len(known) != len(parts):
            return None
        return merged(known, frozenset(name for condition in known for name in condition.backends), ())

    def comparison(self, node: cst.Comparison) -> BackendCondition | None:
        """Read `device.type == "cuda"`, `"cuda" != d`, `d in ("cuda", "xpu")`, `"cuda" in str(d)`."""
        if len(node.comparisons) != 1:
            return None
        left, operator, right = node.left, node.comparisons[0].operator, node.comparisons[0].comparator
        if isinstance(operator, (cst.Equal, cst.NotEqual)):
            found = device_condition([right], left) or device_condition([left], right)
            negated = isinstance(operator, cst.NotEqual)
        elif isinstance(operator, (cst.In, cst.NotIn)):
            items = [one.value for one in right.elements] if isinstance(right, (cst.Tuple, cst.List, cst.Set)) else []
            found = device_condition(items, left)
            if found is None and (in_text := device_condition([left], right)) is not None:
                found = replace(in_text, in_text=not isinstance(right, cst.Call))
            negated = isinstance(operator, cst.NotIn)
        elif isinstance(operator, (cst.Is, cst.IsNot)) and isinstance(right, cst.Name) and right.value == "None":
            found = self.build_of(left)
            negated = isinstance(operator, cst.Is)
        else:
            return self.count_comparison(left, operator, right)
        if found is None and isinstance(operator, (cst.Equal, cst.NotEqual)):
            return self.count_comparison(left, operator, right)
        return replace(found, negated=negated) if found else None

    def count_comparison(
        self, left: cst.BaseExpression, operator: cst.BaseCompOp, right: cst.BaseExpression
    ) -> BackendCondition | None:
        """Read `torch.cuda.device_count() > 0`, which asks whether there is one; of a name that was given the count."""
        found = self.read(left, 1)
        if found is None or not found.counts or not isinstance(right, cst.Integer):
            return None
        negated = NO_DEVICE.get((type(operator), right.value))
        return replace(found, negated=negated) if negated is not None else None

    def build_of(self, node: cst.BaseExpression) -> BackendCondition | None:
        """Read `torch.version.hip`, which tells for which backend torch was built."""
        meaning = self.file.names.resolve(node)
        word = BUILDS.get(meaning.path, "") if meaning is not None and meaning.doubt is None else ""
        return BackendCondition(frozenset({word}), Certainty.PREDICATE) if word else None

    def call(self, node: cst.Call) -> BackendCondition | None:
        meaning = self.file.names.resolve(node.func)
        path = meaning.path if meaning is not None and meaning.doubt is None else ""
        backend = available_backend(path)
        if backend and not node.args:
            return BackendCondition(frozenset({backend}), tests=(node.func,), counts=path.endswith(".device_count"))
        if isinstance(node.func, cst.Name) and node.func.value == "hasattr" and len(node.args) == 2:
            return self.presence(node)
        if isinstance(node.func, cst.Name) and node.func.value == "bool" and len(node.args) == 1:
            return self.read(node.args[0].value, 0)
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "startswith" and len(node.args) == 1:
            return device_condition([node.args[0].value], node.func.value)
        return self.predicate(node.func, path)

    def presence(self, node: cst.Call) -> BackendCondition | None:
        """Read `hasattr(torch, "xpu")`."""
        meaning = self.file.names.resolve(node.args[0].value)
        literal = node.args[1].value
        name = literal.evaluated_value if isinstance(literal, cst.SimpleString) else None
        if (
            meaning is None
            or meaning.path not in ("torch", "torch.backends")
            or not isinstance(name, str)
            or name not in (*BACKENDS, *OTHERS)
        ):
            return None
        return BackendCondition(frozenset({name}))

    def name(self, node: cst.Name | cst.Attribute, depth: int) -> BackendCondition | None:
        found = self.build_of(node) or is_on_device(node) or self.predicate(node, "")
        value = assigned_value(node, self.file) if depth else None
        behind = self.read(value, depth - 1) if value is not None else None
        if behind is not None:
            return replace(behind, flags=(node,), tests=())
        return found

    def predicate(self, node: cst.BaseExpression, path: str) -> BackendCondition | None:
        """Read `is_npu`, `_is_hip`, `current_platform.is_xpu`, and the names that the project adds."""
        written = dotted_name(node)
        if not path and (meaning := self.file.names.resolve(node)) is not None:
            path = meaning.path
        last = written.rpartition(".")[2]
        named = next((self.predicates[one] for one in (path, written, last) if one in self.predicates), "")
        match = PREDICATE.fullmatch(last)
        word = named or (match["first"] or match["second"] if match else "")
        if not word:
            return None
        return BackendCondition(frozenset({family(word)}), Certainty.PREDICATE)


def merged(
    conditions: Sequence[BackendCondition], backends: frozenset[str], rest: Iterable[cst.BaseExpression]
) -> BackendCondition:
    """Put conditions together that are parts of one."""
    asked = {one.certainty for one in conditions}
    return BackendCondition(
        backends,
        [one for one in Certainty if one in asked][-1],
        devices=tuple(device for condition in conditions for device in condition.devices),
        rest=(*(part for condition in conditions for part in condition.rest), *rest),
        flags=tuple(flag for condition in conditions for flag in condition.flags),
        tests=tuple(test for condition in conditions for test in condition.tests),
        in_text=any(condition.in_text for condition in conditions),
    )


def available_backend(path: str) -> str:
    """Return the backend of which `path` tells whether torch finds it: `torch.cuda.is_available`, or how often."""
    if path in ("torch.backends.mps.is_available", "torch.backends.mps.is_built"):
        return "mps"
    parts = path.split(".")
    known = len(parts) == 3 and parts[0] in ("torch", "torch_npu") and parts[2] in ("is_available", "device_count")
    return parts[1] if known and parts[1] in (*BACKENDS, *OTHERS) else ""


def device_condition(literals: Sequence[cst.BaseExpression], subject: cst.BaseExpression) -> BackendCondition | None:
    """Read the comparison of a device with the names of devices."""
    backends = [backend_of(one) for one in literals]
    device = device_of(subject)
    if not backends or not all(backends) or device is None:
        return None
    return BackendCondition(frozenset(map(family, backends)), Certainty.DEVICE, devices=(device,))


def backend_of(literal: cst.BaseExpression) -> str:
    """Return the device type that a string, or `torch.device("cuda")`, names."""
    if isinstance(literal, cst.Call) and dotted_name(literal.func).endswith("device") and len(literal.args) == 1:
        literal = literal.args[0].value
    text = literal.evaluated_value if isinstance(literal, cst.SimpleString) else None
    match = DEVICE.fullmatch(text) if isinstance(text, str) else None
    return match["backend"] if match else ""


def device_of(subject: cst.BaseExpression) -> cst.BaseExpression | None:
    """Return the device that is asked about: `d` of `d.type`, `str(d)`, `d`; None for what can be none."""
    if isinstance(subject, cst.Call) and isinstance(subject.func, cst.Name) and subject.func.value == "str":
        return device_of(subject.args[0].value) if len(subject.args) == 1 else None
    if isinstance(subject, cst.Attribute) and subject.attr.value == "type":
        subject = subject.value
    return subject if is_plain(subject) else None


def is_on_device(node: cst.Name | cst.Attribute) -> BackendCondition | None:
    """Read `x.is_cuda`."""
    if not isinstance(node, cst.Attribute) or not is_plain(node.value):
        return None
    backend = node.attr.value.removeprefix("is_")
    if backend == node.attr.value or backend not in BACKENDS:
        return None
    device = cst.Attribute(node.value, cst.Name("device"))
    return BackendCondition(frozenset({backend}), Certainty.DEVICE, devices=(device,))
