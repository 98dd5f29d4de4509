"""cudafix against the oracle on published packages: it reports every reference to torch.cuda, and nothing else."""

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

REPORTED_AS = ("CFX1", "CFX4", "CFX205")


@dataclass(frozen=True)
class Checked:
    tree: Path
    findings: dict[str, list[Finding]]


@pytest.fixture(scope="module", params=PINNED)
def checked(request: pytest.FixtureRequest) -> Checked:
    folder = tree(request.param)
    findings = defaultdict(list)
    for one in check(folder, "CFX1,CFX2,CFX4"):
        findings[one.file].append(one)
    return Checked(folder, findings)


def test_every_certain_reference_is_reported_on_its_row(checked: Checked) -> None:
    missed = []
    for file in python_files(checked.tree):
        expected = [one for one in references_in(checked.tree / file) or () if one.certain]
        missed += [
            f"{file}:{one.row}:{one.column} {one.path}" for one in unreported(expected, checked.findings.get(file, ()))
        ]
    assert not missed, listed("references that cudafix does not report", missed)


def test_every_report_of_a_torch_cuda_symbol_is_a_reference(checked: Checked) -> None:
    false_alarms = []
    for file, findings in sorted(checked.findings.items()):
        existing = references_in(checked.tree / file) if file.endswith((".py", ".pyi")) else None
        if existing is not None:
            false_alarms += [one for one in findings if is_about_torch_cuda(one) and not is_among(one, existing)]
    assert not false_alarms, listed("findings that are no reference to torch.cuda", false_alarms)


def unreported(expected: Iterable[Reference], findings: Iterable[Finding]) -> list[Reference]:
    """One finding answers for one reference; the longest paths choose first, and prefer their own."""
    symbols = defaultdict(list)
    for one in findings:
        symbols[one.row].append(one.symbol)
    missed = []
    for reference in sorted(expected, key=lambda one: -len(one.path)):
        fitting = [symbol for symbol in symbols[reference.row] if reference.is_named(symbol)]
        if fitting:
            symbols[reference.row].remove(max(fitting, key=len))
        else:
            missed.append(reference)
    return sorted(missed)


def is_about_torch_cuda(finding: Finding) -> bool:
    return finding.code.startswith(REPORTED_AS) and f"{finding.symbol}.".startswith("torch.cuda.")


def is_among(finding: Finding, existing: Iterable[Reference]) -> bool:
    return any(one.row == finding.row and one.is_named(finding.symbol) for one in existing)
