"""CFX206: the name of NCCL where a backend of torch.distributed is expected."""

from __future__ import annotations

from functools import partial

import checks
import pytest
from checks import findings_in

BACKENDS = {"select": ["CFX206"], "ignore": []}

check_noop = partial(checks.check_noop, **BACKENDS)
check_stays = partial(checks.check_stays, **BACKENDS)
check_unsafe = partial(checks.check_unsafe, **BACKENDS)


@pytest.mark.parametrize(
    "source",
    [
        "print('nccl')",
        "x = {'nccl': 1}",
        "os.environ['NCCL_DEBUG'] = 'nccl'",
        "dist.new_group([0, 1], 'nccl')",
        "backend = 'gloo'",
        "if device == 'cuda':\n    backend = 'nccl'",
        "name = 'nccl'",
    ],
)
def test_leaves_the_word_elsewhere_alone(source: str) -> None:
    check_noop(f"import os\nimport torch.distributed as dist\n{source}\n")


def test_is_off_until_it_is_asked_for() -> None:
    checks.check_noop("import torch.distributed as dist\ndist.init_process_group('nccl')\n", select=[])


@pytest.mark.parametrize(
    "source",
    [
        "dist.init_process_group('nccl')",
        "dist.init_process_group(backend='nccl', rank=0)",
        "from torch.distributed import init_process_group as start\nstart('nccl')",
        "dist.new_group(ranks, backend='nccl')",
        "dist.new_group(ranks, timeout, 'nccl')",
        "dist.init_process_group('cpu:gloo,cuda:nccl')",
        "Strategy(process_group_backend='nccl')",
        "deepspeed.init_distributed(dist_backend='nccl')",
        "parser.add_argument('--dist-backend', default='nccl')",
        "backend = 'nccl'",
        "config = {'backend': 'nccl'}",
        "backend = 'nccl' if gpu else 'gloo'",
        "def f(backend='nccl'): ...",
        "ok = backend == 'nccl'",
        "ok = dist.get_backend() == 'nccl'",
    ],
)
def test_finds_the_backend(source: str) -> None:
    assert len(findings_in(f"import deepspeed\nimport torch.distributed as dist\n{source}\n", **BACKENDS)) == 1


def test_the_backend_of_the_active_accelerator_takes_its_place() -> None:
    source = "import torch.distributed as dist\n{}def f():\n    dist.init_process_group(backend={}, rank=0)\n"
    check_unsafe(
        source.format("", "'nccl'"),
        source.format("from cudafix.runtime import distributed_backend\n", "distributed_backend()"),
        "gloo where there is none",
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("parser.add_argument('--backend', choices=['nccl', 'gloo'])", "one of those that may be chosen"),
        ("ok = dist.get_backend() == 'nccl'", "may be about NCCL itself"),
        ("dist.init_process_group('cpu:gloo,cuda:nccl')", "pass no backend"),
    ],
)
def test_a_choice_a_comparison_and_a_backend_for_each_device_stay(source: str, reason: str) -> None:
    check_stays(f"import torch.distributed as dist\n{source}\n", reason)


@pytest.mark.parametrize("test", ["torch.cuda.is_available()", "dist.is_nccl_available()"])
def test_a_choice_between_nccl_and_gloo_is_the_neutral_backend(test: str) -> None:
    source = "import torch\nimport torch.distributed as dist\n{}torch.ones(1)\ndist.init_process_group({})\n"
    own = "from cudafix.runtime import distributed_backend\n"
    check_unsafe(
        source.format("", f"'nccl' if {test} else 'gloo'"),
        source.format(own, "distributed_backend()"),
        "gloo where there is none",
    )


@pytest.mark.parametrize("choice", ["'nccl' if fast else 'gloo'", "'nccl' if torch.cuda.is_available() else 'mpi'"])
def test_another_choice_is_not(choice: str) -> None:
    source = "import torch\nimport torch.distributed as dist\ndist.init_process_group({})\n"
    result = checks.fixed(source.format(choice).encode(), unsafe=True, **BACKENDS)
    assert result.new_bytes is not None
    assert choice.replace("'nccl'", "distributed_backend()").encode() in result.new_bytes
