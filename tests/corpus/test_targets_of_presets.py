"""Each preset holds for the package that it is for: every target is there, and what its own script finds is found."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from trees import tree

from cudafix.config.presets import PRESETS
from cudafix.config.settings import is_other, read_settings
from cudafix.config.targets import Entry

pytestmark = pytest.mark.corpus

PACKAGES = {
    "accelerate": "accelerate==1.15.0",
    "deepspeed": "deepspeed==0.19.8",
    "sglang": "sglang==0.5.12",
    "torch": "torch==2.13.0",
    "transformers": "transformers==5.23.0",
    "verl": "verl==0.9.1",
    "vllm": "vllm==0.33.0",
    "vllm-omni": "vllm-omni==0.30.0",
}
FALLS_BACK = frozenset(("vllm.platforms.current_platform", "vllm_omni.platforms.current_omni_platform"))
"""Objects that pass what they lack on to the module of the device, `torch.cuda` or another."""
CLASSES = {
    "vllm.platforms.current_platform": ("vllm/platforms/interface.py", "Platform"),
    "vllm_omni.platforms.current_omni_platform": ("vllm_omni/platforms/interface.py", "OmniPlatform"),
    "deepspeed.accelerator.get_accelerator": ("deepspeed/accelerator/abstract_accelerator.py", "DeepSpeedAccelerator"),
}


def root_of(preset: str) -> Path:
    """Return the folder that the package of a preset lies in."""
    if preset == "torch":
        import torch

        return Path(torch.__file__).parent.parent
    folder = tree(PACKAGES[preset])
    name = preset.replace("-", "_")
    return next(one.parent for one in sorted(folder.rglob(name)) if (one / "__init__.py").is_file())


def entries(preset: str) -> tuple[Entry, ...]:
    found = read_settings({"preset": preset}, "test")["targets"]
    assert isinstance(found, tuple)
    return found


@cache
def names_of(file: Path) -> frozenset[str]:
    """Return the names that a module binds when it runs, in whatever branch, and what its `__getattr__` compares."""
    tree = ast.parse(file.read_bytes())
    return frozenset(name for node in ast.walk(tree) for name in bound(node))


def bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((one.asname or one.name).partition(".")[0] for one in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Compare):
        yield from (
            one.value for one in node.comparators if isinstance(one, ast.Constant) and isinstance(one.value, str)
        )


def module_file(root: Path, module: str) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def members(root: Path, owner: str) -> frozenset[str]:
    file, name = CLASSES[owner]
    tree = ast.parse((root / file).read_bytes())
    (found,) = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name]
    names = {one.name for one in found.body if isinstance(one, ast.FunctionDef)}
    assigned = [one.target for one in found.body if isinstance(one, ast.AnnAssign)]
    return frozenset(names | {one.id for one in assigned if isinstance(one, ast.Name)})


TARGETS = [(preset, entry) for preset in PRESETS for entry in entries(preset)]


@pytest.mark.parametrize(
    ("preset", "entry"), TARGETS, ids=[f"{preset}-{entry.glob}{entry.symbol}" for preset, entry in TARGETS]
)
def test_a_target_is_there(preset: str, entry: Entry) -> None:
    target = entry.target
    if target.module == "torch":
        import torch

        owner = getattr(torch, target.name)
        assert not target.attributes or target.attributes == ("*",) or hasattr(owner, target.attributes[0])
        return
    root = root_of(preset)
    names = names_of(module_file(root, target.module))
    assert {target.name, *target.imported_arguments} <= names | {"*"}
    owner = f"{target.module}.{target.name}"
    if target.attributes and target.attributes != ("*",):
        attribute = target.attributes[0]
        known = members(root, owner)
        if owner in FALLS_BACK:
            known |= cuda_names() | members(root_of("vllm"), "vllm.platforms.current_platform")
        assert attribute in known
    if is_other(entry.symbol):
        module, _, name = entry.symbol.rpartition(".")
        is_of_object = not module_file(root, module).is_file()
        assert is_of_object or name in names_of(module_file(root, module))


def cuda_names() -> frozenset[str]:
    import torch

    return frozenset(dir(torch.cuda))
