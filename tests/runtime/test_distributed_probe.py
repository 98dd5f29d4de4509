"""The memory probe over the ranks of a process group: real processes and gloo, another free memory in each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed")

HERE = Path(__file__).parent
GIB = 1 << 30
BYTE = 1 / GIB


def run_ranks(size: int, folder: Path) -> list[dict[str, Any]]:
    path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "ranks.py"), str(size), str(folder / "store")],
        capture_output=True, text=True, check=False, timeout=120, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return sorted(found, key=lambda rank: int(rank["rank"]))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return run_ranks(2, tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return run_ranks(4, tmp_path_factory.mktemp("four"))


def test_without_a_process_group_the_probe_says_what_is_missing(two: list[dict[str, Any]]) -> None:
    message = "RuntimeError: distributed=True needs torch.distributed.init_process_group() on every rank before"
    assert [rank["early"] for rank in two] == [message] * 2


def test_both_of_two_ranks_get_the_minimum_to_the_byte(two: list[dict[str, Any]]) -> None:
    assert [rank["everyone"] for rank in two] == [3 + BYTE] * 2


def test_all_of_four_ranks_get_the_minimum_to_the_byte(four: list[dict[str, Any]]) -> None:
    assert [rank["everyone"] for rank in four] == [3 + BYTE] * 4


def test_a_rank_outside_the_group_is_told_so(four: list[dict[str, Any]]) -> None:
    message = "ValueError: distributed=True on a rank that is not in cpu_group"
    assert [rank["among two"] for rank in four] == [str(3 + BYTE)] * 2 + [message] * 2


def test_a_rank_that_cannot_read_its_memory_leaves_none_waiting(four: list[dict[str, Any]]) -> None:
    own, *others = sorted((rank["one fails"] for rank in four), reverse=True)
    assert own == "ValueError: there is no device cuda:5: torch.cuda counts 2 devices"
    assert others == ["RuntimeError: another rank of cpu_group could not read its memory: see its error"] * 3


def test_the_least_total_comes_with_the_least_free_memory(four: list[dict[str, Any]]) -> None:
    assert [rank["info"] for rank in four] == [[3 * GIB + 1, 16 * GIB]] * 4


def test_the_memory_of_devices_is_compared_over_a_group_of_cpus(two: list[dict[str, Any]]) -> None:
    assert [rank["devices"] for rank in two] == [[3 * GIB + 1, 16 * GIB]] * 2
