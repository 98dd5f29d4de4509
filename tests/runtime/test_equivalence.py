"""What "safe" promises: on a CUDA machine, the same calls of torch's C layer in the same order, with the same results.

Made from the catalogue: for every row whose fix is called safe, programs that call it in every way its signature allows
run on a recording machine (`recording.py`) before and after `cudafix fix`.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cache, cached_property
from operator import attrgetter
from pathlib import Path
from textwrap import indent
from typing import Any, NamedTuple

import pytest

from cudafix.catalogue.row import Row
from cudafix.catalogue.table import ROWS, TAKES_ANY_DEVICE
from cudafix.config.options import Options
from cudafix.config.settings import Route
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Safety
from cudafix.runtime import _active_type

torch = pytest.importorskip("torch")

HERE = Path(__file__).parent
MAJOR, MINOR = map(int, torch.__version__.split(".")[:2])
OPTIONS = Options(select=("CFX1",), target_torch=(MAJOR, MINOR), groups=False)
"""The rules for calls, for the torch that is here: `test_control_flow.py` has what guards and ladders become."""

FLAGS = ["True", "False"]
DEVICES = ["1", "None", "0", "-1", "7", "1.5", "KIND", "KIND + ':1'", "'cpu'", "torch.device(KIND)",
           "torch.device(KIND, 1)"]  # fmt: skip
STREAMS = ["torch.cuda.Stream(1)", "torch.cuda.Stream()", "torch.cuda.default_stream()", "None", "7"]
SEEDS = ["7", "7.9", "'7'", "-1", "'seven'", "None"]
RNG_STATE = "torch.full((16,), 5, dtype=torch.uint8)"

VALUES = {
    "abbreviated": FLAGS,
    "blocking": FLAGS,
    "cache_enabled": FLAGS,
    "device": DEVICES,
    "dtype": ["torch.bfloat16", "torch.float16", "torch.float32", "None"],
    "enable_timing": FLAGS,
    "enabled": FLAGS,
    "external": FLAGS,
    "fraction": ["0.5", "1", "2.0", "None"],
    "include_traces": FLAGS,
    "including_emulation": [*FLAGS, "None"],
    "interprocess": FLAGS,
    "kwargs": ["stream_id=3, device_index=1, device_type=1", "stream_id=3", "nonsense=1"],
    "mempool_id": ["(0, 1)", "None", "7"],
    "new_state": [RNG_STATE, "None"],
    "new_states": [f"[{RNG_STATE}, {RNG_STATE}]", f"iter([{RNG_STATE}])", "[]", "None"],
    "obj": ["OnDevice(1)", "OnDevice(0)", "torch.zeros(1)", "None"],
    "priority": ["-1", "0", "1"],
    "seed": SEEDS,
    "stream": STREAMS,
}
"""For each parameter, by its name, what to pass: first what can only be right."""

ANY_DEVICE = TAKES_ANY_DEVICE | {"memory_stats", "memory_summary", "set_device"}
NEVER_RIGHT = {("get_rng_state", "None"), ("set_rng_state", "None"), *((name, "'cpu'") for name in ANY_DEVICE)}
"""What the original stumbles over, whatever the state: the runtime takes None for the current device, and has nothing
to do or 0 for the CPU (`test_runtime_on_cuda_and_mps.py`).
"""

SAME_THING = {"torch.cuda.amp.autocast_mode.autocast": "torch.amp.autocast_mode.autocast"}
"""A class that torch keeps for old programs alone: a subclass that only warns and names the device type."""

CONTEXTS = {"device", "device_of", "stream", "StreamContext", "amp.autocast"}
"""What is good for nothing but a `with` statement, where `torch.cuda`'s own may raise without an accelerator."""

HEADER = """\
import torch

KIND = "cuda"

class OnDevice:
    is_cuda = True

    def __init__(self, index):
        self.index = index

    def get_device(self):
        return self.index
"""

