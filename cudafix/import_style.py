"""How a file writes its imports: where a new one goes among them, and what it looks like there."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

import libcst as cst

from cudafix.config import RUNTIME_MODULE
from cudafix.file import File
from cudafix.names import dotted, imported_module

LINE_LENGTH = 88
"""What black, ruff and isort's black profile wrap at; longer projects accept the wrapped form as well."""

SWITCHED_OFF = re.compile(r"#\s*(?:fmt|isort|yapf)\s*:\s*(?:off|disable)\b")
SWITCHED_ON = re.compile(r"#\s*(?:fmt|isort|yapf)\s*:\s*(?:on|enable)\b")
SPLIT = re.compile(r"#\s*isort\s*:\s*split\b")
LATE = re.compile(r"#\s*noqa\s*:[^#]*\bE402\b", re.IGNORECASE)
NOQA_CODES = re.compile(r"#\s*noqa\s*:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*", re.IGNORECASE)

ImportStatement = cst.Import | cst.ImportFrom
Name = tuple[str, str]
"""What is imported, and what it is called here."""


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
    """A block of statements, and the lines among them that go."""

    node: cst.CSTNode
    removed: Collection[cst.CSTNode] = ()

    @property
    def statements(self) -> Sequence[cst.CSTNode]:
        return getattr(self.node, "body", ())

    @property
    def header(self) -> Sequence[cst.EmptyLine]:
        """The comments above the first statement of a module."""
        return self.node.header if isinstance(self.node, cst.Module) else ()

    def statements_for(self, names: list[Name]) -> list[list[Name]]:
        """Group `names` by the statement that imports them, in the style of the file."""
        if splits_names(self.node):
            return [[one] for one in names]
        if combines_aliases(self.node):
            return [names]
        plain = [(name, local) for name, local in names if name == local]
        return sorted(filter(None, [plain, *([one] for one in names if one not in plain)]))

    def can_extend(self, node: cst.ImportFrom, names: list[Name]) -> bool:
        if splits_names(self.node) or combines_aliases(self.node):
            return not splits_names(self.node)
        return not has_alias(node) and all(name == local for name, local in names)


@lru_cache(maxsize=8)
def splits_names(suite: cst.CSTNode) -> bool:
    """Whether the file writes one import a name: two lines in a row import one name of the same module."""
    return any(one and one == two for one, two in pairwise(map(one_name_from, getattr(suite, "body", ()))))


@lru_cache(maxsize=8)
def combines_aliases(suite: cst.CSTNode) -> bool:
    """Whether the file writes `from x import a, b as c`, and not each alias on a line of its own."""
    nodes = [import_node(one) for one in getattr(suite, "body", ()) if is_import(one)]
    return any(isinstance(one, cst.ImportFrom) and has_alias(one) and len(aliases(one)) > 1 for one in nodes)


# Import statements


def is_import(statement: cst.CSTNode) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and len(statement.body) == 1
        and isinstance(statement.body[0], (cst.Import, cst.ImportFrom))
    )


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
    """Return the module that `statement` imports a single name from, or ""."""
    node = import_node(statement) if is_import(statement) else None
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


def find_slot(suite: Suite, anchor: int, module: str, name: Name) -> Slot:
    """Return where a `from` import of `name` from `module` goes beside the torch import number `anchor`.

    In a sorted section of imports it keeps the order; elsewhere it comes right behind the anchor.
    """
    statements = suite.statements
    sections = split_sections(statements, *import_block(statements, anchor))
    home = next(section for section in sections if anchor in section)
    candidates = find_sections(statements, sections, home, module)
    for section in candidates:
        index = sorted_index(statements, section, module, name)
        if index is not None:
            lead = blank_lines(statements[index]) if index == section[0] and index > 0 else 0
            return outside_switched_off(suite, Slot(index, lead))
    if not candidates:
        apart = any(statements[index] not in suite.removed for index in home)
        return outside_switched_off(suite, Slot(home[-1] + 1, apart=apart))
    section = candidates[-1]
    same = [index for index in section if module_name(statements[index]) == module]
    return outside_switched_off(suite, Slot((same[-1] if same else anchor if section is home else section[-1]) + 1))


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
    own = [one for one in sections if any(top(module) == top(module_name(statements[index])) for index in one)]
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


