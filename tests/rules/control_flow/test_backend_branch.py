"""CFX305: a backend's function in a branch for this very backend."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, check_stays, check_unsafe

ALONE = {"select": ["CFX305"]}


@pytest.mark.parametrize(
    "source",
    [
        "if torch.cuda.is_available():\n    torch.cuda.empty_cache()",
        "if ready:\n    torch.cuda.empty_cache()",
        "if is_npu():\n    a()\nelse:\n    torch.cuda.empty_cache()",
        "if device.type != 'cpu':\n    torch.cuda.empty_cache()",
    ],
)
def test_leaves_what_stands_in_no_branch_for_its_backend_alone(source: str) -> None:
    check_noop(f"import torch\n{source}\n", **ALONE)


@pytest.mark.parametrize(
    "source",
    [
        "if device == 'npu':\n    torch.npu.synchronize()",
        "if device.type == 'npu' and ready:\n    torch.npu.synchronize()",
        "if is_npu():\n    torch.npu.synchronize()",
        "if a:\n    b()\nelif is_npu(): torch.npu.synchronize()",
        "if torch.npu.is_available():\n    torch.npu.synchronize()",
        "if not is_npu():\n    a()\nelse: torch.npu.synchronize()",
        "match device.type:\n    case 'npu': torch.npu.synchronize()",
        "is_npu() and \\\n    torch.npu.synchronize()",
        "is_npu() and (\n    torch.npu.synchronize())",
        "class NPUAccelerator:\n    def f(self): torch.npu.synchronize()",
        "def npu_wait():\n    torch.npu.synchronize()",
    ],
)
def test_a_call_in_a_branch_for_its_backend_is_reported_by_this_rule_alone(source: str) -> None:
    rows = {"3 CFX305 torch.npu.synchronize", "4 CFX305 torch.npu.synchronize"}
    found = f"import torch\n{source}\n"
    check_noop(found, select=["CFX104"])
    row = next(number for number, line in enumerate(found.split("\n"), 1) if "npu.synchronize" in line)
    assert f"{row} CFX305 torch.npu.synchronize" in rows
    check_finds(found, f"{row} CFX305 torch.npu.synchronize", **ALONE)


def test_a_call_after_all_other_devices_have_left_is_meant() -> None:
    check_finds(
        """
        import torch
        def f(device):
            if device.type != "cuda":
                return
            torch.cuda.synchronize()
        """,
        "5 CFX305 torch.cuda.synchronize",
        select=["CFX1", "CFX305"],
    )


@pytest.mark.parametrize(
    "source",
    [
        "class CudaAccelerator:\n    def is_available(self):\n        return torch.cuda.is_available()",
        "if device == 'cuda':\n    n = 0\n    n = torch.cuda.device_count() if torch.cuda.is_available() else 0",
    ],
)
def test_a_question_about_the_backend_that_is_meant_is_no_hardcoding(source: str) -> None:
    source = f"import torch\n{source}\n"
    check_noop(source, select=["CFX1", "CFX3"], ignore=["CFX305"])
    check_stays(source, "it stands in a branch for CUDA, where it is meant", **ALONE)


def test_a_branch_of_a_ladder_over_several_backends_is_for_its_own() -> None:
    check_finds(
        """
        import torch
        if torch.cuda.is_available():
            torch.cuda.ipc_collect()
        elif torch.xpu.is_available():
            torch.xpu.empty_cache()
        """,
        "3 CFX305 torch.cuda.ipc_collect",
        "5 CFX305 torch.xpu.empty_cache",
        select=["CFX101", "CFX103", "CFX305"],
    )


def test_the_cache_of_the_backend_that_is_meant_is_emptied_through_the_neutral_function() -> None:
    check_fixes(
        """
        import torch
        def free(device, empty_cache):
            if device == "cuda":
                if empty_cache:
                    torch.cuda.empty_cache()
            elif device == "npu":
                n = torch.npu.device_count()
                torch.npu.empty_cache()
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        def free(device, empty_cache):
            if device == "cuda":
                if empty_cache:
                    empty_device_cache(torch.cuda)
            elif device == "npu":
                n = torch.npu.device_count()
                empty_device_cache(torch.npu)
        """,
        **ALONE,
    )


def test_a_module_that_is_passed_to_the_neutral_function_is_no_finding() -> None:
    check_noop("import torch\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache(torch.npu)\n")


def test_a_result_that_may_be_used_is_unsafe() -> None:
    check_unsafe(
        "import torch\nif is_npu():\n    done = torch.npu.empty_cache()\n",
        "import torch\nfrom cudafix.runtime import empty_device_cache\nif is_npu():\n"
        "    done = empty_device_cache(torch.npu)\n",
        "the result may be used",
        **ALONE,
    )


def test_any_other_function_has_no_fix() -> None:
    check_stays("import torch\nif is_npu():\n    torch.npu.synchronize()\n", "where it is meant", **ALONE)


def test_a_function_without_its_module_has_no_fix() -> None:
    check_stays(
        "from torch.npu import empty_cache\nif is_npu():\n    empty_cache()\n",
        "the backend's module is not at hand here",
        **ALONE,
    )


def test_a_call_after_other_devices_have_left_for_one_reason_or_another_is_meant() -> None:
    check_finds(
        """
        import torch
        def f(device):
            if device.type != "cuda" or busy:
                return
            torch.cuda.synchronize()
        """,
        "5 CFX305 torch.cuda.synchronize",
        select=["CFX1", "CFX305"],
    )


@pytest.mark.parametrize(
    "path", ["npu/cmo.py", "backends/npu/graph_runner.py", "npu_utils.py", "memory_ascend.py", "platforms/npu.py"]
)
def test_a_file_that_is_named_after_a_backend_means_it(path: str) -> None:
    source = "import torch\ntorch.npu.synchronize()\n"
    check_noop(source, path, select=["CFX1"])
    check_finds(source, "2 CFX305 torch.npu.synchronize", path=path, **ALONE)


@pytest.mark.parametrize("path", ["input.py", "xpu/memory.py", "npus.py"])
def test_a_file_that_is_named_after_something_else_does_not(path: str) -> None:
    check_finds("import torch\ntorch.npu.synchronize()\n", "2 CFX104 torch.npu.synchronize", path=path)


def test_a_function_that_is_named_after_the_maker_means_its_backend() -> None:
    check_finds(
        "import torch\ndef free_on_ascend():\n    return torch.npu.mem_get_info()[0]\n",
        "3 CFX305 torch.npu.mem_get_info",
        **ALONE,
    )


def test_a_file_that_is_named_after_cuda_hardcodes_it_all_the_same() -> None:
    check_finds("import torch\ntorch.cuda.synchronize()\n", "2 CFX104 torch.cuda.synchronize", path="cuda/graphs.py")


@pytest.mark.parametrize(
    "source",
    [
        "if device.type == 'cuda':\n    x.to('cuda')",
        "if device.type == 'cuda':\n    x = x.cuda()",
        "if is_cuda():\n    device = 'cuda:0'",
        "if x.is_cuda:\n    y = torch.ones(1, device='cuda')",
        "if torch.cuda.is_available() and device == 'cuda':\n    device_str = f'cuda:{index}'",
    ],
)
def test_a_device_of_cuda_in_a_branch_for_it_is_reported_by_this_rule_alone(source: str) -> None:
    found = f"import torch\n{source}\n"
    check_noop(found, select=["CFX2"], ignore=["CFX203", "CFX204"])
    check_finds(found, "3 CFX305 ", **ALONE)
    check_stays(found, "it stands in a branch for CUDA, where it is meant", **ALONE)


@pytest.mark.parametrize(
    "source",
    [
        "if torch.cuda.is_available():\n    x.to('cuda')",
        "if device.type == 'npu':\n    x.to('npu')",
        "if device.type == 'cuda':\n    log('cuda')",
        "if device.type == 'cuda':\n    sizes['cuda'] = 1",
        "if torch.cuda.is_available():\n    device = 'cuda'\nelse:\n    device = 'cpu'",
        "if x.is_cuda:\n    assert y.device.type == 'cuda'",
    ],
)
def test_leaves_what_is_no_device_of_cuda_in_a_branch_for_it_alone(source: str) -> None:
    check_noop(f"import torch\n{source}\n", **ALONE)


def test_a_method_that_is_called_cuda_means_it() -> None:
    source = """
        import torch
        class Batch:
            def cuda(self, device=None):
                if device is None:
                    return self.to("cuda")
                return self.to(torch.device("cuda", torch.cuda.current_device()))
        """
    check_finds(source, "5 CFX305 ", "6 CFX305 ", "6 CFX305 torch.cuda.current_device", **ALONE)
    check_noop(source, select=["CFX1", "CFX2"], ignore=[])


def test_a_function_of_a_module_that_is_called_cuda_does_not() -> None:
    source = "import torch\ndef cuda():\n    torch.cuda.synchronize()\n"
    check_finds(source, "3 CFX104 torch.cuda.synchronize")
