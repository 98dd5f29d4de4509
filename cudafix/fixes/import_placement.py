"""How a file writes its imports: where a new one goes among them, and what it looks like there."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import libcst as cst

from cudafix.config.import_style import PLAIN, ImportStyle
from cudafix.config.settings import RUNTIME_MODULE
from cudafix.fixes.cell_marks import begins_cell, has_directives
from cudafix.syntax.blocks import is_import
from cudafix.syntax.expressions import dotted, imported_module

FEW = 4
"""Imports: so many of several kinds are in order by chance."""

LINE_LENGTH = 88
"""What black, ruff and isort's black profile wrap at; longer projects accept the wrapped form as well."""

SWITCHED_OFF = re.compile(r"#\s*(?:fmt|isort|yapf)\s*:\s*(?:off|disable)\b")
SWITCHED_ON = re.compile(r"#\s*(?:fmt|isort|yapf)\s*:\s*(?:on|enable)\b")
SPLIT = re.compile(r"#\s*isort\s*:\s*split\b")

ImportStatement = cst.Import | cst.ImportFrom
ImportAs = tuple[str, str]
"""A name that is imported, and what it is called here: the same, or what follows `as`."""


@dataclass(frozen=True)
class Slot:
    """A place between the statements of a suite: before statement `index`, behind its first `lead` leading lines.

    `apart`: a blank line comes first, since the import starts a section of its own.
    """

    index: int
    lead: int = 0
    apart: bool = False


@dataclass(frozen=True)
class Suite:
    """A block of statements, the places of its imports, and the lines that go."""

    node: cst.CSTNode
    imports: Sequence[int]
    removed: Collection[cst.CSTNode] = ()
    style: ImportStyle = PLAIN
    is_notebook: bool = False

    @property
    def statements(self) -> Sequence[cst.CSTNode]:
        return getattr(self.node, "body", ())

    @property
    def header(self) -> Sequence[cst.EmptyLine]:
        """The comments above the first statement of a module."""
        return self.node.header if isinstance(self.node, cst.Module) else ()

    @cached_property
    def splits_names(self) -> bool:
        """Whether each name has an import of its own: the project says so, or two in a row are of the same module."""
        if self.style.single_line:
            return True
        modules = {index: one_name_from(self.statements[index]) for index in self.imports}
        return any(module and module == modules.get(index + 1) for index, module in modules.items())

    @cached_property
    def combines_aliases(self) -> bool:
        """Whether the file writes `from x import a, b as c`, and not each alias on a line of its own."""
        nodes = [import_node(self.statements[one]) for one in self.imports]
        return any(isinstance(one, cst.ImportFrom) and has_alias(one) and len(aliases(one)) > 1 for one in nodes)

    def statements_for(self, names: list[ImportAs]) -> list[list[ImportAs]]:
        """Group `names` by the statement that imports them, in the style of the file."""
        if self.splits_names:
            return [[one] for one in names]
        if self.combines_aliases:
            return [names]
        plain = [(name, local) for name, local in names if name == local]
        return sorted(filter(None, [plain, *([one] for one in names if one not in plain)]))

    def can_extend(self, node: cst.ImportFrom, names: list[ImportAs]) -> bool:
        if self.splits_names or self.combines_aliases:
            return not self.splits_names
        return not has_alias(node) and all(name == local for name, local in names)


# Import statements


def import_node(statement: cst.CSTNode) -> ImportStatement:
    assert isinstance(statement, cst.SimpleStatementLine)
    node = statement.body[0]
    assert isinstance(node, (cst.Import, cst.ImportFrom))
    return node


def aliases(node: ImportStatement) -> Sequence[cst.ImportAlias]:
    return () if isinstance(node.names, cst.ImportStar) else node.names


def has_alias(node: ImportStatement) -> bool:
    return any(one.asname is not None for one in aliases(node))


def one_name_from(statement: cst.CSTNode) -> str:
    """Return the module that an import takes a single name from, or ""."""
    node = import_node(statement)
    single = isinstance(node, cst.ImportFrom) and len(aliases(node)) == 1 and not has_alias(node)
    return module_name(statement) if single else ""


