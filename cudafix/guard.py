"""Dispatches → matches: guards and ladders that are one neutral call, or why they are not (CFX301, CFX302).

A branch is left of a dispatch where all branches do the same, each on its own backend, and where what is left may run
without the condition. Where it may not, the condition becomes neutral.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import libcst as cst

from cudafix.alike import device_literals, form_of, form_without_accelerator, is_given, is_inert, is_quiet, normal_form
from cudafix.attributes import assigned_value, only_binding
from cudafix.availability import names_cuda
from cudafix.branch import find_branch
from cudafix.catalogue import TAKES_ANY_DEVICE
from cudafix.change import Change, Choice, Rewrites, choice_of
from cudafix.collapse import collapse, lost_comments, merge
from cudafix.dispatch import Arm, Dispatch, Shape, find_dispatches, neighbour
from cudafix.inspection import Inspection
from cudafix.model import Safety
from cudafix.names import Binding
from cudafix.neutral import Need, Neutral, Refusal
from cudafix.question import Asks, Question
from cudafix.references import Reference
from cudafix.row import CUDA_ONLY
from cudafix.rule import Match

AVAILABLE = "is_accelerator_available"
DEVICE_TYPE = "current_device_type"
GUARD, LADDER = "CFX301", "CFX302"
OTHER_DEVICES = "also chooses other accelerators: what expects CUDA or the CPU may follow"


@dataclass
class Verdict:
    """What becomes of a dispatch: the branch that stays, what is done to it, and what makes that less than safe."""

    arm: Arm
    choices: list[Choice] = field(default_factory=list)
    changes: tuple[Change, ...] = ()
    doubts: list[str] = field(default_factory=list)
    stops: str = ""


def find_guards(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each guard on one backend that holds a function with a neutral form."""
    for dispatch in dispatches(inspection):
        if not is_ladder(dispatch, inspection) and is_guard(dispatch, inspection):
            yield match_of(GUARD, dispatch, judge(dispatch, inspection), inspection)


def find_ladders(inspection: Inspection) -> Iterator[Match]:
    """Yield a match for each ladder over several backends that holds a function with a neutral form."""
    for dispatch in dispatches(inspection):
        if is_ladder(dispatch, inspection):
            yield match_of(LADDER, dispatch, judge(dispatch, inspection), inspection)


def dispatches(inspection: Inspection) -> list[Dispatch]:
    found = [one for one in find_dispatches(inspection) if is_about_functions(one, inspection)]
    return [one for one in found if not find_branch(one.nodes[0], inspection) & one.backends]


def is_ladder(dispatch: Dispatch, inspection: Inspection) -> bool:
    """Whether several backends have a branch; the last `else` is one for the backend that it calls."""
    asked = [question.backends - {"cpu"} for _, question in dispatch.asked if question.backends - {"cpu"}]
    last = dispatch.otherwise.parts if dispatch.otherwise is not None else ()
    others = {one.symbol.backend for one in inspection.references_in(*last) if one.symbol.row.name != "is_available"}
    return len(asked) > 1 or (len(asked) == 1 and bool(others - asked[0]))


def is_guard(dispatch: Dispatch, inspection: Inspection) -> bool:
    """Whether CUDA is asked for as one asks for a GPU of any make, or alone decides about neutral calls."""
    ((_, question),) = dispatch.asked[:1]
    if "cuda" not in question.backends:
        return False
    if question.asks is Asks.MACHINE:
        return bool(question.tests or question.flags)
    return is_all_quiet(dispatch, inspection)


def is_all_quiet(dispatch: Dispatch, inspection: Inspection) -> bool:
    arm, otherwise = dispatch.arms[0], dispatch.otherwise
    is_last = otherwise is None or is_idle(otherwise.parts)
    return is_last and dispatch.shape is not Shape.EARLY and all(is_quiet(one, inspection) for one in arm.parts)


