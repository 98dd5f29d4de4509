"""Dispatch → Verdict: which branch is left of it, what is done to that branch, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.availability import NAMES_CUDA, SAYS_CUDA, Guard, refine_flag
from cudafix.analysis.control_flow.collapse_edits import collapse, lost_comments, merge
from cudafix.analysis.control_flow.dispatch import Branch, Dispatch, Shape
from cudafix.analysis.control_flow.equivalence import (
    canonical_form,
    device_literals,
    does_nothing_without_accelerator,
    form_without_accelerator,
    is_side_effect_free,
    nodes_in,
    normal_form,
)
from cudafix.analysis.control_flow.find_dispatches import first_of, read_dispatch
from cudafix.analysis.control_flow.substitutes import (
    device_name_substitutions,
    neutral_test,
    substitution_on_device,
    tests_of,
)
from cudafix.fixes.operations import NodeChange, Substitution, substitution_for
from cudafix.matchers.conditions import BackendCondition, Certainty
from cudafix.matchers.cuda_words import names_cuda, says_cuda
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Refusal, Replacement
from cudafix.syntax.expressions import operands


@dataclass
class Verdict:
    """What becomes of a dispatch: the branch that stays, what is done to it, and what makes that less than safe."""

    branch: Branch
    substitutions: list[Substitution] = field(default_factory=list)
    changes: tuple[NodeChange, ...] = ()
    caveats: list[str] = field(default_factory=list)
    refusal: str = ""


def decide_collapse(dispatch: Dispatch, context: RuleContext) -> Verdict:
    """Return which branch stays, alone or under a neutral condition, or why none does."""
    return CollapseDecision(dispatch, context).verdict()


def chooses_device(dispatch: Dispatch) -> bool:
    """Whether the branches do no more than to name a device: `device = "cuda"`, `return torch.device("cuda")`."""
    if dispatch.default_branch is None or dispatch.shape is Shape.EARLY:
        return False
    return all(
        branch.gives_value and bool(device_literals(branch.parts, condition.backends))
        for branch, condition in dispatch.tested_branches
    )


def backends_of_default(dispatch: Dispatch, context: RuleContext) -> set[str]:
    """Return the backends whose functions the default branch calls; CUDA where it names the device of that alone."""
    parts = dispatch.default_branch.parts if dispatch.default_branch is not None else ()
    inside = list(context.references_in(*parts))
    if not inside and device_literals(parts, frozenset({"cuda"})) and chooses_device(dispatch):
        return {"cuda"}
    return {one.symbol.backend for one in inside if one.symbol.row.name != "is_available"}


class CollapseDecision:
    """The way to a verdict on one dispatch; what speaks against it is collected in `caveats`."""

    def __init__(self, dispatch: Dispatch, context: RuleContext) -> None:
        self.dispatch = dispatch
        self.context = context
        self.file = context.file
        self.caveats: list[str] = []
        self.live = [(branch, condition) for branch, condition in dispatch.tested_branches if not branch.is_idle]
        """The branches that do something."""
        self.default_branch = dispatch.default_branch
        self.default_backends: frozenset[str] = frozenset()
        """The backends of the default branch, where it is a branch like the others."""

    def verdict(self) -> Verdict:
        branch = self.dispatch.branches[0]
        refusal = self.find_difference()
        if refusal:
            return Verdict(branch, refusal=refusal)
        branch, backends = self.find_kept()
        called, refusal = self.replacements_in(branch, backends)
        if refusal:
            return Verdict(branch, refusal=refusal)
        substitutions = [substitution_for(reference, replacement) for reference, replacement in called]
        on_device = self.substitutions_on_device(called) if self.device else substitutions
        verdict = self.without_condition(branch, backends, on_device)
        verdict = verdict or self.with_condition(branch, backends, substitutions)
        if not verdict.refusal:
            verdict.caveats += self.caveats + self.caveats_of_conditions()
            lost = lost_comments(verdict.changes, getattr(verdict.branch.holder, "body", None))
            verdict.caveats += [f"a comment would be lost: {lost[0]}"] if lost else []
        return verdict

    @property
    def condition(self) -> BackendCondition:
        """What the first branch that does something is taken for; the others ask in the same way."""
        return self.live[0][1]

    # What the branches have in common

    def find_difference(self) -> str:
        """Return what keeps the branches from being one, or ""."""
        if not self.live:
            return "no branch does anything"
        for _, condition in self.dispatch.tested_branches:
            if any(self.leaves_out(one) for one in condition.rest):
                return "the condition leaves another backend out"
        if self.device and any(condition.in_text for _, condition in self.dispatch.tested_branches):
            return "a text is looked at, which may name no device at all"
        rests = {self.text(*condition.rest) for _, condition in self.live}
        devices = {self.text(*condition.devices[:1]) for _, condition in self.live}
        if len(rests) > 1 or len(devices) > 1:
            return "the branches are taken under different conditions"
        forms = [(branch, self.form(branch, condition.backends)) for branch, condition in self.live]
        different = next((branch for branch, form in forms if form != forms[0][1]), None)
        if different is not None:
            return f"the branch on line {self.row(different.holder)} does something else than the first"
        if self.follows_call_for_cuda(forms[0][1]):
            return "the line above does the same on CUDA: one neutral call takes the place of both"
        self.read_default_branch(forms[0][1])
        return ""

    def follows_call_for_cuda(self, form: str) -> bool:
        """Whether a call for CUDA stands above ifs for other backends: `torch.cuda.empty_cache()` on every machine."""
        above = self.file.tree.neighbour(self.dispatch.nodes[0], -1)
        if "cuda" in self.dispatch.backends or not isinstance(above, cst.SimpleStatementLine):
            return False
        return normal_form((above,), frozenset({"cuda"}), self.context, self.device, self.names) == form

    def form(self, branch: Branch, backends: frozenset[str]) -> str:
        return normal_form(branch.parts, backends, self.context, self.device, self.names)

    @cached_property
    def names(self) -> frozenset[str]:
        """The functions that branches for other backends than MPS call."""
        inside = self.context.references_in(*self.dispatch.parts)
        return frozenset(one.symbol.row.name for one in inside if one.symbol.backend != "mps")

    @property
    def device(self) -> str:
        """The device at hand that the branches are taken for, "" where none is."""
        is_asked = self.condition.certainty is Certainty.DEVICE
        return self.text(*self.condition.devices[:1]) if is_asked else ""

    def leaves_out(self, part: cst.BaseExpression) -> bool:
        condition = self.context.condition(part)
        return condition is not None and condition.negated and condition.backends != {"cpu"}

    def text(self, *nodes: cst.BaseExpression) -> str:
        return " and ".join(sorted(self.file.code(one) for one in nodes))

    def row(self, node: cst.CSTNode) -> int:
        return self.file.start(node).row if node in self.file.positions else self.file.start(self.dispatch.nodes[0]).row

    def read_default_branch(self, form: str) -> None:
        """See whether the default branch is one like the others: for a backend that nobody asked for."""
        if self.default_branch is None:
            return
        used = {one.symbol.backend for one in self.context.references_in(*self.default_branch.parts)}
        used |= backends_of_default(self.dispatch, self.context)
        for backends in (frozenset(used - self.dispatch.backends), frozenset({"cpu"})):
            if len(backends) == 1 and self.form(self.default_branch, backends) == form:
                self.default_backends = backends
                return

    def find_kept(self) -> tuple[Branch, frozenset[str]]:
        """Return the branch that stays: the one for CUDA, since its functions have the rows that are best known."""
        branches = [(branch, condition.backends) for branch, condition in self.live]
        if self.default_branch is not None and self.default_backends and self.default_backends != {"cpu"}:
            branches.append((self.default_branch, self.default_backends))
        known = [one for one in branches if any(self.context.references_in(*one[0].parts))]
        return next((one for one in branches if "cuda" in one[1]), (known or branches)[0])

    # What is done to the branch that stays

    def replacements_in(
        self, branch: Branch, backends: frozenset[str]
    ) -> tuple[list[tuple[Reference, Replacement]], str]:
        """Return the neutral forms of all that the branch calls, or what stops one of them."""
        called: list[tuple[Reference, Replacement]] = []
        for reference in self.context.references_in(*self.dispatch.parts):
            if reference in self.context.silenced:
                return [], f"a comment keeps `{reference.symbol.name}` on line {self.file.start(reference.node).row}"
        for reference in self.context.references_in(*branch.parts):
            if reference.symbol.row.name == "is_available":
                continue
            replacement = self.context.replacement(reference)
            row = self.file.start(reference.node).row
            if isinstance(replacement, Refusal):
                return [], f"`{reference.symbol.name}` on line {row} stays: {replacement.reason}"
            if reference.symbol.backend not in backends:
                return [], f"it calls `{reference.symbol.name}` on line {row}"
            called.append((reference, replacement))
        return called, ""

    def substitutions_on_device(self, called: list[tuple[Reference, Replacement]]) -> list[Substitution] | None:
        """Return the neutral calls for the device at hand; None where one of them has no such form."""
        found = [substitution_on_device(*one, self.device, self.context) for one in called]
        return None if None in found else [one for one in found if one is not None]

    def without_condition(
        self, branch: Branch, backends: frozenset[str], substitutions: list[Substitution] | None
    ) -> Verdict | None:
        """Leave the branch alone, where that is right: it does nothing on a machine that nothing was asked for on."""
        rest = self.condition.rest
        absorbed = self.absorbs_default_branch(branch)
        if not absorbed or (rest and self.default_branch is not None and not self.default_branch.is_idle):
            return None
        if rest and not all(is_side_effect_free(one, self.context) for one in self.asked_after(branch, rest)):
            return None
        if substitutions is None:
            return None
        if self.dispatch.shape is Shape.DEFAULT and self.default_branch is not None and self.default_backends:
            branch, backends = self.default_branch, self.default_backends
        substitutions = substitutions + self.device_name_substitutions(branch, backends)
        if rest and names_cuda(self.text(*rest)):
            return Verdict(branch, refusal="the rest of the condition is about CUDA itself")
        own = self.targets_in(branch, substitutions)
        if own:
            self.caveats.append(f"whether `{own[0]}` does nothing without an accelerator, only the project can say")
        changes = collapse(self.dispatch, branch, rest, self.context)
        return Verdict(branch, substitutions, changes) if changes is not None else None

    def targets_in(self, branch: Branch, substitutions: list[Substitution]) -> list[str]:
        """Return the functions of the project itself that the branch will call, or calls already."""
        known = ("torch", self.context.options.runtime_module)
        new = [
            replacement.imported.name for _, replacement in substitutions if replacement.imported.module not in known
        ]
        nodes = nodes_in(branch.parts) if self.context.options.targets else ()
        calls = [one for one in nodes if isinstance(one, cst.Call)]
        old = [entry.target.name for one in calls if (entry := self.context.target_behind(one)) is not None]
        return [*new, *old]

    def asked_after(self, branch: Branch, rest: tuple[cst.BaseExpression, ...]) -> list[cst.BaseExpression]:
        """Return what of the rest of the condition is only asked when the backend is there."""
        parts = operands(branch.test) if isinstance(branch.test, cst.BooleanOperation) else []
        first = next((number for number, one in enumerate(parts) if one not in rest), 0)
        return [one for one in rest if one not in parts[:first]]

    def absorbs_default_branch(self, branch: Branch) -> bool:
        """Whether the branch does by itself what is done when nothing that was asked holds."""
        if self.default_backends:
            return True
        is_idle = all(does_nothing_without_accelerator(one, self.context) for one in branch.parts)
        if self.default_branch is None or self.default_branch.is_idle:
            return is_idle or self.ends_in_idle_exit(branch.parts) or self.repeats_default(branch)
        parts = self.default_branch.parts
        if is_idle and self.default_branch.raises and len(self.dispatch.tested_branches) > 1:
            self.caveats.append("it no longer raises where none of these backends is there")
            return True
        if is_idle and self.is_idle_exit(parts):
            return True
        return form_without_accelerator(branch.parts, self.context) == canonical_form(parts, self.context)

    def repeats_default(self, branch: Branch) -> bool:
        """Whether the line above gives the value that the branch gives where there is no accelerator."""
        above = self.file.tree.neighbour(self.dispatch.nodes[0], -1)
        if not isinstance(above, cst.SimpleStatementLine) or not isinstance(above.body[0], cst.Assign):
            return False
        return form_without_accelerator(branch.parts, self.context) == canonical_form((above,), self.context)

    def ends_in_idle_exit(self, parts: tuple[cst.CSTNode, ...]) -> bool:
        """Whether `parts` do nothing without an accelerator up to a `return` that the function would come to anyhow."""
        is_idle = all(does_nothing_without_accelerator(one, self.context) for one in parts[:-1])
        return is_idle and self.is_idle_exit(parts[-1:])

    def is_idle_exit(self, parts: tuple[cst.CSTNode, ...]) -> bool:
        """Whether `parts` do no more than to leave the function, or the loop's round, that ends here anyhow."""
        line = parts[0] if len(parts) == 1 else None
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
        if self.dispatch.shape is not Shape.EARLY and self.file.tree.neighbour(self.dispatch.nodes[-1], 1):
            return False
        block = self.context.parent(self.dispatch.nodes[0])
        outside = self.context.parent(block) if block is not None else None
        if isinstance(small, cst.Return):
            return small.value is None and isinstance(outside, cst.FunctionDef)
        return isinstance(small, cst.Continue) and isinstance(outside, (cst.For, cst.While))

    def with_condition(self, branch: Branch, backends: frozenset[str], substitutions: list[Substitution]) -> Verdict:
        """Leave the branch under a condition that is neutral."""
        if self.condition.certainty is Certainty.DEVICE:
            return Verdict(branch, refusal="what it does depends on the device at hand")
        other = self.backend_of_default()
        if other:
            refusal = f"the last branch is for {other.upper()}, under a condition that is not understood"
            return Verdict(branch, refusal=refusal)
        if len(self.dispatch.tested_branches) > 1:
            return self.merged(branch, backends, substitutions)
        if self.condition.certainty is Certainty.PREDICATE:
            return Verdict(branch, refusal="what it guards does something on every machine")
        return self.widened(branch, backends, substitutions)

    def backend_of_default(self) -> str:
        """Return a backend that is called in the default branch alone, where that is not one like the others."""
        parts = self.default_branch.parts if self.default_branch is not None and not self.default_backends else ()
        used = {one.symbol.backend for one in self.context.references_in(*parts)} - self.dispatch.backends
        return min(used, default="")

    def merged(self, branch: Branch, backends: frozenset[str], substitutions: list[Substitution]) -> Verdict:
        """Ask for any accelerator instead of one backend after the other."""
        first = self.dispatch.branches[0]
        is_open = self.default_branch is None and self.dispatch.shape is not Shape.LADDER
        if self.condition.rest or is_open or self.dispatch.shape not in (Shape.LADDER, Shape.CHOICE, Shape.EXITS):
            return Verdict(branch, refusal="what it does would be done on every machine")
        if self.default_branch is not None and names_cuda(self.code(self.default_branch)):
            return Verdict(branch, refusal=f"the last branch {NAMES_CUDA}")
        idle = self.default_branch is None and all(replacement.fails_idle for _, replacement in substitutions)
        if not branch.gives_value and not idle:
            return Verdict(branch, refusal="the last branch does something of its own")
        self.caveats.append("a backend that no branch is for takes this one, and not the last")
        test = (branch if branch.holder in self.dispatch.nodes else first).test
        if test is None:
            return Verdict(branch, refusal="what it does would be done on every machine")
        substitutions = [
            *substitutions,
            *self.device_name_substitutions(branch, backends),
            neutral_test(test, self.dispatch, self.context),
        ]
        return Verdict(branch, substitutions, merge(self.dispatch, branch))

    def widened(self, branch: Branch, backends: frozenset[str], substitutions: list[Substitution]) -> Verdict:
        """Ask for any accelerator instead of CUDA."""
        literals = self.device_name_substitutions(branch, backends) if chooses_device(self.dispatch) else []
        whole = " ".join(self.code(one) for one in self.dispatch.branches)
        if names_cuda(self.text(*self.condition.rest)):
            return Verdict(branch, refusal="the rest of the condition is about CUDA itself")
        if names_cuda(whole) and not literals:
            return Verdict(branch, refusal=f"the code that depends on it {NAMES_CUDA}")
        if says_cuda(" ".join(map(self.file.code, self.dispatch.nodes))):
            return Verdict(branch, refusal=SAYS_CUDA)
        tests = tests_of(self.condition, self.context)
        replacements = [(one, self.widened_test(one)) for one in tests if one.symbol.backend == "cuda"]
        refusal = next((one.reason for _, one in replacements if isinstance(one, Refusal)), "")
        if refusal or not replacements or len(replacements) < len(tests):
            return Verdict(branch, refusal=refusal or "what it guards does something on every machine")
        found = [(one, replacement) for one, replacement in replacements if isinstance(replacement, Replacement)]
        if self.is_safe_under_any(branch, substitutions):
            found = [(one, replace(replacement, safety=Safety.SAFE, reason="")) for one, replacement in found]
        return Verdict(branch, [*substitutions, *literals, *(substitution_for(*one) for one in found)])

    def widened_test(self, test: Reference) -> Replacement | Refusal:
        """Return what a test becomes; where a flag holds the answer, its other uses have their say as well."""
        replacement = self.context.replacement(test)
        if isinstance(replacement, Refusal):
            return replacement
        return refine_flag(test, replacement, self.file, self.is_device_choice)

    def is_device_choice(self, guard: Guard) -> bool:
        """Whether no more than a device is chosen there."""
        dispatch = read_dispatch(first_of(guard, self.context), self.context)
        return dispatch is not None and chooses_device(dispatch)

    def is_safe_under_any(self, branch: Branch, substitutions: list[Substitution]) -> bool:
        """Whether nothing but neutral calls, with nothing that could name a device, depends on the answer."""
        nodes = {place.node for place, _ in substitutions}
        lines = [one for one in branch.parts if isinstance(one, cst.SimpleStatementLine)]
        statements = [statement for line in lines for statement in line.body]
        calls = [one.value if isinstance(one, cst.Expr) else None for one in statements]
        bare = [one for one in calls if isinstance(one, cst.Call) and not one.args]
        are_neutral = len(bare) == len(calls) and all(not nodes.isdisjoint((one, one.func)) for one in bare)
        is_plain = not self.condition.rest and not self.condition.flags and self.dispatch.shape is Shape.LADDER
        return are_neutral and is_plain and self.default_branch is None and len(lines) == len(branch.parts)

    def device_name_substitutions(self, branch: Branch, backends: frozenset[str]) -> list[Substitution]:
        return device_name_substitutions(branch, backends, self.dispatch, self.context)

    def code(self, branch: Branch) -> str:
        return " ".join(self.file.code(one) for one in branch.parts)

    def caveats_of_conditions(self) -> list[str]:
        """Return what is no longer so once the conditions are gone, or ask torch."""
        conditions = [condition for _, condition in self.dispatch.tested_branches]
        found = []
        if any(one.certainty is Certainty.PREDICATE for one in conditions):
            found.append("a function or flag of the project decides now, and torch would")
        if any(one.certainty is Certainty.DEVICE for one in conditions):
            found.append("the device at hand decides")
        if not any("cuda" in one.backends for one in conditions) and "cuda" not in self.default_backends:
            found.append("nothing was done on CUDA here")
        idle = [condition for branch, condition in self.dispatch.tested_branches if branch.is_idle]
        if any(one.backends - {"cpu", "hpu"} for one in idle):
            found.append("nothing was done on one of the backends")
        return found
