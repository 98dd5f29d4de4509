"""CFX207: tests that are for CUDA alone."""

from __future__ import annotations

from functools import partial

import checks
import pytest

TESTS = {"select": ["CFX207"], "ignore": [], "path": "tests/test_x.py"}

check_noop = partial(checks.check_noop, **TESTS)
check_finds = partial(checks.check_finds, **TESTS)
check_stays = partial(checks.check_stays, **TESTS)
check_unsafe = partial(checks.check_unsafe, **TESTS)

IMPORTS = "import unittest\nimport pytest\nimport torch\n"
RUNS = "runs on other accelerators"


def check_test(before: str, after: str, *names: str, reason: str = RUNS) -> None:
    own = f"from cudafix.runtime import {', '.join(names)}\n"
    rest = "y = torch.ones(1)\n"
    check_unsafe(f"{IMPORTS}{before}{rest}", f"{IMPORTS}{own}{after}{rest}", reason)


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.skipif(sys.platform == 'win32', reason='no CUDA')\ndef test_a(): ...",
        "@pytest.mark.skipif(not torch.backends.mps.is_available(), reason='no MPS')\ndef test_a(): ...",
        "@cuda.jit\ndef kernel(): ...",
        "@functools.cache\ndef cuda(): ...",
        "assert x.device.type == 'cpu'",
        "assert x.device.type != 'cuda'",
        "assert name == 'cuda'",
        "self.assertEqual(name, 'cuda')",
        "self.assertFalse(x.is_cuda)",
        "if x.is_cuda:\n    f()",
        "ok = x.device.type == 'cuda'",
        "if device.type == 'cuda':\n    assert x.is_cuda",
    ],
)
def test_leaves_what_does_not_ask_a_test_for_cuda_alone(source: str) -> None:
    check_noop(f"{IMPORTS}import functools, sys\n{source}\n")


def test_leaves_other_files_than_tests_alone() -> None:
    checks.check_noop("assert x.is_cuda\n", select=["CFX207"], ignore=[], path="lib/kernel.py")


def test_is_off_until_it_is_asked_for() -> None:
    checks.check_noop("assert x.device.type == 'cuda'\n", select=[], ignore=[], path="test_x.py")


@pytest.mark.parametrize("path", ["test_x.py", "x_test.py", "conftest.py", "tests/helpers.py", "testing_utils.py"])
def test_knows_a_file_of_tests_by_its_name_and_its_folder(path: str) -> None:
    checks.check_finds("assert x.is_cuda\n", "1 CFX207 ", select=["CFX207"], ignore=[], path=path)


# Skips


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pytest.mark.skipif(not {}, reason='needs CUDA')", "test_a"),
        ("unittest.skipIf(not {}, 'needs CUDA')", "test_a"),
        ("unittest.skipUnless({}, 'needs CUDA')", "test_a"),
        ("pytest.mark.xfail(not {}, reason='needs CUDA')", "test_a"),
    ],
)
def test_a_skip_asks_for_any_accelerator_and_keeps_its_reason(old: str, new: str) -> None:
    source = f"@{old}\ndef {new}(): ...\n"
    check_test(
        source.format("torch.cuda.is_available()"),
        source.format("is_accelerator_available()"),
        "is_accelerator_available",
    )


def test_a_skip_counts_the_devices_of_any_accelerator() -> None:
    source = "@unittest.skipIf({} < 2, 'needs 2 GPUs')\nclass TestA: ...\n"
    check_test(source.format("torch.cuda.device_count()"), source.format("count_devices()"), "count_devices")


@pytest.mark.parametrize("mark", ["requires_cuda = {}", "pytestmark = {}", "pytestmark = [{}, slow]"])
def test_a_mark_with_a_name_and_the_marks_of_a_module_are_skips_as_well(mark: str) -> None:
    source = mark.format("pytest.mark.skipif(not {}, reason='x')") + "\n"
    check_test(
        source.format("torch.cuda.is_available()"),
        source.format("is_accelerator_available()"),
        "is_accelerator_available",
    )


