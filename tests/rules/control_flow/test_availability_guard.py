"""CFX301: a guard on CUDA around what has a neutral form."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, check_stays, check_unsafe, findings_in, fixed

from cudafix.model import Safety


def guards(source: str) -> list[str]:
    """The safety of each guard's fix, "manual" where there is none."""
    found = [one for one in findings_in(source) if one.code == "CFX301"]
    return [one.fix.safety.value if one.fix else Safety.MANUAL.value for one in found]


@pytest.mark.parametrize(
    "source",
    [
        "if torch.cuda.is_available():\n    prepare()",
        "if torch.cuda.is_available():\n    model.cuda()",
        "if is_available():\n    torch.cuda.empty_cache()",
        "if ready:\n    torch.cuda.empty_cache()",
        "if torch.cuda.is_initialized():\n    torch.cuda.empty_cache()",
        "ok = torch.cuda.is_available()",
        "assert torch.cuda.is_available()",
        "while torch.cuda.is_available():\n    torch.cuda.empty_cache()",
        "if torch.xpu.is_available():\n    torch.xpu.empty_cache()",
        "if not torch.cuda.is_available():\n    torch.cuda.empty_cache()",
        "names = [] if torch.cuda.is_available() else ['cpu']",
        "def f(use_cuda):\n    if use_cuda:\n        torch.cuda.empty_cache()",
        "try:\n    torch.cuda.empty_cache()\nexcept ImportError:\n    pass",
        "try:\n    torch.cuda.empty_cache()\nexcept RuntimeError:\n    report()",
        "try:\n    torch.cuda.empty_cache()\n    load()\nexcept Exception:\n    pass",
        "try:\n    torch.cuda.empty_cache()\nexcept Exception:\n    pass\nelse:\n    load()",
        "try:\n    torch.cuda.empty_cache()\nfinally:\n    load()",
        "class CudaPlatform:\n    if torch.cuda.is_available():\n        torch.cuda.empty_cache()",
    ],
)
def test_leaves_what_is_no_guard_around_a_neutral_form_alone(source: str) -> None:
    assert guards(f"import torch\n{source}\n") == []


def test_a_guard_that_is_silenced_is_no_finding_and_neither_is_its_test() -> None:
    check_noop(
        """
        import torch
        if torch.cuda.is_available():  # noqa: CFX301
            torch.cuda.empty_cache()  # noqa: CFX101
        """
    )


def test_a_guard_whose_test_is_silenced_stays() -> None:
    assert guards("import torch\nif torch.cuda.is_available():  # noqa: CFX107\n    torch.cuda.empty_cache()\n") == []


def test_the_test_of_a_guard_is_reported_once() -> None:
    check_finds(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\n",
        "2 CFX301 torch.cuda.is_available",
        "3 CFX101 torch.cuda.empty_cache",
    )


# The guard goes


def test_a_guard_of_one_neutral_call_goes() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n",
    )


def test_a_guard_of_several_neutral_calls_goes() -> None:
    check_fixes(
        """
        import torch

        def finish(seed):
            gc.collect()

            if torch.cuda.is_available():
                torch.cuda.manual_seed_all(seed)
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
            return 1
        """,
        """
        from cudafix.runtime import empty_device_cache, manual_seed_all, synchronize_device

        def finish(seed):
            gc.collect()

            manual_seed_all(seed)
            synchronize_device()
            empty_device_cache()
            return 1
        """,
    )


def test_a_guard_on_one_line_goes() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available(): torch.cuda.empty_cache()  # now\n",
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()  # now\n",
    )


def test_a_guard_whose_else_passes_goes() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\nelse:\n    pass\n",
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n",
    )


def test_a_guard_after_another_condition_becomes_an_else() -> None:
    check_fixes(
        """
        import torch
        if stream:
            stream.synchronize()
        elif torch.cuda.is_available():
            torch.cuda.synchronize()
        """,
        """
        from cudafix.runtime import synchronize_device
        if stream:
            stream.synchronize()
        else:
            synchronize_device()
        """,
    )


def test_comments_in_the_guard_are_kept() -> None:
    check_fixes(
        """
        import torch
        def f():
            # free it
            if torch.cuda.is_available():  # on a GPU
                # all of it
                torch.cuda.empty_cache()  # at once
        """,
        """
        from cudafix.runtime import empty_device_cache
        def f():
            # free it
            # on a GPU
            # all of it
            empty_device_cache()  # at once
        """,
    )