FORMS = {
    "statement": "torch.cuda.{name}({arguments})",
    "value": "print(torch.cuda.{name}({arguments}))",
    "context": "with torch.cuda.{name}({arguments}) as inside:\n    print(inside)",
    "decorator": "@torch.cuda.{name}({arguments})\ndef work():\n    print('working')\nwork()",
    "imported": "from torch.cuda{parent} import {last} as chosen\nprint(chosen({arguments}))",
    "below an alias": "import torch.cuda{parent} as below\nprint(below.{last}({arguments}))",
    "in a branch": "if KIND:\n    torch.cuda.{name}({arguments})",
    "reference": "function = torch.cuda.{name}\nprint(function({arguments}))",
    "class": "print(isinstance(None, torch.cuda.{name}))",
    "base class": "class Own(torch.cuda.{name}):\n    pass\nprint(Own({arguments}))",
}
FORMS_OF_AN_EXCEPTION = {
    "statement": "torch.cuda.{name}",
    "value": "print(torch.cuda.{name})",
    "raised": "raise torch.cuda.{name}('full')",
    "handler": "try:\n    raise torch.{name}('full')\nexcept torch.cuda.{name} as error:\n    print(error)",
    "handler of two": "try:\n    raise torch.{name}('full')\nexcept (OSError, torch.cuda.{name}):\n    print('full')",
    "imported": "from torch.cuda import {name} as chosen\nprint(chosen)",
    "below an alias": "import torch.cuda as below\nprint(below.{name})",
    "class": "print(isinstance(ValueError(), torch.cuda.{name}))",
}
AT_IMPORT = "at import"
WRONG = "wrong arguments"

CALM = ("fresh", "busy")
STATES = (*CALM, "NotImplementedError", "RuntimeError", "TypeError")
"""How the machine is when a program begins; an error: the one that whatever is called in C raises."""

CPU = ("cpu",)
MISTAKES = ("does_nothing", "synchronizes_first", "drops_its_arguments")
"""The functions of `recording.py` that make a function of the runtime wrong."""


def exists(name: str) -> bool:
    try:
        attrgetter(name)(torch.cuda)
    except AttributeError:
        return False
    return True


SAFE = {row.name: row for row in ROWS.values() if row.has_neutral_form and row.safety is Safety.SAFE}
TRIED = [name for name in SAFE if exists(name)]
every_row = pytest.mark.parametrize("name", TRIED)


class Case(NamedTuple):
    form: str
    code: str


@dataclass(frozen=True)
class Program:
    """A module with a function for each case, by its name; the case "" is code of the module itself."""

    cases: dict[str, Case]
    options: Options = OPTIONS

    @cached_property
    def before(self) -> str:
        functions = [f"def {name}():\n{indent(case.code, '    ')}\n" for name, case in self.cases.items() if name]
        at_import = [case.code for name, case in self.cases.items() if not name]
        return "\n".join([HEADER, *functions, *at_import, ""])

    @cached_property
    def after(self) -> str:
        result = process(Source("example.py", self.before.encode()), self.options, Work(Mode.FIX))
        assert result.problems == ()
        return (result.new_bytes or self.before.encode()).decode()

    def kept(self, name: str) -> list[Case]:
        """Return the cases that still name `torch.cuda.<name>` after the fix."""
        own = re.compile(rf"\btorch\.cuda\.{re.escape(name)}\b|\bchosen\b(?=[()])|\bbelow\.{name.split('.')[-1]}\b")
        module = ast.parse(self.after)
        functions = {one.name: ast.unparse(one) for one in module.body if isinstance(one, ast.FunctionDef)}
        return [case for place, case in self.cases.items() if own.search(functions.get(place, self.after))]


def can_be(form: str, name: str) -> bool:
    """Whether what a call gives has the method that this form needs."""
    found = attrgetter(name)(torch.cuda)
    kind = found if isinstance(found, type) else inspect.signature(found).return_annotation
    method = {"context": "__enter__", "decorator": "__call__"}.get(form)
    return method is None or any(method in vars(base) for base in getattr(kind, "__mro__", ()))


def parameters_of(row: Row) -> tuple[list[str], list[inspect.Parameter]]:
    """Return what the row says the parameters are, and those of them that the torch that is here has."""
    declared = inspect.signature(eval(f"lambda {row.params[1:-1]}: None", {"torch": torch})).parameters
    here = inspect.signature(attrgetter(row.name)(torch.cuda)).parameters
    return list(declared), [here[one] for one in declared if one in here]


def argument_lists(row: Row) -> list[str]:
    """Return argument lists in which every parameter takes every value by position, and some by keyword."""
    _, parameters = parameters_of(row)
    named = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    required = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD and one.default is one.empty]
    likely = {one: VALUES[one][0] for one in named}

    def by_position(names: Iterable[str], **other: str) -> str:
        return ", ".join((likely | other)[one] for one in names)

    def by_keyword(names: Iterable[str], **other: str) -> str:
        return ", ".join(f"{one}={(likely | other)[one]}" for one in names)

    lists = [by_position(named), by_position(required), by_keyword(reversed(named)), by_keyword(required)]
    for place, name in enumerate(named):
        right = [value for value in VALUES[name] if name != "device" or (row.name, value) not in NEVER_RIGHT]
        lists += [by_position(named[: place + 1], **{name: value}) for value in right]
        lists += [by_keyword(dict.fromkeys([*required, name]), **{name: value}) for value in right[:2]]
    if len(named) < len(parameters):
        lists += [", ".join(filter(None, [by_position(required), more])) for more in VALUES["kwargs"]]
    return list(dict.fromkeys(lists))


