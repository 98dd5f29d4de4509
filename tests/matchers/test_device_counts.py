"""`device_count()` that is asked for no more than whether there is a device is a test for CUDA."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_stays, check_unsafe, findings_in

COUNT = "torch.cuda.device_count()"
REASON = "it asks whether there is CUDA at all"


@pytest.mark.parametrize("use", ["n = {}", "print({})", "if {} > 1:\n    f()", "n = {} or 1"])
def test_a_number_of_devices_is_a_number(use: str) -> None:
    source = "import torch\n{}torch.ones(1)\n{}\n"
    check_fixes(
        source.format("", use.format(COUNT)),
        source.format("from cudafix.runtime import count_devices\n", use.format("count_devices()")),
    )


@pytest.mark.parametrize(
    "use",
    [
        "if {}:\n    f()",
        "if {} > 0:\n    f()",
        "if {} >= 1:\n    f()",
        "if {} == 0:\n    f()",
        "if not {}:\n    f()",
        "if ready and {}:\n    f()",
        "has_gpu = bool({})",
        "has_gpu = {} != 0",
        "assert {}",
        "n = {}\nif n:\n    f()",
        "n = {}\nx = a if n > 0 else b",
    ],
)
def test_whether_there_is_one_is_a_test(use: str) -> None:
    (found,) = [one for one in findings_in(f"import torch\n{use.format(COUNT)}\n") if one.code == "CFX105"]
    assert REASON in found.reason
    assert found.fix is not None
    assert found.fix.safety.value == "unsafe"


def test_with_code_behind_it_that_names_cuda_it_stays() -> None:
    check_stays(
        "import torch\nif torch.cuda.device_count():\n    run('cuda')\n",
        "the code that depends on it names CUDA itself",
    )


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return 'cuda' if {} > 0 else 'cpu'\n",
        "def f():\n    return 'cuda' if {} else 'cpu'\n",
        "def f():\n    if {} > 0:\n        return 'cuda'\n    return 'cpu'\n",
    ],
)
def test_it_goes_with_the_device_that_it_chooses(source: str) -> None:
    check_unsafe(
        f"import torch\n{source.format(COUNT)}",
        "from cudafix.runtime import current_device_type\ndef f():\n    return current_device_type()\n",
        "also chooses other accelerators",
    )


def test_a_cache_that_is_emptied_needs_no_count() -> None:
    check_fixes(
        "import torch\nif torch.cuda.device_count() > 0:\n    torch.cuda.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n",
    )
