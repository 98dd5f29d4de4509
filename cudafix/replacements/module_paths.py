"""Modules as a file writes them: from the project's folder on, or by dots, from the file's own package."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path, PurePath

from cudafix.files.globs import module_parts
from cudafix.syntax.module import File


def package_of(path: str, root: Path) -> list[str]:
    """Return the parts of the package that the file at `path` is in."""
    return module_parts(PurePath(path), root)[:-1]


def absolute(written: str, path: str, root: Path) -> str:
    """Return a dotted name that may begin with dots, from the project's folder on."""
    name = written.lstrip(".")
    level = len(written) - len(name)
    if not level:
        return written
    package = package_of(path, root)
    return ".".join([*package[: len(package) - level + 1], name])


def as_written(module: str, file: File, root: Path) -> str:
    """Return `module` as the file imports from its own package: by dots, where it never does otherwise."""
    package = package_of(file.path, root)
    parts = module.split(".")
    written = file.names.imports_by_module
    if not package or package[0] != parts[0] or any(one.partition(".")[0] == parts[0] for one in written):
        return module
    if not any(one.startswith(".") for one in written):
        return module
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(package, parts, strict=False)))
    below = parts[common:]
    return "." * (len(package) - common + 1) + ".".join(below) if below else module