def test_a_skip_of_a_test_that_calls_what_only_cuda_has_stays() -> None:
    check_stays(
        f"{IMPORTS}@pytest.mark.skipif(not torch.cuda.is_available(), reason='x')\ndef test_a():\n"
        "    torch.cuda.nvtx.range_push('x')\n",
        "torch.cuda.nvtx.range_push",
    )


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("", "", "it speaks of kernels"),
        ("def require_cuda(test):\n    return (", ")(test)", "`require_cuda` is for CUDA by its name"),
    ],
)
def test_a_skip_that_says_that_it_is_about_cuda_itself_stays(before: str, after: str, reason: str) -> None:
    why = "the kernels need it" if not before else "x"
    skip = f"unittest.skipIf(not torch.cuda.is_available(), '{why}')"
    line = f"{before}{skip}{after}" if before else f"@{skip}\ndef test_a(): ..."
    check_stays(f"{IMPORTS}{line}\n", reason)


def test_a_skip_is_one_finding_and_not_two() -> None:
    source = f"{IMPORTS}@pytest.mark.skipif(not torch.cuda.is_available(), reason='x')\ndef test_a(): ...\n"
    checks.check_finds(source, "4 CFX207 torch.cuda.is_available", select=["CFX"], ignore=[], path="test_x.py")


def test_a_comment_keeps_a_skip() -> None:
    check_noop(
        f"{IMPORTS}@pytest.mark.skipif(\n    not torch.cuda.is_available(),\n    reason='x',\n"
        ")  # cudafix: ignore[CFX207] -- a kernel of CUDA\ndef test_a(): ...\n"
    )


# Decorators


@pytest.mark.parametrize(
    "decorator",
    [
        "require_cuda", "requires_gpu", "require_torch_gpu", "requires_cuda(min=8)", "skip_if_no_gpu",
        "skip_if_lt_x_gpu(2)", "onlyCUDA", "skipCUDAIf(x)", "multi_gpu_test", "pytest.mark.gpu", "pytest.mark.cuda",
        "requires_nccl()", "require_n_gpus_for_nccl_backend", "pytest.mark.multi_gpu_tests", "large_gpu_mark(9)",
    ],
)  # fmt: skip
def test_finds_the_decorators_that_let_a_test_run_on_cuda_alone(decorator: str) -> None:
    source = f"{IMPORTS}from .testing import *\n@{decorator}\ndef test_a(): ...\n"
    check_finds(source, "5 CFX207 ")
    check_stays(source, "only who knows the tests can say")


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("transformers.testing_utils", "require_torch_gpu", "require_torch_accelerator"),
        ("transformers.testing_utils", "require_torch_multi_gpu", "require_torch_multi_accelerator"),
        ("diffusers.utils.testing_utils", "require_torch_gpu", "require_torch_accelerator"),
        ("accelerate.test_utils.testing", "require_cuda", "require_non_cpu"),
        ("accelerate.test_utils", "require_multi_gpu", "require_multi_device"),
    ],
)
def test_a_decorator_is_exchanged_for_the_neutral_one_of_its_library(module: str, old: str, new: str) -> None:
    source = f"from {module} import {{0}}\n@{{0}}\ndef test_a(): ...\n"
    check_unsafe(source.format(old), source.format(new), RUNS)


def test_the_import_of_an_exchanged_decorator_keeps_the_others() -> None:
    source = "from transformers.testing_utils import {}\n@{}\n@slow\ndef test_a(): ...\n"
    check_unsafe(
        source.format("require_torch_gpu, slow", "require_torch_gpu"),
        source.format("require_torch_accelerator, slow", "require_torch_accelerator"),
        RUNS,
    )


def test_a_decorator_is_exchanged_below_the_module_that_is_written() -> None:
    source = "from transformers import testing_utils\n@testing_utils.{}\ndef test_a(): ...\n"
    check_unsafe(source.format("require_torch_gpu"), source.format("require_torch_accelerator"), RUNS)


