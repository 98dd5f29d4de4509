"""The magics of IPython whose text is Python: what stands before it, and which names it sees.

All other magics are left alone: nobody can say what they do with their text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Namespace(Enum):
    """Where the code of a magic runs."""

    NOTEBOOK = "beside the code of the cells"
    FUNCTION = "in a function of its own, which sees the names of the notebook"
    ELSEWHERE = "in other processes, which have imports of their own"


@dataclass(frozen=True)
class Magic:
    """A magic whose text is Python.

    Attributes:
        namespace: where that runs.
        valued: the short options that take a value.
        words: the long options that take one as a word of its own.
    """

    namespace: Namespace = Namespace.NOTEBOOK
    valued: str = ""
    words: tuple[str, ...] = ()

    def split(self, text: str) -> tuple[str, str]:
        """Split what stands behind the name of the magic into its options and its code."""
        found = self.options.match(text)
        end = found.end() if found is not None else 0
        return text[:end], text[end:]

    @property
    def options(self) -> re.Pattern[str]:
        short = rf"-[A-Za-z]*[{self.valued}][ \t]*\S+" if self.valued else r"-[A-Za-z]+"
        long = rf"--(?:{'|'.join(self.words)})(?:=|[ \t]+)\S+" if self.words else r"--[A-Za-z][\w-]*"
        return re.compile(rf"(?:[ \t]*(?:{long}|--[A-Za-z][\w-]*(?:=\S+)?|{short}|-[A-Za-z]+|--)(?=\s|$))*[ \t]*")


TIMEIT = Magic(Namespace.FUNCTION, "nrp")
PX = Magic(Namespace.ELSEWHERE, "tGo", ("targets", "group-outputs", "out", "name"))
PROFILER = Magic(valued="fmDTlspuo")

LINES = {
    "time": Magic(), "timeit": TIMEIT, "prun": Magic(valued="DlsT"), "lprun": PROFILER, "mprun": PROFILER,
    "memit": Magic(valued="rti"), "px": PX, "pxlocal": PX, "scalene": Magic(), "snakeviz": Magic(valued="f"),
    "pyinstrument": Magic(), "debug": Magic(valued="b"), "heat": Magic(), "memray_flamegraph": Magic(),
}  # fmt: skip
"""The magics of one line whose text is Python."""

CELLS = LINES | {
    name: Magic() for name in (
        "capture", "profile", "memray", "memray_table", "memray_tree", "memray_summary", "wandb", "viztracer", "notify",
        "time_cell", "ipytest", "run_pytest", "manim", "black", "expect_exception", "filprofile",
    )
}  # fmt: skip
"""The magics of a whole cell whose lines below the first are Python."""

SETS_UP = frozenset(("timeit", "time", "prun", "memit", "debug"))
"""The magics of a cell behind whose name Python may stand as well."""

NO_CODE = frozenset((
    "R", "bash", "cd", "cmd", "conda", "env", "html", "javascript", "js", "latex", "load_ext", "markdown", "matplotlib",
    "perl", "pip", "powershell", "ruby", "script", "set_env", "sh", "sql", "svg", "system", "sx", "uv",
))  # fmt: skip
"""The magics whose text is another language, or none."""


def cell_magic(line: str) -> tuple[str, str] | None:
    """Return the name of the magic that a cell begins with, and what stands behind it."""
    found = re.match(r"[ \t]*%%(\w[\w.]*)(.*)", line)
    return (found[1], found[2]) if found is not None else None