def is_about_functions(dispatch: Dispatch, inspection: Inspection) -> bool:
    """Whether a function with a neutral form stands in a branch, or a device is chosen by what torch finds."""
    tests = {one for _, question in dispatch.asked for one in question.tests}
    if any(one in inspection.calls and inspection.calls[one] in inspection.silenced for one in tests):
        return False
    parts = [part for arm in dispatch.arms for part in arm.parts]
    inside = inspection.references_in(*parts)
    if any(one.symbol.row.code != CUDA_ONLY and one.symbol.row.name != "is_available" for one in inside):
        return True
    return bool(tests or has_flag(dispatch)) and chooses_device(dispatch, inspection)


def has_flag(dispatch: Dispatch) -> bool:
    return any(question.flags and question.asks is Asks.MACHINE for _, question in dispatch.asked)


def chooses_device(dispatch: Dispatch, inspection: Inspection) -> bool:
    """Whether the branches do no more than to name a device: `device = "cuda"`, `return torch.device("cuda")`."""
    if dispatch.otherwise is None or dispatch.shape is Shape.EARLY:
        return False
    return all(
        all(is_value(part) for part in arm.parts) and device_literals(arm.parts, question.backends)
        for arm, question in dispatch.asked
    )


def is_value(part: cst.CSTNode) -> bool:
    """Whether `part` is an expression, or a statement that gives one to a name or returns it."""
    if isinstance(part, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
        return all(isinstance(one, (cst.Assign, cst.AnnAssign, cst.Return)) for one in part.body)
    return isinstance(part, cst.BaseExpression)


# What becomes of it


def judge(dispatch: Dispatch, inspection: Inspection) -> Verdict:
    return Judge(dispatch, inspection).verdict()


class Judge:
    def __init__(self, dispatch: Dispatch, inspection: Inspection) -> None:
        self.dispatch = dispatch
        self.inspection = inspection
        self.file = inspection.file
        self.doubts: list[str] = []
        self.live = [(arm, question) for arm, question in dispatch.asked if not is_idle(arm.parts)]
        self.otherwise = dispatch.otherwise
        self.last_backends: frozenset[str] = frozenset()
        """The backends of the last `else`, where it is a branch like the others."""

    def verdict(self) -> Verdict:
        arm = self.dispatch.arms[0]
        stops = self.find_difference()
        if stops:
            return Verdict(arm, stops=stops)
        arm, backends = self.find_kept()
        choices, stops = self.choices_in(arm, backends)
        if stops:
            return Verdict(arm, stops=stops)
        verdict = self.without_condition(arm, backends, choices) or self.with_condition(arm, backends, choices)
        if not verdict.stops:
            verdict.doubts += self.doubts + self.doubts_of_questions()
            lost = lost_comments(verdict.changes, getattr(verdict.arm.holder, "body", None))
            verdict.doubts += [f"a comment would be lost: {lost[0]}"] if lost else []
        return verdict

    # What the branches have in common

    def find_difference(self) -> str:
        """Return what keeps the branches from being one, or ""."""
        if not self.live:
            return "no branch does anything"
        for _, question in self.dispatch.asked:
            if any(self.leaves_out(one) for one in question.rest):
                return "the condition leaves another backend out"
        rests = {self.text(*question.rest) for _, question in self.live}
        devices = {self.text(*question.devices[:1]) for _, question in self.live}
        if len(rests) > 1 or len(devices) > 1:
            return "the branches are taken under different conditions"
        forms = [(arm, self.form(arm, question.backends)) for arm, question in self.live]
        different = next((arm for arm, form in forms if form != forms[0][1]), None)
        if different is not None:
            return f"the branch on line {self.row(different.holder)} does something else than the first"
        self.read_otherwise(forms[0][1])
        return ""

    def form(self, arm: Arm, backends: frozenset[str]) -> str:
        return normal_form(arm.parts, backends, self.inspection, self.device, self.names)

    @cached_property
    def names(self) -> frozenset[str]:
        """The functions that branches for other backends than MPS call."""
        inside = [one for arm in self.dispatch.arms for one in self.inspection.references_in(*arm.parts)]
        return frozenset(one.symbol.row.name for one in inside if one.symbol.backend != "mps")

    @property
    def device(self) -> str:
        """The device at hand that the branches are taken for, "" where none is."""
        question = self.live[0][1]
        return self.text(*question.devices[:1]) if question.asks is Asks.DEVICE else ""

    def leaves_out(self, part: cst.BaseExpression) -> bool:
        question = self.inspection.question(part)
        return question is not None and question.negated

    def text(self, *nodes: cst.BaseExpression) -> str:
        return " and ".join(sorted(self.file.code(one) for one in nodes))

    def row(self, node: cst.CSTNode) -> int:
        return self.file.start(node).row if node in self.file.ranges else self.file.start(self.dispatch.nodes[0]).row

    def read_otherwise(self, form: str) -> None:
        """See whether the last `else` is a branch like the others: for a backend that nobody asked for."""
        if self.otherwise is None:
            return
        used = {one.symbol.backend for one in self.inspection.references_in(*self.otherwise.parts)}
        for backends in (frozenset(used - self.dispatch.backends), frozenset({"cpu"})):
            if len(backends) == 1 and self.form(self.otherwise, backends) == form:
                self.last_backends = backends
                return

    def find_kept(self) -> tuple[Arm, frozenset[str]]:
        """Return the branch that stays: the one for CUDA, since its functions have the rows that are best known."""
        arms = [(arm, question.backends) for arm, question in self.live]
        if self.otherwise is not None and self.last_backends and self.last_backends != {"cpu"}:
            arms.append((self.otherwise, self.last_backends))
        known = [one for one in arms if any(self.inspection.references_in(*one[0].parts))]
        return next((one for one in arms if "cuda" in one[1]), (known or arms)[0])

    # What is done to the branch that stays

    def choices_in(self, arm: Arm, backends: frozenset[str]) -> tuple[list[Choice], str]:
        """Return the neutral forms of all that the branch calls, or what stops one of them."""
        choices: list[Choice] = []
        for reference in self.inspection.references_in(*arm.parts):
            if reference.symbol.row.name == "is_available":
                continue
            neutral = self.inspection.neutral(reference)
            row = self.file.start(reference.node).row
            if reference in self.inspection.silenced:
                return [], f"a comment keeps `{reference.symbol.name}` on line {row}"
            if isinstance(neutral, Refusal):
                return [], f"`{reference.symbol.name}` on line {row} stays: {neutral.reason}"
            if reference.symbol.backend not in backends:
                return [], f"it calls `{reference.symbol.name}` on line {row}"
            choices.append(choice_of(reference, neutral))
        return choices, ""

    def without_condition(self, arm: Arm, backends: frozenset[str], choices: list[Choice]) -> Verdict | None:
        """Leave the branch alone, where that is right: it does nothing on a machine that nothing was asked for on."""
        rest = self.live[0][1].rest
        absorbed = self.absorbs_otherwise(arm)
        if not absorbed or (rest and self.otherwise is not None and not is_idle(self.otherwise.parts)):
            return None
        if rest and not all(is_inert(one, self.inspection) for one in rest):
            return None
        if self.device:
            passed = self.pass_device(choices)
            if passed is None:
                return None
            choices = passed
        if self.last_backends == {"cpu"} or any(device_literals(one.parts, frozenset({"cpu"})) for one in self.last()):
            choices = choices + self.device_choices(arm, backends)
        if rest and names_cuda(self.text(*rest)):
            return Verdict(arm, stops="the rest of the condition is about CUDA itself")
        changes = collapse(self.dispatch, arm, rest, self.inspection)
        return Verdict(arm, choices, changes) if changes is not None else None

    def last(self) -> list[Arm]:
        return [self.otherwise] if self.otherwise is not None and self.last_backends == {"cpu"} else []

    def absorbs_otherwise(self, arm: Arm) -> bool:
        """Whether the branch does by itself what is done when nothing that was asked holds."""
        if self.last_backends:
            return True
        quiet = all(is_quiet(one, self.inspection) for one in arm.parts)
        if self.otherwise is None or is_idle(self.otherwise.parts):
            return quiet or self.is_quiet_exit(arm.parts) or self.repeats_default(arm)
        parts = self.otherwise.parts
        if quiet and is_raise(parts) and len(self.dispatch.asked) > 1:
            self.doubts.append("it no longer raises where none of these backends is there")
            return True
        if quiet and self.ends_as(parts):
            return True
        return form_without_accelerator(arm.parts, self.inspection) == form_of(parts, self.inspection)

    def repeats_default(self, arm: Arm) -> bool:
        """Whether the line above gives the value that the branch gives where there is no accelerator."""
        above = neighbour(self.dispatch.nodes[0], -1, self.inspection)
        if not isinstance(above, cst.SimpleStatementLine) or not isinstance(above.body[0], cst.Assign):
            return False
        return form_without_accelerator(arm.parts, self.inspection) == form_of((above,), self.inspection)

    def is_quiet_exit(self, parts: tuple[cst.CSTNode, ...]) -> bool:
        """Whether the branch ends with a `return` that the function would come to anyhow."""
        return self.ends_as(parts[-1:]) and all(is_quiet(one, self.inspection) for one in parts[:-1])

    def ends_as(self, parts: tuple[cst.CSTNode, ...]) -> bool:
        """Whether `parts` do no more than to leave the function, or the loop's round, that ends here anyhow."""
        line = parts[0] if len(parts) == 1 else None
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
        if self.dispatch.shape is not Shape.EARLY and neighbour(self.dispatch.nodes[-1], 1, self.inspection):
            return False
        block = self.inspection.parent(self.dispatch.nodes[0])
        outside = self.inspection.parent(block) if block is not None else None
        if isinstance(small, cst.Return):
            return small.value is None and isinstance(outside, cst.FunctionDef)
        return isinstance(small, cst.Continue) and isinstance(outside, (cst.For, cst.While))

    def with_condition(self, arm: Arm, backends: frozenset[str], choices: list[Choice]) -> Verdict:
        """Leave the branch under a condition that is neutral."""
        question = self.live[0][1]
        if question.asks is Asks.DEVICE:
            return Verdict(arm, stops="what it does depends on the device at hand")
        if len(self.dispatch.asked) > 1:
            return self.merged(arm, backends, choices)
        if question.asks is Asks.PREDICATE:
            return Verdict(arm, stops="what it guards does something on every machine")
        return self.widened(arm, backends, choices)

    def merged(self, arm: Arm, backends: frozenset[str], choices: list[Choice]) -> Verdict:
        question, first = self.live[0][1], self.dispatch.arms[0]
        is_open = self.otherwise is None and self.dispatch.shape is not Shape.LADDER
        if question.rest or is_open or self.dispatch.shape not in (Shape.LADDER, Shape.CHOICE, Shape.EXITS):
            return Verdict(arm, stops="what it does would be done on every machine")
        if self.otherwise is not None and names_cuda(self.code(self.otherwise)):
            return Verdict(arm, stops="the last branch names CUDA itself")
        if not all(is_value(one) for one in arm.parts):
            return Verdict(arm, stops="the last branch does something of its own")
        self.doubts.append("a backend that no branch is for takes this one, and not the last")
        where = arm if arm.holder in self.dispatch.nodes else first
        choices = [*choices, *self.device_choices(arm, backends), self.made_neutral(where.test)]
        return Verdict(arm, choices, merge(self.dispatch, arm, self.inspection))

    def widened(self, arm: Arm, backends: frozenset[str], choices: list[Choice]) -> Verdict:
        """Ask for any accelerator instead of CUDA."""
        question = self.live[0][1]
        literals = self.device_choices(arm, backends) if chooses_device(self.dispatch, self.inspection) else []
        whole = " ".join(self.code(one) for one in self.dispatch.arms)
        if names_cuda(self.text(*question.rest)):
            return Verdict(arm, stops="the rest of the condition is about CUDA itself")
        if names_cuda(whole) and not literals:
            return Verdict(arm, stops="the code that depends on it names CUDA itself")
        tests = tests_of(question, self.inspection)
        neutrals = [(one, self.inspection.neutral(one)) for one in tests if one.symbol.backend == "cuda"]
        stop = next((neutral.reason for _, neutral in neutrals if isinstance(neutral, Refusal)), "")
        if stop or not neutrals or len(neutrals) < len(tests):
            return Verdict(arm, stops=stop or "what it guards does something on every machine")
        found = [(one, neutral) for one, neutral in neutrals if isinstance(neutral, Neutral)]
        if self.is_safe_under_any(arm, choices):
            found = [(one, replace(neutral, safety=Safety.SAFE, reason="")) for one, neutral in found]
        return Verdict(arm, [*choices, *literals, *found])

    def is_safe_under_any(self, arm: Arm, choices: list[Choice]) -> bool:
        """Whether nothing but neutral calls, with nothing that could name a device, depends on the answer."""
        calls = {reference.call for reference, _ in choices}
        lines = [one for one in arm.parts if isinstance(one, cst.SimpleStatementLine)]
        small = [one for line in lines for one in line.body]
        bare = all(isinstance(one, cst.Expr) and one.value in calls and not one.value.args for one in small)  # type: ignore[attr-defined]
        is_plain = not self.live[0][1].rest and not self.live[0][1].flags and self.dispatch.shape is Shape.LADDER
        return bare and is_plain and self.otherwise is None and len(lines) == len(arm.parts)

    def code(self, arm: Arm) -> str:
        return " ".join(self.file.code(one) for one in arm.parts)

    # Devices at hand

    def pass_device(self, choices: list[Choice]) -> list[Choice] | None:
        """Return neutral calls for the device at hand, if there are such for all that the branch calls."""
        passed = [self.for_device(reference, neutral) for reference, neutral in choices]
        known = [one for one in passed if one is not None]
        return known if len(known) == len(passed) else None

    def for_device(self, reference: Reference, neutral: Neutral) -> Choice | None:
        name, call, torch = reference.symbol.row.name, reference.call, self.torch(reference)
        if call is None or (call.args and not is_given(call, self.device, self.inspection)):
            return None
        if name == "empty_cache" and torch:
            return whole_call(reference, neutral, f"{torch}.get_device_module({self.device})")
        if name == "synchronize" and not call.args:
            module = Neutral(Need("torch", "get_device_module"), (name,), on_module=True, module_of=self.device)
            return reference, module
        if name not in TAKES_ANY_DEVICE:
            return None
        return (reference, neutral) if call.args else whole_call(reference, neutral, self.device)

    def torch(self, reference: Reference) -> str:
        """Return what torch is called where `reference` stands; "" if only a part of it is known there."""
        meaning = self.file.names.resolve(reference.root.node) if reference.root is not None else None
        return reference.root.node.value if reference.root and meaning and meaning.path == "torch" else ""

    # What the test and the device's name become

    def made_neutral(self, test: cst.BaseExpression | None) -> Choice:
        assert test is not None
        need = Need(self.inspection.options.runtime_module, AVAILABLE)
        return replace(self.anchor(), node=test, call=None), Neutral(need, passed="")

    def device_choices(self, arm: Arm, backends: frozenset[str]) -> list[Choice]:
        """Return what the names of the backends' devices in the branch become."""
        need = Need(self.inspection.options.runtime_module, DEVICE_TYPE)
        found: list[Choice] = []
        for literal in device_literals(arm.parts, backends):
            neutral = Neutral(need, passed="", template=template_of(literal), safety=Safety.UNSAFE, reason=OTHER_DEVICES)
            found.append((replace(self.anchor(), node=literal, call=None), neutral))
        return found

    def anchor(self) -> Reference:
        """Return a reference whose import tells where that of a new name goes."""
        known = [test for _, question in self.dispatch.asked for test in tests_of(question, self.inspection)]
        inside = [one for arm in self.dispatch.arms for one in self.inspection.references_in(*arm.parts)]
        return (known or inside)[0]

    def doubts_of_questions(self) -> list[str]:
        asked = [question for _, question in self.dispatch.asked]
        found = []
        if any(one.asks is Asks.PREDICATE for one in asked):
            found.append("a function or flag of the project decides now, and torch would")
        if any(one.asks is Asks.DEVICE for one in asked):
            found.append("the device at hand decides")
        if not any("cuda" in one.backends for one in asked) and "cuda" not in self.last_backends:
            found.append("nothing was done on CUDA here")
        idle = [question for arm, question in self.dispatch.asked if is_idle(arm.parts)]
        if any(one.backends - {"cpu", "hpu"} for one in idle):
            found.append("nothing was done on one of the backends")
        return found


def tests_of(question: Question, inspection: Inspection) -> list[Reference]:
    """Return the references to functions of torch behind a condition, those of its flags included."""
    behind = [assigned_value(flag, inspection.file) for flag in question.flags]
    asked = [inspection.question(one) for one in behind if one is not None]
    own = [inspection.calls[one] for one in question.tests if one in inspection.calls]
    return [*own, *(test for one in asked if one is not None for test in tests_of(one, inspection))]


def template_of(literal: cst.CSTNode) -> str:
    """Return what stands around the device type: `f"{…}:0"` for `"cuda:0"`."""
    if isinstance(literal, cst.FormattedStringText):
        return "{{}}:"
    assert isinstance(literal, cst.SimpleString)
    text = str(literal.evaluated_value)
    index = text[len(text.partition(":")[0]) :]
    quote = literal.quote
    return f"f{quote}{{{{}}}}{index}{quote}" if index else "{}"


def whole_call(reference: Reference, neutral: Neutral, passed: str) -> Choice:
    """Return the choice that replaces a call without arguments by one with `passed`."""
    return choice_of(reference, replace(neutral, passed=passed, whole_call=True))


def is_idle(parts: tuple[cst.CSTNode, ...]) -> bool:
    """Whether `parts` do nothing: `pass`, `...`, a string."""
    lines = [one for one in parts if isinstance(one, (cst.SimpleStatementLine, cst.SimpleStatementSuite))]
    if len(lines) < len(parts):
        return False
    return all(
        isinstance(one, cst.Pass)
        or (isinstance(one, cst.Expr) and isinstance(one.value, (cst.Ellipsis, cst.SimpleString)))
        for line in lines
        for one in line.body
    )


def is_raise(parts: tuple[cst.CSTNode, ...]) -> bool:
    last = parts[-1]
    return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Raise) and len(parts) == 1