def test_a_comment_that_would_be_lost_makes_it_unsafe() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        else:
            pass  # the CPU has no cache
        """.replace("torch.cuda.empty_cache()", "torch.cuda.ipc_collect()"),
        "from cudafix.runtime import collect_device_ipc\ncollect_device_ipc()\n",
        "a comment would be lost: # the CPU has no cache",
        select=["CFX301"],
    )


def test_the_rest_of_the_condition_stays() -> None:
    check_fixes(
        """
        import torch
        if flush and torch.cuda.is_available() and not idle:
            torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache
        if flush and not idle:
            empty_device_cache()
        """,
    )


def test_the_rest_of_a_long_condition_keeps_its_lines() -> None:
    check_fixes(
        """
        import torch
        def f(self):
            if (
                # Only then:
                self.settings["synchronize before and after each stage"] == "1"
                and torch.cuda.is_available()
                and self.name_of_the_stage == "denoising"  # the slow one
            ):
                torch.cuda.synchronize()
        """,
        """
        from cudafix.runtime import synchronize_device
        def f(self):
            if (
                # Only then:
                self.settings["synchronize before and after each stage"] == "1"
                and self.name_of_the_stage == "denoising"  # the slow one
            ):
                synchronize_device()
        """,
    )


def test_the_rest_of_the_condition_may_ask_what_has_a_neutral_answer() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available() and torch.cuda.device_count() > 1:
            torch.cuda.synchronize()
        """,
        """
        from cudafix.runtime import count_devices, synchronize_device
        if count_devices() > 1:
            synchronize_device()
        """,
    )


def test_a_rest_that_calls_something_keeps_the_guard_before_it() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available() and queue.pop():\n    torch.cuda.empty_cache()\n",
        """
        from cudafix.runtime import empty_device_cache, is_accelerator_available
        if is_accelerator_available() and queue.pop():
            empty_device_cache()
        """,
        unsafe=True,
    )


def test_an_early_return_goes() -> None:
    check_fixes(
        """
        import torch
        def release():
            if not torch.cuda.is_available():
                return

            torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache
        def release():
            empty_device_cache()
        """,
    )


def test_an_early_continue_goes() -> None:
    check_fixes(
        """
        import torch
        for pool in pools:
            pool.clear()
            if not torch.cuda.is_available():
                continue
            torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache
        for pool in pools:
            pool.clear()
            empty_device_cache()
        """,
    )


def test_an_early_return_inside_another_block_stays_neutral() -> None:
    check_fixes(
        """
        import torch
        def release():
            with lock:
                if not torch.cuda.is_available():
                    return
                torch.cuda.empty_cache()
            tell()
        """,
        """
        from cudafix.runtime import empty_device_cache, is_accelerator_available
        def release():
            with lock:
                if not is_accelerator_available():
                    return
                empty_device_cache()
            tell()
        """,
        unsafe=True,
    )


def test_an_early_return_of_what_the_neutral_call_answers_goes() -> None:
    check_fixes(
        """
        import torch
        def peak():
            if not torch.cuda.is_available():
                return 0.0
            return torch.cuda.max_memory_allocated() / 2**30
        """,
        """
        from cudafix.runtime import max_device_memory_allocated
        def peak():
            return max_device_memory_allocated() / 2**30
        """,
    )


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("torch.cuda.device_count() if torch.cuda.is_available() else 0", "count_devices()", "count_devices"),
        ("0 if not torch.cuda.is_available() else torch.cuda.device_count()", "count_devices()", "count_devices"),
        (
            "torch.cuda.is_available() and torch.cuda.is_bf16_supported() if a else b",
            "is_accelerator_available() and supports_bf16() if a else b",
            "",
        ),
        (
            "torch.cuda.memory_allocated(1) / 2**20 if torch.cuda.is_available() else 0.0",
            "device_memory_allocated(1) / 2**20",
            "device_memory_allocated",
        ),
    ],
)
def test_a_choice_of_what_the_neutral_call_answers_goes(old: str, new: str, name: str) -> None:
    after = f"from cudafix.runtime import {name}\nx = {new}\n" if name else f"import torch\nx = {old}\n"
    check_fixes(f"import torch\nx = {old}\n", after, select=["CFX301"])