def module_name(statement: cst.CSTNode) -> str:
    node = import_node(statement)
    return imported_module(node) if isinstance(node, cst.ImportFrom) else dotted(node.names[0].name)


def top(module: str) -> str:
    return module.partition(".")[0]


def section_kind(module: str) -> str:
    """Return the section in which isort puts `module`, as far as its name tells."""
    if module.startswith("."):
        return "relative"
    if module == "__future__":
        return "future"
    return "standard library" if top(module) in sys.stdlib_module_names else "other"


# Where a new import goes


def find_slot(suite: Suite, anchor: int, module: str, name: ImportAs) -> Slot:
    """Return where a new import goes beside the one number `anchor`: in its cell, below what tools read there."""
    slot = find_sorted_slot(suite, anchor, module, name)
    if slot.index > anchor:
        return slot
    statement = suite.statements[slot.index]
    is_below = has_directives(statement) or (suite.is_notebook and has_comment_above(statement))
    return replace(slot, lead=len(leading_lines(statement))) if is_below else slot


def find_sorted_slot(suite: Suite, anchor: int, module: str, name: ImportAs) -> Slot:
    """Return where a `from` import of `name` from `module` goes beside the torch import number `anchor`.

    In a sorted section of imports it keeps the order; elsewhere it comes behind the anchor and what else of torch
    is imported right below.
    """
    statements = suite.statements
    sections = split_sections(statements, *import_block(statements, anchor))
    home = next(section for section in sections if anchor in section)
    candidates = find_sections(statements, sections, home, module)
    mixed = suite.style.mixed or any(is_mixed(statements, section) for section in sections)
    for section in candidates:
        index = sorted_index(statements, section, module, name, mixed)
        if index is not None and not is_above_standard_library(statements, section, index):
            lead = blank_lines(statements[index]) if index == section[0] and index > 0 else 0
            return outside_switched_off(suite, Slot(index, lead))
    if not candidates:
        apart = any(statements[index] not in suite.removed for index in home)
        return outside_switched_off(suite, Slot(home[-1] + 1, apart=apart))
    section = candidates[-1]
    same = [index for index in section if module_name(statements[index]) == module]
    last = same[-1] if same else last_of_package(statements, section, anchor) if anchor in section else section[-1]
    return outside_switched_off(suite, Slot(last + 1))


def last_of_package(statements: Sequence[cst.CSTNode], section: list[int], anchor: int) -> int:
    """Return the last import of the anchor's package in a row of such imports of a section."""
    package = top(module_name(statements[anchor]))
    last = anchor
    while last + 1 in section and top(module_name(statements[last + 1])) == package:
        last += 1
    return last


def is_above_standard_library(statements: Sequence[cst.CSTNode], section: list[int], index: int) -> bool:
    """Whether an import at `index` would stand above one of the standard library, in a section in order by chance."""
    below = (section_kind(module_name(statements[one])) for one in section if one >= index)
    return len(section) <= FEW and "standard library" in below


def import_block(statements: Sequence[cst.CSTNode], anchor: int) -> tuple[int, int]:
    """Return the range of imports around `anchor` with nothing else between them."""
    low = anchor
    while low > 0 and is_import(statements[low - 1]) and not has_split(statements[low]):
        low -= 1
    high = anchor + 1
    while high < len(statements) and is_import(statements[high]) and not has_split(statements[high]):
        high += 1
    return low, high


def split_sections(statements: Sequence[cst.CSTNode], low: int, high: int) -> list[list[int]]:
    """Split a block of imports where a blank line stands."""
    sections = [[low]]
    for index in range(low + 1, high):
        if blank_lines(statements[index]):
            sections.append([index])
        else:
            sections[-1].append(index)
    return sections


def find_sections(
    statements: Sequence[cst.CSTNode], sections: list[list[int]], home: list[int], module: str
) -> list[list[int]]:
    """Return the sections for `module`, the best one first; none where it starts its own behind `home`, torch's."""
    own = [section for section in sections if any(top(module_name(statements[one])) == top(module) for one in section)]
    if own:
        return [[index for section in own for index in section], own[0]]
    kinds = [{section_kind(module_name(statements[index])) for index in section} for section in sections]
    if top(module) in (top(RUNTIME_MODULE), "torch") or any(len(kind) > 1 for kind in kinds):
        return [over_comments(statements, sections, home), home]
    last = [section for section, kind in zip(sections, kinds, strict=True) if kind == {"other"}][-1:]
    return [] if last == [home] else last or [home]


