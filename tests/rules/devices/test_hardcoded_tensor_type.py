"""CFX205: the tensor types of CUDA."""

from __future__ import annotations

from functools import partial

import checks
import pytest

TYPES = {"select": ["CFX205"], "ignore": []}

check_noop = partial(checks.check_noop, **TYPES)
check_finds = partial(checks.check_finds, **TYPES)
check_stays = partial(checks.check_stays, **TYPES)
check_unsafe = partial(checks.check_unsafe, **TYPES)

IMPORT = "import torch\nfrom cudafix.runtime import current_device_type\n"
ELSEWHERE = "the accelerator that is active"


@pytest.mark.parametrize(
    "source",
    [
        "torch.FloatTensor(2, 3)",
        "x.type('torch.FloatTensor')",
        "print('use torch.cuda.FloatTensor for that')",
        "if x.device.type == 'cuda':\n    x = x.type('torch.cuda.FloatTensor')",
        "if x.is_cuda:\n    x = torch.cuda.FloatTensor(2)",
    ],
)
def test_leaves_other_types_texts_and_branches_for_cuda_alone(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


def test_is_off_until_it_is_asked_for() -> None:
    checks.check_noop("import torch\nx = torch.cuda.FloatTensor([1.0])\n", select=[])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("torch.cuda.FloatTensor(n)", "sizes or data"),
        ("torch.cuda.FloatTensor(make(n))", "sizes or data"),
        ("torch.cuda.FloatTensor(size=n)", "sizes or data"),
        ("torch.cuda.FloatStorage(3)", "the type itself"),
        ("isinstance(x, torch.cuda.FloatTensor)", "the type itself"),
        ("Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor", "the type itself"),
        ("x.type() == 'torch.cuda.FloatTensor'", "the type itself"),
        ("x.type(torch.cuda.FloatTensor, True)", "the type itself"),
        ("x = torch.set_default_tensor_type('torch.cuda.FloatTensor')", "two statements"),
    ],
)
def test_what_cannot_be_told_and_the_type_itself_stay(source: str, reason: str) -> None:
    check_stays(f"import torch\n{source}\n", reason)


def test_a_constructor_without_torch_at_hand_stays() -> None:
    check_stays("from torch import nn\nfrom torch.cuda import FloatTensor\nx = FloatTensor([1.0])\n", "not at hand")


@pytest.mark.parametrize(
    ("arguments", "new"),
    [
        ("[1.0, n]", "tensor([1.0, n], "),
        ("(1.0, n)", "tensor((1.0, n), "),
        ("[*x, n]", "tensor([*x, n], "),
        ("np.ones(3)", "tensor(np.ones(3), "),
        ("3", "empty(3, "),
        ("n, m", "empty(n, m, "),
        ("*x.shape", "empty(*x.shape, "),
        ("x.size()", "empty(x.size(), "),
        ("x.shape", "empty(x.shape, "),
        ("", "empty(0, "),
    ],
)
def test_sizes_become_an_empty_tensor_and_data_a_tensor(arguments: str, new: str) -> None:
    source = "import torch\n{}import numpy as np\ndef f(x, n, m):\n    return torch.{}\n"
    check_unsafe(
        source.format("", f"cuda.FloatTensor({arguments})"),
        source.format(
            "from cudafix.runtime import current_device_type\n",
            f"{new}dtype=torch.float32, device=current_device_type())",
        ),
        ELSEWHERE,
    )


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("BFloat16", "bfloat16"),
        ("Bool", "bool"),
        ("Byte", "uint8"),
        ("Char", "int8"),
        ("Double", "float64"),
        ("Float", "float32"),
        ("Half", "float16"),
        ("Int", "int32"),
        ("Long", "int64"),
        ("Short", "int16"),
    ],
)
def test_each_type_has_its_dtype(kind: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    assert getattr(torch, f"{kind}Tensor")(1).dtype == getattr(torch, dtype)
    check_unsafe(
        f"import torch\nx = torch.cuda.{kind}Tensor(1)\n",
        f"{IMPORT}x = torch.empty(1, dtype=torch.{dtype}, device=current_device_type())\n",
        ELSEWHERE,
    )


def test_a_constructor_over_several_lines_keeps_them() -> None:
    check_unsafe(
        "import torch\nx = torch.cuda.LongTensor(\n    [\n        1,\n    ],\n)\n",
        f"{IMPORT}x = torch.tensor(\n    [\n        1,\n    ], dtype=torch.int64, device=current_device_type(),\n)\n",
        ELSEWHERE,
    )


@pytest.mark.parametrize("quote", ["torch.cuda.HalfTensor", "'torch.cuda.HalfTensor'"])
@pytest.mark.parametrize("rest", ["", ", non_blocking=True"])
def test_a_cast_to_a_type_moves_to_the_device_and_the_dtype(quote: str, rest: str) -> None:
    check_unsafe(
        f"import torch\ny = x.type({quote}{rest})\n",
        f"{IMPORT}y = x.to(current_device_type(), torch.float16{rest})\n",
        ELSEWHERE,
    )


@pytest.mark.parametrize("quote", ["torch.cuda.FloatTensor", "'torch.cuda.FloatTensor'"])
def test_a_default_type_becomes_a_default_device_and_a_default_dtype(quote: str) -> None:
    check_unsafe(
        f"import torch\n# why\ntorch.set_default_tensor_type({quote})  # all\nx = 1\n",
        f"{IMPORT}# why\ntorch.set_default_device(current_device_type())  # all\n"
        "torch.set_default_dtype(torch.float32)\nx = 1\n",
        ELSEWHERE,
    )


def test_in_a_program_the_constant_that_is_there_is_used() -> None:
    source = (
        "import torch\nfrom cudafix.runtime import current_device_type\n\nDEVICE_TYPE = current_device_type()\n"
        "def f():\n    return torch.{}\n"
    )
    check_unsafe(
        source.format("cuda.LongTensor(2)"),
        source.format("empty(2, dtype=torch.int64, device=DEVICE_TYPE)"),
        "the device of the program",
    )


def test_an_import_of_a_type_goes_with_its_last_use() -> None:
    check_unsafe(
        "import torch\nfrom torch.cuda import LongTensor\ntorch.ones(1)\ny = x.type(LongTensor)\n",
        "import torch\nfrom cudafix.runtime import current_device_type\ntorch.ones(1)\n"
        "y = x.to(current_device_type(), torch.int64)\n",
        ELSEWHERE,
    )


def test_a_comment_keeps_a_type() -> None:
    check_noop("import torch\nx = torch.cuda.LongTensor(2)  # cudafix: ignore[CFX205] -- for the kernel\n")
