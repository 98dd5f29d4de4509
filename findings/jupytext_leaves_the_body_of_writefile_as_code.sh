#!/usr/bin/env bash
# jupytext 1.19.6, a notebook written as a script in the format percent: of a cell that begins with `%%bash` all lines
# become comments; of one that begins with `%%writefile a.py`, whose lines are no more a part of the notebook's own
# program, the magic alone does. Its body stands in the script as code, which runs there when the script is run, and
# writes no file. The same in R Markdown, which makes comments of magics, where Markdown and MyST keep them.
#
# Seen: `print` of the other program as a statement of the script; the magic as a comment in Rmd and as it is in md.
#
# Why it matters: who reads such a script, a linter or a codemod, takes the lines of another file for code of this
# module: an import that is moved or renamed for the module breaks the file that the notebook writes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check jupytext==1.19.6 2>/dev/null

"$folder/venv/bin/python" - <<'PYTHON'
import jupytext
from nbformat import v4

cells = [v4.new_code_cell("%%bash\nls"), v4.new_code_cell("%%writefile a.py\nprint('of another file')")]
book = v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}})
script, chunks, text = (jupytext.writes(book, fmt=one).split("\n") for one in ("py:percent", "Rmd", "md"))
seen = {
    "bash is a comment": "# ls" in script and "ls" not in script,
    "writefile's body is code": "# %%writefile a.py" in script and "print('of another file')" in script,
    "so it is in Rmd": "# %%writefile a.py" in chunks and "print('of another file')" in chunks,
    "md keeps the magic": "%%writefile a.py" in text,
}
print(f"jupytext {jupytext.__version__}:", ", ".join(f"{what}: {found}" for what, found in seen.items()))
raise SystemExit(not all(seen.values()))
PYTHON
