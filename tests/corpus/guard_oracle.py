"""Source text in, every place that decides by backend what to call of one out: what CFX301 to CFX305 must find.

Independent of cudafix on purpose: the standard library's `ast`, and the scopes of `oracle`. It reads `if` chains,
conditional expressions, `match` and early returns, and knows a test for a backend by its form alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from oracle import Collector, Scope, meaning

BACKENDS = ("cuda", "xpu", "npu", "musa", "mlu", "hpu", "mps", "mtia")
CALLED = re.compile(rf"(?:torch|torch_npu)\.({'|'.join(BACKENDS)})\.(?!backends\b)(.+)")
AVAILABILITY = re.compile(rf"(?:torch|torch_npu|torch\.backends)\.({'|'.join(BACKENDS)})\.is_available")
PREDICATE = re.compile(
    rf"_*(?:(?:is|has)_(?:torch_)?({'|'.join(BACKENDS)}|hip|rocm)(?:_available)?"
    rf"|(?:torch_)?({'|'.join(BACKENDS)}|hip|rocm)_available)",
    re.IGNORECASE,
)
ROCM = {"hip": "cuda", "rocm": "cuda"}
WITHOUT_NEUTRAL_FORM = re.compile(
    r"is_available|is_initialized|get_device_capability|_.*|.*\._.*"  # tests themselves, CUDA's own notion, private
    r"|(?:nvtx|nccl|jiterator|tunable|gds|green_contexts|profiler)\..*|CUDAGraph|cudart|check_error|cudaStatus"
)
LEAVES = (ast.Return, ast.Continue)


@dataclass(frozen=True, order=True)
class Call:
    row: int
    backend: str
    path: str


@dataclass(frozen=True)
class Answer:
    """What a condition says when it holds: the backends, and whether torch was asked for CUDA's availability."""

    backends: frozenset[str]
    asks_for_cuda: bool = False


@dataclass(frozen=True)
class Arm:
    """What is done in one branch; `answer` is None in a last `else`."""

    answer: Answer | None
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Decision:
    """One `if` chain, conditional expression, `match` or early return in which a backend's functions are called.

    `header` holds the rows of its tests, and `run` also those of the `if`s right before and after it.
    """

    row: int
    header: frozenset[int]
    run: frozenset[int]
    arms: tuple[Arm, ...]

    @property
    def calls(self) -> list[Call]:
        return sorted({call for arm in self.arms for call in arm.calls})

    @property
    def is_ladder(self) -> bool:
        """Whether the arms that call something are for two backends or more; the last is for those that it calls."""
        return len(set().union(*map(backends_of, self.arms))) > 1

    @property
    def guards_cuda(self) -> bool:
        return any(arm.answer and arm.answer.asks_for_cuda and arm.calls for arm in self.arms)


def backends_of(arm: Arm) -> frozenset[str]:
    if not arm.calls:
        return frozenset()
    return arm.answer.backends if arm.answer else frozenset(call.backend for call in arm.calls)


def decisions(source: str) -> list[Decision]:
    """Raises SyntaxError where Python itself would not parse."""
    tree = ast.parse(source)
    collector = Collector()
    collector.visit(tree)
    reader = Reader(dict(collector.expressions))
    found = (one for node in ast.walk(tree) for one in reader.decisions_at(node))
    return sorted((one for one in found if one.calls), key=lambda one: one.row)