def sorted_index(statements: Sequence[cst.CSTNode], section: list[int], module: str, name: Name) -> int | None:
    """Return where a `from` import of `module` keeps the section sorted; None when it is not sorted now."""
    words = [sort_words(statements[index]) for index in section]
    for by_name, straight_first in product((True, False), (True, False)):
        keys = [sort_key(*one, by_name, straight_first) for one in words]
        if keys == sorted(keys):
            mine = sort_key(True, module, name, by_name, straight_first)
            before = sum(one <= mine for one in keys)
            return section[before - 1] + 1 if before else section[0]
    return None


def sort_words(statement: cst.CSTNode) -> tuple[bool, str, Name]:
    """Return what imports are sorted by: whether it is a `from` import, the module, the first name."""
    node = import_node(statement)
    if isinstance(node, cst.Import) or not aliases(node):
        return isinstance(node, cst.ImportFrom), module_name(statement), ("", "")
    first = aliases(node)[0]
    name = dotted(first.name)
    return True, module_name(statement), (name, dotted(first.asname.name) if first.asname else name)


def sort_key(
    is_from: bool, module: str, name: Name, by_name: bool, straight_first: bool
) -> tuple[bool, str, str, bool]:
    renamed = name[0] != name[1]
    return is_from and straight_first, module.lower(), name[0] if by_name else "", renamed and by_name


def leading_lines(statement: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    return getattr(statement, "leading_lines", ())


def has_comment_above(statement: cst.CSTNode) -> bool:
    return any(line.comment is not None for line in leading_lines(statement))


def has_split(statement: cst.CSTNode) -> bool:
    return any(line.comment is not None and SPLIT.search(line.comment.value) for line in leading_lines(statement))


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


# What linters want to hear


def late_import_comment(before: Sequence[cst.CSTNode], beside: str) -> str:
    """Return the comment for an import below other code, where linters want imports at the top (E402).

    `before` are the statements above, `beside` is the line of the import that the new one stands by.
    """
    late = any(ends_imports(one, index) for index, one in enumerate(before)) or LATE.search(beside)
    return "  # noqa: E402" if late else ""


def ends_imports(statement: cst.CSTNode, index: int) -> bool:
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
        return True
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    return any(ends_imports_small(one, index) for one in statement.body)


def ends_imports_small(node: cst.BaseSmallStatement, index: int) -> bool:
    if isinstance(node, (cst.Import, cst.ImportFrom)):
        return False
    if isinstance(node, cst.Expr) and isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)) and index == 0:
        return False
    if isinstance(node, (cst.Expr, cst.Assign, cst.Del)):
        return not SETS_UP_IMPORTS.match(cst.Module([]).code_for_node(node))
    return True


SETS_UP_IMPORTS = re.compile(
    r"__\w+__\s*=|sys\.path\b|os\.environ\b|os\.putenv\b|os\.unsetenv\b|del os\.environ\b|site\.addsitedir\b"
    r"|(?:\w+\s*=\s*)?pytest\.importorskip\b|(?:matplotlib|mpl)\.use\b"
)


def with_comment(code: str, comment: str) -> str:
    """Put `comment` where linters look for it: behind the import, or behind the parenthesis that opens it."""
    first, *rest = code.split("\n")
    return "\n".join([first + comment, *rest])


def marked_unused(comment: str) -> str:
    """Add to `comment`, which may be empty, that the import is there although nothing uses it."""
    if not comment:
        return "# noqa: F401"
    merged, count = NOQA_CODES.subn(lambda found: f"{found[0]}, F401", comment, count=1)
    return merged if count else f"{comment}  # noqa: F401"


def with_opening_comment(node: ImportStatement) -> ImportStatement | None:
    """Mark `node` as unused behind its opening parenthesis; None when its names do not start on the next line."""
    if not isinstance(node, cst.ImportFrom) or node.lpar is None:
        return None
    space = node.lpar.whitespace_after
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return None
    comment = space.first_line.comment
    old = comment.value if comment is not None else ""
    gap = space.first_line.whitespace if old else cst.SimpleWhitespace("  ")
    first = space.first_line.with_changes(whitespace=gap, comment=cst.Comment(marked_unused(old)))
    return node.with_changes(lpar=node.lpar.with_changes(whitespace_after=space.with_changes(first_line=first)))


