"""Every file of published packages and of the standard library: `python tests/proof/many_files.py [FOLDER …]`.

Each file is analysed as a whole, whether or not it speaks of a backend; what then has fixes gets all of them. Into one
file of SHARE that says nothing of torch a call is planted, at a place that chance takes, and fixed. No file may raise,
hang, come out of the parser otherwise than it went in, no longer compile, change at a second run, or change elsewhere
than where the call was planted.
"""

from __future__ import annotations

import ast
import os
import random
import re
import signal
import sys
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import Pool
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "corpus")]

import trees  # noqa: E402
from libcst import ParserSyntaxError  # noqa: E402

from cudafix.config.options import Options  # noqa: E402
from cudafix.engine.analyse import analyse  # noqa: E402
from cudafix.engine.one_file import process  # noqa: E402
from cudafix.engine.work import Mode, Work  # noqa: E402
from cudafix.engine.workers import collect_less  # noqa: E402
from cudafix.files.source import LARGEST, Source  # noqa: E402
from cudafix.matchers.references import parse  # noqa: E402
from cudafix.model import Result  # noqa: E402
from cudafix.syntax.deep_stack import with_deep_stack  # noqa: E402

SECONDS = 120
"""That one file may take."""
SHARE = 4
ALL = Options(select=("CFX",), slices=False)
PLANT = (b"import torch", b"torch.cuda.empty_cache()")
GROWN = (b"import torch", b"empty_device_cache()", b"from cudafix.runtime import empty_device_cache")
RENAMED = re.compile(
    rb"\((?:  # noqa: E402)?\s*empty_device_cache as neutral_\w+,\s*\)"
    rb"|empty_device_cache as neutral_\w+|neutral_empty_device_cache"
)
"""What stands in a file with `from … import *`, in the place of `empty_device_cache`."""
Faults = list[str]


class TooLongError(Exception):
    """A file that took more than SECONDS."""


def main(folders: Sequence[str]) -> int:
    paths = [path for folder in folders or default_folders() for path in files_below(Path(folder))]
    print(f"{len(paths):,} files", flush=True)
    counts: Counter[str] = Counter()
    with Pool(initializer=prepare) as pool:
        for number, (path, seen, faults) in enumerate(pool.imap_unordered(look, paths, chunksize=16), 1):
            counts.update(seen)
            counts["faults"] += len(faults)
            for fault in faults:
                print(f"{path}: {fault}", flush=True)
            if number % 1000 == 0:
                print(f"… {number:,}: {dict(counts)}", flush=True)
    for name, count in counts.items():
        print(f"{name:28} {count:8,}")
    return 1 if counts["faults"] else 0


def default_folders() -> list[str]:
    lists = (ROOT / "tests" / "proof" / "packages.txt").read_text(encoding="utf-8").split()
    return [sysconfig.get_path("stdlib"), *(str(trees.tree(one)) for one in (*trees.PINNED, *lists))]


def files_below(folder: Path) -> Iterator[str]:
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in ("__pycache__", "site-packages"))
        yield from (os.path.join(base, name) for name in sorted(names) if name.endswith((".py", ".pyi")))


def prepare() -> None:
    collect_less()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, stop)


def stop(number: int, frame: FrameType | None) -> None:
    raise TooLongError(f"took more than {SECONDS} s")


