"""CFX201 and CFX202 say the name that stands for the device, where there is one in scope."""

from __future__ import annotations

from functools import partial

import checks
import pytest

DEVICES = {"select": ["CFX201", "CFX202"], "ignore": []}

check_unsafe = partial(checks.check_unsafe, **DEVICES)

CHOICE = "'cuda' if torch.cuda.is_available() else 'cpu'"
OF_PROGRAM = "the device of the program"


def check_says(source: str, old: str, new: str) -> None:
    """`{}` in `source` becomes `new`, and nothing is imported."""
    check_unsafe(f"import torch\n{source.format(old)}", f"import torch\n{source.format(new)}", OF_PROGRAM)


def check_is_in_place(source: str) -> None:
    own = "from cudafix.runtime import current_device_type\n"
    check_unsafe(
        f"import torch\n{source.format('x.to({!r})'.format('cuda'))}",
        f"import torch\n{own}{source.format('x.to(current_device_type())')}",
        "the accelerator that is active",
    )


# No such name


@pytest.mark.parametrize(
    "source",
    [
        f"device = {CHOICE}\nif old:\n    device = 'cpu'\ndef f(x):\n    return {{}}\n",
        "if torch.cuda.is_available():\n    device = 'cuda:1'\nelse:\n    device = 'cpu'\ndef f(x):\n    return {}\n",
        "if torch.cuda.is_available():\n    device = 'cuda'\nelse:\n    device = 'cpu'\nif old:\n    device = 'cpu'\n"
        "def f(x):\n    return {}\n",
        f"if old:\n    device = {CHOICE}\ndef f(x):\n    return {{}}\n",
        f"def f(x):\n    y = {{}}\n    device = {CHOICE}\n",
        f"device = {CHOICE}\ndef f(x, device):\n    return {{}}\n",
        f"def g():\n    device = {CHOICE}\ndef f(x):\n    return {{}}\n",
        f"place = {CHOICE}\ndef f(x):\n    return {{}}\n",
        "device = make()\ndef f(x):\n    return {}\n",
        "device = 'cuda:1' if torch.cuda.is_available() else 'cpu'\ndef f(x):\n    return {}\n",
        f"class A:\n    device = {CHOICE}\n    def f(self, x):\n        return {{}}\n",
        f"class A:\n    def f(self, x):\n        self.device = {CHOICE}\n    def g(self, x):\n        return {{}}\n",
        f"class A:\n    def __init__(self, x):\n        self.device = {CHOICE}\nclass B:\n"
        "    def g(self, x):\n        return {}\n",
        f"class A:\n    def __init__(self, x):\n        self.device = {CHOICE}\n    def set(self, d):\n"
        "        self.device = d\n    def g(self, x):\n        return {}\n",
    ],
)
def test_a_name_that_may_hold_something_else_is_not_said(source: str) -> None:
    check_is_in_place(source)


# Strings


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x.to('cuda')", "x.to(device)"),
        ("x.to('cuda:1')", "x.to(f'{device}:1')"),
        ("x.to(f'cuda:{i}')", "x.to(f'{device}:{i}')"),
        ("x.cuda()", "x.to(device)"),
        ("x.cuda(i)", 'x.to(f"{device}:{i}")'),
        ("make(device_type='cuda')", "make(device_type=device)"),
    ],
)
def test_the_type_of_the_device_is_said_everywhere(old: str, new: str) -> None:
    check_says(f"device = {CHOICE}\ndef f(x, i):\n    return {{}}\n", old, new)


# Devices


