"""A test for CUDA that no guard or ladder takes along → what it becomes, by what is done where it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.availability import (
    NAMES_CUDA,
    SAYS_CUDA,
    Guard,
    after_exit,
    depends_on_cuda,
    flag_of,
    guard_around,
    guards_of,
    ladder_tests,
    refine_flag,
    whole_condition,
)
from cudafix.analysis.match import Match
from cudafix.matchers.cuda_words import names_backend, names_cuda, says_cuda
from cudafix.matchers.references import Reference
from cudafix.model import Safety
from cudafix.replacements.replacement import Refusal, Replacement
from cudafix.syntax.assigned_values import reads_of
from cudafix.syntax.module import File

IS_CUDA = re.compile(r"\.is_cuda\b")
OF_CUDA = re.compile(r"cuda|gpus", re.IGNORECASE)
"""What the name of a parameter says that means CUDA's devices: `use_cuda`, and `num_gpus` of schedulers."""

IS_ELSEWHERE = re.compile(r"\bnot\b.{0,200}?\.type\s{0,9}!=\s{0,9}[\"']cpu[\"']", re.DOTALL)
"""A condition like `not torch.cuda.is_available() and x.device.type != "cpu"`."""


def refine_test(
    reference: Reference, replacement: Replacement, context: RuleContext, matches: Mapping[cst.CSTNode, Match]
) -> Replacement | Refusal:
    """Return what a test for CUDA becomes, by what depends on its answer."""
    file = context.file
    if names_cuda(file.code(whole_condition(reference, file))):
        return Refusal("the rest of the condition is about CUDA itself")
    if IS_CUDA.search(file.code(whole_condition(reference, file))):
        return Refusal("the rest of the condition is about CUDA itself")
    if IS_ELSEWHERE.search(file.code(whole_condition(reference, file))):
        return Refusal(
            "it asks whether the device at hand is missing here: compare its type with current_device_type()"
        )
    guards = guards_of(reference, file)
    if any(is_word_of_others(one) for one in guards):
        return Refusal("`gpu` is a word of another library, which need not know the accelerator")
    passed = passed_as_cuda(reference, file)
    if passed:
        return Refusal(f"it is passed on as `{passed}`, which may mean CUDA alone")
    guard = guard_around(reference.node, file)
    if guard is None:
        return Refusal(SAYS_CUDA) if is_told_in_text(reference, file) else refine_flag(reference, replacement, file)
    if isinstance(guard, cst.If) and any(names_backend(file.code(test)) for test in ladder_tests(guard, file)):
        return Refusal("it is one rung of a ladder over backends")
    if ".pin_memory()" in file.code(guard):
        return Refusal("MPS has no pinned memory")
    if depends_on_cuda(guard, file):
        return Refusal(f"the code that depends on it {NAMES_CUDA}")
    if says_cuda(file.code(guard)) or any(says_cuda(file.code(one)) for one in after_exit(guard, file)[:1]):
        return Refusal(SAYS_CUDA)
    if is_saved_device(guard, file):
        return Refusal("None stands for the device that was saved, which may be one of CUDA")
    is_whole_test = guard.test is reference.call and guard.orelse is None
    if is_whole_test and isinstance(guard, cst.If) and all(is_neutral(one, matches) for one in guard.body.body):
        return replace(replacement, safety=Safety.SAFE, reason="")
    return replacement


def is_word_of_others(guard: Guard) -> bool:
    """Whether `"gpu" if torch.cuda.is_available() else "cpu"` is said to a library, or of one: `"onnxruntime-gpu"`."""
    body = guard.body if isinstance(guard, cst.IfExp) else None
    text = body.evaluated_value if isinstance(body, cst.SimpleString) else ""
    return isinstance(text, str) and re.search(r"(?:^|-)gpu\b", text) is not None


def passed_as_cuda(test: Reference, file: File) -> str:
    """Return the parameter of CUDA's name that gets the answer (`f(use_cuda=torch.cuda.is_available())`), or its flag.

    A flag that says CUDA by its name and goes to a function by its place is taken at its word there.
    """
    flag = flag_of(test, file)
    uses = reads_of(whole_condition(test, file), file)
    for use in uses:
        argument = file.tree.parents.get(use)
        call = file.tree.parents.get(argument) if isinstance(argument, cst.Arg) else None
        if not isinstance(argument, cst.Arg) or not isinstance(call, cst.Call):
            continue
        function = call.func.value if isinstance(call.func, cst.Name) else ""
        is_told = function in ("print", "str", "bool", "int")
        around = file.tree.parents.get(call) if function in ("bool", "int") else None
        if isinstance(around, cst.Arg) and around.keyword is not None and OF_CUDA.search(around.keyword.value):
            return around.keyword.value
        name = argument.keyword.value if argument.keyword is not None else flag.name if flag is not None else ""
        if OF_CUDA.search(name) and not is_told:
            return name
    for guard in guards_of(test, file):
        argument = file.tree.parents.get(guard)
        if isinstance(argument, cst.Arg) and argument.keyword is not None and OF_CUDA.search(argument.keyword.value):
            return argument.keyword.value
    return ""


def is_told_in_text(test: Reference, file: File) -> bool:
    """Whether an answer is put into a text that says what it is about: `f"cuda: {torch.cuda.is_available()}"`."""
    for parent in file.tree.ancestors(test.node):
        if isinstance(parent, cst.FormattedString):
            texts = [one.value for one in parent.parts if isinstance(one, cst.FormattedStringText)]
            return any(re.search(r"cuda|nvidia", text, re.IGNORECASE) for text in texts)
        if isinstance(parent, (cst.BaseSmallStatement, cst.BaseSuite)):
            return isinstance(parent, cst.BaseSmallStatement) and says_cuda(file.code(parent))
    return False


def is_saved_device(guard: Guard, file: File) -> bool:
    """Whether `None if torch.cuda.is_available() else "cpu"` says where `torch.load` puts what it reads."""
    argument = file.tree.parents.get(guard)
    if not isinstance(guard, cst.IfExp) or not isinstance(argument, cst.Arg) or argument.keyword is None:
        return False
    values = (guard.body, guard.orelse)
    return argument.keyword.value == "map_location" and any(
        isinstance(one, cst.Name) and one.value == "None" for one in values
    )


def is_neutral(statement: cst.CSTNode, matches: Mapping[cst.CSTNode, Match]) -> bool:
    """Whether `statement` is a line of calls whose fixes are safe, without arguments that could name a device."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    return all(is_neutral_call(one, matches) for one in statement.body)


def is_neutral_call(node: cst.BaseSmallStatement, matches: Mapping[cst.CSTNode, Match]) -> bool:
    call = node.value if isinstance(node, cst.Expr) else None
    if not isinstance(call, cst.Call) or call.args:
        return False
    match = matches.get(call.func)
    return match is not None and match.trust is Safety.SAFE
