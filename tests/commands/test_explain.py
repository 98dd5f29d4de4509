"""`cudafix explain`: a page for each rule, each function of a backend and each of the runtime."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import invoke, run

from cudafix.catalogue.table import ROWS
from cudafix.commands.explain import explain, names_known, neutral_functions
from cudafix.registry import RULES


def said(name: str) -> str:
    page = explain(name)
    assert page is not None
    return page


def test_a_rule_is_explained_by_its_code_and_by_its_name() -> None:
    assert said("CFX101") == said("cfx101") == said("hardcoded-empty-cache")
    assert said("CFX101").startswith("# hardcoded-empty-cache (CFX101, on by default)")


def test_a_function_is_explained_by_its_forms_its_support_and_an_example() -> None:
    page = said("torch.cuda.mem_get_info")
    assert "CFX102 hardcoded-memory-info" in page
    assert "| runtime | `device_memory_info(device=None)` | 2.4 or newer |" in page
    assert "| accelerator, torch | `torch.accelerator.get_memory_info` | 2.10 or newer |" in page
    assert "| 2.1 | 2.6 | no | no | no | 2.1 |" in page
    assert "becomes\n\n```python\nfrom cudafix.runtime import device_memory_info\n\ndevice_memory_info()\n```" in page


@pytest.mark.parametrize("name", ["mem_get_info", "cuda.mem_get_info", "torch.cuda.memory.mem_get_info"])
def test_a_function_may_be_named_in_short(name: str) -> None:
    assert said(name) == said("torch.cuda.mem_get_info")


def test_the_same_function_of_another_backend_is_its_own_page() -> None:
    assert said("torch.xpu.mem_get_info").startswith("# torch.xpu.mem_get_info\n")


def test_what_one_backend_alone_has_has_no_neutral_form() -> None:
    assert "There is none." in said("torch.mps.driver_allocated_memory")
    assert "| no | no | yes | no | no | no |" in said("torch.mps.driver_allocated_memory")


def test_a_function_of_the_runtime_says_what_it_stands_for() -> None:
    assert "Stands for `torch.cuda.max_memory_reserved`, `torch.cuda.max_memory_cached`." in said(
        "cudafix.runtime.max_device_memory_reserved"
    )
    assert said("max_device_memory_reserved") == said("cudafix.runtime.max_device_memory_reserved")


def test_a_function_of_the_runtime_for_new_code_is_explained() -> None:
    page = said("get_available_gpu_memory")
    assert page.startswith("# cudafix.runtime.get_available_gpu_memory\n")
    assert "Stands for" not in page


@pytest.mark.parametrize("name", ["", "torch", "torch.nn.Module", "torch.cuda.nothing", "CFX999", "numpy"])
def test_what_is_unknown_has_no_page(name: str) -> None:
    assert explain(name) is None


def test_a_name_that_is_misspelt_is_one_line_with_a_proposal() -> None:
    done = invoke("explain", "torch.cuda.emty_cache")
    assert done.exit_code == 2
    assert done.stderr == (
        "cudafix: error: no rule or function is called `torch.cuda.emty_cache`; did you mean "
        "`torch.cuda.empty_cache`? `cudafix rules` lists the rules\n"
    )


def test_everything_that_is_proposed_can_be_explained() -> None:
    assert [one for one in names_known() if explain(one) is None] == []
    assert len(names_known()) == 2 * len(RULES) + len(ROWS) + len(neutral_functions())


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["explain", "CFX101"], id="rule"),
        pytest.param(["explain", "synchronize_device"], id="function"),
        pytest.param(["rules"], id="rules"),
        pytest.param(["--help"], id="help"),
        pytest.param(["baseline", "import", "--help"], id="help-of-a-command"),
    ],
)
def test_it_is_all_there_where_python_drops_docstrings(arguments: list[str], tmp_path: Path) -> None:
    whole = run(*arguments, cwd=tmp_path).stdout
    assert len(whole) > 200
    assert run(*arguments, cwd=tmp_path, PYTHONOPTIMIZE="2").stdout == whole