def test_an_answer_of_another_type_keeps_the_choice() -> None:
    check_fixes(
        "import torch\nx = torch.cuda.memory_allocated() / 2 if torch.cuda.is_available() else None\n",
        """
        from cudafix.runtime import device_memory_allocated, is_accelerator_available
        x = device_memory_allocated() / 2 if is_accelerator_available() else None
        """,
        unsafe=True,
    )


def test_a_value_that_the_line_above_gives_already_needs_no_guard() -> None:
    check_fixes(
        "import torch\npeak = 0\nif torch.cuda.is_available():\n    peak = torch.cuda.max_memory_allocated()\n",
        "from cudafix.runtime import max_device_memory_allocated\npeak = 0\npeak = max_device_memory_allocated()\n",
    )


def test_a_flag_that_only_guards_goes_with_its_guards() -> None:
    check_fixes(
        """
        import torch
        def finish():
            use_cuda = torch.cuda.is_available()
            if use_cuda:
                torch.cuda.synchronize()
            tell()
            if use_cuda:
                torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache, synchronize_device
        def finish():
            synchronize_device()
            tell()
            empty_device_cache()
        """,
        unsafe=True,
    )


def test_a_flag_of_the_module_stays_since_others_may_import_it() -> None:
    check_fixes(
        "import torch\nHAS_CUDA = torch.cuda.is_available()\nif HAS_CUDA:\n    torch.cuda.empty_cache()\n",
        """
        import torch
        from cudafix.runtime import empty_device_cache
        HAS_CUDA = torch.cuda.is_available()
        empty_device_cache()
        """,
    )


def test_a_flag_that_asks_for_more_keeps_its_guards() -> None:
    check_fixes(
        """
        import torch
        def finish(args):
            use_cuda = not args.no_cuda and torch.cuda.is_available()
            if use_cuda:
                torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import empty_device_cache, is_accelerator_available
        def finish(args):
            use_cuda = not args.no_cuda and is_accelerator_available()
            if use_cuda:
                empty_device_cache()
        """,
        unsafe=True,
    )


def test_a_flag_that_is_set_twice_is_none() -> None:
    source = """
        import torch
        use_cuda = torch.cuda.is_available()
        use_cuda = forced
        if use_cuda:
            torch.cuda.empty_cache()
        """
    check_finds(source, "2 CFX107 torch.cuda.is_available", "5 CFX101 torch.cuda.empty_cache")


def test_a_flag_of_the_object_is_one() -> None:
    check_fixes(
        """
        import torch
        class Meter:
            def __init__(self):
                self.on_gpu = torch.cuda.is_available()
            def stop(self):
                if self.on_gpu:
                    torch.cuda.synchronize()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        class Meter:
            def __init__(self):
                self.on_gpu = torch.cuda.is_available()
            def stop(self):
                synchronize_device()
        """,
    )


def test_a_test_whether_torch_has_cuda_at_all_goes_with_it() -> None:
    check_fixes(
        "import torch\nif hasattr(torch, 'cuda') and torch.cuda.is_available():\n    torch.cuda.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n",
    )


def test_a_call_that_is_tried_needs_no_try() -> None:
    check_unsafe(
        """
        import torch
        try:
            torch.cuda.empty_cache()
        except Exception:
            pass
        """,
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n",
        "an error of the device is no longer ignored",
        select=["CFX301"],
    )


def test_a_call_after_and_needs_no_guard() -> None:
    check_fixes(
        "import torch\ntorch.cuda.is_available() and torch.cuda.synchronize()\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device()\n",
    )


