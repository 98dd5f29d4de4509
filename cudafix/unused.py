"""Imports of torch that a rewrite leaves unused: which can go, and which must stay although nothing here needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

import libcst as cst

from cudafix.file import File
from cudafix.names import Binding, BindingKind, Scope, ScopeKind

PRAGMA = re.compile(r"#\s*(?:noqa|type:|pyright:|pylint:|isort:|ruff:|mypy:)[^#]*", re.IGNORECASE)
KEEPS_UNUSED = re.compile(r"#\s*(?:noqa(?!:)|noqa:[^#]*\bF401\b|ruff:\s*noqa|pylint:\s*disable=[^#]*unused)", re.I)
DYNAMIC = {"globals", "locals", "eval", "exec"}


@dataclass(frozen=True, eq=False)
class Unused:
    """One import that nothing uses any more; `line` when it is all that its line does."""

    node: cst.Import | cst.ImportFrom
    alias: cst.ImportAlias
    line: cst.CSTNode | None
    keep: bool = False

    @property
    def lines(self) -> set[cst.CSTNode]:
        return {self.line} if self.line is not None else set()


def find_unused(file: File, gone: set[cst.Name], filled: set[cst.CSTNode]) -> Iterator[Unused]:
    """Yield the imports whose every use is in `gone`; `filled` are the suites that get a new import."""
    names = file.names
    dropped_per_suite: dict[cst.CSTNode, int] = {}
    for name, scope in sorted({(one.value, find_scope(file, one)) for one in gone}, key=lambda pair: pair[0]):
        if scope is None or is_used(file, name, scope, gone):
            continue
        for binding in scope.bindings[name]:
            if binding.kind is not BindingKind.IMPORT or binding.alias is None:
                continue
            unused = describe(binding, file)
            if keeps_silently(binding, unused, file):
                continue
            suite = names.suite(binding.node)
            dropped = dropped_per_suite.get(suite, 0) + 1
            empties = not isinstance(suite, cst.Module) and suite not in filled and dropped >= len(body(suite))
            if must_stay(binding, scope, unused, file) or (unused.line is not None and empties):
                if unused.line is not None:
                    yield Unused(unused.node, unused.alias, unused.line, keep=True)
                continue
            dropped_per_suite[suite] = dropped if unused.line is not None else dropped - 1
            yield unused


def find_scope(file: File, name: cst.Name) -> Scope | None:
    return file.names.find_scope(name.value, file.names.uses[name].scope)


def body(suite: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
    return tuple(getattr(suite, "body", ()))


def is_used(file: File, name: str, scope: Scope, gone: set[cst.Name]) -> bool:
    """Whether `name` of `scope` is still read, by code or in an annotation that is a string."""
    for node in file.names.uses:
        if node.value == name and node not in gone and find_scope(file, node) is scope:
            return True
    quoted = re.compile(rf"[\"'][\w.\[\], |]*\b{re.escape(name)}\.[\w.\[\], |]*[\"']")
    return quoted.search(file.text) is not None


def describe(binding: Binding, file: File) -> Unused:
    node, alias = binding.node, binding.alias
    assert isinstance(node, (cst.Import, cst.ImportFrom))
    assert alias is not None
    assert not isinstance(node.names, cst.ImportStar)
    line = file.names.parents[node]
    alone = len(node.names) == 1 and isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
    return Unused(node, alias, line if alone else None)


def keeps_silently(binding: Binding, unused: Unused, file: File) -> bool:
    """Whether the import is there for others, and linters know: `__all__`, `import x as x`, `# noqa: F401`."""
    asname = unused.alias.asname
    reexported = asname is not None and file.code(asname.name) == file.code(unused.alias.name)
    start, end = file.start(unused.node).row, file.end(unused.node).row
    marked = any(KEEPS_UNUSED.search(line) for line in file.lines[start - 1 : end])
    return binding.name in file.names.exported or reexported or marked


def must_stay(binding: Binding, scope: Scope, unused: Unused, file: File) -> bool:
    """Whether the import may be needed in a way that this file does not show."""
    if binding.target.partition(".")[0] != "torch":
        return True  # `import torch_npu` registers its backend
    if PurePath(file.path).name == "__init__.py" or scope.kind is ScopeKind.CLASS or binding.outer:
        return True
    if any(one.kind is not BindingKind.IMPORT for one in scope.bindings[binding.name]):
        return True
    if any(node.value in DYNAMIC and find_scope(file, node) is None for node in file.names.uses):
        return True
    if "#" in file.code(unused.alias):
        return True
    return tests_for_torch(binding, file) or has_own_comment(unused, file) or shares_a_line(unused, file)


def tests_for_torch(binding: Binding, file: File) -> bool:
    """Whether the import stands in a `try` that finds out whether torch is there."""
    child: cst.CSTNode = binding.node
    for parent in file.names.ancestors(binding.node):
        if isinstance(parent, (cst.Try, cst.TryStar)) and parent.body is child:
            return True
        child = parent
    return False


def has_own_comment(unused: Unused, file: File) -> bool:
    if unused.line is None:
        return False
    start, end = file.start(unused.node).row, file.end(unused.node).row
    rows = "".join(file.lines[start - 1 : end])
    return "#" in PRAGMA.sub("", rows)


def shares_a_line(unused: Unused, file: File) -> bool:
    assert not isinstance(unused.node.names, cst.ImportStar)
    return unused.line is None and len(unused.node.names) == 1


def keeps_import(binding: Binding, file: File, gone: set[cst.Name]) -> str:
    """Return why the import behind `binding` stays when the uses in `gone` are rewritten, or "" when it goes."""
    scope = binding.scope.module if binding.outer else binding.scope
    if not gone:
        return "nothing here uses it: others may import it from here"
    if is_used(file, binding.name, scope, gone):
        return "it is used here in a way that stays"
    unused = describe(binding, file)
    if keeps_silently(binding, unused, file) or must_stay(binding, scope, unused, file):
        return "others may need the name from here"
    return ""
