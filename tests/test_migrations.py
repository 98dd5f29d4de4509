"""What people change by hand when they leave CUDA, and what broke when they did: each happened in a public project.

The shapes and bugs about guards, ladders and calls; `runtime/test_migrations_at_runtime.py` has the running program.
"""

from __future__ import annotations

import pytest
from checks import check_fixes, check_noop, check_stays, check_unsafe, findings_in

RUNTIME = "from cudafix.runtime import"

# Shapes


def test_a_guard_goes_with_the_call_that_becomes_safe() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\n",
        f"{RUNTIME} empty_device_cache\nempty_device_cache()\n",
    )


def test_a_ladder_that_ends_in_cuda_becomes_one_call() -> None:
    check_unsafe(
        """
        import torch
        if is_xpu():
            torch.xpu.empty_cache()
        elif is_npu():
            torch.npu.empty_cache()
        else:
            torch.cuda.empty_cache()
        """,
        f"{RUNTIME} empty_device_cache\nempty_device_cache()\n",
        "a function or flag of the project decides now",
    )


def test_nested_choices_of_a_device_become_one_name() -> None:
    check_unsafe(
        "import torch\n"
        "d = 'cuda' if torch.cuda.is_available() else 'mps' if torch.backends.mps.is_available() else 'cpu'\n",
        f"{RUNTIME} current_device_type\nd = current_device_type()\n",
        "also chooses other accelerators",
    )


def test_a_branch_that_does_something_else_keeps_the_ladder() -> None:
    check_stays(
        """
        import torch
        if torch.backends.mps.is_available():
            raise RuntimeError("not in distributed mode")
        elif torch.cuda.is_available():
            torch.cuda.empty_cache()
        """,
        "does something else than the first",
        select=["CFX1", "CFX302"],
    )


def test_the_choice_of_a_device_keeps_its_arm_for_the_cpu() -> None:
    check_fixes(
        "import torch\nd = 'cuda:0' if torch.cuda.is_available() else 'cpu'\n",
        f"{RUNTIME} current_device_type, is_accelerator_available\n"
        "d = f'{current_device_type()}:0' if is_accelerator_available() else 'cpu'\n",
        unsafe=True,
    )


@pytest.mark.parametrize("test", ["x.device.type == 'cuda'", "x.is_cuda", "'cuda' in str(x.device)"])
def test_a_test_of_a_device_before_code_about_cuda_itself_is_never_touched(test: str) -> None:
    source = f"import torch\nif {test}:\n    ok = torch.cuda.get_device_capability(x.device) >= (8, 0)\n"
    assert all(one.fix is None for one in findings_in(source))


def test_a_function_that_is_bound_once_is_neutral_once() -> None:
    check_fixes(
        "import torch\nwait = torch.cuda.synchronize\ndef f():\n    wait()\n    wait()\n",
        f"{RUNTIME} synchronize_device\nwait = synchronize_device\ndef f():\n    wait()\n    wait()\n",
    )


def test_a_module_that_is_bound_once_is_passed_on() -> None:
    check_unsafe(
        "import torch\ndm = torch.get_device_module(device)\ndef f():\n    torch.cuda.empty_cache()\n",
        f"import torch\n{RUNTIME} empty_device_cache\n"
        "dm = torch.get_device_module(device)\ndef f():\n    empty_device_cache(dm)\n",
        "need not be the active one",
    )


def test_seeding_every_device_stays_a_call_of_its_own() -> None:
    check_fixes(
        "import torch\ntorch.manual_seed(s)\nif torch.cuda.is_available():\n    torch.cuda.manual_seed_all(s)\n",
        f"import torch\n{RUNTIME} manual_seed_all\ntorch.manual_seed(s)\nmanual_seed_all(s)\n",
    )


# Bugs


