"""CFX204: a device is compared with the name of CUDA's."""

from __future__ import annotations

import pytest
from checks import check_finds, check_noop, check_stays

COMPARISONS = {"select": ["CFX204"], "ignore": []}


@pytest.mark.parametrize(
    "source", ["backend == 'cuda'", "device == 'cpu'", "'cuda' in text", "name.startswith('cuda')", "x == 'cudagraph'"]
)
def test_leaves_a_comparison_of_something_else_alone(source: str) -> None:
    check_noop(f"ok = {source}\n", **COMPARISONS)


@pytest.mark.parametrize(
    "source",
    [
        "x.device.type == 'cuda'",
        "device != 'cuda:0'",
        "'cuda' == self.device",
        "'cuda' in str(device)",
        "device.type in ('cuda', 'xpu')",
        "device.startswith('cuda')",
        "str(x.device).startswith('cuda')",
        "get(device_type) == 1 or device_type == 'cuda'",
    ],
)
def test_finds_the_comparison_of_a_device(source: str) -> None:
    check_finds(f"ok = {source}\n", "1 CFX204 ", **COMPARISONS)


def test_has_no_fix() -> None:
    check_stays("ok = device.type == 'cuda'\n", "which is meant", **COMPARISONS)
