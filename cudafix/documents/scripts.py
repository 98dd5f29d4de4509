"""A script that is a notebook, as jupytext, nbconvert and Databricks write it → the same with its magics read.

Magics are comments there (`# %timeit f()`, `# MAGIC %timeit f()`), strings (`get_ipython().run_line_magic(…)`) or, in
the format of Hydrogen, as they are in a notebook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cudafix.documents.magics import CELLS, NO_CODE
from cudafix.documents.masks import (
    CALL,
    COMMENTED,
    NAMES_BACKEND,
    NO_PYTHON,
    UNKNOWN,
    MaskedText,
    Masks,
    Shifts,
    Unread,
    is_left,
    is_simple,
    why_left,
)
from cudafix.documents.placeholders import RUN, imported_names, may_be_cell
from cudafix.files.source import Source
from cudafix.model import NOT_READ, Edit, Finding, Position, Problem, Result

NAMED = r"[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*[ \t]*=[ \t]*"
"""The names that get what a magic gives."""

COMMENT = re.compile(
    rf"(?P<indent>[ \t]*)(?P<head>#[ \t]*(?:MAGIC[ \t]+)?)(?P<text>%{{1,2}}\w.*|!.*|{NAMED}(?:%\w|!).*)"
)
MAGIC_OF_CELL = re.compile(r"(?P<comment># )?%%(?P<magic>\w+)")
PERCENT = re.compile(r"#[ \t]*%%+(?:[ \t[].*)?")
MARK = re.compile(r"# \+(?:[ \t].*)?|# -|# In\[.*|# COMMAND -+.*|# <\w+cell>.*|# (?:end)?region\b.*")
"""What stands above a cell where no cell has a mark of the format percent."""

PROSE = re.compile(r"\[(?:markdown|md|raw)\]|<markdowncell>")
LIGHT = re.compile(r"(?m)^#(?: {3})? jupytext:|^# jupyter:|^# (?:[+]|-)[ \t\r]*$|^# \+[ \t]|^# region\b")
"""What tells that a script may be in the format light of jupytext, in which most cells have no mark."""

CONTINUED = re.compile(r"(?P<head># MAGIC ?)(?P<text>.*)")
IN_COMMENTS = re.compile(r"(?m)^# MAGIC (?P<magic>%{1,2}[\w-]+).*(?:\n# MAGIC\b.*)*")
"""A cell of Databricks in comments."""

LANGUAGES = frozenset(("%md", "%md-sandbox", "%r", "%scala", "%sh", "%sql"))
"""The magics of Databricks that begin a cell in another language."""


def check_script(source: Source, check: Callable[[Source], Result]) -> Result:
    """Deal with a script as `check` deals with the module that it is with its magics."""
    try:
        script = Script(source.data.decode("utf-8"))
    except UnicodeDecodeError:
        return check(source)
    is_whole = script.masked.code == script.text
    if is_whole or not (script.leaves_cells or may_be_cell(script.masked.code)):
        result = check(source)
    else:
        result = with_magics(check(replace(source, data=script.masked.code.encode())), script, source.data)
    unread = "; ".join(f"line {one.row}: `{one.what}` {one.why}" for one in script.masked.unread)
    problems = (Problem(source.path, NOT_READ + unread),) if unread else ()
    return replace(result, problems=(*result.problems, *problems))


def with_magics(result: Result, script: Script, data: bytes) -> Result:
    """Return the result for the module as one for the script itself."""
    place = script.masked.place
    same = replace(
        result,
        old_bytes=data,
        findings=tuple(moved(one, place) for one in result.findings),
        fixed=tuple(moved(one, place) for one in result.fixed),
    )
    if result.new_bytes is None:
        return same
    new = script.masks.unmasked(result.new_bytes.decode())
    if is_left(new, script.text) or (may_be_cell(script.text) and not may_be_cell(new)):
        problem = Problem(result.path, "left as it was: a magic would change; please report this", fatal=True)
        return replace(same, new_bytes=None, fixed=(), problems=(*result.problems, problem))
    after = Script(new).masked.place
    return replace(same, new_bytes=new.encode(), findings=tuple(moved(one, after) for one in result.findings))


def moved(finding: Finding, place: Callable[[Position], Position]) -> Finding:
    """Return a finding with its places, and those of its edits, in the text of the script."""
    fix = finding.fix
    if fix is not None:
        fix = replace(fix, edits=tuple(Edit(place(one.start), place(one.end), one.content) for one in fix.edits))
    return replace(finding, start=place(finding.start), end=place(finding.end), fix=fix)


class Script:
    """The text of a script, and the module that it is with its magics."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.masks = Masks(imported_names(text))
        commented = CommentedMagics(self.masks)
        self.masked = commented.read(text, cells_of(text))
        self.leaves_cells = commented.leaves_cells
        """Whether there are cells that must not be read, even where Python refuses the others."""
        if not may_be_cell(self.masked.code):  # magics stand there as in a notebook
            bare = self.masks.with_lines(self.masked.code.split("\n"))
            shifts = {**self.masked.shifts, **bare.shifts}
            unread = list(dict.fromkeys([*self.masked.unread, *bare.unread]))
            is_notebook = bare.code != self.masked.code
            self.masked = MaskedText(bare.code, shifts, unread)
            if is_notebook and not may_be_cell(bare.code):
                self.leave_cells()

    def leave_cells(self) -> None:
        """Put calls in the place of the cells that cannot be read, as in a notebook."""
        rows, lines = self.masked.code.split("\n"), self.text.split("\n")
        for cell in cells_of(self.text):
            if may_be_cell("\n".join(rows[cell.start : cell.end])):
                continue
            whole = self.masks.whole("\n".join(lines[cell.start : cell.end]).rstrip(), NO_PYTHON)
            made = whole.code.split("\n")
            rows[cell.start : cell.start + len(made)] = made
            rows[cell.start + len(made) : cell.end] = [""] * (cell.end - cell.start - len(made))
            kept = [one for one in self.masked.unread if not cell.start < one.row <= cell.end]
            self.masked.unread = kept + [replace(one, row=one.row + cell.start) for one in whole.unread]
            for row in range(cell.start, cell.end):
                self.masked.shifts.pop(row, None)
        self.masked.code = "\n".join(rows)


