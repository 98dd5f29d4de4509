"""A fix → what around it is still CUDA's when the safe fixes are made, or all: what is left there makes it half a fix.

People judge by the function: a neutral `synchronize` between `x.cuda()` and `backend="nccl"` is sent back. What counts
is every word of its code, its name and its docstring, and a comment behind the line or right above it.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

from cudafix.analysis.context import RuleContext, found_in_file, once
from cudafix.analysis.control_flow.substitutes import tests_of
from cudafix.analysis.groups.said_of_cuda import (
    SAYS,
    Place,
    devices_said,
    docstrings_in,
    hard_words_in,
    others_in,
    questions_of_module,
    without_devices,
    words_in,
    words_of_callers,
    words_of_class,
    words_of_file,
)
from cudafix.analysis.match import Match
from cudafix.matchers.cuda_words import names_backend
from cudafix.model import Safety
from cudafix.registry import code_of
from cudafix.syntax.module import File
from cudafix.syntax.spans import Span, merged_spans

SPEAKS = re.compile(r"(?<![.\w])(?:cuda|nccl)\b(?!\.\w)", re.IGNORECASE)
"""A word of a text that is no part of the name of a function."""

DIRECTIVE = re.compile(r"cudafix|noqa|type:|pylint|pragma", re.IGNORECASE)

FLAG = re.compile(r"^(?:not )?(?:\w+\.)*\w*(?:gpu|cuda)\w*$", re.IGNORECASE)
"""A test that is a name alone."""

OWN_FILES = ("cuda", "nccl", "nvidia", "tensorrt", "rocm")
"""What the name or a folder of a file says that is CUDA's, or ROCm's, own."""

PARALLEL = re.compile(r"(?<!Distributed)\bDataParallel\(")
"""What torch has for devices of CUDA alone."""

OF_PROCESS = frozenset(("current_device", "device", "device_count", "init", "set_device"))
"""The functions that are about all that a process does, wherever they are called, or where what a file makes is put."""

CUDA_LIBRARY = re.compile(
    r"^[ \t]*(?:from|import)[ \t]+(numba(?=[ \t.]+(?:import[ \t]+)?cuda\b)|cupy|cutlass|pycuda|cuda|pynvml"
    r"|tensorrt(?:_llm)?|bminf|cpm_kernels|flash_attn|nvalchemiops|warp|tinycudann|spconv"
    r"|flashinfer|nvidia_smi|cuequivariance(?:_torch)?|flashTP_e3nn|openequivariance)\b",
    re.MULTILINE,
)
SCRIPT = re.compile(r"^# /// script$\n(?:^#(?:| .*)$\n)+?^# ///$", re.MULTILINE)
"""What a single file needs, as PEP 723 has it."""

EXTENSION = re.compile(
    r"^[ \t]*(?:from[ \t]+(?!torch\b)[^\s]{1,80}[ \t]+)?import[ \t]+[^\n]{0,80}?"
    r"\b(ext_c|_C|cpp_extension|\w{0,40}_ext|\w{0,40}_cuda|cuda_\w{1,40}|\w{0,40}_kernels?)\b",
    re.MULTILINE,
)
"""A compiled extension, by the name that it is imported by."""

MODULE = re.compile(r"\btorch\.cuda\b(?!\.\w)")
"""The module itself, named in a docstring: the seeds "of numpy and torch.cuda"."""

EXAMPLE = re.compile(r"^[ \t]*(?:>>>|\.\.\.)[^\n]*$", re.MULTILINE)
"""Code in a docstring, which is looked at by itself."""

SCALES = re.compile(r"\bscaler\.(?:scale|unscale_|step)\(")
STREAMS = code_of("hardcoded-stream")
OF_METHOD = frozenset(("empty_cache", "ipc_collect", "is_available", "manual_seed", "manual_seed_all"))
"""The functions that any method may call; the others handle a device, which its class does as a whole."""


class Surroundings:
    """The functions of a file, and what they say of CUDA beside what fixes take out, the safe ones or all."""

    def __init__(
        self, matches: Iterable[Match], context: RuleContext, unsafe: bool = False, beside: Iterable[cst.CSTNode] = ()
    ) -> None:
        """Make the surroundings; what stands at the nodes `beside` is nobody's business here."""
        self.context = context
        self.file = context.file
        self.gone: dict[int, list[Span]] = {}
        self.merged: dict[int, list[Span]] = {}
        """The same, sorted and without overlaps, for the rows that were asked for."""
        self.first_rows: dict[int, tuple[list[Place], int]] = {}
        for match in matches:
            if match.trust is Safety.SAFE or (unsafe and match.operations):
                for start, end in taken_out(match, self.file):
                    self.take_out(start, end)
        for node in beside:
            self.take_out(*place_of(node, self.file))
        self.is_of_cuda = names_backend(context.path_without_suffix, OWN_FILES)

    def take_out(self, start: Place, end: Place) -> None:
        for row in range(start[0], end[0] + 1):
            first = start[1] if row == start[0] else 0
            self.gone.setdefault(row, []).append((first, end[1] if row == end[0] else len(self.line(row))))

    def line(self, row: int) -> str:
        return self.file.lines[row - 1] if row <= len(self.file.lines) else ""

    def reason(self, node: cst.CSTNode, is_of_file: bool = False) -> str:
        """Return what is still CUDA's around `node`, in words; "" where nothing is.

        `is_of_file`: whether it is about the devices of the whole file, as AMP is.
        """
        if self.is_of_cuda:
            return "the file is CUDA's own, by its name"
        name = self.name_at(node)
        said = refusal_of(self.context) or self.said_of_process(name) or self.said_above(node)
        if said:
            return said
        is_of_device = is_of_file or name not in ("", *OF_METHOD) or self.is_behind_flag(node)
        kernels = found_in_file(EXTENSION, self.context) if is_of_device else None
        if kernels is not None:
            return f"the file uses `{kernels[1]}`, which may be kernels of CUDA alone"
        function, owner = enclosing(self.file.tree.ancestors(node))
        places = []
        if function is not None:
            said = self.said_of(function, owner, name)
            said = said or (self.said_of_callers(function) if is_of_device and owner is None else "")
            places.append(("function", words_in(function, self.context)))
        elif owner is None and name not in OF_METHOD:
            places.append(("file", devices_said(self.context)))
            places += [("module", questions_of_module(self.context))] if name == "device_count" else []
        if owner is not None:
            places.append(("class", (words_in if is_of_device else words_of_class)(owner, self.context)))
        if is_of_file:
            places.append(("file", devices_said(self.context)))
        return said or self.said_in(places)

    def obstacle(self, node: cst.CSTNode, with_devices: bool = True) -> str:
        """Return what of the function around `node` stays CUDA's when all fixes are made, in words; else "".

        `with_devices`: whether the names of devices count, and `x.cuda()`.
        """
        if self.is_of_cuda:
            return "the file is CUDA's own, by its name"
        name = self.name_at(node)
        if self.code_at(node) == STREAMS and self.file.path.endswith(".pyi"):
            return "a stub says what the module has"
        said = (self.said_of_process(name) if with_devices else "") or library_of_cuda(self.context)
        if said:
            return said
        if name == "device_count" and found_in_file(PARALLEL, self.context):
            return "`DataParallel` is for devices of CUDA alone"
        extension = found_in_file(EXTENSION, self.context) if self.code_at(node) == STREAMS else None
        if extension is not None:
            return f"what runs on the stream may be `{extension[1]}`, kernels of CUDA alone"
        if name == "amp.autocast" and has_scaler_of_others(self.context):
            return "the scaler that goes with it is made elsewhere, and may be CUDA's"
        if speaks_behind(self.line(self.file.end(node).row)):
            return "the comment behind it speaks of CUDA"
        function, owner = enclosing(self.file.tree.ancestors(node))
        row = self.first_left(devices_said(self.context)) if with_devices and self.code_at(node) == STREAMS else 0
        if row:
            return f"line {row} of the file still says CUDA"
        if owner is not None and SAYS.search(owner.name.value):
            return f"`{owner.name.value}` says CUDA by its name"
        if function is None:
            return ""
        words = (words_in if name == "device" else hard_words_in)(function, self.context)
        places = [("function", words if with_devices else without_devices(words, self.context))]
        if owner is not None and with_devices and name not in ("", *OF_METHOD):
            places.append(("class", hard_words_in(owner, self.context)))
        return self.said_in(places) or self.said_of(function, owner, name)

    def name_at(self, node: cst.CSTNode) -> str:
        """Return the catalogue's name of the function that is referred to at `node`; "" for what is no reference."""
        reference = self.context.references_by_node.get(node)
        return reference.symbol.row.name if reference is not None else ""

    def code_at(self, node: cst.CSTNode) -> str:
        reference = self.context.references_by_node.get(node)
        return reference.symbol.row.code if reference is not None else ""

    def said_of_process(self, name: str) -> str:
        """Return what keeps a function that is about the whole process, in words; "" where nothing does."""
        row = self.first_left(devices_said(self.context)) if name in OF_PROCESS else 0
        return f"line {row} of the file still says CUDA, and this is about the whole process" if row else ""

    def said_in(self, places: Iterable[tuple[str, Iterable[Place]]]) -> str:
        """Return where CUDA is left, in words, of the kinds of places with what is said there; "" where it is not."""
        rows = ((kind, self.first_left(found)) for kind, found in places)
        return next((f"line {row} of the {kind} around it still says CUDA" for kind, row in rows if row), "")

    def said_above(self, node: cst.CSTNode) -> str:
        """Return what the comment right above the line of `node` says of CUDA, in words; "" where it does not."""
        row = self.file.start(node).row - 1
        while row > 0 and self.line(row).lstrip().startswith("#"):
            if speaks_behind(self.line(row)):
                return f"the comment on line {row} speaks of CUDA"
            row -= 1
        return ""

    def is_behind_flag(self, node: cst.CSTNode) -> bool:
        """Whether what decides about `node` is a name that speaks of GPUs, as `self.use_gpu`, and is set elsewhere."""
        child = node
        for parent in self.file.tree.ancestors(node):
            if isinstance(parent, cst.If) and child is not parent.test and FLAG.search(self.file.code(parent.test)):
                return True
            if isinstance(parent, cst.FunctionDef):
                return False
            child = parent
        return False

    def said_of_callers(self, function: cst.FunctionDef) -> str:
        """Return what says CUDA in every function that calls a private one, in words; "" where one does not."""
        name = function.name.value
        private = name.startswith("_") and not name.endswith("__")
        rows = [self.first_left(one) for one in words_of_callers(name, self.context)] if private else []
        return f"`{name}` is called only where CUDA stays, as on line {rows[0]}" if rows and all(rows) else ""

    def said_of(self, function: cst.FunctionDef, owner: cst.ClassDef | None, name: str) -> str:
        """Return what makes a function one of CUDA, or of several backends, in words; "" where nothing does."""
        if function.name.value in ("parallelize", "deparallelize"):
            return "the other half of `parallelize` is about devices of CUDA"
        texts = [EXAMPLE.sub("", one.string) for one in docstrings_in(function, self.context)]
        texts += [one.string for one in docstrings_in(owner, self.context)[:1]] if owner is not None else []
        mention = f"torch.cuda.{name}" if name else "torch.cuda."
        if SAYS.search(function.name.value) or any(
            SPEAKS.search(one) or MODULE.search(one) or mention in one for one in texts
        ):
            return f"`{function.name.value}` says CUDA by its name or its docstring"
        row = self.first_left(others_in(function, self.context))
        return f"line {row} of the function around it is about another backend" if row else ""

    def test_with_cuda(self, node: cst.CSTNode) -> int:
        """Return the line of a test behind which `node` stands and that still says CUDA; 0 where none does."""
        child = node
        for parent in self.file.tree.ancestors(node):
            if isinstance(parent, (cst.If, cst.IfExp)) and child is parent.body and self.says_cuda(parent.test):
                return self.file.start(parent.test).row
            if isinstance(parent, cst.FunctionDef):
                return 0
            child = parent
        return 0

    def row_left_in(self, *nodes: cst.CSTNode) -> int:
        """Return the row of the first word of CUDA in some code that no fix takes out; 0 where there is none."""
        spans = [(self.file.start(one), self.file.end(one)) for one in nodes]
        ranges = [((start.row, start.column - 1), (end.row, end.column - 1)) for start, end in spans]
        places = words_of_file(self.context)
        return self.first_left(place for place in places for first, last in ranges if first <= place < last)

    def says_cuda(self, test: cst.BaseExpression) -> bool:
        """Whether a name in a test says CUDA, and stays; what asks torch is judged by its group."""
        condition = self.context.condition(test)
        if condition is not None and tests_of(condition, self.context):
            return False
        for name in names_in(test):
            start = self.file.start(name)
            if SAYS.search(name.value) and not self.is_gone(start.row, start.column - 1):
                return True
        return False

    def first_left(self, places: Iterable[Place]) -> int:
        """Return the row of the first of some places that no fix takes out; 0 where there is none."""
        if not isinstance(places, list):
            return next((row for row, column in places if not self.is_gone(row, column)), 0)
        if id(places) not in self.first_rows:  # each node of a function asks for the same list
            self.first_rows[id(places)] = places, self.first_left(iter(places))
        return self.first_rows[id(places)][1]

    def is_gone(self, row: int, column: int) -> bool:
        if row not in self.merged:
            self.merged[row] = merged_spans(self.gone.get(row, ()))
        spans = self.merged[row]
        index = bisect_right(spans, (column, sys.maxsize)) - 1
        return index >= 0 and column < spans[index][1]


