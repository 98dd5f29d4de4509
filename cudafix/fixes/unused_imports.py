"""The names that go with old code → the imports that nothing uses any more: which go, and which must stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import PurePath

import libcst as cst

from cudafix.catalogue.backends import BACKENDS
from cudafix.documents.placeholders import ELSEWHERE, MASK, RUN
from cudafix.files.source import Source
from cudafix.fixes.import_placement import (
    ImportStatement,
    Slot,
    Suite,
    aliases,
    blank_lines,
    has_comment_above,
    leading_lines,
)
from cudafix.syntax.expressions import dotted
from cudafix.syntax.module import File
from cudafix.syntax.scopes import Binding, BindingKind, Scope, ScopeKind

PRAGMA = re.compile(r"#\s*(?:noqa|type:|pyright:|pylint:|isort:|ruff:|mypy:)[^#]*", re.IGNORECASE)
KEEPS_UNUSED = re.compile(r"#\s*(?:noqa(?!:)|noqa:[^#]*\bF401\b|ruff:\s*noqa|pylint:\s*disable=[^#]*unused)", re.I)
TYPE_COMMENT = re.compile(r"#[ \t]*type:[^#\r\n]*")
OURS = re.compile(r"#\s*(?:cudafix\s*:|noqa\s*:[^#]*\bCFX)", re.IGNORECASE)
MAGIC_COMMENT = re.compile(r"(?m)^[ \t]*#[ \t]*(?:MAGIC\b|%{1,2}[A-Za-z])[^\r\n]*")
SHELL_COMMENT = re.compile(r"(?m)^[ \t]*#[ \t]*![^\r\n]*")
"""A magic, and a command of the shell, as they stand in a notebook that is written as a script."""

TAKES_TYPES = {"cast", "TypeVar", "NewType", "ForwardRef"}
"""The functions that take types in quotes."""

TAKES_CODE = {
    MASK, RUN, ELSEWHERE,
    "run_line_magic", "run_cell_magic", "run_cell", "run_code", "magic", "timeit", "repeat", "Timer",
}  # fmt: skip
"""The functions that take code in quotes: what stands for magics in a notebook, and what runs them in a script."""

DYNAMIC = {"globals", "locals", "eval", "exec"}
"""The functions that read names which nobody writes."""


@dataclass
class Unused:
    """The names that go, by import statement, and the statements that stay with a word to the linters."""

    dropped: dict[ImportStatement, list[cst.ImportAlias]] = field(default_factory=dict)
    kept: set[ImportStatement] = field(default_factory=set)

    @property
    def aliases(self) -> set[cst.ImportAlias]:
        return {alias for gone in self.dropped.values() for alias in gone}

    def keep(self, node: ImportStatement) -> None:
        self.dropped.pop(node, None)
        self.kept.add(node)


def find_unused(file: File, gone: set[cst.Name], anchors: Collection[cst.CSTNode]) -> Unused:
    """Return the imports whose every use is in `gone`; beside each of `anchors` stands a new import."""
    unused = Unused()
    for name, scope in sorted({(one.value, find_scope(file, one)) for one in gone}, key=lambda pair: pair[0]):
        if scope is None:
            continue
        if is_used(file, name, scope, gone):
            for alias, binding in beside_plain_import(scope.bindings[name], file, gone):
                unused.dropped.setdefault(import_of(binding), []).append(alias)
            continue
        for binding in scope.bindings[name]:
            if binding.alias is None or stays_silently(binding, file):
                continue
            node = import_of(binding)
            if must_stay(binding, scope, file, gone):
                unused.kept.add(node)
            else:
                unused.dropped.setdefault(node, []).append(binding.alias)
    keep_what_has_no_substitute(unused, file, anchors)
    return unused


def beside_plain_import(
    same: Iterable[Binding], file: File, gone: set[cst.Name]
) -> Iterator[tuple[cst.ImportAlias, Binding]]:
    """Yield `import torch.cuda` beside `import torch`, where nothing reads torch.cuda any more."""
    aliases = {one.alias: one for one in same if one.alias is not None and isinstance(one.node, cst.Import)}
    if not any(dotted(alias.name) == one.name for alias, one in aliases.items()):
        return
    for alias, binding in aliases.items():
        _, _, backend = dotted(alias.name).partition(".")
        if alias.asname is not None or backend not in BACKENDS:
            continue
        stays = stays_silently(binding, file) or has_comment(alias, import_of(binding), file)
        if not stays and not is_part_read(binding.name, backend, file, gone):
            yield alias, binding


def is_part_read(name: str, part: str, file: File, gone: set[cst.Name]) -> bool:
    left = [use.node for use in file.names.uses_by_name.get(name, ()) if use.node not in gone]
    reads = [file.tree.parents.get(node) for node in left]
    return any(not isinstance(one, cst.Attribute) or one.attr.value == part for one in reads)


def keeps_import(binding: Binding, file: File, gone: set[cst.Name]) -> str:
    """Return why the import behind `binding` stays when the uses in `gone` go, or "" when it goes with them."""
    scope = binding.scope.module if binding.outer else binding.scope
    if not gone:
        return "nothing here uses it: others may import it from here"
    if is_used(file, binding.name, scope, gone):
        return "it is used here in a way that stays"
    if stays_silently(binding, file) or must_stay(binding, scope, file, gone):
        return "others may need the name from here"
    return ""


def keep_what_has_no_substitute(unused: Unused, file: File, anchors: Collection[cst.CSTNode]) -> None:
    """Keep an import whose place would be left empty: in a block of its own, or among statements on one line."""
    filled = {file.tree.suite(one) for one in anchors}
    emptied: dict[cst.CSTNode, int] = {}
    for node in [one for one, gone in unused.dropped.items() if is_whole(one, gone)]:
        suite = file.tree.suite(node)
        stays = has_own_comment(node, file) if is_alone(node, file) else node not in anchors
        if stays or (suite not in filled and emptied.get(suite, 0) + 1 == len(body(suite))):
            unused.keep(node)
        else:
            emptied[suite] = emptied.get(suite, 0) + 1


def is_whole(node: ImportStatement, gone: Collection[cst.ImportAlias]) -> bool:
    return len(aliases(node)) == len(gone)


def is_alone(node: ImportStatement, file: File) -> bool:
    """Whether `node` is all that its line does."""
    line = file.tree.parents[node]
    return isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1


def import_of(binding: Binding) -> ImportStatement:
    assert isinstance(binding.node, (cst.Import, cst.ImportFrom))
    return binding.node


def find_scope(file: File, name: cst.Name) -> Scope | None:
    return file.names.find_scope(name.value, file.names.uses[name].scope)


def body(suite: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
    """Return the statements of a block; a module may be left empty."""
    return tuple(suite.body) if isinstance(suite, cst.IndentedBlock) else ()


def is_used(file: File, name: str, scope: Scope, gone: set[cst.Name]) -> bool:
    """Whether `name` of `scope` is still read, by code, in a string that is a type or code, or in a comment."""
    if any(name in one.globals or name in one.nonlocals for one in file.names.scopes):
        return True
    for use in file.names.uses_by_name.get(name, ()):
        found = find_scope(file, use.node)
        # a class body reads the name around it until it binds the name itself: `class C: torch = torch`
        if use.node not in gone and (found is scope or (found is not None and found.kind is ScopeKind.CLASS)):
            return True
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    code = file.text if scope is file.names.root else file.code(scope.node)
    kinds = [TYPE_COMMENT, MAGIC_COMMENT]
    kinds += [SHELL_COMMENT] if Source(file.path, file.data).may_be_notebook else []
    if any(word.search(comment) for kind in kinds for comment in kind.findall(code)):
        return True
    strings = [node for node in file.names.strings if word.search(said_in(node))]
    return any(is_quoted_code(one, file) and sees(one, scope, file) for one in strings)


def said_in(string: cst.SimpleString) -> str:
    value = string.evaluated_value
    return value if isinstance(value, str) else string.value


def sees(node: cst.CSTNode, scope: Scope, file: File) -> bool:
    """Whether `node` stands where the names of `scope` are known: in the body of its function, not in the signature."""
    return scope is file.names.root or getattr(scope.node, "body", None) in file.tree.ancestors(node)


def is_quoted_code(string: cst.SimpleString, file: File) -> bool:
    """Whether a string is a type, or code that a function runs."""
    for parent in file.tree.ancestors(string):
        if isinstance(parent, cst.Annotation) or (isinstance(parent, cst.Subscript) and not has_call(parent)):
            return True
        if isinstance(parent, cst.Call):
            return file.code(parent.func).rpartition(".")[2] in TAKES_TYPES | TAKES_CODE
    return False


def has_call(subscript: cst.Subscript) -> bool:
    """Whether it is `globals()["torch"]` rather than `list["torch.Tensor"]`."""
    return isinstance(subscript.value, cst.Call)


def stays_silently(binding: Binding, file: File) -> bool:
    """Whether the import is there for others, and linters know: `__all__`, `import x as x`, `# noqa: F401`."""
    node, alias = import_of(binding), binding.alias
    assert alias is not None
    reexported = alias.asname is not None and file.code(alias.asname.name) == file.code(alias.name)
    marked = any(KEEPS_UNUSED.search(row) for row in rows(node, file))
    return is_exported(binding.name, file) or reexported or marked


def is_exported(name: str, file: File) -> bool:
    """Whether `__all__` names it, in the list itself or in one that is added to it."""
    if name in file.names.exported:
        return True
    quoted = file.names.strings_by_value.get(name, ())
    around = [ancestor for string in quoted for ancestor in file.tree.ancestors(string)]
    return any(isinstance(one, cst.SimpleStatementLine) and "__all__" in file.code(one) for one in around)


def must_stay(binding: Binding, scope: Scope, file: File, gone: set[cst.Name]) -> bool:
    """Whether the import may be needed in a way that this file does not show, once the uses in `gone` go."""
    node, alias = import_of(binding), binding.alias
    assert alias is not None
    if any(OURS.search(row) for row in rows(node, file)):
        return True
    package = binding.target.lstrip(".").partition(".")[0]
    is_plain = isinstance(node, cst.Import) or package.startswith("torch_")
    if (package != "torch" and is_plain) or loads_submodule(alias):
        return True  # `import torch_npu` registers its backend, `import torch.distributed` loads it for all
    if PurePath(file.path).name == "__init__.py" or scope.kind is ScopeKind.CLASS or binding.outer:
        return True
    if any(one.kind is not BindingKind.IMPORT for one in scope.bindings[binding.name]):
        return True
    if scope is file.names.root and any(one.name.partition(".")[0] == binding.name for one in file.outside_uses):
        return True
    if any(file.names.is_builtin(use.node) for name in DYNAMIC for use in file.names.uses_by_name.get(name, ())):
        return True
    return has_comment(alias, node, file) or tests_for_torch(binding, file, gone)


def loads_submodule(alias: cst.ImportAlias) -> bool:
    _, _, below = dotted(alias.name).partition(".")
    return alias.asname is None and below != "" and below.partition(".")[0] not in BACKENDS


def has_comment(alias: cst.ImportAlias, node: ImportStatement, file: File) -> bool:
    """Whether a comment stands behind the name, in a list with a name a line."""
    rpar = node.rpar if isinstance(node, cst.ImportFrom) and alias is aliases(node)[-1] else None
    return "#" in file.code(alias) + (file.code(rpar) if rpar is not None else "")


def tests_for_torch(binding: Binding, file: File, gone: set[cst.Name]) -> bool:
    """Whether the import stands in a `try` that finds out whether torch is there, for more than what goes in it: the
    new code that takes its place fails as the old did.
    """
    child: cst.CSTNode = binding.node
    for parent in file.tree.ancestors(binding.node):
        if isinstance(parent, (cst.Try, cst.TryStar)) and parent.body is child:
            uses = [one for one in gone if one.value == binding.name]
            return not uses or not all(child in file.tree.ancestors(one) for one in uses)
        child = parent
    return False


def has_own_comment(node: ImportStatement, file: File) -> bool:
    return "#" in PRAGMA.sub("", "".join(rows(node, file)))


def rows(node: ImportStatement, file: File) -> list[str]:
    return file.lines[file.start(node).row - 1 : file.end(node).row]


# Blank lines around an import that goes


def lines_above(suite: Suite, index: int, slots: Mapping[int, Slot]) -> int:
    """Return how many blank lines above a removed statement go with it, since others follow."""
    lines = leading_lines(suite.statements[index])
    if index in slots:
        lines = lines[slots[index].lead :]
    blank = len(list(takewhile(lambda line: line.comment is None, reversed(lines))))
    return blank if begins_with_gap(suite, index + 1, slots) else 0


def begins_with_gap(suite: Suite, index: int, slots: Mapping[int, Slot]) -> bool:
    """Whether what comes at `index`, after the removals, has a blank line above it, or is the end of the block."""
    if index == len(suite.statements):
        return index not in slots or slots[index].apart
    statement = suite.statements[index]
    if index in slots:
        return slots[index].apart or (slots[index].lead > 0 and blank_lines(statement) > 0)
    if leading_lines(statement) or statement not in suite.removed:
        return blank_lines(statement) > 0
    return begins_with_gap(suite, index + 1, slots)


def lines_below(suite: Suite, index: int, slots: Mapping[int, Slot]) -> int:
    """Return how many blank lines below go with the removed statements that a block starts with."""
    before, behind = suite.statements[: index + 1], suite.statements[index + 1 :]
    if min(slots, default=len(suite.statements)) <= index:
        return 0
    if any(one not in suite.removed or has_comment_above(one) for one in before):
        return 0
    if not behind or behind[0] in suite.removed or (suite.header and suite.header[-1].comment is not None):
        return 0
    blank = blank_lines(behind[0])
    return blank if index + 1 not in slots or slots[index + 1].lead >= blank else 0