def test_the_neutral_decorator_that_is_imported_from_elsewhere_in_the_library_is_used() -> None:
    source = (
        "from accelerate.test_utils import require_non_cpu\nfrom accelerate.test_utils.testing import {}slow\n"
        "@{}\n@slow\ndef test_a(): ...\n@require_non_cpu\ndef test_b(): ...\n"
    )
    check_unsafe(source.format("require_cuda, ", "require_cuda"), source.format("", "require_non_cpu"), RUNS)


def test_a_decorator_that_another_test_still_needs_stays_imported() -> None:
    source = (
        "from transformers.testing_utils import {}\n@{}\ndef test_a(): ...\n"
        "@require_torch_gpu  # cudafix: ignore[CFX207] -- a kernel of CUDA\ndef test_b(): ...\n"
    )
    check_unsafe(
        source.format("require_torch_gpu", "require_torch_gpu"),
        source.format("require_torch_accelerator, require_torch_gpu", "require_torch_accelerator"),
        RUNS,
    )


# Assertions


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assert x.device.type == 'cuda'", "assert x.device.type == current_device_type()"),
        ("assert 'cuda' == x.device.type, 'moved'", "assert current_device_type() == x.device.type, 'moved'"),
        ("assert 'cuda' in str(x.device)", "assert current_device_type() in str(x.device)"),
        ("assert str(x.device) == 'cuda:0'", "assert str(x.device) == f'{current_device_type()}:0'"),
        ("assert a and x.device == 'cuda'", "assert a and x.device == current_device_type()"),
        ("self.assertEqual(x.device.type, 'cuda')", "self.assertEqual(x.device.type, current_device_type())"),
        ("self.assertEqual('cuda', x.device.type)", "self.assertEqual(current_device_type(), x.device.type)"),
        ("self.assertIn('cuda', str(x.device))", "self.assertIn(current_device_type(), str(x.device))"),
        ("self.assertTrue(x.device.type == 'cuda')", "self.assertTrue(x.device.type == current_device_type())"),
        (
            "assert x.device == torch.device('cuda')",
            "assert x.device == torch.device(current_device_type())",
        ),
        (
            "self.assertEqual(x.device, torch.device('cuda', 0))",
            "self.assertEqual(x.device, torch.device(current_device_type(), 0))",
        ),
        ("assert x.is_cuda", "assert x.device.type == current_device_type()"),
        ("assert f(x).is_cuda, 'moved'", "assert f(x).device.type == current_device_type(), 'moved'"),
        ("self.assertTrue(x.is_cuda)", "self.assertTrue(x.device.type == current_device_type())"),
    ],
)
def test_what_is_asserted_of_a_device_is_that_it_is_the_active_one(old: str, new: str) -> None:
    source = "def test_a(self, x, a):\n    {}\n"
    check_test(source.format(old), source.format(new), "current_device_type", reason="the accelerator that is active")


def test_an_assertion_is_one_finding_and_not_two() -> None:
    source = "import torch\nassert x.is_cuda\nassert x.device == torch.device('cuda')\n"
    checks.check_finds(source, "2 CFX207 ", "3 CFX207 ", select=["CFX2"], ignore=[], path="test_x.py")


def test_outside_of_tests_an_assertion_is_a_comparison() -> None:
    source = "import torch\nassert x.is_cuda\nassert x.device.type == 'cuda'\n"
    checks.check_finds(source, "2 CFX203 ", "3 CFX204 ", select=["CFX2"], ignore=[], path="lib/kernel.py")


def test_in_a_test_the_constant_that_is_there_is_used() -> None:
    source = (
        "import torch\nfrom cudafix.runtime import current_device_type\n\nDEVICE_TYPE = current_device_type()\n"
        "def test_a(x):\n    assert {}\n"
    )
    check_unsafe(
        source.format("x.is_cuda and x.device.type == 'cuda'"),
        source.format("x.device.type == DEVICE_TYPE and x.device.type == DEVICE_TYPE"),
        "the device of the program",
    )