# What a new import looks like


def from_import(module: str, names: list[Name], width: int) -> str:
    """Return the statement that imports `names`, wrapped when it is longer than `width`."""
    parts = [name if name == local else f"{name} as {local}" for name, local in names]
    line = f"from {module} import {', '.join(parts)}"
    if len(line) <= width:
        return line
    return "\n".join([f"from {module} import (", *(f"    {part}," for part in parts), ")"])


def parse_import(code: str) -> cst.ImportFrom:
    node = import_node(cst.parse_statement(code))
    assert isinstance(node, cst.ImportFrom)
    return node


def without_names(node: ImportStatement, gone: Collection[cst.ImportAlias]) -> ImportStatement | None:
    """Return `node` without the names in `gone`, None when nothing is left of it."""
    kept = [one for one in aliases(node) if one not in gone]
    if kept and aliases(node)[-1] is not kept[-1]:
        kept[-1] = kept[-1].with_changes(comma=aliases(node)[-1].comma)
    return node.with_changes(names=tuple(kept)) if kept else None


def with_names(node: cst.ImportFrom, names: list[Name], width: int, file: File) -> cst.ImportFrom:
    """Add `names` to an existing import in its own style and order, wrapped when it gets longer than `width`."""
    new = node
    for name, local in names:
        asname = cst.AsName(cst.Name(local)) if local != name else None
        new = with_name(new, cst.ImportAlias(cst.Name(name), asname), separator(node))
    code = file.code(new)
    if len(code.splitlines()) > 1 or len(code) <= width:
        return new
    every = [(dotted(one.name), dotted(one.asname.name if one.asname else one.name)) for one in aliases(new)]
    return parse_import(from_import(imported_module(new), every, 0))


def with_name(node: cst.ImportFrom, alias: cst.ImportAlias, comma: cst.Comma) -> cst.ImportFrom:
    """Add one name; `comma` is what stands between two. A comment behind the last name stays behind that name."""
    names, rpar = list(aliases(node)), node.rpar
    position = position_in([dotted(one.name) for one in names], dotted(alias.name))
    if position < len(names):
        names.insert(position, alias.with_changes(comma=comma))
        return node.with_changes(names=names)
    last = names[-1]
    space: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace("")
    if isinstance(last.comma, cst.Comma):
        space = last.comma.whitespace_after
        alias = alias.with_changes(comma=last.comma.with_changes(whitespace_after=without_comment(space)))
    else:
        alias = alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        if rpar is not None:
            space = rpar.whitespace_before
            rpar = rpar.with_changes(whitespace_before=without_comment(space))
    names[-1:] = [last.with_changes(comma=with_comment_of(space, comma)), alias]
    return node.with_changes(names=names, rpar=rpar)


def position_in(names: list[str], name: str) -> int:
    """Return where `name` keeps `names` sorted; the end when they are not."""
    for fold in (str, str.lower):
        keys = [fold(one) for one in names]
        if keys == sorted(keys):
            return sum(one <= fold(name) for one in keys)
    return len(names)


def separator(node: cst.ImportFrom) -> cst.Comma:
    """Return the comma that stands between the names of `node`, or would, without its comments."""
    spaces = [one.comma.whitespace_after for one in aliases(node)[:-1] if isinstance(one.comma, cst.Comma)]
    if node.lpar is not None and isinstance(node.lpar.whitespace_after, cst.ParenthesizedWhitespace):
        spaces.append(node.lpar.whitespace_after)
    space = without_comment(spaces[0] if spaces else cst.SimpleWhitespace(" "))
    if isinstance(space, cst.ParenthesizedWhitespace):
        space = space.with_changes(empty_lines=())
    return cst.Comma(whitespace_after=space)


def without_comment(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    first = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
    return space.with_changes(first_line=first)


def with_comment_of(space: cst.BaseParenthesizableWhitespace, comma: cst.Comma) -> cst.Comma:
    """Take the comment behind a name over to the comma that comes to stand there."""
    if not isinstance(space, cst.ParenthesizedWhitespace) or space.first_line.comment is None:
        return comma
    after = comma.whitespace_after
    if not isinstance(after, cst.ParenthesizedWhitespace):
        after = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    return comma.with_changes(whitespace_after=after.with_changes(first_line=space.first_line))