@once
def has_scaler_of_others(context: RuleContext) -> bool:
    """Whether a file scales with what another one has made."""
    return SCALES.search(context.file.text) is not None and "GradScaler" not in context.file.text


@once
def library_of_cuda(context: RuleContext) -> str:
    """Return which library of CUDA a file uses, in words; "" for none."""
    library = CUDA_LIBRARY.search(context.file.text)
    return f"the file uses `{library[1]}`, a library of CUDA" if library is not None else ""


@once
def refusal_of(context: RuleContext) -> str:
    """Return why nothing in a file is safe to change, in words; "" where that is not so."""
    library = library_of_cuda(context)
    if library:
        return library
    block = SCRIPT.search(context.file.text)
    package = context.options.runtime_module.partition(".")[0]
    if block is not None and package not in block[0]:
        return f"the script says what it needs (PEP 723), and `{package}` is not among it"
    return ""


def names_in(test: cst.BaseExpression) -> Iterator[cst.Name]:
    """Yield the names in a test, those of attributes included."""
    pending: list[cst.CSTNode] = [test]
    while pending:
        part = pending.pop()
        if isinstance(part, cst.Name):
            yield part
        pending += part.children


def enclosing(around: Sequence[cst.CSTNode]) -> tuple[cst.FunctionDef | None, cst.ClassDef | None]:
    """Return the outermost function around a node in the innermost class, and that class."""
    function: cst.FunctionDef | None = None
    for one in around:
        if isinstance(one, cst.FunctionDef):
            function = one
        elif isinstance(one, cst.ClassDef):
            return function, one
    return function, None