def over_comments(statements: Sequence[cst.CSTNode], sections: list[list[int]], home: list[int]) -> list[int]:
    """Join `home` with the sections beside it that only a comment between the imports makes look like sections."""
    first = last = sections.index(home)
    while first > 0 and has_comment_above(statements[sections[first][0]]):
        first -= 1
    while last + 1 < len(sections) and has_comment_above(statements[sections[last + 1][0]]):
        last += 1
    return [index for section in sections[first : last + 1] for index in section]


def is_mixed(statements: Sequence[cst.CSTNode], section: list[int]) -> bool:
    """Whether a section is sorted by module alone: `from json import dumps` above `import os`."""
    words = [sort_words(statements[index]) for index in section]
    kinds = [one[0] for one in words]
    keys = [sort_key(*one, False, False) for one in words]
    return keys == sorted(keys) and kinds != sorted(kinds)


def sorted_index(
    statements: Sequence[cst.CSTNode], section: list[int], module: str, name: ImportAs, mixed: bool
) -> int | None:
    """Return where a `from` import of `module` keeps the section sorted; None when it is not sorted now.

    `mixed`: rather by module alone than with the `import` statements first.
    """
    words = [sort_words(statements[index]) for index in section]
    relative = [module.startswith(".") for _, module, _ in words]
    if relative != sorted(relative):
        return None
    for straight_first, by_name in product((not mixed, mixed), (True, False)):
        keys = [sort_key(*one, by_name, straight_first) for one in words]
        if keys == sorted(keys):
            mine = sort_key(True, module, name, by_name, straight_first)
            before = sum(one <= mine for one in keys)
            return section[before - 1] + 1 if before else section[0]
    return None


def sort_words(statement: cst.CSTNode) -> tuple[bool, str, ImportAs]:
    """Return what imports are sorted by: whether it is a `from` import, the module, the first name."""
    node = import_node(statement)
    if isinstance(node, cst.Import) or not aliases(node):
        return isinstance(node, cst.ImportFrom), module_name(statement), ("", "")
    first = aliases(node)[0]
    name = dotted(first.name)
    return True, module_name(statement), (name, dotted(first.asname.name) if first.asname else name)


def sort_key(
    is_from: bool, module: str, name: ImportAs, by_name: bool, straight_first: bool
) -> tuple[bool, str, str, bool]:
    renamed = name[0] != name[1]
    return is_from and straight_first, module.lower(), name[0] if by_name else "", renamed and by_name


def leading_lines(statement: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    return getattr(statement, "leading_lines", ())


def has_comment_above(statement: cst.CSTNode) -> bool:
    return any(line.comment is not None for line in leading_lines(statement))


def has_split(statement: cst.CSTNode) -> bool:
    """Whether no import goes from one side of a statement to the other: a cell begins with it, or isort is told so."""
    lines = leading_lines(statement)
    return begins_cell(statement) or any(one.comment is not None and SPLIT.search(one.comment.value) for one in lines)


def blank_lines(statement: cst.CSTNode) -> int:
    """Return how many blank lines the leading lines of `statement` start with."""
    count = 0
    for line in leading_lines(statement):
        if line.comment is not None:
            break
        count += 1
    return count


def outside_switched_off(suite: Suite, slot: Slot) -> Slot:
    """Move `slot` behind the end of a `# fmt: off` region that it stands in."""
    off = is_off_after(suite.header, False)
    for index, statement in enumerate(suite.statements):
        for number, line in enumerate(leading_lines(statement)):
            behind = (index, number) >= (slot.index, slot.lead)
            if behind and not off:
                return slot
            off = is_off_after([line], off)
            if behind and not off:
                return Slot(index, number + 1)
        if index >= slot.index and not off:
            break
    return slot


def is_off_after(lines: Sequence[cst.EmptyLine], off: bool) -> bool:
    for line in lines:
        text = line.comment.value if line.comment is not None else ""
        off = bool(SWITCHED_OFF.search(text)) or (off and not SWITCHED_ON.search(text))
    return off
