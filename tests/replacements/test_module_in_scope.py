"""A device module that the code has at hand is passed on to the neutral function."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_unsafe

CLASS = """
import torch


class Scheduler:
    def __init__(self, device):
        self.device_module = torch.get_device_module({argument})

    def flush(self):
        {call}
"""
IMPORTED = CLASS.replace("import torch\n", "import torch\nfrom cudafix.runtime import empty_device_cache\n")


def test_an_attribute_with_the_module_of_a_device_is_passed_on_but_not_safely() -> None:
    check_unsafe(
        CLASS.format(argument="device", call="torch.cuda.empty_cache()"),
        IMPORTED.format(argument="device", call="empty_device_cache(self.device_module)"),
        "empties the cache of `self.device_module`, whose device need not be the active one",
    )


def test_an_attribute_with_the_active_module_is_passed_on() -> None:
    check_fixes(
        CLASS.format(argument="", call="torch.cuda.empty_cache()"),
        IMPORTED.format(argument="", call="empty_device_cache(self.device_module)"),
    )


def test_an_attribute_that_is_set_twice_is_not_passed_on() -> None:
    check_fixes(
        CLASS.format(argument="", call="torch.cuda.empty_cache(); self.device_module = other"),
        IMPORTED.format(argument="", call="empty_device_cache(); self.device_module = other"),
    )


def test_an_attribute_of_another_class_is_not_passed_on() -> None:
    check_fixes(
        CLASS.format(argument="", call="pass")
        + "\n\nclass Other:\n    def f(self):\n        torch.cuda.empty_cache()\n",
        IMPORTED.format(argument="", call="pass")
        + "\n\nclass Other:\n    def f(self):\n        empty_device_cache()\n",
    )


def test_other_functions_take_no_module() -> None:
    check_fixes(
        CLASS.format(argument="", call="torch.cuda.synchronize()"),
        IMPORTED.replace("empty_device_cache", "synchronize_device").format(argument="", call="synchronize_device()"),
    )


def test_a_local_name_is_passed_on() -> None:
    check_fixes(
        """
        import torch
        def flush():
            module = torch.get_device_module()
            torch.cuda.empty_cache()
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        def flush():
            module = torch.get_device_module()
            empty_device_cache(module)
        """,
    )


@pytest.mark.parametrize(
    "body",
    [
        "{call}; module = torch.get_device_module()",
        "if big: module = torch.get_device_module()\n    {call}",
        "module = torch.get_device_module()\n    module = other\n    {call}",
        "module = torch.get_device_modules()\n    {call}",
    ],
)
def test_a_name_that_may_hold_something_else_is_not_passed_on(body: str) -> None:
    imports = "import torch\nfrom cudafix.runtime import empty_device_cache\n"
    check_fixes(
        f"import torch\ndef flush():\n    {body.format(call='torch.cuda.empty_cache()')}\n",
        f"{imports}def flush():\n    {body.format(call='empty_device_cache()')}\n",
    )


def test_the_device_at_hand_wins_over_the_module() -> None:
    check_fixes(
        """
        import torch
        module = torch.get_device_module()
        if device.type == "cuda":
            torch.cuda.empty_cache()
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        module = torch.get_device_module()
        empty_device_cache(torch.get_device_module(device))
        """,
        unsafe=True,
    )


def test_a_local_name_that_is_annotated_only_holds_no_module() -> None:
    check_fixes(
        """
        import torch

        def release():
            size: int
            torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache

        def release():
            size: int
            empty_device_cache()
        """,
    )
