"""What an import says: a new one's text, an existing one with a name more or less, and what linters want to hear."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import libcst as cst

from cudafix.config.import_style import PLAIN, ImportStyle
from cudafix.fixes.cell_marks import is_between_cells
from cudafix.fixes.import_placement import ImportAs, ImportStatement, aliases, import_node
from cudafix.syntax.expressions import dotted, imported_module
from cudafix.syntax.module import File

INDENT = "    "
LATE = re.compile(r"#\s*noqa\s*:[^#]*\bE402\b", re.IGNORECASE)
NOQA_CODES = re.compile(r"#\s*noqa\s*:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*", re.IGNORECASE)
SETS_UP_IMPORTS = re.compile(
    r"__\w+__\s*=|sys\.path\b|os\.environ\b|os\.putenv\b|os\.unsetenv\b|del os\.environ\b|site\.addsitedir\b"
    r"|(?:[\w., ]+=\s*)?__cudafix_\w+__\b|(?:\w+\s*=\s*)?pytest\.importorskip\b|(?:matplotlib|mpl)\.use\b"
)
"""The statements that may stand above imports, as linters have it."""


# What a new import looks like


def from_import(module: str, names: list[ImportAs], width: int, style: ImportStyle = PLAIN) -> str:
    """Return the statement that imports `names`, wrapped as the project does when it is longer than `width`."""
    parts = [name if name == local else f"{name} as {local}" for name, local in names]
    line = f"from {module} import {', '.join(parts)}"
    if len(line) <= width and not 0 < style.wrap_from <= len(parts):
        return line
    head, comma = f"from {module} import (", "," if style.trailing_comma else ""
    if style.wrapping == "grid":
        return f"{head}{filled(parts, width, len(head))})"
    if style.wrapping == "grouped":
        return f"{head}\n{INDENT}{filled(parts, width, len(INDENT))}{comma}\n)"
    return "\n".join([head, *(f"{INDENT}{part}," for part in parts[:-1]), f"{INDENT}{parts[-1]}{comma}", ")"])


def filled(parts: Sequence[str], width: int, indent: int) -> str:
    """Return names on as few lines as `width` allows, the first of which begins behind `indent` columns."""
    lines = [parts[0]]
    for part in parts[1:]:
        if indent + len(lines[-1]) + len(f", {part},") > width:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] += f", {part}"
    return f"\n{' ' * indent}".join(lines)


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


def with_names(node: cst.ImportFrom, names: list[ImportAs], width: int, file: File) -> cst.ImportFrom:
    """Add `names` to an existing import in its own style and order, wrapped when it gets longer than `width`."""
    new = node
    for name, local in names:
        asname = cst.AsName(cst.Name(local)) if local != name else None
        new = with_name(new, cst.ImportAlias(cst.Name(name), asname), separator(node))
    code = file.code(new)
    if len(code.splitlines()) > 1 or len(code) <= width:
        return new
    every = [(dotted(one.name), dotted(one.asname.name if one.asname else one.name)) for one in aliases(new)]
    return parse_import(from_import(imported_module(new), every, 0, file.style))


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


# What linters want to hear


def late_import_comment(before: Sequence[cst.CSTNode], beside: str) -> str:
    """Return the comment for an import below other code, where linters want imports at the top (E402).

    `before` are the statements above, `beside` is the line of the import that the new one stands by.
    """
    cell = next((index for index in range(len(before), 0, -1) if is_between_cells(before[index - 1])), 0)
    late = any(ends_imports(one, index) for index, one in enumerate(before[cell:])) or is_marked_late(beside)
    return "  # noqa: E402" if late else ""


def is_marked_late(line: str) -> bool:
    return LATE.search(line) is not None


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
