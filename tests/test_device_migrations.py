"""What people change by hand when devices leave CUDA, and what broke when they did: each happened in a public project.

The shapes and bugs of literals, methods, defaults, mixed precision, process groups and tests; `test_migrations.py` has
those of calls, guards and ladders.
"""

from __future__ import annotations

from functools import partial

import checks
import pytest

EVERYTHING = {"select": ["CFX"], "ignore": ["CFX6"]}

check_unsafe = partial(checks.check_unsafe, **EVERYTHING)
check_fixes = partial(checks.check_fixes, unsafe=True, **EVERYTHING)
check_stays = partial(checks.check_stays, **EVERYTHING)
findings_in = partial(checks.findings_in, **EVERYTHING)

TYPE = "import torch\nfrom cudafix.runtime import current_device_type\n"
CHOICE = "torch.device('cuda' if torch.cuda.is_available() else 'cpu')"


# Shapes


def test_a_literal_becomes_the_name_of_the_device_that_is_in_scope() -> None:
    check_fixes(
        f"import torch\ndevice = {CHOICE}\nx = torch.randn(1, device='cuda')\ny = x.to('cuda')\n",
        f"{TYPE}device = torch.device(current_device_type())\nx = torch.randn(1, device=device)\ny = x.to(device)\n",
    )


def test_a_flow_of_one_device_through_a_module_is_one_finding() -> None:
    uses = "".join(f"x{number} = torch.ones(1, device=device).to(device)\n" for number in range(20))
    found = findings_in(f"import torch\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\n{uses}")
    assert [(one.start.row, one.code) for one in found] == [(2, "CFX301")]


@pytest.mark.parametrize("test", ["x.device.type == 'cuda'", "x.is_cuda", "'cuda' in str(x.device)"])
def test_a_question_that_means_on_a_gpu_is_offered_and_never_changed(test: str) -> None:
    source = f"import torch\nif {test}:\n    fast(x)\n"
    check_stays(source, "which is meant")
    (finding,) = findings_in(source)
    assert '!= "cpu"` asks for any accelerator' in finding.help


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f'cuda:{rank}'", "f'{current_device_type()}:{rank}'"),
        ("torch.device(f'cuda:{rank}')", "torch.device(f'{current_device_type()}:{rank}')"),
        ("torch.device('cuda', rank)", "torch.device(current_device_type(), rank)"),
    ],
)
def test_the_index_stays_beside_the_type(old: str, new: str) -> None:
    check_fixes(f"import torch\ndef f(rank):\n    device = {old}\n", f"{TYPE}def f(rank):\n    device = {new}\n")


def test_the_current_device_is_a_device_where_one_is_expected_and_an_index_elsewhere() -> None:
    check_fixes(
        "import torch\ndef f(x):\n    torch.ones(1)\n    return x.to(torch.cuda.current_device()), "
        "DDP(x, device_ids=[torch.cuda.current_device()])\n",
        "import torch\nfrom cudafix.runtime import current_device, current_device_index\ndef f(x):\n    torch.ones(1)\n"
        "    return x.to(current_device()), DDP(x, device_ids=[current_device_index()])\n",
    )


def test_the_total_memory_of_a_device_keeps_its_properties() -> None:
    check_fixes(
        "import torch\ntotal = torch.cuda.get_device_properties(0).total_memory\n",
        "from cudafix.runtime import get_device_properties\ntotal = get_device_properties(0).total_memory\n",
    )


def test_the_error_of_too_little_memory_has_a_neutral_name() -> None:
    check_fixes(
        "import torch\ntry:\n    f()\nexcept torch.cuda.OutOfMemoryError:\n    pass\n",
        "import torch\ntry:\n    f()\nexcept torch.OutOfMemoryError:\n    pass\n",
    )


def test_mixed_precision_is_that_of_the_accelerator() -> None:
    check_fixes(
        "import torch\nscaler = torch.cuda.amp.GradScaler()\nwith torch.autocast('cuda', torch.int8, x):\n    f()\n",
        "import torch\nfrom cudafix.runtime import autocast_device_type, device_grad_scaler\n"
        "scaler = device_grad_scaler()\nwith torch.autocast(autocast_device_type(), torch.int8, x):\n    f()\n",
    )


def test_the_backend_of_a_process_group_is_that_of_the_accelerator() -> None:
    check_fixes(
        "import torch.distributed as dist\ndef f():\n    dist.init_process_group('nccl')\n",
        "import torch.distributed as dist\nfrom cudafix.runtime import distributed_backend\ndef f():\n"
        "    dist.init_process_group(distributed_backend())\n",
    )


def test_a_skip_is_neutral_and_its_text_stays() -> None:
    check_fixes(
        "import pytest\nimport torch\n\n@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA')\n"
        "def test_a():\n    torch.ones(1)\n",
        "import pytest\nimport torch\nfrom cudafix.runtime import is_accelerator_available\n\n"
        "@pytest.mark.skipif(not is_accelerator_available(), reason='needs CUDA')\ndef test_a():\n    torch.ones(1)\n",
    )


def test_a_list_of_devices_for_a_test_has_the_active_one() -> None:
    check_fixes(
        "import pytest\nimport torch\n\n@pytest.mark.parametrize('device', ['cpu', 'cuda'])\ndef test_a(device): ...\n",
        "import pytest\nimport torch\nfrom cudafix.runtime import current_device_type\n\n"
        "@pytest.mark.parametrize('device', ['cpu', current_device_type()])\ndef test_a(device): ...\n",
    )


