"""What was found in the module that a notebook's cells make → the same, said in cells; and the notebook's new bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from cudafix.documents.notebook import Notebook, NotebookError
from cudafix.files.source import Source
from cudafix.model import NOT_READ, Edit, Finding, Fix, Position, Problem, Result

LINE = re.compile(r"\bline (\d+)\b")


def check_notebook(source: Source, check: Callable[[Source], Result], refuse: Callable[[str], Result]) -> Result:
    """Deal with a notebook as `check` deals with the module that its cells make."""
    try:
        notebook = Notebook(source.data)
        code = notebook.code
    except NotebookError as error:
        return refuse(str(error))
    result = in_cells(check(Source(source.path, code.encode("utf-8", "surrogatepass"))), notebook, source.data)
    unread = (Problem(source.path, NOT_READ + notebook.unread),) if notebook.unread else ()
    return replace(result, problems=(*result.problems, *unread))


def in_cells(result: Result, notebook: Notebook, data: bytes) -> Result:
    """Return the result for the module as one for the notebook itself."""
    in_notebook = replace(
        result,
        old_bytes=data,
        findings=tuple(finding_in_cells(one, notebook) for one in result.findings),
        fixed=tuple(finding_in_cells(one, notebook) for one in result.fixed),
        problems=tuple(problem_in_cells(one, notebook) for one in result.problems),
        helpers=(),
    )
    if result.new_bytes is None:
        return in_notebook
    try:
        changed = notebook.with_code(result.new_bytes.decode("utf-8", "surrogatepass"))
        after = Notebook(changed)
    except (NotebookError, ValueError) as error:
        problem = Problem(result.path, f"left as it was: {error}; please report this", fatal=True)
        return replace(in_notebook, new_bytes=None, fixed=(), problems=(problem,))
    left = tuple(finding_in_cells(one, after) for one in result.findings)
    return replace(in_notebook, new_bytes=changed, findings=left)


def finding_in_cells(finding: Finding, notebook: Notebook) -> Finding:
    start, end = notebook.place(finding.start), notebook.place(finding.end)
    shown = notebook.place_in_document(finding.start), notebook.place_in_document(finding.end)
    texts = {name: text_in_cells(getattr(finding, name), notebook) for name in ("message", "reason", "help")}
    fix = fix_in_cells(finding.fix, notebook) if finding.fix is not None else None
    return replace(finding, start=start, end=end, shown=shown, fix=fix, **texts)


def fix_in_cells(fix: Fix, notebook: Notebook) -> Fix:
    edits = [Edit(notebook.place(one.start), notebook.place(one.end), one.content) for one in fix.edits]
    return replace(fix, edits=tuple(edits))


def problem_in_cells(problem: Problem, notebook: Notebook) -> Problem:
    return replace(problem, position=notebook.place(problem.position) if problem.position is not None else None)


def text_in_cells(text: str, notebook: Notebook) -> str:
    def in_cell(found: re.Match[str]) -> str:
        place = notebook.place(Position(int(found[1]), 1))
        return f"line {place.row} of cell {place.cell}"

    return LINE.sub(in_cell, text)
