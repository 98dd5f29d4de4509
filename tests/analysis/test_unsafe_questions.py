"""What has no fix even for who asks for unsafe ones: on another accelerator it would fail, or find nothing to do."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_stays

CHOICE = 'device = "cuda" if torch.cuda.is_available() else "cpu"'
ALL_OF_A_MIGRATION = {"select": ["CFX1", "CFX2", "CFX3"], "ignore": ["CFX305"]}

# A choice of the device


def test_a_device_is_chosen_where_nothing_speaks_of_cuda() -> None:
    check_fixes(
        f"import torch\n{CHOICE}\nx = torch.ones(1, device=device)\n",
        "import torch\nfrom cudafix.runtime import current_device_type\ndevice = current_device_type()\n"
        "x = torch.ones(1, device=device)\n",
        unsafe=True,
    )


@pytest.mark.parametrize("line", ["model.cuda()", 'init_process_group("nccl")', 'if x.device.type == "cuda": pass'])
def test_no_device_is_chosen_for_a_file_that_stays_on_cuda(line: str) -> None:
    source = f"import torch\n{CHOICE}\ndef train(model, x):\n    {line}\n"
    check_stays(source, "line 4 of the file still says CUDA, and this chooses the device")


def test_one_is_where_the_rest_of_the_file_goes_as_well() -> None:
    check_fixes(
        f"import torch\n{CHOICE}\ndef train(model):\n    model.cuda()\n",
        "from cudafix.runtime import current_device_type\ndevice = current_device_type()\n"
        "def train(model):\n    model.to(device)\n",
        unsafe=True,
        **ALL_OF_A_MIGRATION,
    )


@pytest.mark.parametrize("line", ["x = torch.zeros(1, dtype=torch.float64)", "model.double()"])
def test_no_device_is_chosen_for_numbers_that_mps_does_not_have(line: str) -> None:
    check_stays(f"import torch\n{CHOICE}\n{line}\n", "float64, which MPS does not have")


def test_numpy_has_such_numbers_everywhere() -> None:
    check_fixes(
        f"import torch\nimport numpy as np\n{CHOICE}\nx = np.float64(1)\n",
        "from cudafix.runtime import current_device_type\nimport numpy as np\ndevice = current_device_type()\n"
        "x = np.float64(1)\n",
        unsafe=True,
    )


def test_a_module_works_where_it_is_moved() -> None:
    source = f"""
        import torch
        class Loss(torch.nn.Module):
            def __init__(self):
                self.{CHOICE}
            def forward(self, x):
                return x
        """
    check_stays(source, "a module works where its parameters are, and others move it there")


@pytest.mark.parametrize("name", ["get_torch_device", "get_device", "select_device", "infer_device_type"])
def test_what_chooses_the_device_of_the_project_decides(name: str) -> None:
    check_stays(f"import torch\nfrom project.utils import {name}\n{CHOICE}\n", f"`{name}` chooses the device here")


# An answer


def test_a_flag_of_one_function_goes() -> None:
    check_fixes(
        "import torch\ndef f():\n    use_gpu = torch.cuda.is_available()\n    log(use_gpu)\n",
        "from cudafix.runtime import is_accelerator_available\ndef f():\n    use_gpu = is_accelerator_available()\n"
        "    log(use_gpu)\n",
        unsafe=True,
    )


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("class A:\n    def f(self):\n        self.use_gpu = torch.cuda.is_available()\n", "use_gpu"),
        ("class A:\n    total_visible_gpus = torch.cuda.device_count()\n", "total_visible_gpus"),
        ("NUM_GPUS = max(1, torch.cuda.device_count())\n", "NUM_GPUS"),
        ("class A:\n    def f(self, config):\n        self.gpu = torch.cuda.is_available() and config.on\n", "gpu"),
    ],
)
def test_one_that_other_files_may_read_stays(code: str, name: str) -> None:
    check_stays(f"import torch\n{code}", f"`{name}` is read elsewhere as well, where CUDA may be meant")


@pytest.mark.parametrize(
    "code",
    [
        "Kmeans(gpu=torch.cuda.is_available())",
        "gpu = torch.cuda.is_available()\nKmeans(gpu=gpu)",
        "f(use_gpu=torch.cuda.is_available())",
    ],
)
def test_a_library_that_is_told_to_use_the_gpu_may_mean_cuda(code: str) -> None:
    check_stays(f"import torch\n{code}\n", "may be about devices of CUDA")


def test_what_was_saved_on_cuda_is_loaded_on_the_cpu_elsewhere() -> None:
    source = "import torch\nmap_location = None if torch.cuda.is_available() else 'cpu'\n"
    check_stays(source, "what was saved on CUDA does not load on another device")


@pytest.mark.parametrize(
    "code",
    [
        "if not torch.cuda.is_available():\n    raise ValueError('no 8-bit optimizer without a GPU')\n",
        "if torch.cuda.is_available():\n    import_module('bitsandbytes')\n",
        "if config.is_quantized and not torch.cuda.is_available():\n    raise ValueError\n",
    ],
)
def test_a_test_for_what_quantises_is_for_cuda(code: str) -> None:
    check_stays(f"import torch\n{code}", "is of libraries for CUDA")


@pytest.mark.parametrize(
    "code",
    [
        "if torch.cuda.is_available():\n    x = x.pin_memory()\n",
        "class A:\n    def f(self):\n        self.use_pinned_memory = torch.cuda.is_available()\n",
    ],
)
def test_memory_is_pinned_for_cuda(code: str) -> None:
    check_stays(f"import torch\n{code}", "MPS has no pinned memory")


def test_a_loader_pins_where_it_can() -> None:
    check_fixes(
        "import torch\nload(pin_memory=torch.cuda.is_available())\n",
        "from cudafix.runtime import is_accelerator_available\nload(pin_memory=is_accelerator_available())\n",
        unsafe=True,
    )


def test_a_mark_that_says_cuda_keeps_its_meaning() -> None:
    source = "import unittest, torch\nskip_if_cuda = unittest.skipIf(torch.cuda.is_available(), 'no')\n"
    check_stays(source, "`skip_if_cuda` says CUDA")


# Lower precision


def test_autocast_in_a_class_that_stays_on_cuda_stays() -> None:
    source = """
        import torch
        class Step:
            def run(self):
                with torch.autocast("cuda"):
                    pass
            def check(self):
                assert self.device.type == "cuda"
        """
    check_stays(source, "line 7 of the class around it still says CUDA")


def test_autocast_beside_a_scaler_that_is_made_elsewhere_stays() -> None:
    source = """
        import torch
        def step(self, loss):
            with torch.autocast("cuda"):
                self.scaler.scale(loss).backward()
        """
    check_stays(source, "the scaler that goes with it is made elsewhere, and may be CUDA's")


# Modules of a package


@pytest.mark.parametrize(
    "code",
    [
        CHOICE,
        "if torch.cuda.is_available():\n    kwargs['accelerator'] = 'fast'",
        "on = torch.cuda.is_available()",
        "n = max(1, torch.cuda.device_count())",
        'with torch.autocast("cuda"):\n    pass',
        "scaler = torch.cuda.amp.GradScaler()",
    ],
)
def test_one_module_of_a_package_chooses_no_device_for_the_others(code: str) -> None:
    check_stays(f"import torch\n{code}\n", "a module of a package chooses no device for the others", "package/a.py")


def test_with_the_rules_about_devices_all_of_them_do() -> None:
    check_fixes(
        f"import torch\n{CHOICE}\n",
        "from cudafix.runtime import current_device_type\ndevice = current_device_type()\n",
        "package/a.py",
        unsafe=True,
        **ALL_OF_A_MIGRATION,
    )


def test_a_test_for_neutral_calls_alone_chooses_nothing() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    log(torch.cuda.memory_allocated())\n",
        "from cudafix.runtime import device_memory_allocated, is_accelerator_available\n"
        "if is_accelerator_available():\n    log(device_memory_allocated())\n",
        "package/a.py",
        unsafe=True,
    )


def test_a_count_that_is_told_chooses_nothing() -> None:
    check_fixes(
        "import torch\nprint(torch.cuda.device_count())\n",
        "from cudafix.runtime import count_devices\nprint(count_devices())\n",
        "package/a.py",
    )