@dataclass(frozen=True)
class ScriptCell:
    """The rows of a cell, below its mark: from `start` up to, not including, `end`; they count from 0."""

    start: int
    end: int
    is_known: bool = True
    """Whether it is one for sure: not what stands above the first mark."""

    is_prose: bool = False


def cells_of(text: str) -> list[ScriptCell]:
    """Return the cells of a script; in the format light, a paragraph is one where no mark says more."""
    lines = [one.rstrip() for one in text.split("\n")]
    mark = PERCENT if any(PERCENT.fullmatch(one) for one in lines) else MARK
    is_known = is_light = mark is MARK and LIGHT.search(text) is not None
    start, is_open, is_prose, cells = 0, not is_light, False, []
    for row, line in enumerate(lines):
        is_mark = mark.fullmatch(line) is not None
        if is_mark or (not is_open and row and not lines[row - 1] and line[:1].strip()):
            cells.append(ScriptCell(start, row, is_known, is_prose))
            start, is_known, is_prose = row + is_mark, True, is_mark and PROSE.search(line) is not None
            is_open = not is_light or (is_open if not is_mark else line not in ("# -", "# endregion"))
    return [*cells, ScriptCell(start, len(lines), is_known, is_prose)]


def left_alone(lines: Sequence[str], cell: ScriptCell) -> tuple[range, str]:
    """Return the rows of a cell with a magic that is not known to hold Python, and its name; none for another cell."""
    first = next((row for row in range(cell.start, cell.end) if lines[row].strip()), cell.end)
    for row in range(first, cell.end):
        found = MAGIC_OF_CELL.match(lines[row])
        if found is None or (found["comment"] and not cell.is_known):
            break
        if found["magic"] not in CELLS:
            last = next(row for row in reversed(range(cell.end)) if lines[row].strip())
            return range(first, last + 1), found["magic"]
    return range(0), ""