@pytest.mark.parametrize(
    "value", [f"torch.device({CHOICE})", "torch.device('cuda') if torch.cuda.is_available() else torch.device('cpu')"]
)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x.to('cuda')", "x.to(device)"),
        ("torch.ones(1, device='cuda')", "torch.ones(1, device=device)"),
        ("torch.load('f', map_location='cuda')", "torch.load('f', map_location=device)"),
        ("x.cuda(non_blocking=True)", "x.to(device, non_blocking=True)"),
        ("torch.device('cuda')", "torch.device(device)"),
        ("torch.device('cuda', i)", "torch.device(device.type, i)"),
        ("x.to('cuda:1')", "x.to(f'{device.type}:1')"),
        ("x.cuda(i)", 'x.to(f"{device.type}:{i}")'),
        ("make(device_type='cuda')", "make(device_type=device.type)"),
        ("make(device='cuda')", "make(device=device.type)"),
    ],
)
def test_a_device_is_said_where_torch_takes_one_and_its_type_elsewhere(value: str, old: str, new: str) -> None:
    check_says(f"device = {value}\ndef f(x, i):\n    return {{}}\n", old, new)


@pytest.mark.parametrize(("call", "text"), [("current_device_type", "device"), ("current_device", "device.type")])
def test_a_name_that_is_neutral_already_is_said_as_well(call: str, text: str) -> None:
    source = f"from cudafix.runtime import {call}\ndevice = {call}()\ndef f(x, i):\n    return {{}}\n"
    check_says(source, "x.to('cuda:1')", f"x.to(f'{{{text}}}:1')")


@pytest.mark.parametrize(
    "choice",
    [
        "if torch.cuda.is_available():\n    device = 'cuda'\nelse:\n    device = 'cpu'\n",
        "if not torch.cuda.is_available():\n    device = 'cpu'\nelse:\n    device = 'cuda'\n",
        "device = 'cpu'\nif torch.cuda.is_available():\n    device = 'cuda'\n",
        "if torch.cuda.is_available():\n    device = 'cuda'\nelif torch.xpu.is_available():\n    device = 'xpu'\n"
        "else:\n    device = 'cpu'\n",
        "device = 'cuda' if torch.cuda.is_available() else 'xpu' if torch.xpu.is_available() else 'cpu'\n",
    ],
)
def test_a_name_that_each_branch_of_a_choice_binds_is_said(choice: str) -> None:
    check_says(f"{choice}def f(x):\n    return {{}}\n", "x.to('cuda:1')", "x.to(f'{device}:1')")


def test_a_device_that_each_branch_of_a_choice_makes_is_said() -> None:
    choice = "if torch.cuda.is_available():\n    d = {0}('cuda')\nelse:\n    d = {0}('cpu')\n".format("torch.device")
    choice = choice.replace("d = ", "device = ")
    check_says(f"{choice}def f(x):\n    return {{}}\n", "x.to('cuda:1')", "x.to(f'{device.type}:1')")


# Which one


def test_an_attribute_that_init_sets_is_said_in_other_methods() -> None:
    check_says(
        f"class A:\n    def __init__(self):\n        self.device = {CHOICE}\n    def f(self, x):\n        {{}}\n",
        "x.to('cuda')",
        "x.to(self.device)",
    )


def test_a_local_name_goes_before_an_attribute_and_that_before_a_global_one() -> None:
    method = "    def f(self, x):\n        {}return {{}}\n"
    around = f"device = {CHOICE}\nclass A:\n    def __init__(self):\n        self.device = {CHOICE}\n"
    check_says(around + method.format(""), "x.to('cuda')", "x.to(self.device)")
    check_says(around + method.format(f"dev = {CHOICE}\n        "), "x.to('cuda')", "x.to(dev)")


def test_a_default_says_the_global_name() -> None:
    check_says(f"device = {CHOICE}\ndef f(x, device={{}}):\n    return x.to(device)\n", "'cuda'", "device")


def test_a_program_with_such_a_name_gets_no_constant() -> None:
    check_says(
        f"device = {CHOICE}\ndef f(x):\n    return {{}}\nif __name__ == '__main__':\n    f(1)\n",
        "x.to('cuda').to('cuda')",
        "x.to(device).to(device)",
    )
