"""cudafix against the oracle on published packages: it reports every reference to torch.cuda once, and nothing else.

A reference is one of a rule for calls (CFX1), of a wrong branch (CFX303) or of a branch for its own backend (CFX305);
what skips a test is one of CFX207.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from oracle import Reference
from tools import Finding, check, listed, python_files, references_in
from trees import PINNED, tree

pytestmark = pytest.mark.corpus

SELECT = "CFX1,CFX2,CFX303,CFX305,CFX4"
"""Every rule for single calls; CFX301 and CFX302 would stand for the tests that they cover."""
REPORTED_AS = ("CFX1", "CFX205", "CFX207", "CFX303", "CFX305", "CFX4")


@dataclass(frozen=True)
class Checked:
    tree: Path
    findings: dict[str, list[Finding]]


@pytest.fixture(scope="module", params=PINNED)
def checked(request: pytest.FixtureRequest) -> Checked:
    folder = tree(request.param)
    findings = defaultdict(list)
    for one in check(folder, SELECT):
        if one.code.startswith(REPORTED_AS):
            findings[one.file].append(one)
    return Checked(folder, findings)


def test_every_certain_reference_is_reported_on_its_row(checked: Checked) -> None:
    missed = []
    for file in python_files(checked.tree):
        expected = [one for one in references_in(checked.tree / file) or () if one.certain]
        unreported, _ = compared(expected, checked.findings.get(file, ()))
        missed += [f"{file}:{one.row}:{one.column} {one.path}" for one in unreported]
    assert not missed, listed("references that cudafix does not report", missed)


def test_every_report_of_a_torch_cuda_symbol_is_a_reference_and_its_only_report(checked: Checked) -> None:
    false_alarms = []
    for file, findings in sorted(checked.findings.items()):
        existing = references_in(checked.tree / file) if file.endswith((".py", ".pyi")) else None
        if existing is not None:
            _, surplus = compared(existing, filter(is_about_torch_cuda, findings))
            false_alarms += surplus
    assert not false_alarms, listed("findings that are no reference to torch.cuda, or one twice", false_alarms)


def compared(expected: Iterable[Reference], findings: Iterable[Finding]) -> tuple[list[Reference], list[Finding]]:
    """The references without a finding and the findings without a reference.

    One finding answers for one reference; the longest paths choose first, and prefer their own.
    """
    on_row = defaultdict(list)
    for one in findings:
        on_row[one.row].append(one)
    missed = []
    for reference in sorted(expected, key=lambda one: -len(one.path)):
        fitting = [one for one in on_row[reference.row] if reference.is_named(one.symbol)]
        if fitting:
            on_row[reference.row].remove(max(fitting, key=lambda one: len(one.symbol)))
        else:
            missed.append(reference)
    return sorted(missed), [one for rest in on_row.values() for one in rest]


def is_about_torch_cuda(finding: Finding) -> bool:
    return f"{finding.symbol}.".startswith("torch.cuda.")
