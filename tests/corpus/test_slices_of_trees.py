"""On every file of the pinned trees a slice says what the whole says, and nodes stand where libcst says they do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider
from trees import PINNED, tree

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import LARGEST, Source, read
from cudafix.model import Result
from cudafix.prefilter.needles import may_have_findings
from cudafix.syntax.positions import Positions

SLICES = Options(extend_select=("CFX4",))


def look(source: Source, options: Options) -> Result:
    return process(source, options, Work(Mode.CHECK))


def sources(folder: Path) -> list[Source]:
    """The files that are looked at at all."""
    read_all = [read(str(path)) for path in sorted(folder.rglob("*.py")) if path.is_file()]
    small = [one for one in read_all if len(one.data) < LARGEST]
    return [one for one in small if may_have_findings(one, SLICES)]


@pytest.mark.corpus
@pytest.mark.parametrize("requirement", PINNED)
def test_a_slice_says_what_the_whole_says(requirement: str) -> None:
    different = []
    for source in sources(tree(requirement)):
        if look(source, SLICES) != look(source, replace(SLICES, slices=False)):
            different.append(source.path)
    assert different == []


@pytest.mark.corpus
def test_places_are_those_of_libcst() -> None:
    for source in sources(tree("accelerate==1.15.0")):
        module = cst.parse_module(source.data)
        positions = Positions(module)
        for node, place in MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider).items():
            start, end = positions.start(node), positions.end(node)
            found = (start.row, start.column - 1, end.row, end.column - 1)
            assert found == (place.start.line, place.start.column, place.end.line, place.end.column), source.path