def test_a_guard_around_a_call_that_is_neutral_already_goes() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import empty_device_cache
        if torch.cuda.is_available():
            empty_device_cache()
            torch.cuda.synchronize()
        """,
        """
        from cudafix.runtime import empty_device_cache, synchronize_device
        empty_device_cache()
        synchronize_device()
        """,
    )


def test_a_helper_that_is_no_longer_asked_is_no_longer_imported() -> None:
    check_fixes(
        "import torch\nfrom pkg import is_cuda, other\nif is_cuda():\n    torch.cuda.empty_cache()\nother()\n",
        "from cudafix.runtime import empty_device_cache\nfrom pkg import other\nempty_device_cache()\nother()\n",
        unsafe=True,
    )


# The guard becomes neutral


def test_a_guard_of_other_code_as_well_asks_for_any_accelerator() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\n    tell()\n",
        """
        from cudafix.runtime import is_accelerator_available, synchronize_device
        if is_accelerator_available():
            synchronize_device()
            tell()
        """,
        unsafe=True,
    )


def test_a_guard_that_raises_asks_for_any_accelerator() -> None:
    check_fixes(
        """
        import torch
        def wait():
            if not torch.cuda.is_available():
                raise RuntimeError("no GPU")
            torch.cuda.synchronize()
        """,
        """
        from cudafix.runtime import is_accelerator_available, synchronize_device
        def wait():
            if not is_accelerator_available():
                raise RuntimeError("no GPU")
            synchronize_device()
        """,
        unsafe=True,
    )


def test_an_argument_that_is_worked_out_keeps_the_guard() -> None:
    assert guards("import torch\nif torch.cuda.is_available():\n    torch.cuda.manual_seed_all(draw())\n") == ["unsafe"]


def test_an_argument_that_names_a_device_of_cuda_keeps_the_guard() -> None:
    assert guards("import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize('cuda:0')\n") == ["manual"]


def test_a_loop_over_all_devices_needs_no_guard() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            for index in range(torch.cuda.device_count()):
                with torch.cuda.device(index):
                    torch.cuda.empty_cache()
        """,
        """
        from cudafix.runtime import count_devices, empty_device_cache, use_device
        for index in range(count_devices()):
            with use_device(index):
                empty_device_cache()
        """,
    )


def test_a_loop_over_all_devices_that_does_more_keeps_the_guard() -> None:
    loop = "for index in range(torch.cuda.device_count()):\n        wrap(index)\n"
    assert guards(f"import torch\nif torch.cuda.is_available():\n    {loop}") == ["unsafe"]


def test_what_raises_without_an_accelerator_keeps_the_guard() -> None:
    assert guards("import torch\nif torch.cuda.is_available():\n    print(torch.cuda.get_device_name())\n") == [
        "unsafe"
    ]


# Devices


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'cuda' if torch.cuda.is_available() else 'cpu'", "current_device_type()"),
        ("'cpu' if not torch.cuda.is_available() else 'cuda'", "current_device_type()"),
        ("torch.device('cuda' if torch.cuda.is_available() else 'cpu')", "torch.device(current_device_type())"),
        (
            "torch.device('cuda') if torch.cuda.is_available() else torch.device('cpu')",
            "torch.device(current_device_type())",
        ),
    ],
)
def test_the_choice_of_a_device_becomes_the_neutral_device(old: str, new: str) -> None:
    check_unsafe(
        f"import torch\nx = {old}\ny = torch.ones(1)\n",
        f"import torch\nfrom cudafix.runtime import current_device_type\nx = {new}\ny = torch.ones(1)\n",
        "also chooses other accelerators",
    )


def test_the_choice_of_a_device_in_branches_becomes_the_neutral_device() -> None:
    check_unsafe(
        """
        import torch
        if torch.cuda.is_available():
            device = torch.device("cuda")
        else:
            device = torch.device("cpu")
        """,
        """
        import torch
        from cudafix.runtime import current_device_type
        device = torch.device(current_device_type())
        """,
        "also chooses other accelerators",
    )


def test_the_choice_of_a_device_in_returns_becomes_the_neutral_device() -> None:
    check_unsafe(
        """
        import torch
        def pick():
            if torch.cuda.is_available():
                return "cuda"
            return "cpu"
        """,
        "from cudafix.runtime import current_device_type\ndef pick():\n    return current_device_type()\n",
        "also chooses other accelerators",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'cuda:0'", "f'{current_device_type()}:0'"),
        ("f'cuda:{rank}'", "f'{current_device_type()}:{rank}'"),
        ("torch.device('cuda', rank)", "torch.device(current_device_type(), rank)"),
    ],
)
def test_the_index_of_a_device_is_kept(old: str, new: str) -> None:
    imports = "from cudafix.runtime import current_device_type, is_accelerator_available\n"
    check_fixes(
        f"import torch\nx = {old} if torch.cuda.is_available() else 'cpu'\ny = torch.ones(1)\n",
        f"import torch\n{imports}x = {new} if is_accelerator_available() else 'cpu'\ny = torch.ones(1)\n",
        unsafe=True,
    )