def wrong_argument_lists(row: Row) -> list[str]:
    """Return argument lists that the original refuses; none where the torch that is here has fewer parameters."""
    declared, parameters = parameters_of(row)
    return [", ".join(["None"] * (len(declared) + 1)), "nonsense=1"] if len(parameters) == len(declared) else []


def code_of(form: str, row: Row, arguments: str = "") -> str:
    forms = FORMS if row.alias_of is None else FORMS_OF_AN_EXCEPTION
    parent, _, last = row.name.rpartition(".")
    return forms[form].format(name=row.name, parent=f".{parent}" if parent else "", last=last, arguments=arguments)


def cases_of(row: Row) -> list[Case]:
    """Return every form in which the row's symbol may stand: one with every argument list, the others with few."""
    if row.alias_of is not None:
        return [Case(form, code_of(form, row)) for form in FORMS_OF_AN_EXCEPTION]
    lists = argument_lists(row)
    thorough = "statement" if row.returns_other else "value"
    forms = [form for form in FORMS if can_be(form, row.name)]
    cases = [Case(form, code_of(form, row, one)) for form in forms for one in lists[: None if form == thorough else 2]]
    wrong = [Case(WRONG, code_of(thorough, row, one)) for one in wrong_argument_lists(row)]
    return list(dict.fromkeys([*cases, *wrong]))


@cache
def programs(name: str) -> list[Program]:
    """Return the programs for a row: functions that use it, a module that does at import, and the native route."""
    cases = cases_of(SAFE[name])
    functions = {f"case_{number}": case for number, case in enumerate(cases)}
    found = [Program(functions), Program({"": Case(AT_IMPORT, cases[0].code)})]
    native = SAFE[name].native
    if native is not None and native.keeps_cpu:
        found.append(Program(functions, replace(OPTIONS, route=Route.ACCELERATOR)))
    return found


@cache
def everything() -> Program:
    """Return a program that uses every row, one after the other, with every parameter."""
    lines = []
    for row in map(SAFE.__getitem__, TRIED):
        form = "statement" if row.returns_other else "value"
        lines.append(code_of(form, row, "" if row.alias_of else argument_lists(row)[0]))
    return Program({"everything": Case("everything", "\n".join(lines))})


def every_program() -> list[Program]:
    return [everything(), *(program for name in TRIED for program in programs(name))]


def must_be_rewritten(row: Row, form: str) -> bool:
    """Whether the row, called safe, must have a safe fix in this form: what `catalogue.row` says of its fields."""
    if row.returns_other:
        return form in ("statement", "in a branch", AT_IMPORT)
    if (row.runtime == "." or row.annotation or "stream" in row.parameters) and form == AT_IMPORT:
        return False  # the backend must not be decided that early, nor that of the stream that is given
    if row.class_like and form == "reference":
        return False
    return row.alias_of is not None or form not in ("class", "base class", WRONG)


class Job(NamedTuple):
    """What one process of `recording.py` is asked: to run these functions of `source`, in each of these states."""

    source: str
    functions: tuple[str, ...]
    states: tuple[str, ...]
    mistake: tuple[str, str] | None = None


Outcome = dict[str, Any]
Answers = dict[Job, list[Outcome]]
Pairs = dict[str, tuple[Outcome, Outcome]]


def before(program: Program, states: tuple[str, ...] = STATES) -> Job:
    return Job(program.before, tuple(program.cases), states)


def after(program: Program, states: tuple[str, ...] = STATES) -> Job:
    return Job(program.after, tuple(program.cases), states)


