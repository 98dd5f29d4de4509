"""Where a device, or a backend of torch.distributed, is expected: an argument, a telling name, what ends up in one.

In: an expression. Out: whether its value is taken for one, by what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import libcst as cst

from cudafix.catalogue.device_parameters import METHODS, communication_places, device_places
from cudafix.syntax.expressions import dotted_name, last_name
from cudafix.syntax.module import File
from cudafix.syntax.scopes import BindingKind

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
DEVICE_WORDS = frozenset(("device", "devices", "dev", "devs", "devicename", "devicetype"))
DEVICE_PHRASES = frozenset(("map_location", "pin_memory_device"))
KERNEL_NAMES = frozenset(("device_types", "devices_types"))
"""What names kernels, not where data goes: `torch.library.custom_op(device_types="cuda")`."""

COLLECTS = frozenset(("append", "add", "insert", "appendleft"))
"""The methods that put their last argument into a collection: `devices.append("cuda")`."""

LOOK_UPS = frozenset(("get", "setdefault", "pop", "getattr", "getenv", "setattr"))
"""The functions whose last argument is a value under the name that the first string gives."""

ASKS = re.compile(r"_*(is|has)_")
"""How functions are called that ask about a device: `is_on("cuda", x)`. What is meant there only a person can say."""

OPTIONS = frozenset(("add_argument", "option", "Option", "Argument", "argument", "add_option"))
"""The functions that define an option of a command line, whose name says what the value is."""

DESCRIBES = frozenset(("Field", "field", "ib", "attrib"))
"""The functions that describe a field, and whose first argument is its default."""

IN_SIGNATURES = frozenset(("Query", "Body", "Form", "Header", "Cookie"))
"""The functions of FastAPI that describe a parameter."""


@dataclass(frozen=True)
class Kind:
    """A kind of value: the names that say that they stand for one, and the functions that take one.

    Attributes:
        is_name: whether a name says so.
        places: where a function, by its dotted name, takes such values.
        methods: those whose first argument is one.
    """

    is_name: Callable[[str], bool]
    places: Callable[[str], Sequence[int]]
    methods: frozenset[str] = frozenset()


def is_device_position(node: cst.BaseExpression, file: File, depth: int = 2) -> bool:
    """Whether the value of `node` is taken for a device."""
    return ValueFollower(file, DEVICES).is_one(node, depth)


def is_backend_position(node: cst.BaseExpression, file: File, depth: int = 2) -> bool:
    """Whether the value of `node` is taken for a backend of torch.distributed."""
    return ValueFollower(file, COMMUNICATION).is_one(node, depth)


def is_device_name(name: str) -> bool:
    """Whether a name says that it stands for a device: `device`, `self.device`, `DEVICE_TYPE`, `map_location`."""
    last = name.rpartition(".")[2]
    if last.lower() in KERNEL_NAMES:
        return False
    words = [one.lower() for one in WORD.findall(last)]
    return any(one in DEVICE_WORDS for one in words) or any(one in last.lower() for one in DEVICE_PHRASES)


def is_backend_name(name: str) -> bool:
    """Whether a name says that it stands for a backend of torch.distributed: `backend`, `dist_backend`."""
    words = [one.lower() for one in WORD.findall(name.rpartition(".")[2])]
    return bool(words) and words[-1] in ("backend", "backends")


DEVICES = Kind(is_device_name, device_places, METHODS)
COMMUNICATION = Kind(is_backend_name, communication_places)


class ValueFollower:
    """Follows a value outwards, through what passes it on, to what takes it."""

    def __init__(self, file: File, kind: Kind) -> None:
        self.file = file
        self.kind = kind
        self.names = file.names

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self.names.tree.parents.get(node)

    def is_one(self, node: cst.CSTNode, depth: int) -> bool:
        """Whether what takes the value of `node` takes it for one of the kind; up to `depth` names are followed."""
        parent = self.parent(node)
        if isinstance(parent, cst.IfExp):
            return parent.test is not node and self.is_one(parent, depth)
        if isinstance(parent, (cst.BooleanOperation, cst.NamedExpr)):
            return self.is_one(parent, depth)
        if isinstance(parent, (cst.Element, cst.StarredElement)):
            return self.is_element(parent, depth)
        if isinstance(parent, cst.Arg):
            return self.is_argument(parent, depth)
        if isinstance(parent, (cst.Assign, cst.AnnAssign)):
            return self.is_assigned(parent, node, depth)
        if isinstance(parent, cst.Param):
            return parent.default is node and self.kind.is_name(parent.name.value)
        if isinstance(parent, cst.Return):
            return self.is_returned(parent)
        if isinstance(parent, cst.Index):
            return self.is_in_annotation(parent)
        if isinstance(parent, cst.DictElement):
            return parent.value is node and (self.names_it(parent.key) or self.is_in_mapping(parent, depth))
        if isinstance(parent, (cst.For, cst.CompFor)):
            return parent.iter is node and self.kind.is_name(dotted_name(parent.target))
        return False

    def is_in_annotation(self, index: cst.Index) -> bool:
        """Whether `Annotated[str, Field(default=…)]` is the annotation of a name that says so."""
        for parent in self.names.tree.ancestors(index):
            if isinstance(parent, cst.Annotation):
                owner = self.parent(parent)
                return isinstance(owner, cst.AnnAssign) and self.is_target(owner.target)
            if not isinstance(parent, (cst.SubscriptElement, cst.Subscript)):
                return False
        return False

    def is_in_mapping(self, element: cst.DictElement, depth: int) -> bool:
        """Whether the whole dictionary is taken for devices: `device_map={"": "cuda"}`."""
        mapping = self.parent(element)
        is_given = mapping is not None and isinstance(self.parent(mapping), (cst.Arg, cst.DictElement))
        return is_given and self.is_one(mapping, depth)  # type: ignore[arg-type]

    def is_element(self, element: cst.CSTNode, depth: int) -> bool:
        container = self.parent(element)
        if isinstance(container, cst.Tuple) and self.is_unpacked(container, element):
            return True
        return container is not None and self.is_one(container, depth)

    def is_unpacked(self, container: cst.Tuple, element: cst.CSTNode) -> bool:
        """Whether `a, device = x, "cuda"` gives the element to a name that says so."""
        parent = self.parent(container)
        if not isinstance(parent, cst.Assign):
            return False
        target = parent.targets[0].target
        if not isinstance(target, cst.Tuple) or len(target.elements) != len(container.elements):
            return False
        index = next(number for number, one in enumerate(container.elements) if one is element)
        return self.kind.is_name(dotted_name(target.elements[index].value))

    def is_assigned(self, statement: cst.Assign | cst.AnnAssign, value: cst.CSTNode, depth: int) -> bool:
        if statement.value is not value:
            return False
        places = [statement] if isinstance(statement, cst.AnnAssign) else statement.targets
        targets = [one.target for one in places]
        return any(self.is_target(one) or self.ends_up(one, value, depth) for one in targets)

    def is_target(self, target: cst.BaseExpression) -> bool:
        if isinstance(target, cst.Subscript):
            index = target.slice[0].slice if len(target.slice) == 1 else None
            key = isinstance(index, cst.Index) and self.names_it(index.value)
            return key or self.kind.is_name(dotted_name(target.value))
        return self.kind.is_name(dotted_name(target))

    def ends_up(self, target: cst.BaseExpression, value: cst.CSTNode, depth: int) -> bool:
        """Whether a name that does not say so is used as a device."""
        if not isinstance(target, cst.Name) or not depth:
            return False
        for use in self.names.uses_by_name.get(target.value, ()):
            if any(one.value is value for one in self.names.reaching_definitions(use)) and self.is_one(
                use.node, depth - 1
            ):
                return True
        return False

    def is_returned(self, statement: cst.Return) -> bool:
        for parent in self.names.tree.ancestors(statement):
            if isinstance(parent, (cst.FunctionDef, cst.Lambda)):
                return isinstance(parent, cst.FunctionDef) and self.kind.is_name(parent.name.value)
        return False

    # Arguments

    def is_argument(self, arg: cst.Arg, depth: int) -> bool:
        call = self.parent(arg)
        if not isinstance(call, cst.Call) or arg.star:
            return False
        if arg.keyword is not None:
            return self.is_keyword(arg.keyword.value, call)
        index = call.args.index(arg)
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in self.kind.methods and index == 0:
            return True
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in COLLECTS and arg is call.args[-1]:
            return self.kind.is_name(dotted_name(call.func.value))
        meaning = self.names.resolve(call.func)
        path = meaning.path if meaning is not None else dotted_name(call.func)
        if index in self.kind.places(path):
            return True
        last = path.rpartition(".")[2]
        if index and last in (*LOOK_UPS, "parametrize"):
            return any(self.names_it(one.value) for one in call.args[:index])
        if last == "Choice" or (last in DESCRIBES and not index):  # what is around it says what it is for
            return self.is_one(call, depth)
        if last in (*OPTIONS, *IN_SIGNATURES) and not index and isinstance(self.parent(call), cst.Param):
            return self.is_one(call, depth) or any(self.names_it(one.value) for one in call.args[1:])
        if last in OPTIONS:
            return False
        if ASKS.match(last):
            return False
        parameter = self.parameter(call, index)
        if parameter:
            return self.kind.is_name(parameter)
        return self.kind.is_name(last) and (index == 0 or (index == 1 and last.endswith("to_device")))

    def is_keyword(self, keyword: str, call: cst.Call) -> bool:
        last = last_name(call.func)
        if last in OPTIONS and keyword == "default" and isinstance(self.parent(call), cst.Param):
            return self.is_one(call, 1) or any(self.names_it(one.value) for one in call.args if one.keyword is None)
        if last in OPTIONS and keyword in ("default", "choices", "type", "const"):
            return any(self.names_it(one.value) for one in call.args if one.keyword is None)
        if last in ("parametrize", "param") and keyword in ("argvalues", "values"):
            return any(self.names_it(one.value) for one in call.args)
        if keyword in ("default", "default_factory"):  # a field: the name is what it is assigned to
            return self.is_one(call, 1)
        is_question = ASKS.match(last) is not None and not self.is_of_torch(call)
        return not is_question and (self.kind.is_name(keyword) or (keyword == "type" and self.kind.is_name(last)))

    def is_of_torch(self, call: cst.Call) -> bool:
        meaning = self.names.resolve(call.func)
        return meaning is not None and meaning.path.startswith("torch.")

    def parameter(self, call: cst.Call, index: int) -> str:
        """Return the name of the parameter that the argument at `index` is for, where the file defines the function."""
        function = self.function(call.func)
        if function is None:
            return ""
        params: Sequence[cst.Param] = (*function.params.posonly_params, *function.params.params)
        skipped = int(isinstance(call.func, cst.Attribute) or function.name.value == "__init__")
        return params[index + skipped].name.value if index + skipped < len(params) else ""

    def function(self, func: cst.BaseExpression) -> cst.FunctionDef | None:
        """Return the definition of a function, a method of `self`, or the `__init__` of a class, in this file."""
        name = func.attr if isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name) else func
        if not isinstance(name, cst.Name):
            return None
        if isinstance(func, cst.Attribute) and func.value.value not in ("self", "cls"):  # type: ignore[attr-defined]
            return None
        scopes = self.names.scopes if isinstance(func, cst.Attribute) else [self.names.root]
        found = [binding for scope in scopes for binding in scope.bindings.get(name.value, ())]
        nodes = [one.node for one in found if one.kind is BindingKind.OTHER]
        if len(nodes) != 1:
            return None
        node = nodes[0]
        if isinstance(node, cst.ClassDef):
            methods = [one for one in node.body.body if isinstance(one, cst.FunctionDef)]
            return next((one for one in methods if one.name.value == "__init__"), None)
        return node if isinstance(node, cst.FunctionDef) else None

    def names_it(self, node: cst.BaseExpression | None) -> bool:
        """Whether a string, such as a key or the name of an option, says that one is meant: `"--device"`."""
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        words = re.split(r"[,\s]+", text.replace("-", "_")) if isinstance(text, str) else []
        return any(map(self.kind.is_name, words))
