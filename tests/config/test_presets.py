"""`preset = "vllm"`: the settings of a published project, under the project's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import check_fixes, check_noop, check_stays

from cudafix.config.options import Overrides, options_for
from cudafix.config.presets import PRESETS
from cudafix.config.settings import ConfigError, Route, read_settings


def test_an_unknown_preset_is_an_error_that_suggests_one() -> None:
    with pytest.raises(ConfigError, match=r"setting `preset`: expected one of accelerate, .*; did you mean `vllm`"):
        read_settings({"preset": "vlm"}, "test")


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_takes_nothing_of_our_runtime(preset: str) -> None:
    settings = read_settings({"preset": preset}, "test")
    assert not settings["route"].has_runtime
    assert all(not entry.target.module.startswith("cudafix") for entry in settings["targets"])


def test_the_settings_of_the_project_come_first(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text(
        'preset = "vllm"\nroute = "accelerator"\nper-file-ignores = { "tools/*" = ["CFX1"] }\n'
        '[targets]\n"torch.cuda.empty_cache" = "mine.flush"\n',
        encoding="utf-8",
    )
    options = options_for(tmp_path, Overrides({}))
    assert options.route is Route.ACCELERATOR
    assert options.targets[0].target.module == "mine"
    assert [glob for glob, _ in options.per_file_ignores][:2] == ["tools/*", "vllm/platforms/*"]


def test_vllm_takes_torchs_accelerator_and_its_own_platform() -> None:
    check_fixes(
        "import torch\n\ndef f():\n    s = torch.cuda.Stream()\n    torch.cuda.synchronize()\n    return s\n",
        "import torch\n\nfrom vllm.platforms import current_platform\n\ndef f():\n    s = current_platform.Stream()\n"
        "    torch.accelerator.synchronize()\n    return s\n",
        path="vllm/worker.py",
        unsafe=True,
        preset="vllm",
    )


def test_the_folder_of_platforms_is_left_alone() -> None:
    check_noop("import torch\ntorch.cuda.synchronize()\n", path="vllm/platforms/cuda.py", preset="vllm")


def test_deepspeed_takes_its_accelerator() -> None:
    check_fixes(
        "import torch\n\ndef f(x):\n    torch.cuda.empty_cache()\n    return x.cuda()\n",
        "from deepspeed.accelerator import get_accelerator\n\ndef f(x):\n    get_accelerator().empty_cache()\n"
        "    return x.to(get_accelerator().device_name())\n",
        path="deepspeed/runtime/engine.py",
        unsafe=True,
        select=["CFX"],
        ignore=[],
        preset="deepspeed",
    )


def test_what_deepspeeds_accelerator_lacks_stays() -> None:
    check_stays(
        "import torch\n\ndef f():\n    return torch.cuda.get_device_properties(0)\n",
        "no target stands for it",
        preset="deepspeed",
    )


def test_tests_of_transformers_take_its_testing_helpers() -> None:
    check_fixes(
        "import torch\nfrom transformers.testing_utils import require_torch_gpu\n\n@require_torch_gpu\ndef test_it():\n"
        "    torch.cuda.empty_cache()\n    return torch.ones(1)\n",
        "import torch\nfrom transformers.testing_utils import (\n    backend_empty_cache,\n"
        "    require_torch_accelerator,\n    torch_device,\n)\n\n@require_torch_accelerator\ndef test_it():\n"
        "    backend_empty_cache(torch_device)\n    return torch.ones(1)\n",
        path="tests/models/test_it.py",
        preset="transformers",
    )


def test_tests_of_torch_ask_for_any_accelerator() -> None:
    check_fixes(
        "from torch.testing._internal.common_device_type import onlyCUDA\n\n@onlyCUDA\ndef test_it(): ...\n",
        "from torch.testing._internal.common_device_type import onlyAccelerator\n\n@onlyAccelerator\n"
        "def test_it(): ...\n",
        path="test/test_it.py",
        preset="torch",
    )