def left_in_comments(found: re.Match[str], made: MaskedText) -> range:
    """Return the rows of a cell in comments whose magic is not known to hold Python."""
    first, magic = found.string.count("\n", 0, found.start()), found["magic"]
    is_language = magic in LANGUAGES or (magic.startswith("%%") and magic[2:] in NO_CODE)
    if not is_language and (not magic.startswith("%%") or magic[2:] in CELLS):
        return range(0)
    if not is_language and NAMES_BACKEND.search(found[0]):
        made.unread.append(Unread(first + 1, found[0].split("\n")[0].strip()[:40], UNKNOWN))
    return range(first, first + found[0].count("\n") + 1)


class CommentedMagics:
    """The magics that stand in comments, and in calls that run them."""

    def __init__(self, masks: Masks) -> None:
        self.masks = masks
        self.leaves_cells = False
        self.in_block = False
        """Whether lines follow that are the Python of a cell of Databricks in comments."""

    def read(self, text: str, cells: Sequence[ScriptCell] = ()) -> MaskedText:
        """Return a text, which is one cell where nothing else is said, with the code of such magics."""
        lines = text.split("\n")
        made = MaskedText("")
        left: set[int] = set()
        for cell in cells or (ScriptCell(0, len(lines)),):
            left.update(self.leave(lines, cell, made))
        for found in IN_COMMENTS.finditer(text):
            left.update(left_in_comments(found, made))
        for row, line in enumerate(lines):
            if row in left:
                continue
            code, shifts, why = self.of_line(line)
            lines[row] = code or line
            if shifts:
                made.shifts[row] = shifts
            if why and NAMES_BACKEND.search(line):
                made.unread.append(Unread(row + 1, line.strip()[:40], why))
        made.code = "\n".join(lines)
        return made

    def leave(self, lines: list[str], cell: ScriptCell, made: MaskedText) -> Sequence[int]:
        """Put a call in the place of a cell whose magic may hold no Python; return the rows to leave, or of prose."""
        if cell.is_prose:
            return [row for row in range(cell.start, cell.end) if lines[row].startswith("#")]
        rows, magic = left_alone(lines, cell)
        text = "\n".join(lines[rows.start : rows.stop])
        if magic in NO_CODE and all(lines[row].startswith("#") or not lines[row].strip() for row in rows):
            return rows
        if magic not in NO_CODE and NAMES_BACKEND.search(text):
            made.unread.append(Unread(rows.start + 1, lines[rows.start].strip()[:40], UNKNOWN))
        if rows:
            lines[rows.start : rows.stop] = self.masks.mask(text).split("\n")
            made.shifts[rows.start] = ((0, 0),)
            self.leaves_cells = True
        return rows

    def of_line(self, line: str) -> tuple[str, Shifts, str]:
        """Return a line with the code of its magic, how that has moved, and why it is not read."""
        comment, call = COMMENT.fullmatch(line), CALL.match(line)
        more = CONTINUED.fullmatch(line) if self.in_block and comment is None else None
        self.in_block = more is not None or (comment is not None and begins_block(comment))
        if call is not None:
            return self.masks.of_call(call, line[call.end() :])
        if comment is not None and not self.in_block:
            return self.of_comment(comment)
        if more is not None and more["text"].strip():
            return self.of_block(more)
        return "", (), ""

    def of_comment(self, comment: re.Match[str]) -> tuple[str, Shifts, str]:
        indent, text = comment["indent"], comment["text"]
        code, shifts = self.masks.of_magic(indent, text, comment["head"])
        if not code and text[0] not in "%!":  # `# x = %name f()`, which only here is known to use `f`
            code, shifts = f"{indent}{COMMENTED}{comment['head']}{text}", ((len(indent), -len(COMMENTED)),)
            return code, shifts, why_left(text)
        return code, shifts, "" if code else why_left(text)

    def of_block(self, more: re.Match[str]) -> tuple[str, Shifts, str]:
        if not is_simple(more["text"]) or more["text"][0].isspace():
            return "", (), "is a part of a cell in comments that cannot be read alone"
        return *self.masks.ran("", more["head"], more["text"], RUN), ""


def begins_block(comment: re.Match[str]) -> bool:
    """Whether a comment begins a cell of Databricks that is Python: `# MAGIC %python`."""
    found = re.match(r"%{1,2}(\w+)", comment["text"])
    is_cell = comment["text"].startswith("%%") and found is not None and found[1] in CELLS
    return "MAGIC" in comment["head"] and (is_cell or comment["text"].split()[0] == "%python")
