"""CFX003: an entry of the baseline that fits no finding any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import CLEAN, invoke

pytestmark = pytest.mark.usefixtures("folder")

FILE = Path("cudafix-baseline.json")
EMPTY, WAIT = "torch.cuda.empty_cache()\n", "torch.cuda.synchronize()\n"
HEAD = "import torch\n\n\n"


def write(text: str, name: str = "a.py") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def found(*arguments: str) -> list[str]:
    """The findings that the baseline does not hold back, as `path:row code`."""
    document = json.loads(invoke("check", "--output-format", "json", "--baseline", *arguments).stdout)
    return [f"{one['filename']}:{one['location']['row']} {one['code']}" for one in document]


def test_the_entries_of_a_file_that_is_gone_are_stale() -> None:
    write(HEAD + EMPTY)
    write(HEAD + EMPTY, "b.py")
    invoke("baseline", "create")
    Path("b.py").unlink()
    assert found() == ["cudafix-baseline.json:7 CFX003"]
    invoke("baseline", "prune")
    assert "b.py" not in json.loads(FILE.read_text())["findings"]


def test_the_entries_of_files_that_nobody_looked_at_are_not() -> None:
    write(HEAD + EMPTY)
    write(HEAD + EMPTY, "sub/b.py")
    invoke("baseline", "create")
    write(CLEAN)
    write(CLEAN, "sub/b.py")
    assert found("a.py") == ["cudafix-baseline.json:4 CFX003"]
    assert found("sub") == ["cudafix-baseline.json:7 CFX003"]


def test_the_entries_of_rules_that_are_off_are_not() -> None:
    write(HEAD + EMPTY + WAIT)
    invoke("baseline", "create")
    assert found("--select", "CFX101,CFX003") == []
    assert found("--ignore", "CFX104") == []


def test_who_does_not_want_to_hear_of_stale_entries_can_ignore_them() -> None:
    write(HEAD + EMPTY)
    invoke("baseline", "create")
    write(CLEAN)
    assert found("--ignore", "CFX003") == []