def test_the_index_of_the_current_device_inside_the_string_is_neutral_too() -> None:
    check_fixes(
        "import torch\nx = f'cuda:{torch.cuda.current_device()}' if torch.cuda.is_available() else 'cpu'\n",
        """
        from cudafix.runtime import (
            current_device_index,
            current_device_type,
            is_accelerator_available,
        )
        x = (
            f'{current_device_type()}:{current_device_index()}'
            if is_accelerator_available()
            else 'cpu'
        )
        """,
        unsafe=True,
        edits=False,
    )


def test_the_choice_of_a_device_by_a_flag_that_asks_for_more_keeps_the_flag() -> None:
    check_fixes(
        """
        import torch
        use_cuda = not args.no_cuda and torch.cuda.is_available()
        device = torch.device("cuda" if use_cuda else "cpu")
        """,
        """
        import torch
        from cudafix.runtime import current_device_type, is_accelerator_available
        use_cuda = not args.no_cuda and is_accelerator_available()
        device = torch.device(current_device_type() if use_cuda else "cpu")
        """,
        unsafe=True,
    )


# A device that stands above the guard, for the machine without


@pytest.mark.parametrize("name", ["device", "self.device", "model.device"])
def test_a_device_above_the_guard_becomes_the_neutral_device(name: str) -> None:
    check_unsafe(
        f"import torch\n# The default.\n{name} = 'cpu'  # slow\nif torch.cuda.is_available():\n    {name} = 'cuda'\n",
        f"from cudafix.runtime import current_device_type\n# The default.\n{name} = current_device_type()  # slow\n",
        "also chooses other accelerators",
    )


def test_a_device_above_a_guard_that_asks_for_more_stays() -> None:
    check_unsafe(
        "import torch\ndevice = 'cpu'\nif args.gpu and torch.cuda.is_available():\n    device = 'cuda'\n",
        """
        from cudafix.runtime import current_device_type, is_accelerator_available
        device = 'cpu'
        if args.gpu and is_accelerator_available():
            device = current_device_type()
        """,
        "also chooses other accelerators",
    )


def test_a_device_above_a_guard_that_chooses_an_index_stays() -> None:
    check_unsafe(
        "import torch\ndevice = 'cpu'\nif torch.cuda.is_available():\n    device = f'cuda:{rank}'\n",
        """
        from cudafix.runtime import current_device_type, is_accelerator_available
        device = 'cpu'
        if is_accelerator_available():
            device = f'{current_device_type()}:{rank}'
        """,
        "also chooses other accelerators",
    )


def test_a_comment_in_the_guard_below_the_device_is_told() -> None:
    check_unsafe(
        "import torch\nd = 'cpu'\nif torch.cuda.is_available():\n    d = 'cuda'  # fast\n",
        "from cudafix.runtime import current_device_type\nd = current_device_type()\n",
        "a comment would be lost: # fast",
    )


@pytest.mark.parametrize(
    "source",
    [
        "device = 'cpu'\nif device == 'cpu' and torch.cuda.is_available():\n    device = 'cuda'\n",
        "device = 'cpu'\nif torch.cuda.is_available():\n    device = choose(device, 'cuda')\n",
        "device = 'cpu'\nif torch.cuda.is_available():\n    other = 'cuda'\n",
        "device = 'cpu'\nif torch.cuda.is_available():\n    device = 'cuda'\n    f('cuda')\n",
        "device = other = 'cpu'\nif torch.cuda.is_available():\n    device = 'cuda'\n",
        "device = 'meta'\nif torch.cuda.is_available():\n    device = 'cuda'\n",
        "device = 'cpu'\nf()\nif torch.cuda.is_available():\n    device = 'cuda'\n",
    ],
)
def test_a_guard_that_does_more_than_to_replace_the_device_above_stays(source: str) -> None:
    check_stays("import torch\n" + source, "names CUDA itself")


# A device at hand, a function of the project