def ask(machine: str, jobs: Iterable[Job]) -> Answers:
    """Run every job, once, in one process."""
    once = list(dict.fromkeys(jobs))
    hidden = ("CUDA_VISIBLE_DEVICES", "PYTORCH_NVML_BASED_CUDA_CHECK")
    kept = {key: value for key, value in os.environ.items() if key not in hidden}
    path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(HERE / "recording.py"), machine],
        input=json.dumps([job._asdict() for job in once]), capture_output=True, text=True, check=False,
        env={**kept, "PYTHONPATH": path, "TORCH_DEVICE_BACKEND_AUTOLOAD": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout
    for old, new in SAME_THING.items():
        said = said.replace(old, new)
    return dict(zip(once, json.loads(said), strict=True))


def mistakes(name: str) -> list[str]:
    """Return what can be made wrong in the runtime's function for a row."""
    row = SAFE[name]
    if row.alias_of is not None or row.runtime == ".":
        return []
    return [one for one in MISTAKES if one != "drops_its_arguments" or parameters_of(row)[1]]


def pair_with_mistake(name: str, mistake: str) -> tuple[Job, Job]:
    """Return jobs for a few cases of a row: as they were, and fixed with a runtime that is wrong."""
    program = programs(name)[0]
    few = tuple(program.cases)[:8]
    return Job(program.before, few, CALM), Job(program.after, few, CALM, (SAFE[name].runtime, mistake))


@pytest.fixture(scope="module")
def cuda() -> Answers:
    jobs = [job for program in every_program() for job in (before(program), after(program))]
    for name in TRIED:
        jobs += [job for mistake in mistakes(name) for job in pair_with_mistake(name, mistake)]
    return ask("cuda", jobs)


@pytest.fixture(scope="module")
def cpu() -> Answers:
    if _active_type() is not None:
        pytest.skip("this torch has an accelerator")
    return ask("cpu", [job for program in every_program() for job in (before(program, CPU), after(program, CPU))])


def compared(answers: Answers, program: Program, states: tuple[str, ...] = STATES) -> Pairs:
    """Return what each case did before and after the fix."""
    names = [f"{state}: {case.code}" for state in states for case in program.cases.values()]
    pairs = zip(answers[before(program, states)], answers[after(program, states)], strict=True)
    return dict(zip(names, pairs, strict=True))


def differences(answers: Answers, *tried: Program) -> list[str]:
    """Return the cases that do something else on CUDA after the fix, with what they did before and do now."""
    pairs = [pair for program in tried for pair in compared(answers, program).items()]
    return [told(case, old, new) for case, (old, new) in pairs if old != new]


def told(case: str, old: Outcome, new: Outcome) -> str:
    first, second = ([*one["record"], f"raised: {one['error']}"] for one in (old, new))
    return "\n".join([case, *unified_diff(first, second, "before", "after", n=1, lineterm="")])


def is_no_worse(old: Outcome, new: Outcome) -> bool:
    """Whether, without an accelerator, what worked does the same and what raised raises no other error."""
    if old["error"] is None:
        return old == new
    return new["error"] in (None, old["error"]) or new["error"].startswith("NotImplementedError: ")


@every_row
def test_a_safe_fix_keeps_every_call_and_every_result_on_cuda(cuda: Answers, name: str) -> None:
    found = differences(cuda, *programs(name))
    assert not found, "\n\n".join(found)


def test_all_safe_fixes_in_one_program_keep_every_call_and_every_result_on_cuda(cuda: Answers) -> None:
    found = differences(cuda, everything())
    assert not found, "\n\n".join(found)


@every_row
def test_a_safe_fix_keeps_every_result_without_an_accelerator(cpu: Answers, name: str) -> None:
    pairs = [pair for program in programs(name) for pair in compared(cpu, program, CPU).items()]
    used = [(case, pair) for case, pair in pairs if name not in CONTEXTS or "with " in case]
    found = [told(case, old, new) for case, (old, new) in used if not is_no_worse(old, new)]
    assert used
    assert not found, "\n\n".join(found)


@every_row
def test_a_row_called_safe_is_rewritten_in_every_form_that_it_can_stand_in(name: str) -> None:
    kept = [case for program in programs(name)[:2] for case in program.kept(name)]
    assert [case.code for case in kept if must_be_rewritten(SAFE[name], case.form)] == []


def test_the_one_program_is_rewritten_as_a_whole() -> None:
    assert [name for name in TRIED if everything().kept(name)] == []


def test_the_one_program_runs_to_its_end(cuda: Answers) -> None:
    assert [outcome["error"] for outcome in cuda[before(everything())]][: len(CALM)] == [None, None]


@pytest.mark.skipif((MAJOR, MINOR) < (2, 9), reason="this torch lacks some of torch.cuda's functions")
def test_every_row_called_safe_is_tried() -> None:
    assert list(SAFE) == TRIED


@every_row
def test_every_row_called_safe_has_cases_that_work(cuda: Answers, name: str) -> None:
    outcomes = [one for program in programs(name) for one in cuda[before(program)]]
    assert any(one["error"] is None for one in outcomes)


@pytest.mark.parametrize(("name", "mistake"), [(name, mistake) for name in TRIED for mistake in mistakes(name)])
def test_a_mistake_in_the_runtime_is_noticed(cuda: Answers, name: str, mistake: str) -> None:
    old, new = pair_with_mistake(name, mistake)
    assert cuda[old] != cuda[new]