@pytest.mark.parametrize(
    "call",
    [
        "empty_cache()", "memory_allocated()", "max_memory_allocated()", "memory_reserved()", "memory_stats()",
        "current_stream()", "current_device()", "set_device(0)", "synchronize()", "mem_get_info()",
    ],
)  # fmt: skip
def test_bug_a_call_that_did_nothing_on_the_cpu_raised_there(call: str) -> None:
    """A CPU worker had to replace `torch.accelerator.synchronize` by a no-op; `mem_get_info` broke nightly tests."""
    found = findings_in(f"import torch\ntorch.cuda.{call}\n", route="accelerator", target_torch="2.14")
    assert [(one.fix is not None and one.fix.safety.value, "raises on a machine" in one.reason) for one in found] == [
        ("unsafe", True)
    ]


@pytest.mark.parametrize("name", ["get_device_name", "manual_seed_all", "is_bf16_supported", "ipc_collect"])
def test_bug_a_name_was_called_that_torch_accelerator_does_not_have(name: str) -> None:
    """`torch.accelerator.get_device_name`, `.mem_get_info` and `.manual_seed_all` do not exist."""
    (found,) = findings_in(f"import torch\ntorch.cuda.{name}(*a)\n", route="accelerator", target_torch="2.14")
    assert "torch.accelerator" not in found.help


def test_bug_the_context_of_a_device_broke_the_graph_in_compiled_code() -> None:
    """`torch.accelerator.device_index` cannot be traced where `torch.cuda.device` could."""
    check_fixes(
        "import torch\nwith torch.cuda.device(x.device):\n    launch(x)\n",
        f"{RUNTIME} use_device\nwith use_device(x.device):\n    launch(x)\n",
        route="accelerator",
        target_torch="2.14",
    )


def test_bug_words_and_comments_were_replaced() -> None:
    """A blind replacement made `initdevice_type_mesh` of `init"cuda"_mesh`."""
    check_noop('import torch\n# torch.cuda.empty_cache()\nx = "torch.cuda.empty_cache()", torch.ones(1)\n')


def test_bug_no_stream_was_entered() -> None:
    """`with torch.cuda.stream(None)` does nothing; `with None` is an error."""
    check_fixes(
        "import torch\nwith torch.cuda.stream(s if overlap else None):\n    f()\n",
        f"{RUNTIME} use_stream\nwith use_stream(s if overlap else None):\n    f()\n",
        unsafe=True,
    )


def test_bug_a_synchronisation_was_dropped() -> None:
    """The helper that a guard became emptied the cache, and no longer waited before."""
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\n    torch.cuda.empty_cache()\n"
        "    torch.cuda.synchronize()\n",
        f"{RUNTIME} empty_device_cache, synchronize_device\nsynchronize_device()\nempty_device_cache()\n"
        "synchronize_device()\n",
    )


def test_bug_a_ladder_lost_the_synchronisation_of_one_backend() -> None:
    """One backend waited before it emptied its cache, the other did not: wrong numbers on the one."""
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.npu.is_available():
            torch.npu.synchronize()
            torch.npu.empty_cache()
        """,
        "does something else than the first",
        select=["CFX1", "CFX302"],
    )


@pytest.mark.parametrize(
    ("call", "since"), [("empty_cache()", "2.9"), ("mem_get_info()", "2.10"), ("synchronize()", "2.6")]
)
def test_bug_the_oldest_torch_of_the_project_had_no_such_function(call: str, since: str) -> None:
    """`torch.accelerator` came with 2.6, its memory functions later."""
    before = f"2.{int(since.partition('.')[2]) - 1}"
    source = f"import torch\ntorch.cuda.{call}\n"
    told = {
        version: findings_in(source, route="accelerator", target_torch=version)[0].help for version in (before, since)
    }
    assert ["torch.accelerator" in told[version] for version in (before, since)] == [False, True]


def test_bug_the_branch_for_everything_else_was_cuda() -> None:
    """A helper whose `else` was CUDA called it on MPS: with the neutral call no such branch is left."""
    check_unsafe(
        """
        import torch
        def free(device):
            if device.type == "xpu":
                torch.xpu.empty_cache()
            elif device.type == "npu":
                torch.npu.empty_cache()
            else:
                torch.cuda.empty_cache()
        """,
        f"import torch\n{RUNTIME} empty_device_cache\ndef free(device):\n"
        "    empty_device_cache(torch.get_device_module(device))\n",
        "the device at hand decides",
    )
