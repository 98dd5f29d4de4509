"""CFX202: `x.cuda()` moves a tensor or a module to CUDA."""

from __future__ import annotations

from functools import partial

import checks
import pytest

METHODS = {"select": ["CFX202"], "ignore": []}

check_noop = partial(checks.check_noop, **METHODS)
check_stays = partial(checks.check_stays, **METHODS)
check_unsafe = partial(checks.check_unsafe, **METHODS)
IMPORTS = "import torch\nfrom cudafix.runtime import current_device_type\n"


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.cuda()",
        "torch.cuda.synchronize()",
        "x = torch.version.cuda",
        "x = model.cuda",
        "class M(Module):\n    def cuda(self, device=None):\n        return super().cuda(device)",
        "if device == 'cuda':\n    x = x.cuda()",
        "cuda()",
    ],
)
def test_leaves_what_is_no_method_of_a_tensor_alone(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


def test_is_off_until_it_is_asked_for() -> None:
    checks.check_noop("import torch\nx = model.cuda()\n", select=[])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x.cuda()", "x.to(current_device_type())"),
        ("x.cuda(None)", "x.to(current_device_type())"),
        ("x.cuda(non_blocking=True)", "x.to(current_device_type(), non_blocking=True)"),
        ("x.cuda(memory_format=f)", "x.to(current_device_type(), memory_format=f)"),
        ("x.cuda(rank)", 'x.to(f"{current_device_type()}:{rank}")'),
        ("x.cuda(device=args.gpu)", 'x.to(f"{current_device_type()}:{args.gpu}")'),
        ("x.cuda(0, non_blocking=True)", 'x.to(f"{current_device_type()}:0", non_blocking=True)'),
        ("x.cuda(rank, True)", 'x.to(f"{current_device_type()}:{rank}", non_blocking=True)'),
        ("x.cuda(dist.get_rank())", 'x.to(f"{current_device_type()}:{dist.get_rank()}")'),
        ("make(a, b).cuda()", "make(a, b).to(current_device_type())"),
        ("x.cuda().half()", "x.to(current_device_type()).half()"),
        ("(\n    x  # why\n    .cuda()\n)", "(\n    x  # why\n    .to(current_device_type())\n)"),
        ("x.cuda().to(y.cuda())", "x.to(current_device_type()).to(y.to(current_device_type()))"),
    ],
)
def test_it_moves_to_the_active_device_and_keeps_the_rest(old: str, new: str) -> None:
    body = "torch.ones(1)\ndef f(x, rank, args):\n    return {}\n"
    before, after = (body.format(one.replace("\n", "\n    ")) for one in (old, new))
    check_unsafe(f"import torch\n{before}", IMPORTS + after, "the accelerator that is active")


@pytest.mark.parametrize("device", ["device", "self.device", "torch.device('cuda', 1)", "'cuda:1'", "f'cuda:{i}'"])
def test_a_device_is_passed_on_as_it_is(device: str) -> None:
    source = "import torch\ndef f(x, device):\n    return x.{}({}, non_blocking=True)\n"
    check_unsafe(source.format("cuda", device), source.format("to", device), "where it failed")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("x.cuda(*args)", "cannot be seen"),
        ("x.cuda(**kwargs)", "cannot be seen"),
        ("x.cuda(choose())", "may be a number, a device or something else"),
        ("x.cuda(ids[0])", "may be a number, a device or something else"),
    ],
)
def test_what_is_not_known_to_be_a_number_or_a_device_stays(call: str, reason: str) -> None:
    check_stays(f"import torch\ndef f(x):\n    return {call}\n", reason)


@pytest.mark.parametrize("name", ["device_id", "self.device_index", "args.device_rank", "dev_idx"])
def test_the_number_of_a_device_stays_an_index_of_the_active_type(name: str) -> None:
    """An int means CUDA for older torch, and is no device at all on the CPU."""
    source = "import torch\n{}torch.ones(1)\ndef f(x, args, self, device_id, dev_idx):\n    return x.{}\n"
    own = "from cudafix.runtime import current_device_type\n"
    new = f'to(f"{{current_device_type()}}:{{{name}}}")'
    check_unsafe(source.format("", f"cuda({name})"), source.format(own, new), "the accelerator that is active")


def test_a_storage_has_another_to_and_stays() -> None:
    check_stays(
        "import torch\nx = torch.load('f', map_location=lambda storage, loc: storage.cuda(device_id))\n",
        "is a storage, not a tensor",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x.cuda(torch.cuda.current_device())", "x.to(current_device())"),
        ("x.cuda(device=torch.cuda.current_device())", "x.to(current_device())"),
        ("x.cuda(torch.cuda.current_device(), True)", "x.to(current_device(), non_blocking=True)"),
    ],
)
def test_the_index_of_the_current_device_becomes_that_device_beside_its_own_finding(old: str, new: str) -> None:
    source = f"import torch\ndef f(x):\n    return {old}\n"
    settings = {"select": ["CFX105", "CFX202"], "ignore": []}
    checks.check_finds(source, "3 CFX202 ", "3 CFX105 torch.cuda.current_device", **settings)
    fixed = checks.fixed(source.encode(), unsafe=True, **settings).new_bytes
    assert fixed == f"from cudafix.runtime import current_device\ndef f(x):\n    return {new}\n".encode()


def test_a_number_that_is_worked_out_of_another_finding_waits_for_its_fix() -> None:
    check_stays("import torch\ndef f(x):\n    return x.cuda(int(torch.cuda.current_device()))\n", "may be a number")
