"""Let a failing check in the harness say what it compared, and give tests a folder of their own to work in."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("checks", "command", "tools")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
