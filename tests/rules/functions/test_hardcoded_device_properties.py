"""CFX106: name, properties or capability of one backend's device."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_noop, check_stays


def test_leaves_the_native_capability_alone() -> None:
    check_noop("import torch\ntorch.accelerator.get_device_capability()\n")


def test_only_the_function_of_a_longer_expression_is_replaced() -> None:
    check_fixes(
        """
        import torch
        def memory(device: torch.device):
            return torch.cuda.get_device_properties(device).total_memory
        """,
        """
        import torch
        from cudafix.runtime import get_device_properties
        def memory(device: torch.device):
            return get_device_properties(device).total_memory
        """,
    )


@pytest.mark.parametrize(
    "source",
    [
        "x = torch.cuda.get_device_properties(0).major\n",
        "x = torch.cuda.get_device_properties(0).gcnArchName.split(':')[0]\n",
        "p = torch.cuda.get_device_properties(0)\nprint(p.name, p.multi_processor_count)\n",
        "def f():\n    p = torch.cuda.get_device_properties(0)\n    return lambda: p.major\n",
    ],
)
def test_a_property_that_not_all_backends_have_keeps_the_call(source: str) -> None:
    check_stays("import torch\n" + source, "is no property that all backends have")


def test_a_property_of_something_else_does_not_count() -> None:
    check_fixes(
        """
        import torch
        p = torch.cuda.get_device_properties(0)
        print(p.name, p.total_memory // q.major)
        p = version()
        print(p.major)
        """,
        """
        import torch
        from cudafix.runtime import get_device_properties
        p = get_device_properties(0)
        print(p.name, p.total_memory // q.major)
        p = version()
        print(p.major)
        """.replace("import torch\n        from", "from"),
    )


def test_compute_capability_is_found_and_stays() -> None:
    check_stays("import torch\nok = torch.cuda.get_device_capability()[0] >= 8\n", "a notion of CUDA")


def test_bf16_support_keeps_its_argument() -> None:
    check_fixes(
        """
        import torch
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
        """,
        """
        import torch
        from cudafix.runtime import supports_bf16
        dtype = torch.bfloat16 if supports_bf16(including_emulation=False) else torch.float16
        """,
    )