class Reader:
    def __init__(self, scopes: dict[ast.expr, Scope]) -> None:
        self.scopes = scopes
        self.inner: set[ast.AST] = set()  # an `elif`, or the choice after `else`: part of a chain seen before

    def path(self, node: ast.expr) -> str:
        one = meaning(node, self.scopes[node]) if node in self.scopes else None
        return next(iter(one.paths)) if one and one.certain else ""

    # What a condition says

    def holds(self, test: ast.expr) -> Answer | None:
        """None where it says nothing about the backend."""
        match test:
            case ast.BoolOp(ast.And()):
                return both(self.holds(one) for one in test.values)
            case ast.BoolOp(ast.Or()):
                return either(self.holds(one) for one in test.values)
            case ast.UnaryOp(ast.Not()):
                return self.fails(test.operand)
            case ast.NamedExpr():
                return self.holds(test.value)
        return self.asked(test)

    def fails(self, test: ast.expr) -> Answer | None:
        """The same for the condition that does not hold."""
        match test:
            case ast.BoolOp(ast.And()):
                return either(self.fails(one) for one in test.values)
            case ast.BoolOp(ast.Or()):
                return both(self.fails(one) for one in test.values)
            case ast.UnaryOp(ast.Not()):
                return self.holds(test.operand)
            case ast.Compare(left, [ast.NotEq()], [right]):
                return answer([*devices(left), *devices(right)])
            case ast.Compare(_, [ast.NotIn()], [ast.Tuple() | ast.List() | ast.Set() as options]):
                return answer(devices(options))
        return None

    def asked(self, test: ast.expr) -> Answer | None:
        match test:
            case ast.Compare(left, [ast.Eq()], [right]):
                return answer([*devices(left), *devices(right)])
            case ast.Compare(_, [ast.In()], [ast.Tuple() | ast.List() | ast.Set() as options]):
                return answer(devices(options))
            case ast.Compare(ast.Constant(str()) as part, [ast.In()], [_]):
                return answer(devices(part))
            case ast.Call(ast.Attribute(attr="startswith"), [prefix]):
                return answer(devices(prefix))
            case ast.Call(function) if available := AVAILABILITY.fullmatch(self.path(function)):
                return Answer(frozenset({available[1]}), asks_for_cuda=available[1] == "cuda")
            case ast.Call(ast.Name() | ast.Attribute() as function):
                return named(function)
            case ast.Name() | ast.Attribute():
                return named(test)
        return None

    # What is done then

    def calls(self, nodes: Iterable[ast.AST]) -> tuple[Call, ...]:
        return tuple(sorted({call for node in nodes for call in self.calls_in(node)}))

    def calls_in(self, node: ast.AST) -> Iterator[Call]:
        """Not those in a decision below it, which has them itself."""
        match node:
            case ast.Call(function) if called := CALLED.fullmatch(self.path(function)):
                if not WITHOUT_NEUTRAL_FORM.fullmatch(called[2]):
                    yield Call(function.lineno, called[1], f"torch.{called[1]}.{called[2]}")
        if not self.is_decision(node):
            for child in ast.iter_child_nodes(node):
                yield from self.calls_in(child)

    def is_decision(self, node: ast.AST) -> bool:
        match node:
            case ast.If() | ast.IfExp():
                return bool(self.holds(node.test) or self.fails(node.test))
            case ast.Match():
                return any(map(case_answer, node.cases))
        return False

    # The forms

    def decisions_at(self, node: ast.AST) -> Iterator[Decision]:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and not (name == "orelse" and node in self.inner and len(block) == 1):
                yield from self.in_block(block)
        if isinstance(node, ast.IfExp) and node not in self.inner:
            yield from self.of_chain(node, frozenset())
        if isinstance(node, ast.Match):
            yield from self.of_match(node)

    def in_block(self, block: list[ast.stmt]) -> Iterator[Decision]:
        for index, statement in enumerate(block):
            if isinstance(statement, ast.If) and statement not in self.inner:
                yield from self.of_chain(statement, self.run(block, index))
                yield from self.of_early_return(statement, block[index + 1 :])

    def run(self, block: list[ast.stmt], index: int) -> frozenset[int]:
        rows: frozenset[int] = frozenset()
        for side in (reversed(block[:index]), iter(block[index + 1 :])):
            for neighbour in side:
                if not (isinstance(neighbour, ast.If) and self.is_decision(neighbour)):
                    break
                rows |= rows_of(neighbour.test)
        return rows

    def of_chain(self, node: ast.If | ast.IfExp, run: frozenset[int]) -> Iterator[Decision]:
        arms, header, is_asked = [], rows_of(node.test) | {node.lineno}, False
        part: ast.If | ast.IfExp | None = node
        while part:
            header |= rows_of(part.test)
            then = self.holds(part.test)
            is_asked = is_asked or self.is_decision(part)
            if then:
                arms.append(Arm(then, self.calls(as_list(part.body))))
            match part.orelse:
                case [ast.If() as below] | (ast.IfExp() as below):
                    self.inner.add(below)
                    part = below
                case rest:
                    if is_asked:
                        arms.append(Arm(self.fails(part.test), self.calls(as_list(rest))))
                    part = None
        yield Decision(node.lineno, header, header | run, tuple(arms))

    def of_early_return(self, node: ast.If, rest: list[ast.stmt]) -> Iterator[Decision]:
        then = self.fails(node.test)
        if then and not node.orelse and isinstance(node.body[-1], LEAVES):
            header = rows_of(node.test)
            yield Decision(node.lineno, header, header, (Arm(then, self.calls(rest)),))

    def of_match(self, node: ast.Match) -> Iterator[Decision]:
        arms = tuple(Arm(case_answer(case), self.calls(case.body)) for case in node.cases)
        if any(arm.answer for arm in arms):
            header = rows_of(node.subject).union(*(rows_of(case.pattern) for case in node.cases))
            yield Decision(node.lineno, header, header, arms)


def both(answers: Iterable[Answer | None]) -> Answer | None:
    """Of conditions that all hold: what narrows it down most."""
    said = sorted(filter(None, answers), key=lambda one: len(one.backends))
    return Answer(said[0].backends, any(one.asks_for_cuda for one in said)) if said else None


def either(answers: Iterable[Answer | None]) -> Answer | None:
    """Of conditions one of which holds: nothing where one of them says nothing."""
    said = list(answers)
    known = [one for one in said if one]
    if len(known) < len(said):
        return None
    return Answer(frozenset().union(*(one.backends for one in known)), any(one.asks_for_cuda for one in known))


def answer(backends: Iterable[str]) -> Answer | None:
    """None where one of them is the CPU, or no backend at all."""
    said = list(backends)
    return Answer(frozenset(said)) if said and all(said) else None


def devices(node: ast.expr) -> list[str]:
    """The backends that an operand names, "" for another text, nothing for what is no text."""
    match node:
        case ast.Constant(str(text)):
            backend = text.partition(":")[0]
            return [backend if backend in BACKENDS else ""]
        case ast.Call(ast.Attribute(ast.Name("torch"), "device"), [ast.Constant() as text, *_]):
            return devices(text)
        case ast.Tuple(options) | ast.List(options) | ast.Set(options):
            return [device for option in options for device in devices(option) or [""]]
    return []


def named(node: ast.Name | ast.Attribute) -> Answer | None:
    name = node.id if isinstance(node, ast.Name) else node.attr
    if not (said := PREDICATE.fullmatch(name)):
        return None
    backend = (said[1] or said[2]).lower()
    return Answer(frozenset({ROCM.get(backend, backend)}))


def case_answer(case: ast.match_case) -> Answer | None:
    match case.pattern:
        case ast.MatchValue(value):
            return answer(devices(value))
        case ast.MatchOr(patterns):
            return answer(
                device for one in patterns if isinstance(one, ast.MatchValue) for device in devices(one.value)
            )
    return None


def rows_of(node: ast.expr | ast.pattern) -> frozenset[int]:
    return frozenset(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def as_list(body: list[ast.stmt] | ast.expr) -> list[ast.stmt] | list[ast.expr]:
    return body if isinstance(body, list) else [body]
