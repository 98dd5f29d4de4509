"""The house itself: imports run one way, the runtime stands alone, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cudafix

FOLDER = Path(cudafix.__file__).parent
LAYERS = (
    {"__init__"},
    {
        "model",
        "row",
        "stack",
        "segments",
        "git",
        "torch_requirement",
        "targets",
        "presets",
        "owners",
        "json_spans",
        "atomic",
        "read",
    },
    {"statements", "settings"},
    {"catalogue", "names", "config", "runtime", "filler"},
    {"symbols", "walk", "discover", "compiler", "positions", "baseline"},
    {
        "file",
        "references",
        "suppress",
        "cache",
        "arguments",
        "vendor",
        "rule",
        "device_text",
        "neutral_form",
        "masks",
    },
    {"native_form", "relative_import", "notebook", "code_blocks", "import_circle"},
    {"target_form"},
    {
        "attributes",
        "blocks",
        "comment_fix",
        "met_device",
        "properties",
        "neutral",
        "import_style",
        "mentions",
        "statement_text",
    },
    {"change", "at_hand", "index_as_device", "question", "device_position", "import_text", "unused", "availability"},
    {"arms", "conditions", "inspection", "imports", "slices"},
    {"branch", "rewrite", "asserted_device"},
    {"intent"},
    {"dispatch", "alike", "edits", "retarget"},
    {"collapse", "substitutes"},
    {"attempt", "judge", "table", "local_names"},
    {"guard", "wording", "patched"},
    {"mixed_precision", "device_in_scope"},
    {"device_uses", "late_parameter"},
    {"late_field"},
    {"neutral_device"},
    {
        "device_literals",
        "device_methods",
        "meant_device",
        "device_questions",
        "communication",
        "tensor_types",
        "device_tests",
        "exchange",
        "helpers",
        "cuda_only",
    },
    {"block"},
    {"flush_calls", "method_name"},
    {"new_method", "flush_blocks", "repeated_runs"},
    {"rules"},
    {"findings"},
    {"analyse"},
    {"verify", "write"},
    {"run"},
    {"reporters", "progress", "api"},
    {"session"},
)
"""From the ground up: a module imports from the layers below its own, or beside it."""


def level(module: str) -> int:
    return next((number for number, layer in enumerate(LAYERS) if module in layer), len(LAYERS))


def imported(path: Path) -> set[str]:
    """Return the modules of cudafix that `path` imports when it is loaded, not later and not for types only."""
    nodes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
    below = [name.split(".")[1] for name in names if name.startswith("cudafix.")]
    return {one for one in below if (FOLDER / f"{one}.py").exists() or (FOLDER / one).is_dir()}


MODULES = sorted(path for path in FOLDER.rglob("*.py") if path.name not in ("__main__.py", "cli.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_imports_run_one_way(path: Path) -> None:
    own = path.relative_to(FOLDER).parts[0].removesuffix(".py")
    assert {one for one in imported(path) if level(one) > level(own)} == set()


def test_the_runtime_imports_nothing_of_cudafix_and_no_torch() -> None:
    code = "import sys; sys.modules['cudafix.config.options'] = None; import cudafix.runtime; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_listing_the_rules_loads_no_libcst() -> None:
    code = "import sys; from cudafix.rules import RULES; print('libcst' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
