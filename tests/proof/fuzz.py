"""A fuzzer that is led by coverage: `pip install atheris`, then `python tests/proof/fuzz.py [-max_total_time=SECONDS]`.

What it makes from parts of programs and from its own mutations goes through the library as a module, a notebook and a
document, with all rules on. Nothing may raise, no problem may be an error of cudafix's own, the new text must compile
where the old one did, and a second run must leave it alone. Arguments are those of libFuzzer; a corpus folder may be
named. An input that fails is written to the working folder as `crash-…`.
"""

from __future__ import annotations

import sys
import warnings

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["cudafix"]):
    import cudafix
    from cudafix import api  # noqa: F401
    from cudafix.documents import document_result, notebook_result  # noqa: F401
    from cudafix.engine import analyse, one_file, verify, workers  # noqa: F401
    from cudafix.fixes import rewriter  # noqa: F401
    from cudafix.prefilter import slice  # noqa: F401

PATHS = ("a.py", "a.py", "a.py", "a.ipynb", "a.md", "a.rst")
SETTINGS = {"select": ["CFX"], "code-blocks": True}
PARTS = (
    "import torch", "import torch as t", "from torch import cuda", "from torch.cuda import *",
    "torch.cuda.empty_cache()", "if torch.cuda.is_available():", "elif is_npu():", "else:", "def f(x):", "class A:",
    "return", "x = torch", "    ", "        ", "\n", "\r\n", "\t", "\\\n", "\x0c", ";", "# noqa: CFX101",
    "# cudafix: ignore[CFX1] so", "# cudafix: disable[CFX1]", "# fmt: off", '"cuda"', "x.cuda()", "x.is_cuda",
    'torch.device("cuda")', "with ", ":", "torch.npu.synchronize()", "torch.cuda.amp.autocast()", "lambda: ",
    "[x for x in y]", "match x:", "    case 'cuda':", "global torch", "del torch", "async ", "await ", "try:",
    "except torch.cuda.OutOfMemoryError:", "finally:", "@torch.no_grad()", "from __future__ import annotations",
    '"""', "'", "(", ")", "[", "]", "é", "\x00", "\ufeff", "# -*- coding: latin-1 -*-", ">>> ", "```python", "```",
    ".. code-block:: python", '{"cells": [', '"source": [', '"cell_type": "code"', "%time ", "!pip", "type X = ",
    "def g[T](x: T):", 'f"cuda:{i}"', 'f"{torch.cuda.current_device()}"',
)  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    workers.collect_less()
    atheris.Setup(sys.argv, look)
    atheris.Fuzz()


def look(data: bytes) -> None:
    """Fix what `data` stands for, and raise where a promise is broken."""
    chosen = atheris.FuzzedDataProvider(data)
    path = PATHS[chosen.ConsumeIntInRange(0, len(PATHS) - 1)]
    source = made_of_parts(chosen) if chosen.ConsumeBool() else chosen.ConsumeBytes(chosen.remaining_bytes())
    result = cudafix.fix_source(source, path, SETTINGS, unsafe_fixes=True)
    if path.endswith(".py") and not compiles(source):
        return  # what Python refuses, though it can be parsed, is refused before it is written
    for problem in result.problems:
        assert "report this" not in problem.message, problem
    if result.source == source:
        assert not result.fixed
        return
    assert compiles(result.source) or not path.endswith(".py"), "does not compile after the fix"
    again = cudafix.fix_source(result.source, path, SETTINGS, unsafe_fixes=True)
    assert again.source == result.source, "changes again at the second run"


def made_of_parts(chosen: atheris.FuzzedDataProvider) -> bytes:
    parts: list[bytes] = []
    while chosen.remaining_bytes():
        number = chosen.ConsumeIntInRange(0, len(PARTS) + len(PARTS) // 4)
        parts.append(PARTS[number].encode() if number < len(PARTS) else chosen.ConsumeBytes(4))
    return b"".join(parts)


def compiles(source: bytes) -> bool:
    try:
        compile(source, "source.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


if __name__ == "__main__":
    main()
