"""What the whole of a run suggests: helpers of the project that fixes could call, and the torch that fixes need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cudafix.config.settings import OLDEST_TORCH
from cudafix.config.torch_requirement import oldest_torch
from cudafix.files.globs import module_parts
from cudafix.model import Finding, Helper


def needed_torch(findings: Sequence[Finding], root: Path) -> Iterator[str]:
    """Say which torch the code runs with once it is fixed, and whether the project asks for less."""
    needed = max((one.fix.torch for one in findings if one.fix is not None), default=None)
    if needed is None:
        return
    asked = oldest_torch(root)
    text = f"What the fixes write needs torch {version(needed)} or newer"
    if asked is not None and asked < needed:
        yield f"{text}; the project asks for {version(asked)}."
    elif needed > OLDEST_TORCH:
        yield f"{text}."


def proposals(helpers: Sequence[tuple[str, Helper]], findings: Sequence[Finding], root: Path) -> Iterator[str]:
    """Propose the project's helpers for what is found elsewhere in it."""
    symbols = {one.symbol for one in findings}
    for path, helper in helpers:
        others = {one.path for one in findings if one.symbol == helper.symbol} - {path}
        module = dotted(Path(path), root)
        if helper.symbol in symbols and others and module:
            target = f'"{helper.symbol}" = "{module}.{helper.name}"'
            yield (
                f"{path}:{helper.row}: `{helper.name}` does this for {helper.backends} backends; "
                f"`[tool.cudafix.targets]` can name it: {target}"
            )


def dotted(path: Path, root: Path) -> str:
    """Return the module that a file of the project is; "" for what lies in no package, or elsewhere."""
    parts = module_parts(path, root)
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) if len(parts) > 1 and all(one.isidentifier() for one in parts) else ""


def version(torch: tuple[int, int]) -> str:
    return f"{torch[0]}.{torch[1]}"
