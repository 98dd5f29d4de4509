"""Code that is read, and not only run, keeps what it says: TorchScript, and source that is pasted elsewhere."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_stays, check_unsafe

SCRIPTED = "TorchScript compiles this function"
PASTED = "its source is read with inspect.getsource"


def test_a_function_beside_a_scripted_one_is_fixed() -> None:
    check_fixes(
        "import torch\ndef f():\n    torch.cuda.synchronize()\ndef g(): ...\ntorch.jit.script(g)\n",
        "import torch\nfrom cudafix.runtime import synchronize_device\ndef f():\n    synchronize_device()\n"
        "def g(): ...\ntorch.jit.script(g)\n",
    )


@pytest.mark.parametrize(
    "script",
    [
        "torch.jit.script(M())",
        "m = M()\ntorch.jit.script(m)",
        "torch.jit.script(obj=M(1, 2))",
        "script(M().eval())\nfrom torch import jit\njit.script(M())",
        "torch.jit.script(M)",
    ],
)
def test_a_class_of_which_an_instance_is_scripted_stays(script: str) -> None:
    source = "import torch\nclass M(torch.nn.Module):\n    def forward(self, x):\n        torch.cuda.synchronize()\n"
    check_stays(f"{source}        return x\n{script}\n", SCRIPTED)


@pytest.mark.parametrize("base", ["torch.nn.Module", "nn.Module", "LightningModule", "torch.nn.LayerNorm"])
@pytest.mark.parametrize(
    ("context", "new"),
    [
        ("torch.autocast('cuda', torch.half)", "torch.autocast(autocast_device_type(), torch.half)"),
        ("torch.cuda.amp.autocast(dtype=torch.half)", "device_autocast(dtype=torch.half)"),
    ],
)
def test_autocast_in_a_module_is_unsafe_since_another_file_may_script_it(base: str, context: str, new: str) -> None:
    source = (
        "import torch\n{}nn = torch.nn\nclass M({}):\n    def forward(self, x):\n        with {}:\n"
        "            return x\n"
    )
    name = "autocast_device_type" if "autocast_device_type" in new else "device_autocast"
    check_unsafe(
        source.format("", base, context),
        source.format(f"from cudafix.runtime import {name}\n", base, new),
        "TorchScript, where it compiles this module, cannot compile the neutral context",
    )


def test_autocast_of_a_function_is_safe() -> None:
    check_fixes(
        "import torch\ndef f(x):\n    with torch.cuda.amp.autocast(enabled=False):\n        return x.to(torch.half)\n",
        "import torch\nfrom cudafix.runtime import device_autocast\ndef f(x):\n"
        "    with device_autocast(enabled=False):\n        return x.to(torch.half)\n",
    )


def test_a_function_whose_own_source_nobody_asks_for_is_fixed() -> None:
    check_fixes(
        "import inspect\nimport torch\ndef f():\n    torch.cuda.synchronize()\ndef g(): ...\ninspect.getsource(g)\n",
        "import inspect\nfrom cudafix.runtime import synchronize_device\ndef f():\n    synchronize_device()\n"
        "def g(): ...\ninspect.getsource(g)\n",
    )


@pytest.mark.parametrize(
    "read",
    [
        "inspect.getsource(f)",
        "inspect.getsourcelines(f)",
        "from inspect import getsource as source\nsource(f)",
        "for one in (f, g):\n    inspect.getsource(one)",
        "def paste(function):\n    return inspect.getsource(function)",
        "inspect.getsource(Pasted.run)",
    ],
)
def test_a_function_whose_source_may_be_read_stays(read: str) -> None:
    check_stays(f"import inspect\nimport torch\ndef f():\n    torch.cuda.synchronize()\n{read}\n", PASTED)


def test_so_does_the_device_in_it() -> None:
    check_stays(
        "import inspect\nimport torch\ndef f():\n    return torch.ones(1, device='cuda')\ninspect.getsource(f)\n",
        PASTED,
        select=["CFX201"],
        ignore=[],
    )