def look(path: str) -> tuple[str, Counter[str], Faults]:
    """Return what became of one file, and what is wrong with that."""
    seen: Counter[str] = Counter(files=1)
    faults: Faults = []
    signal.alarm(SECONDS)
    try:
        data = Path(path).read_bytes()
        chance = random.Random(os.path.basename(path))
        if analysed(Source(path, data), seen, faults) and chance.randrange(SHARE) == 0:
            plant(path, data, chance, seen, faults)
    except Exception as error:
        faults.append(f"{type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
    return path, seen, faults


def analysed(source: Source, seen: Counter[str], faults: Faults) -> bool:
    """Analyse a file as a whole and make all its fixes; return whether it can be."""
    result = process(source, ALL, Work(Mode.FIX, unsafe=True))
    faults += [one.message for one in result.problems if "please report" in one.message or "internal" in one.message]
    if result.problems or not compiles(source.data):
        seen["cannot be analysed"] += 1
        return False
    seen["findings"] += len(result.findings) + len(result.fixed)
    if result.new_bytes is not None:
        seen["files with fixes"] += 1
        faults += faults_of(source, result, ALL)
    elif len(source.data) <= LARGEST:
        try:
            round_trips = with_deep_stack(lambda: looked_at(source))
        except ParserSyntaxError:
            seen["libcst cannot parse"] += 1
            return False
        if not round_trips:
            seen["do not round-trip"] += 1
            return False
    return True


def looked_at(source: Source) -> bool:
    """Analyse a file that nothing is found in; return whether the parser gives it back as it was."""
    file = parse(source)
    analyse(file, ALL)
    return file.round_trips


def compiles(data: bytes) -> bool:
    try:
        compile(data, "<file>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def faults_of(source: Source, result: Result, options: Options) -> Faults:
    assert result.new_bytes is not None
    if not compiles(result.new_bytes):
        return ["does not compile after the fix"]
    again = process(Source(source.path, result.new_bytes), options, Work(Mode.FIX, unsafe=True))
    return ["changes again at the second run"] if again.new_bytes is not None else []


def plant(path: str, data: bytes, chance: random.Random, seen: Counter[str], faults: Faults) -> None:
    """Put a call at a place in the file, fix it, and see whether anything else changes."""
    if b"torch" in data or b"empty_device_cache" in data:
        return
    lines = data.splitlines(keepends=True)
    places = list(places_in(ast.parse(data), lines))
    if not places:
        return
    row, indentation = chance.choice(places)
    end = b"\r\n" if data.count(b"\r\n") > data.count(b"\n") / 2 else b"\n"
    planted = b"".join(indentation + one + end for one in PLANT)
    before = b"".join((*lines[: row - 1], planted, *lines[row - 1 :]))
    if not compiles(before):
        faults.append(f"planting on line {row} went wrong")
        return
    source = Source(path, before)
    result = process(source, Options(), Work(Mode.FIX, unsafe=True))
    seen["planted"] += 1
    faults += [f"planted on line {row}: {one.message}" for one in result.problems]
    if result.new_bytes is None:
        seen["planted and refused"] += 1
        reason = result.findings[0].reason if result.findings else "not found"
        seen[f"  {reason}"] += 1
        print(f"{path}: planted on line {row}: {reason}", flush=True)
        return
    faults += [f"planted on line {row}: {one}" for one in faults_of(source, result, Options())]
    if rest(result.new_bytes) != rest(data):
        faults.append(f"planted on line {row}: something else changed")


def places_in(tree: ast.Module, lines: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that begin a statement, before which another may stand, with their indentation."""
    for parent in ast.walk(tree):
        for block in (getattr(parent, name, None) for name in ("body", "orelse", "finalbody")):
            if not isinstance(block, list):
                continue
            for number, statement in enumerate(block):
                if is_docstring(parent, number, statement) or is_future(statement):
                    continue
                row, column = begin_of(statement)
                indentation = lines[row - 1][:column]
                continues = row > 1 and lines[row - 2].rstrip(b"\r\n").endswith(b"\\")
                if not indentation.strip() and not continues and not lines[row - 1].lstrip().startswith(b"elif"):
                    yield row, indentation


def begin_of(statement: ast.stmt) -> tuple[int, int]:
    """Return the line and the column of a statement, or of its first decorator."""
    decorators = getattr(statement, "decorator_list", ())
    return min([(statement.lineno, statement.col_offset), *((one.lineno, one.col_offset - 1) for one in decorators)])


def is_docstring(parent: ast.AST, number: int, statement: ast.stmt) -> bool:
    has_one = isinstance(parent, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
    return has_one and number == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def rest(data: bytes) -> list[bytes]:
    """Return the lines of a file without those that planting and fixing bring, and without empty ones."""
    stripped = [one.rstrip(b"\r\n") for one in RENAMED.sub(b"empty_device_cache", data).split(b"\n")]
    return [one for one in stripped if one.strip() and one.strip().partition(b"  # noqa: ")[0] not in GROWN]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
