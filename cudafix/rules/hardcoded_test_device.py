"""A test that is for CUDA alone.

## What it does
In files of tests, finds `pytest.mark.skipif(not torch.cuda.is_available(), …)` and its siblings of unittest, decorators
such as `require_cuda`, `requires_gpu` and `onlyCUDA`, and assertions that a device is CUDA's.

## Why is this bad?
On another accelerator the test is skipped, or fails though the code is right.

## Example
```python
import pytest
import torch


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_moves():
    assert move(torch.ones(1)).device.type == "cuda"
```

## Use instead
```python
import pytest
import torch
from cudafix.runtime import current_device_type, is_accelerator_available


@pytest.mark.skipif(not is_accelerator_available(), reason="needs a GPU")
def test_moves():
    assert move(torch.ones(1)).device.type == current_device_type()
```

## Fix safety
Unsafe: the test runs on other accelerators, where it was skipped. The text of the reason stays. No fix for a test that
calls what only CUDA has. A decorator of transformers, diffusers or accelerate is exchanged for that library's neutral
one; others are reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.device_tests import find_device_tests  # not at the top: rules are listed without loading libcst

    return find_device_tests(inspection)


rule = Rule("CFX207", __name__, __doc__, default=False, find=find, needs_whole=True)
