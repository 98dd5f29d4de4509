"""`is_available()`: what depends on the answer decides whether asking for any accelerator is right."""

from __future__ import annotations

from functools import partial

import checks
import pytest
from checks import check_noop, findings_in

from cudafix.catalogue.backends import BACKENDS, FAMILY, OTHERS
from cudafix.model import Safety

CALLS = {"select": ["CFX1"]}
"""The rules for calls alone: what the guard rule adds is in `rules/test_availability_guard.py`."""

check_fixes = partial(checks.check_fixes, **CALLS)
check_stays = partial(checks.check_stays, **CALLS)
check_unsafe = partial(checks.check_unsafe, **CALLS)

OTHER_NAMES = sorted({*BACKENDS, *FAMILY, *OTHERS} - {"cuda", "nvidia"})

SAFE_IMPORTS = "import torch\nfrom cudafix.runtime import is_accelerator_available, synchronize_device\n"


def check_guard_is_unsafe(source: str) -> None:
    found = [one.fix for one in findings_in(f"import torch\n{source}\n", **CALLS) if one.code == "CFX107"]
    assert [one.safety for one in found if one] == [Safety.UNSAFE]


def test_leaves_the_availability_of_other_things_alone() -> None:
    check_noop("import torch\nif torch.distributed.is_available() and is_available():\n    run()\n")


def test_a_guard_of_neutral_calls_is_safe() -> None:
    check_fixes(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.synchronize()
            torch.cuda.empty_cache(); torch.cuda.ipc_collect()
        """,
        """
        from cudafix.runtime import (
            collect_device_ipc,
            empty_device_cache,
            is_accelerator_available,
            synchronize_device,
        )
        if is_accelerator_available():
            synchronize_device()
            empty_device_cache(); collect_device_ipc()
        """,
    )


def test_a_guard_of_neutral_calls_through_an_imported_name_is_safe() -> None:
    check_fixes(
        "from torch.cuda import is_available, synchronize\nif is_available():\n    synchronize()\n",
        """
        from cudafix.runtime import is_accelerator_available, synchronize_device
        if is_accelerator_available():
            synchronize_device()
        """,
    )


def test_an_elif_that_guards_neutral_calls_is_safe() -> None:
    check_fixes(
        "import torch\nif cold:\n    heat()\nelif torch.cuda.is_available():\n    torch.cuda.synchronize()\n",
        """
        from cudafix.runtime import is_accelerator_available, synchronize_device
        if cold:
            heat()
        elif is_accelerator_available():
            synchronize_device()
        """,
    )


def test_a_test_that_stands_alone_is_unsafe() -> None:
    check_unsafe(
        "import torch\nfused = torch.cuda.is_available()\n",
        "from cudafix.runtime import is_accelerator_available\nfused = is_accelerator_available()\n",
        "true on any accelerator: CUDA-only code behind the test would start to run there",
    )


@pytest.mark.parametrize(
    "statement",
    [
        "kernel()",
        "pass",
        "return",
        "x = torch.cuda.device_count()",
        "torch.cuda.synchronize(0)",
        "torch.cuda.manual_seed_all(seed())",
        "print(torch.cuda.synchronize())",
        "with torch.cuda.device(0): torch.cuda.synchronize()",
        "torch.xpu.synchronize()",
    ],
)
def test_a_guard_of_anything_else_is_unsafe(statement: str) -> None:
    check_guard_is_unsafe(f"def f():\n    if torch.cuda.is_available():\n        {statement}")


@pytest.mark.parametrize(
    "source",
    [
        "if not torch.cuda.is_available():\n    torch.cuda.synchronize()",
        "if torch.cuda.is_available() and wait:\n    torch.cuda.synchronize()",
        "if run(torch.cuda.is_available()):\n    torch.cuda.synchronize()",
        "if torch.cuda.is_available:\n    torch.cuda.synchronize()",
        "if torch.cuda.is_available():\n    torch.cuda.synchronize()\nelse:\n    pass",
        "while torch.cuda.is_available():\n    torch.cuda.synchronize()",
        "n = torch.cuda.device_count() if torch.cuda.is_available() else 0",
        "assert torch.cuda.is_available()",
        "@skip(not torch.cuda.is_available())\ndef test(): ...",
        "use = torch.cuda.is_available()\nif use:\n    torch.cuda.synchronize()",
        "torch.cuda.is_available() and torch.cuda.synchronize()",
    ],
)
def test_any_other_test_is_unsafe(source: str) -> None:
    check_guard_is_unsafe(source)


NAMED = "the code that depends on it names CUDA itself"


@pytest.mark.parametrize(
    "source",
    [
        "device = 'cuda' if torch.cuda.is_available() else 'cpu'\n",
        'device = "cpu" if not torch.cuda.is_available() else "cuda:0"\n',
        "device = f'cuda:{rank}' if use and torch.cuda.is_available() else None\n",
        "if torch.cuda.is_available():\n    model.cuda()\n",
        "if torch.cuda.is_available():\n    return_to(torch.device('cuda', 0))\n",
        "if not torch.cuda.is_available():\n    pass\nelse:\n    model.to('cuda')\n",
        "if torch.cuda.is_available():\n    if big:\n        run(device='cuda')\n",
        "if torch.cuda.is_available():\n    self.test_forward(cuda=True)\n",
        "if torch.cuda.is_available():\n    with least_used_cuda_device():\n        self.test_forward()\n",
        "if torch.cuda.is_available():\n    model = to_cuda(model)\n",
    ],
)
def test_a_guard_of_code_that_names_cuda_stays(source: str) -> None:
    check_stays(f"import torch\n{source}", NAMED)


def test_code_that_names_cuda_after_the_guard_does_not_count() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\nmodel.cuda()\ntorch.ones(1)\n",
        SAFE_IMPORTS + "if is_accelerator_available():\n    synchronize_device()\nmodel.cuda()\ntorch.ones(1)\n",
        unsafe=True,
    )


LADDER = "it is one rung of a ladder over backends"


@pytest.mark.parametrize(
    "source",
    [
        "if torch.cuda.is_available():\n    a()\nelif torch.backends.mps.is_available():\n    b()\n",
        "if is_npu():\n    a()\nelif torch.cuda.is_available():\n    b()\n",
        "if a:\n    a()\nelif torch.cuda.is_available():\n    b()\nelif has_xpu:\n    c()\n",
        "if torch.cuda.is_available() and not torch.version.hip:\n    a()\n",
        "if torch.cuda.is_available() or is_torch_xla_available():\n    a()\n",
    ],
)
def test_a_rung_of_a_ladder_over_backends_stays(source: str) -> None:
    check_stays(f"import torch\n{source}", LADDER)


def test_a_ladder_around_the_test_is_another_one() -> None:
    check_fixes(
        """
        import torch
        if has_xpu:
            run()
        else:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
        """,
        """
        from cudafix.runtime import is_accelerator_available, synchronize_device
        if has_xpu:
            run()
        else:
            if is_accelerator_available():
                synchronize_device()
        """,
    )


@pytest.mark.parametrize("backend", ["xpu", "npu", "mps", "musa"])
def test_asking_for_another_backend_stays(backend: str) -> None:
    check_stays(
        f"import torch\nif torch.{backend}.is_available():\n    wait()\n",
        f"it asks for {backend.upper()} among the backends",
    )


def test_whether_cuda_is_initialised_is_no_question_of_availability() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_initialized():\n    model.cuda()\ntorch.ones(1)\n",
        """
        import torch
        from cudafix.runtime import is_device_initialized
        if is_device_initialized():
            model.cuda()
        torch.ones(1)
        """,
        unsafe=True,
    )


def test_a_condition_that_goes_on_about_cuda_itself_stays() -> None:
    check_stays(
        "import torch\nfast = torch.cuda.is_available() and torch.cuda.get_device_capability() >= (7, 5)\n",
        "the rest of the condition is about CUDA itself",
    )


def test_a_guard_around_what_is_cuda_only_stays() -> None:
    check_stays(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.nvtx.mark("x")
        """,
        "names CUDA itself",
    )