# What is reported


def match_of(code: str, dispatch: Dispatch, verdict: Verdict, inspection: Inspection) -> Match:
    tests = [inspection.calls[one] for _, question in dispatch.asked for one in question.tests if one in inspection.calls]
    inside = [one for arm in dispatch.arms for one in inspection.references_in(*arm.parts)]
    rewrites = Rewrites() if verdict.stops else Rewrites(tuple(verdict.choices), verdict.changes, flags_of(dispatch, inspection))
    behind = [test for _, question in dispatch.asked for test in tests_of(question, inspection)]
    named = (tests or inside or behind)[0]
    node = dispatch.arms[0].test or dispatch.nodes[0]
    file = inspection.file
    match = Match(
        code, node, named.symbol.name, message_of(code, dispatch, named), rewrites,
        safety=Safety.UNSAFE if verdict.doubts else Safety.SAFE,
        reason=verdict.stops or "; ".join(dict.fromkeys([*verdict.doubts, *reasons_of(verdict.choices)])),
        reference=named, covers=tuple(tests), rows=(file.start(node).row, file.end(node).row),
    )  # fmt: skip
    if rewrites and (code == LADDER or dispatch.asked[0][1].asks is not Asks.MACHINE):
        match = replace(match, covers=(*tests, *inside))
    return match


def flags_of(dispatch: Dispatch, inspection: Inspection) -> tuple[Binding, ...]:
    """Return the assignments of the flags that were asked, if they hold no more than what torch finds."""
    pure = [question for _, question in dispatch.asked if question.asks is Asks.MACHINE and not question.rest]
    flags = [flag for question in pure for flag in question.flags if isinstance(flag, cst.Name)]
    bindings = [only_binding(flag, inspection.file) for flag in flags]
    return tuple(one for one in bindings if one is not None)


def reasons_of(choices: Sequence[Choice]) -> list[str]:
    return [neutral.reason for _, neutral in choices if neutral.reason and neutral.safety is not Safety.SAFE]


def message_of(code: str, dispatch: Dispatch, named: Reference) -> str:
    if code == GUARD:
        return f"a guard on {named.symbol.backend.upper()} around what has a neutral form"
    names = sorted(one.upper() for one in dispatch.backends)
    return f"a ladder over {', '.join(names)} for what has a neutral form"