def speaks_behind(line: str) -> bool:
    """Whether a line ends with a comment that speaks of CUDA, and is no directive; a `#` in a text begins none."""
    _, mark, comment = line.rpartition("#")
    is_comment = mark != "" and DIRECTIVE.search(comment) is None and not set("\"'") & set(comment)
    return is_comment and SPEAKS.search(comment) is not None


def taken_out(match: Match, file: File) -> Iterator[tuple[Place, Place]]:
    """Yield what the fix of a match takes out of the code, as rows from 1 and columns from 0."""
    changes = [one for one in match.operations.changes if not one.before]
    for change in changes:
        pieces = sorted((file.start(one), file.end(one)) for one in change.kept)
        at = file.start(change.node)
        for start, end in pieces:
            if at < start:
                yield (at.row, at.column - 1), (start.row, start.column - 1)
            at = max(at, end)
        end = file.end(change.node)
        if at < end:
            yield (at.row, at.column - 1), (end.row, end.column - 1)
    for substitution in match.operations.substitutions:
        yield place_of(substitution.place.node, file)
    for binding in match.operations.removable_assignments:
        around = [binding.node, *file.tree.ancestors(binding.node)]
        yield place_of(next((one for one in around if isinstance(one, cst.SimpleStatementLine)), binding.node), file)


def place_of(node: cst.CSTNode, file: File) -> tuple[Place, Place]:
    start, end = file.start(node), file.end(node)
    return (start.row, start.column - 1), (end.row, end.column - 1)
