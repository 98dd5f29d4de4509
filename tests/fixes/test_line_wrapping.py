"""No fix makes a line longer than the lines of its file may be, where the same can be said on several."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import fixed
from projects import in_project

LONG = 'device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu", get_the_index_of_it())\n'
WRAPPED = """device = torch.device(
    f"{current_device_type()}:0" if is_accelerator_available() else "cpu",
    get_the_index_of_it(),
)
"""


def all_fixes(code: str, **settings: object) -> str:
    """Return what all fixes make of the code behind `import torch`."""
    result = fixed(f"import torch\n{code}torch.ones(1)\n".encode(), unsafe=True, **settings)
    assert result.problems == ()
    return (result.new_bytes or b"").decode().partition("is_accelerator_available\n")[2].removesuffix("torch.ones(1)\n")


@pytest.mark.parametrize(
    ("code", "new"),
    [
        pytest.param(
            "device = 'cuda:0' if torch.cuda.is_available() else 'cpu'\n",
            "device = f'{current_device_type()}:0' if is_accelerator_available() else 'cpu'\n",
            id="within the limit",
        ),
        pytest.param(
            "device = torch.device('cuda:0' if\n"
            "    torch.cuda.is_available() else 'cpu', get_the_index_of_it(), 1000)\n",
            "device = torch.device(f'{current_device_type()}:0' if\n"
            "    is_accelerator_available() else 'cpu', get_the_index_of_it(), 1000)\n",
            id="over several lines before",
        ),
    ],
)
def test_other_statements_stay_on_their_lines(code: str, new: str) -> None:
    assert all_fixes(code) == new


@pytest.mark.parametrize(
    ("code", "new"),
    [
        pytest.param(
            "logging.getLogger(name).debug(\n    f'Max: {torch.cuda.max_memory_allocated() / 1024**2:.2f} MB'\n)\n",
            "logging.getLogger(name).debug(f'Max: {max_device_memory_allocated() / 1024**2:.2f} MB')\n",
            id="the arguments of a call",
        ),
    ],
)
def test_what_fits_on_one_line_again_goes_back(code: str, new: str) -> None:
    result = fixed(f"import torch\n{code}".encode())
    assert (result.new_bytes or b"").decode().partition("\n")[2] == new


def test_what_is_in_parentheses_on_more_lines_than_one_stays_there() -> None:
    code = "everything_that_was_had = (\n    torch.cuda.memory_allocated()\n    + torch.cuda.memory_reserved()\n)\n"
    result = fixed(f"import torch\n{code}".encode(), unsafe=True)
    assert (result.new_bytes or b"").decode().partition("\n")[2] == (
        "everything_that_was_had = (\n    device_memory_allocated()\n    + device_memory_reserved()\n)\n"
    )


def test_what_would_have_fitted_before_stays_on_its_lines() -> None:
    result = fixed(b"import torch\nprint(\n    torch.cuda.memory_allocated()\n)\n")
    assert (result.new_bytes or b"").decode().partition("\n")[2] == "print(\n    device_memory_allocated()\n)\n"


@pytest.mark.parametrize(
    ("code", "new"),
    [
        pytest.param(
            "the_first = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')  # first\n",
            "the_first = torch.device(\n"
            "    f'{current_device_type()}:0' if is_accelerator_available() else 'cpu'\n)  # first\n",
            id="arguments on a line of their own",
        ),
        pytest.param(LONG, WRAPPED, id="each argument on one"),
        pytest.param(
            "the_first_of_all_devices = 'cuda:0' if torch.cuda.is_available() else 'cpu'\n",
            "the_first_of_all_devices = (\n"
            "    f'{current_device_type()}:0' if is_accelerator_available() else 'cpu'\n)\n",
            id="parentheses",
        ),
        pytest.param(
            "device = 'cuda:0' if torch.cuda.is_available() and all_the_others_are_ready else 'cpu'\n",
            "device = (\n    f'{current_device_type()}:0'\n"
            "    if is_accelerator_available() and all_the_others_are_ready\n"
            "    else 'cpu'\n)\n",
            id="each branch on a line",
        ),
    ],
)
def test_a_statement_that_becomes_too_long_is_wrapped(code: str, new: str) -> None:
    assert all_fixes(code) == new


def test_the_indentation_counts() -> None:
    line = "device_here_{} = 'cuda:0' if torch.cuda.is_available() else 'cpu'\n"
    now = all_fixes("def f():\n    " + line.format("one") + line.format("two"))
    assert now == (
        "def f():\n    device_here_one = (\n"
        "        f'{current_device_type()}:0' if is_accelerator_available() else 'cpu'\n    )\n"
        "device_here_two = f'{current_device_type()}:0' if is_accelerator_available() else 'cpu'\n"
    )


@pytest.mark.parametrize(
    ("head", "new"),
    [
        (
            "with autocast(dtype=torch.bfloat16, enabled=True, cache_enabled=args.cache_of_casts):",
            "with device_autocast(\n    dtype=torch.bfloat16, enabled=True, cache_enabled=args.cache_of_casts\n):",
        ),
        (
            "if torch.cuda.is_available() and args.devices_in_use > 0 and args.devices_in_use < 9999:",
            "if (\n    is_accelerator_available()\n"
            "    and args.devices_in_use > 0\n    and args.devices_in_use < 9999\n):",
        ),
    ],
)
def test_so_is_the_head_of_a_block(head: str, new: str) -> None:
    source = f"import torch\nfrom torch.cuda.amp import autocast\n{head}\n    pass\n"
    result = fixed(source.encode(), unsafe=True)
    assert f"\n{new}\n    pass\n" in (result.new_bytes or b"").decode()


@pytest.mark.parametrize(
    ("limit", "is_wrapped"),
    [
        pytest.param("line-length = 120", False, id="within"),
        pytest.param("line-length = 70", True, id="beyond"),
        pytest.param("line-length = 50", False, id="beyond before the fix"),
    ],
)
def test_the_limit_is_that_of_the_project(tmp_path: Path, limit: str, is_wrapped: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.ruff]\n{limit}\n", encoding="utf-8")
    line = "device = 'cuda:0' if torch.cuda.is_available() else 'cpu'\n"
    now = in_project(tmp_path, "a.py", f"import torch\n{line}torch.ones(1)\n")
    assert ("device = (\n" in now) == is_wrapped


def test_without_settings_it_is_what_the_file_keeps(tmp_path: Path) -> None:
    line = "device_1 = 'cuda:0' if torch.cuda.is_available() and args.on_device else 'cpu'\n"
    assert "device_1 = (\n" in in_project(tmp_path, "a.py", f"import torch\n{line}torch.ones(1)\n")
    longer = f"import torch\n{line}# {'-' * 98}\ntorch.ones(1)\n"
    assert "device_1 = f" in in_project(tmp_path, "a.py", longer)
