"""The backends that the tests of this folder share, each a process that runs until the last test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache

import cpu_build  # noqa: F401  (before torch)
import pytest
from machine import Machine, close_nursery


@pytest.fixture(scope="session", autouse=True)
def nursery() -> Iterator[None]:
    yield
    close_nursery()


@pytest.fixture(scope="session")
def start() -> Iterator[Callable[..., Machine]]:
    """Start a machine with a scenario and its arguments, or give the one that runs."""
    with ExitStack() as stack:
        yield lru_cache(maxsize=None)(lambda *scenario: stack.enter_context(Machine(*scenario)))


@pytest.fixture(scope="session")
def npu() -> Iterator[Machine]:
    with Machine("complete") as machine:
        yield machine


@pytest.fixture(scope="session")
def npu_on_torch_2_5() -> Iterator[Machine]:
    with Machine("complete_on_torch_2_5") as machine:
        yield machine


@pytest.fixture(scope="session")
def musa() -> Iterator[Machine]:
    with Machine("empty") as machine:
        yield machine


@pytest.fixture(scope="session")
def acme() -> Iterator[Machine]:
    with Machine("one_device") as machine:
        yield machine


@pytest.fixture(scope="session")
def renamed() -> Iterator[Machine]:
    with Machine("renamed") as machine:
        yield machine


@pytest.fixture(scope="session")
def cuda() -> Iterator[Machine]:
    with Machine("cuda") as machine:
        yield machine


@pytest.fixture(scope="session")
def cuda_on_torch_2_6() -> Iterator[Machine]:
    with Machine("cuda_on_torch_2_6") as machine:
        yield machine


@pytest.fixture(scope="session")
def mps() -> Iterator[Machine]:
    with Machine("mps") as machine:
        yield machine
