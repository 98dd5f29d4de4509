"""CFX402: environment variables of CUDA and its libraries."""

from __future__ import annotations

from functools import partial

import checks
import pytest

VARIABLES = {"select": ["CFX402"], "ignore": []}

check_noop = partial(checks.check_noop, **VARIABLES)
check_finds = partial(checks.check_finds, **VARIABLES)
check_stays = partial(checks.check_stays, **VARIABLES)


@pytest.mark.parametrize(
    "source",
    [
        "os.environ['ASCEND_RT_VISIBLE_DEVICES'] = '0'",
        "os.environ['HOME']",
        "print('CUDA_VISIBLE_DEVICES')",
        "raise ValueError('set CUDA_VISIBLE_DEVICES')",
        "names = ['CUDA_VISIBLE_DEVICES']",
        "ok = kind == 'CUDA_ERROR'",
        "table['CUDA_KERNEL']",
    ],
)
def test_leaves_other_variables_and_texts_alone(source: str) -> None:
    check_noop(f"import os\n{source}\n")


def test_is_off_until_it_is_asked_for() -> None:
    checks.check_noop("import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '0'\n", select=[], ignore=[])


@pytest.mark.parametrize(
    "source",
    [
        "os.environ['CUDA_VISIBLE_DEVICES'] = '0'",
        "del os.environ['CUDA_VISIBLE_DEVICES']",
        "os.environ.get('CUDA_LAUNCH_BLOCKING', '0')",
        "os.environ.setdefault('PYTORCH_CUDA_ALLOC_CONF', 'expandable_segments:True')",
        "os.getenv('NCCL_DEBUG')",
        "monkeypatch.setenv('CUDA_HOME', x)",
        "ok = 'CUBLAS_WORKSPACE_CONFIG' in os.environ",
        "env['TORCH_NCCL_BLOCKING_WAIT'] = '1'",
        "run(env={'CUDA_VISIBLE_DEVICES': '0'})",
        "patch.dict(os.environ, {'NVTE_FLASH_ATTN': '0'})",
    ],
)
def test_finds_a_variable_that_is_read_or_set(source: str) -> None:
    check_finds(f"import os\n{source}\n", "2 CFX402 ")


@pytest.mark.parametrize(
    ("variable", "advice"),
    [
        ("CUDA_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"),
        ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"),
        ("CUDA_LAUNCH_BLOCKING", "synchronize_device()"),
        ("CUBLAS_WORKSPACE_CONFIG", "use_deterministic_algorithms"),
        ("NCCL_DEBUG", "communication libraries"),
        ("TORCH_NCCL_BLOCKING_WAIT", "communication libraries"),
        ("CUDA_MODULE_LOADING", "nothing else"),
    ],
)
def test_says_what_other_backends_have(variable: str, advice: str) -> None:
    check_stays(f"import os\nos.environ['{variable}']\n", advice)