def test_a_device_at_hand_is_passed_on() -> None:
    check_unsafe(
        "import torch\nif device.type == 'cuda':\n    torch.cuda.empty_cache()\n",
        """
        import torch
        from cudafix.runtime import empty_device_cache
        empty_device_cache(torch.get_device_module(device))
        """,
        "the device at hand decides",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "if x.device.type == 'cuda':\n    n = torch.cuda.memory_allocated(x.device)\nelse:\n    n = 0\n",
            "n = device_memory_allocated(x.device)\n",
        ),
        (
            "n = torch.cuda.memory_allocated() if device.type == 'cuda' else 0\n",
            "n = device_memory_allocated(device)\n",
        ),
        (
            "def f(device):\n    if device.type != 'cuda':\n        return 0\n"
            "    return torch.cuda.memory_allocated(device) // 2\n",
            "def f(device):\n    return device_memory_allocated(device) // 2\n",
        ),
        (
            "def f(device):\n    if device.type == 'cuda':\n        return torch.cuda.memory_allocated(device)\n"
            "    return 0\n",
            "def f(device):\n    return device_memory_allocated(device)\n",
        ),
    ],
)
def test_a_value_for_a_device_at_hand_that_the_neutral_call_gives_for_any_needs_no_guard(
    before: str, after: str
) -> None:
    check_unsafe(
        f"import torch\n{before}",
        f"from cudafix.runtime import device_memory_allocated\n{after}",
        "the device at hand decides",
    )


@pytest.mark.parametrize(
    "source",
    [
        "n = torch.cuda.memory_allocated() if device.type == 'cuda' else 1",
        "n = torch.cuda.mem_get_info(device) if device.type == 'cuda' else 0",
        "n = torch.cuda.memory_allocated(other) if device.type == 'cuda' else measure(0)",
    ],
)
def test_another_value_for_other_devices_means_the_device(source: str) -> None:
    check_noop(f"import torch\n{source}\n", ignore=["CFX2", "CFX305"])


def test_a_tensor_at_hand_has_a_device() -> None:
    check_fixes(
        "import torch\nif x.is_cuda:\n    torch.cuda.synchronize()\n",
        "import torch\ntorch.get_device_module(x.device).synchronize()\n",
        unsafe=True,
    )


def test_a_function_of_the_project_is_not_known_to_ask_what_torch_asks() -> None:
    check_unsafe(
        "import torch\nif is_cuda():\n    torch.cuda.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n",
        "a function or flag of the project decides now",
    )


# What stays


@pytest.mark.parametrize(
    "source",
    [
        "if torch.cuda.is_available():\n    torch.cuda.synchronize()\n    model.cuda()\n",
        "if torch.cuda.is_available():\n    if torch.cuda.get_device_properties(0).major < 8:\n        slow()\n",
        "if torch.cuda.is_available():\n    torch.cuda.empty_cache()\n    os.environ['CUDA_VISIBLE_DEVICES'] = '0'\n",
    ],
)
def test_a_guard_of_code_about_cuda_itself_stays(source: str) -> None:
    assert guards(f"import torch\n{source}") == ["manual"]


def test_a_guard_of_a_call_that_stays_says_which() -> None:
    check_stays(
        "import torch\nif torch.cuda.is_available():\n    print(torch.cuda.get_device_capability())\n    other()\n",
        "`torch.cuda.get_device_capability` on line 3 stays: compute capability is a notion of CUDA",
        select=["CFX301"],
    )


def test_a_guard_of_a_call_that_a_comment_keeps_stays() -> None:
    check_stays(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()  # noqa: CFX104\n",
        "a comment keeps `torch.cuda.synchronize` on line 3",
        select=["CFX301", "CFX104"],
    )


def test_a_condition_that_leaves_another_backend_out_stays() -> None:
    check_stays(
        "import torch\nif torch.cuda.is_available() and not is_npu():\n    torch.cuda.empty_cache()\n",
        "the condition leaves another backend out",
        select=["CFX301"],
    )


def test_a_guard_that_an_earlier_safe_fix_left_around_a_neutral_call_is_found() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import empty_device_cache
        if torch.cuda.is_available():
            empty_device_cache()
        """,
        "from cudafix.runtime import empty_device_cache\nempty_device_cache()\n",
    )


@pytest.mark.parametrize(
    "body",
    [
        "torch.cuda.set_device(rank % torch.cuda.device_count())",
        "torch.cuda.synchronize(*devices)",
        "torch.cuda.manual_seed(a.b.c)",
        "with torch.cuda.device(0):\n        torch.cuda.empty_cache()",
    ],
)
def test_what_may_raise_without_an_accelerator_is_not_safe_without_the_guard(body: str) -> None:
    assert "safe" not in guards(f"import torch\nif torch.cuda.is_available():\n    {body}\n")


def test_a_quotient_by_what_may_be_zero_keeps_the_guard() -> None:
    assert guards("import torch\nx = torch.cuda.memory_allocated() / n if torch.cuda.is_available() else 0.0\n") == [
        "unsafe"
    ]


def test_a_value_ladder_without_else_becomes_one_neutral_branch() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            n = torch.cuda.device_count()
        elif torch.xpu.is_available():
            n = torch.xpu.device_count()
        """,
        """
        from cudafix.runtime import count_devices, is_accelerator_available
        if is_accelerator_available():
            n = count_devices()
        """,
        unsafe=True,
    )