def test_a_default_argument_is_worked_out_when_the_function_is_called() -> None:
    check_fixes(
        "import torch\ndef f(x, device='cuda'):\n    return x.to(device)\n",
        f"{TYPE}def f(x, device=None):\n    if device is None:\n        device = current_device_type()\n"
        "    return x.to(device)\n",
    )


def test_a_legacy_constructor_says_its_dtype_and_device() -> None:
    check_fixes(
        "import torch\ndef f(v):\n    return torch.cuda.FloatTensor([v])\n",
        f"{TYPE}def f(v):\n    return torch.tensor([v], dtype=torch.float32, device=current_device_type())\n",
    )


def test_no_integer_takes_the_place_of_a_name() -> None:
    """`.to("cuda:0")` became `.to(0)` by hand, and was later reverted."""
    check_fixes(
        "import torch\ndef f(x):\n    return x.to('cuda:0')\n",
        f"{TYPE}def f(x):\n    return x.to(f'{{current_device_type()}}:0')\n",
    )


# Bugs


@pytest.mark.parametrize("use", ["x.to({})", "torch.ones(1, device={})"])
def test_bug_an_index_was_passed_for_a_device(use: str) -> None:
    """An int means CUDA for older torch, crashed on NPU, and is no device at all on the CPU."""
    source = "import torch\n{}def f(x):\n    torch.ones(1)\n    return {}\n"
    check_fixes(
        source.format("", use.format("torch.cuda.current_device()")),
        source.format("from cudafix.runtime import current_device\n", use.format("current_device()")),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f'cuda:{rank}'", "f'{current_device_type()}:{rank}'"),
        ("'cuda:' + str(rank)", "current_device_type() + ':' + str(rank)"),
        ("'cuda:{}'.format(rank)", "f'{current_device_type()}:{{}}'.format(rank)"),
        ("'cuda'", "current_device_type()"),
    ],
)
def test_bug_every_rank_ran_on_device_0(old: str, new: str) -> None:
    """`f"{current_accelerator().type}:0"` took the place of what had another index, or none."""
    source = "import torch\n{}def f(x, rank):\n    return x.to({})\n"
    check_fixes(source.format("", old), source.format("from cudafix.runtime import current_device_type\n", new))


def test_bug_the_context_of_a_device_was_taken_for_a_device() -> None:
    """`torch.npu.device(i)` is a context manager, `torch.device` is none."""
    check_fixes(
        "import torch\ndef f(x, i):\n    with torch.cuda.device(i):\n        return x.to(torch.device('cuda', i))\n",
        "import torch\nfrom cudafix.runtime import current_device_type, use_device\ndef f(x, i):\n"
        "    with use_device(i):\n        return x.to(torch.device(current_device_type(), i))\n",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("torch.cuda.set_device(rank)", "set_device_index(rank)"),
        ("torch.cuda.manual_seed_all(seed=7)", "manual_seed_all(seed=7)"),
        ("torch.cuda.mem_get_info(rank)", "device_memory_info(rank)"),
    ],
)
def test_bug_a_helper_was_called_without_its_argument(old: str, new: str) -> None:
    """`backend_empty_cache()` needed the device: a TypeError in six places."""
    name = new.partition("(")[0]
    check_fixes(
        f"import torch\ntorch.ones(1)\n{old}\n",
        f"import torch\nfrom cudafix.runtime import {name}\ntorch.ones(1)\n{new}\n",
    )


def test_bug_a_comparison_became_one_of_a_thing_with_itself() -> None:
    """`startswith("cuda")` became `startswith(torch_device)`, of `torch_device` itself: always true."""
    check_fixes(
        "import torch\nkind = 'cpu' if not torch_device.startswith('cuda') else 'cuda'\n",
        "import torch\nkind = torch.device(torch_device).type\n",
    )


def test_bug_an_import_was_lost_that_other_code_still_needs() -> None:
    """A name that nothing defined was left behind, seven times."""
    check_fixes(
        "import torch\nfrom torch.cuda import nvtx, synchronize\nsynchronize()\ntorch.ones(1)\nkinds = [nvtx]\n",
        "import torch\nfrom cudafix.runtime import synchronize_device\nfrom torch.cuda import nvtx\n"
        "synchronize_device()\ntorch.ones(1)\nkinds = [nvtx]\n",
    )


def test_bug_a_device_with_an_index_was_given_to_autocast() -> None:
    """It takes a type: a torch.device and `"cuda:0"` are a ValueError."""
    check_fixes(
        f"import torch\ndevice = {CHOICE}\nok = torch.amp.is_autocast_available('cuda')\n",
        f"{TYPE}device = torch.device(current_device_type())\nok = torch.amp.is_autocast_available(device.type)\n",
    )


def test_bug_autocast_was_switched_off_on_cuda_as_well() -> None:
    """What was off on one backend is said of that one, and of no other."""
    source = "import torch\nwith torch.autocast('cuda', enabled=device.type != 'mps'):\n    f()\n"
    check_fixes(
        source,
        "import torch\nfrom cudafix.runtime import autocast_device_type\n"
        "with torch.autocast(autocast_device_type(), enabled=device.type != 'mps'):\n    f()\n",
    )
