"""CFX001: a file that cannot be analysed is a finding, and nothing changes in it."""

from __future__ import annotations

from checks import fixed


def test_a_syntax_error_is_reported_and_nothing_changes() -> None:
    result = fixed(b"import torch\ntorch.cuda.synchronize(\n")
    assert [one.code for one in result.findings] == ["CFX001"]
    assert len(result.problems) == 1
    assert result.new_bytes is None


def test_bytes_that_are_not_in_the_encoding_are_reported_and_nothing_changes() -> None:
    result = fixed(b"import torch\ntorch.cuda.synchronize('\xe9')\n")
    assert [one.code for one in result.findings] == ["CFX001"]
    assert len(result.problems) == 1
    assert result.new_bytes is None


def test_an_unknown_encoding_is_reported_and_nothing_changes() -> None:
    result = fixed(b"# coding: klingon\nimport torch\ntorch.cuda.synchronize()\n")
    assert [one.code for one in result.findings] == ["CFX001"]
    assert len(result.problems) == 1
    assert result.new_bytes is None


def test_python_2_is_reported_and_nothing_changes() -> None:
    result = fixed(b"print torch.cuda.device_count()\n")
    assert [one.code for one in result.findings] == ["CFX001"]
    assert result.new_bytes is None