@pytest.mark.parametrize("body", ["\n        return", " return", "\n        raise OSError"])
def test_code_about_cuda_after_an_early_exit_depends_on_it(body: str) -> None:
    check_stays(f"import torch\ndef f(model):\n    if not torch.cuda.is_available():{body}\n    model.cuda()\n", NAMED)


def test_code_about_cuda_after_a_break_depends_on_it() -> None:
    check_stays(
        "import torch\nfor x in y:\n    if not torch.cuda.is_available():\n        break\n    x.cuda()\n", NAMED
    )


@pytest.mark.parametrize(
    "other",
    [
        "use_mps = torch.backends.mps.is_available()",
        "use_npu = is_torch_npu_available()",
        "is_hip = torch.version.hip is not None",
    ],
)
def test_a_flag_beside_one_for_another_backend_stays(other: str) -> None:
    source = f"import torch\nuse_cuda = torch.cuda.is_available()\n{other}\n"
    check_stays(source, f"beside `{other.split()[0]}`, `use_cuda` is about CUDA alone")


@pytest.mark.parametrize("other", ["use_mps = False", "inputs = read()", "def f():\n    use_mps = is_mps()"])
def test_a_flag_beside_another_name_asks_for_any_accelerator(other: str) -> None:
    check_fixes(
        f"import torch\nuse_cuda = torch.cuda.is_available()\n{other}\n",
        f"from cudafix.runtime import is_accelerator_available\nuse_cuda = is_accelerator_available()\n{other}\n",
        unsafe=True,
    )


def test_a_flag_before_an_early_return_from_code_about_cuda_stays() -> None:
    check_stays(
        "import torch\ndef f():\n    use_cuda = torch.cuda.is_available()\n    if not use_cuda:\n        return\n"
        "    run(torch.device('cuda'))\n",
        "the code that depends on `use_cuda` on line 4 names CUDA itself",
    )


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_second_test_for_a_backend_by_any_name_keeps_the_first_from_widening(name: str) -> None:
    source = f"""
        import torch
        if torch.cuda.is_available():
            model.load(1)
        elif is_{name}_available():
            model.load(2)
        """
    check_stays(source, "one rung of a ladder")


@pytest.mark.parametrize("name", ["ascend", "habana", "gcu", "npu"])
def test_a_branch_that_returns_for_another_backend_keeps_the_first_from_widening(name: str) -> None:
    source = f"""
        import torch
        def load(model):
            if torch.cuda.is_available():
                return model.load(1)
            elif is_{name}_available():
                return model.load(2)
        """
    check_stays(source, "one rung of a ladder")
