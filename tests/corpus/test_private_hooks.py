"""What projects look for with scripts of their own, cudafix finds in their published trees, given their preset.

The patterns say what those scripts search the text for: vLLM's and vLLM-Omni's `tools/pre_commit/check_torch_cuda.py`,
DeepSpeed's `scripts/check-torchcuda.py`, verl's `tests/special_sanity/check_device_api_usage.py`, PyTorch's
`tools/linter/adapters/test_device_bias_linter.py`. Comments and strings do not count; nor do the folders that the
scripts, and so the presets, leave out.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from trees import tree

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import read

pytestmark = pytest.mark.corpus

FUNCTIONS = (
    "empty_cache", "synchronize", "device_count", "current_device", "memory_reserved", "memory_allocated",
    "max_memory_allocated", "max_memory_reserved", "reset_peak_memory_stats", "memory_stats", "mem_get_info",
    "set_device", "device", "manual_seed", "manual_seed_all",
)  # fmt: skip
OTHERS = r"\bcuda_device_count_stateless\(\)|\bcurrent_platform\.mem_get_info\(\)"
NAMED = rf"\btorch\.cuda\.(?:{'|'.join(FUNCTIONS)})\b|{OTHERS}"
HOOKS = {
    "vllm": ("vllm==0.33.0", NAMED, ("vllm/platforms/", "vllm/device_allocator/")),
    "vllm-omni": ("vllm-omni==0.30.0", NAMED, ("vllm_omni/platforms/",)),
    "deepspeed": ("deepspeed==0.19.8", r"\btorch\.cuda\b|\.cuda\(\)", ("accelerator/",)),
    "verl": (
        "verl==0.9.1",
        r"\.cuda\b",
        ("verl/utils/device.py", "verl/plugin/platform/", "verl/checkpoint_engine/", "cupy"),
    ),
}


def findings(root: Path, file: Path, **settings: object) -> list[range]:
    """Return the rows of the findings of all rules."""
    options = Options(root=root, **read_settings({"select": ["CFX"], **settings}, "test"))
    result = process(read(str(file)), options, Work(Mode.CHECK))
    assert not result.problems
    return [range(one.start.row, one.end.row + 1) for one in result.findings]


def hits(text: str, pattern: str) -> Iterator[tuple[int, str]]:
    """Yield the rows, and the lines, where the pattern is met in code."""
    lines = text.splitlines(keepends=True)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    silent = [one for one in tokens if one.type in (tokenize.COMMENT, tokenize.STRING)]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    inside = [tuple(starts[row - 1] + column for row, column in (one.start, one.end)) for one in silent]
    for match in re.finditer(pattern, text):
        if not any(start <= match.start() < end for start, end in inside):
            row = text.count("\n", 0, match.start()) + 1
            yield row, lines[row - 1].strip()


@pytest.mark.parametrize("preset", HOOKS)
def test_all_that_the_projects_own_script_finds_is_found(preset: str) -> None:
    requirement, pattern, left_out = HOOKS[preset]
    root = tree(requirement)
    root = next((one.parent for one in root.glob("*/setup.py")), root)
    missed, count = [], 0
    for file in sorted(root.rglob("*.py")):
        text = file.read_text(encoding="utf-8", errors="replace")
        name = file.relative_to(root).as_posix()
        if not re.search(pattern, text) or any(one in name for one in left_out):
            continue
        found = findings(root, file, preset=preset)
        for row, line in hits(text, pattern):
            count += 1
            if not any(row in rows for rows in found) and not any(one in line for one in left_out):
                missed.append(f"{name}:{row} {line}")
    assert missed == []
    assert count > 0


def biased(file: Path) -> Iterator[int]:
    """Yield the rows that name CUDA in a function for any GPU, as PyTorch's linter sees them."""
    for function in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(function, ast.FunctionDef) and any(
            "requires_gpu" in ast.unparse(one) for one in function.decorator_list
        ):
            for node in ast.walk(function):
                if isinstance(node, ast.keyword) and node.arg == "device" and "'cuda'" in ast.unparse(node.value):
                    yield node.value.lineno
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cuda":
                    yield node.lineno


def test_what_pytorchs_linter_of_device_bias_finds_is_found(tmp_path: Path) -> None:
    source = """\
import torch
from torch.testing._internal.inductor_utils import requires_gpu

@requires_gpu()
def test_it():
    x = torch.ones(1, device="cuda")
    y = torch.ones(1, device=torch.device("cuda"))
    return x.cuda() + y
"""
    file = tmp_path / "test_it.py"
    file.write_text(source, encoding="utf-8")
    found = findings(tmp_path, file, preset="torch")
    rows = sorted(set(biased(file)))
    assert rows == [6, 7, 8]
    assert [row for row in rows if not any(row in one for one in found)] == []
