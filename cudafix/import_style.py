"""How a file writes its imports: where a new one goes among them, and what it looks like there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from cudafix.file import File
from cudafix.names import dotted, imported_module

LINE_LENGTH = 88
"""What black, ruff and isort's black profile wrap at; longer projects accept the wrapped form as well."""

SWITCHED_OFF = re.compile(r"#\s*(?:fmt|isort|yapf)\s*:\s*(?:off|disable)\b")
SWITCHED_ON = re.compile(r"#\s*(?:fmt|isort|yapf)\s*:\s*(?:on|enable)\b")
SPLIT = re.compile(r"#\s*isort\s*:\s*split\b")


@dataclass(frozen=True)
class Slot:
    """A place between the statements of a suite: before statement `index`, behind its first `lead` leading lines."""

    index: int
    lead: int = 0


def find_slot(statements: Sequence[cst.CSTNode], anchor: int, module: str, file: File) -> Slot:
    """Return where an import of `module` goes beside the torch import number `anchor`.

    In a sorted section of imports it keeps the order; elsewhere it comes right behind the anchor.
    """
    low, high = import_block(statements, anchor)
    sections = split_sections(statements, low, high)
    home = next(section for section in sections if anchor in section)
    package = module.partition(".")[0]
    own = [section for section in sections if any(package == top(statements[index]) for index in section)]
    section = own[0] if own else home
    index = sorted_index(statements, section, module)
    if index is None:
        index = anchor + 1 if section is home else section[-1] + 1
    lead = blank_lines(statements[index]) if index == section[0] and index > 0 else 0
    return outside_switched_off(statements, Slot(index, lead))


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


def is_import(statement: cst.CSTNode) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and len(statement.body) == 1
        and isinstance(statement.body[0], (cst.Import, cst.ImportFrom))
    )


def import_node(statement: cst.CSTNode) -> cst.Import | cst.ImportFrom:
    assert isinstance(statement, cst.SimpleStatementLine)
    node = statement.body[0]
    assert isinstance(node, (cst.Import, cst.ImportFrom))
    return node


def module_name(statement: cst.CSTNode) -> str:
    node = import_node(statement)
    return imported_module(node) if isinstance(node, cst.ImportFrom) else dotted(node.names[0].name)


def top(statement: cst.CSTNode) -> str:
    return module_name(statement).partition(".")[0]


def sorted_index(statements: Sequence[cst.CSTNode], section: list[int], module: str) -> int | None:
    """Return where a `from` import of `module` keeps the section sorted; None when it is not sorted now."""

    def straight_first(is_from: bool, name: str) -> tuple[bool, str]:
        return is_from, name.lower()

    def by_module_only(is_from: bool, name: str) -> tuple[bool, str]:
        return False, name.lower()

    for key in (straight_first, by_module_only):
        keys = [
            key(isinstance(import_node(statements[i]), cst.ImportFrom), module_name(statements[i])) for i in section
        ]
        if keys == sorted(keys):
            mine = key(True, module)
            return section[0] + sum(one <= mine for one in keys)
    return None


def leading_lines(statement: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    return getattr(statement, "leading_lines", ())


def comments(statement: cst.CSTNode) -> list[str]:
    return [line.comment.value for line in leading_lines(statement) if line.comment is not None]


def has_split(statement: cst.CSTNode) -> bool:
    return any(SPLIT.search(one) for one in comments(statement))


def blank_lines(statement: cst.CSTNode) -> int:
    """Return how many blank lines the leading lines of `statement` start with."""
    count = 0
    for line in leading_lines(statement):
        if line.comment is not None:
            break
        count += 1
    return count


def outside_switched_off(statements: Sequence[cst.CSTNode], slot: Slot) -> Slot:
    """Move `slot` behind the end of a `# fmt: off` region that it stands in."""
    off = False
    for index, statement in enumerate(statements):
        for number, line in enumerate(leading_lines(statement)):
            behind = (index, number) >= (slot.index, slot.lead)
            if behind and not off:
                return slot
            text = line.comment.value if line.comment is not None else ""
            if SWITCHED_OFF.search(text):
                off = True
            elif SWITCHED_ON.search(text):
                if behind:
                    return Slot(index, number + 1)
                off = False
    return slot


def late_import_comment(before: Sequence[cst.CSTNode]) -> str:
    """Return the comment for an import below other code, where linters want imports at the top (E402)."""
    return "  # noqa: E402" if any(ends_imports(one, index) for index, one in enumerate(before)) else ""


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


def from_import(
    module: str, names: list[tuple[str, str]], indent: str, limit: int = LINE_LENGTH, split: bool = False
) -> str:
    """Return the statement that imports `names` (name, local name), wrapped when it is too long."""
    parts = [name if name == local else f"{name} as {local}" for name, local in names]
    if split:
        return "\n".join(f"from {module} import {part}" for part in parts)
    line = f"from {module} import {', '.join(parts)}"
    if len(indent) + len(line) <= limit:
        return line
    return "\n".join([f"from {module} import (", *(f"    {part}," for part in parts), ")"])


def with_names(node: cst.ImportFrom, names: list[tuple[str, str]], file: File, indent: str) -> cst.ImportFrom:
    """Add `names` to an existing import in its own style and order."""
    assert not isinstance(node.names, cst.ImportStar)
    aliases = list(node.names)
    last_comma = aliases[-1].comma
    inner = next((one.comma for one in aliases[:-1]), cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    if node.lpar is not None and len(aliases) == 1 and isinstance(last_comma, cst.Comma):
        inner = cst.Comma(whitespace_after=node.lpar.whitespace_after)
    in_order = [dotted(one.name) for one in aliases] == sorted(dotted(one.name) for one in aliases)
    for name, local in names:
        alias = cst.ImportAlias(cst.Name(name), cst.AsName(cst.Name(local)) if local != name else None)
        position = sum(dotted(one.name) < name for one in aliases) if in_order else len(aliases)
        aliases.insert(position, alias)
    aliases = [
        one if one in node.names[:-1] else one.with_changes(comma=without_comments(inner)) for one in aliases[:-1]
    ] + [aliases[-1].with_changes(comma=last_comma)]
    new = node.with_changes(names=tuple(aliases))
    code = file.code(new)
    if node.lpar is None and len(indent) + len(code) > LINE_LENGTH:
        parts = [(dotted(one.name), dotted(one.asname.name) if one.asname else dotted(one.name)) for one in aliases]
        return wrapped(imported_module(node), parts)
    return new


def without_comments(comma: cst.Comma | cst.MaybeSentinel) -> cst.Comma | cst.MaybeSentinel:
    if not isinstance(comma, cst.Comma):
        return comma
    space = comma.whitespace_after
    if isinstance(space, cst.ParenthesizedWhitespace):
        first = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
        return comma.with_changes(whitespace_after=space.with_changes(first_line=first, empty_lines=()))
    return comma


def wrapped(module: str, names: list[tuple[str, str]]) -> cst.ImportFrom:
    statement = cst.parse_statement(from_import(module, names, "", limit=0))
    assert isinstance(statement, cst.SimpleStatementLine)
    node = statement.body[0]
    assert isinstance(node, cst.ImportFrom)
    return node


def with_comment(code: str, comment: str) -> str:
    """Put `comment` where linters look for it: behind each import, or behind the parenthesis that opens it."""
    first, *rest = code.split("\n")
    if first.endswith("("):
        return "\n".join([first + comment, *rest])
    return "\n".join(line + comment for line in (first, *rest))