def test_a_flag_that_is_set_later_keeps_its_guards() -> None:
    source = """
        import torch
        class A:
            flag = False
            def enable(self):
                self.flag = torch.cuda.is_available()
            def f(self):
                if self.flag:
                    torch.cuda.synchronize()
        """
    assert guards(source) == []


@pytest.mark.parametrize(
    "test",
    [
        "not torch.cuda.is_available() or not ready(d)",
        "not ready(d) or not torch.cuda.is_available()",
        "not (torch.cuda.is_available() and ready(d))",
    ],
)
def test_an_early_return_that_leaves_for_another_reason_too_is_a_guard_that_stays(test: str) -> None:
    source = f"import torch\ndef f(d):\n    if {test}:\n        return\n    torch.cuda.synchronize()\n"
    assert guards(source) == ["unsafe"]


def test_a_guard_that_asks_for_the_build_as_well_is_found_and_stays() -> None:
    test = "not torch.cuda.is_available() or torch.version.cuda is None"
    assert guards(
        f"import torch\ndef f():\n    if {test}:\n        return\n    torch.cuda.synchronize()\n    x()\n"
    ) == ["manual"]


def test_an_early_return_that_cuda_need_not_survive_is_no_guard() -> None:
    test = "not torch.cuda.is_available() and strict"
    assert guards(f"import torch\ndef f():\n    if {test}:\n        return\n    torch.cuda.synchronize()\n") == []


def test_a_body_that_a_backslash_joins_to_an_empty_line_is_read() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available(): torch.cuda.synchronize() \\\n\nx = 1\n",
        "from cudafix.runtime import synchronize_device\nsynchronize_device() \\\n\nx = 1\n",
        edits=False,
    )


@pytest.mark.parametrize("call", ["torch.cuda.synchronize()", "torch.cuda.set_device(0)"])
def test_a_call_that_tells_of_errors_on_the_device_keeps_its_try(call: str) -> None:
    source = f"import torch\ntry:\n    {call}\nexcept Exception:\n    pass\n"
    after = fixed(source.encode(), unsafe=True).new_bytes
    assert after is not None
    assert b"try:" in after


@pytest.mark.parametrize(
    "source",
    [
        "if not torch.cuda.is_available():\n        return 'CUDA is not available'\n    torch.cuda.synchronize()",
        "if torch.cuda.is_available():\n        # CUDA needs a moment\n        wait(torch.cuda.memory_stats())",
        "# Patches for NVIDIA cards.\n    if torch.cuda.is_available():\n        wait(torch.cuda.memory_stats())",
        "return f'cuda.available={torch.cuda.is_available()}'",
    ],
)
def test_a_test_beside_a_text_that_speaks_of_cuda_stays(source: str) -> None:
    check_stays(f"import torch\ndef f():\n    {source}\n", "speaks of CUDA, and would be false of another accelerator")


def test_none_for_the_device_that_was_saved_stays() -> None:
    check_stays(
        "import torch\ndef f(p):\n"
        "    return torch.load(p, map_location=None if torch.cuda.is_available() else 'cpu')\n",
        "None stands for the device that was saved",
    )


def test_a_chain_of_tests_that_leave_stays() -> None:
    check_stays(
        """
        import torch
        def peak(device):
            if torch.cuda.is_available():
                return torch.cuda.max_memory_allocated(device)
            if hasattr(torch, "xpu") and torch.xpu.is_available():
                return own_peak(device)
            return 0.0
        """,
        "on line",
    )


def test_a_missing_function_is_not_caught_by_a_handler_of_other_errors() -> None:
    check_stays(
        """
        import torch
        def share():
            try:
                return torch.cuda.utilization()
            except (RuntimeError, AssertionError):
                return 0
        """,
        "that is an AttributeError, which is not caught here",
    )
