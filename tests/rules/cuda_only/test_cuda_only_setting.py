"""CFX403: attributes of torch that are of CUDA by nature."""

from __future__ import annotations

from functools import partial

import checks
import pytest

SETTINGS = {"select": ["CFX403"], "ignore": []}

check_noop = partial(checks.check_noop, **SETTINGS)
check_finds = partial(checks.check_finds, **SETTINGS)
check_stays = partial(checks.check_stays, **SETTINGS)


@pytest.mark.parametrize(
    "source",
    [
        "torch.backends.mps.is_available()",
        "torch.version.hip",
        "torch.cuda.empty_cache()",
        "sdk.backends.cudnn.benchmark = True",
        "cudnn = 1\ncudnn.real",
    ],
)
def test_leaves_other_settings_alone(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


def test_is_off_until_it_is_asked_for() -> None:
    checks.check_noop("import torch\ntorch.backends.cudnn.benchmark = True\n", select=[], ignore=[])


@pytest.mark.parametrize(
    "source",
    [
        "torch.backends.cudnn.benchmark = True",
        "torch.backends.cuda.matmul.allow_tf32 = True",
        "torch.backends.cuda.preferred_linalg_library('magma')",
        "ok = torch.version.cuda is not None",
        "torch.distributed.ProcessGroupNCCL.Options()",
        "torch.distributed.is_nccl_available()",
        "activities = [torch.profiler.ProfilerActivity.CUDA]",
        "with torch.backends.cuda.sdp_kernel(enable_flash=True): ...",
    ],
)
def test_finds_what_torch_has_for_cuda_alone(source: str) -> None:
    check_finds(f"import torch\n{source}\n", "2 CFX403 ")


def test_finds_it_through_an_alias_and_a_from_import() -> None:
    check_finds(
        "import torch.backends.cudnn as cudnn\nfrom torch.backends import cuda\ncudnn.benchmark = True\n"
        "cuda.matmul.allow_tf32 = True\n",
        "3 CFX403 ",
        "4 CFX403 ",
    )


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("torch.version.cuda", "is_accelerator_available()"),
        ("torch.backends.cuda.matmul.allow_tf32", "set_float32_matmul_precision"),
        ("torch.backends.cudnn.allow_tf32", "set_float32_matmul_precision"),
        ("torch.backends.cudnn.deterministic", "use_deterministic_algorithms"),
        ("torch.backends.cudnn.benchmark", "does nothing elsewhere"),
        ("torch.backends.cuda.enable_flash_sdp", "sdpa_kernel"),
        ("torch.profiler.ProfilerActivity.CUDA", "supported_activities()"),
        ("torch.distributed.is_nccl_available", "is_backend_available"),
    ],
)
def test_says_what_does_the_same_for_every_backend(setting: str, advice: str) -> None:
    check_stays(f"import torch\nx = {setting}\n", advice)
