"""File → Source: its bytes, read once, and whether they can hold anything to find (the prefilter)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cudafix.catalogue.backends import BACKENDS

STDIN = "-"
NOTEBOOK = ".ipynb"
DOCUMENTS = (".md", ".markdown", ".mdx", ".rst")
HOLD_MODULES = (NOTEBOOK, *DOCUMENTS)
BETWEEN_CELLS = "'cudafix: the next cell'"
"""What stands between the cells of a notebook where they are one module."""

BACKEND = rb"(?:%s)\b" % "|".join(BACKENDS).encode()
SPACE = rb"(?:\s|\\|#[^\r\n]{0,1000}(?=[\r\n]))*"
"""What may stand between two names that are imported."""

NEEDLES = tuple(
    re.compile(pattern % {b"backend": BACKEND, b"space": SPACE})
    for pattern in (
        rb"\.[\s\\]*%(backend)s(?!\s*\()",  # torch.cuda, but not tensor.cuda()
        rb"from\s+torch\w*\s+import\b(?:%(space)s\()?(?:%(space)s\w+(?:%(space)s\bas\b%(space)s\w+)?%(space)s,)*"
        rb"%(space)s%(backend)s",
        rb"getattr\s*\([^)]{0,300}[\"']%(backend)s",
        rb"autocast\s+as\b",
        rb"autocast\s*\([^)]{0,300}[\"']cuda",
        rb"_autocast_(?:gpu_dtype|enabled)\b",
        rb"GradScaler\s*(?:\(|as\b)",
        rb"custom_[fb]wd\s*(?:as\b|\([^)]{0,300}[\"']cuda)",
        rb"cudnn\b", rb"ProcessGroupNCCL\b", rb"is_nccl_available\b", rb"ProfilerActivity\.CUDA\b", rb"CUDAExtension\b",
        rb"cudafix\s*:", rb"noqa\b[^\r\n]{0,1000}?\bCFX",
    )
)  # fmt: skip
"""What a file must hold, one of them, to have a finding: a backend's module as an attribute or an import, what
torch.amp is told to do on CUDA, or a word to cudafix. Each pattern starts with a letter that is certain: `re` is ten
times as fast as with one pattern for all of them."""

VARIABLE_NAME = r"(?:(?:TORCH_)?(?:CUDA|NCCL|CUBLAS|CUDNN|NVTE|NVIDIA)|PYTORCH_(?:NO_)?CUDA)_[A-Z0-9_]+"
VARIABLES = re.compile(rb"[\"']%s[\"']" % VARIABLE_NAME.encode())
"""The environment variables of CUDA, which need no torch beside them."""

DEVICE_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        rb"\"cuda\b", rb"'cuda\b", rb"nccl\b", rb"\.\s*cuda\s*\(", rb"is_cuda\b",
        rb"@[\w.]*(?:cuda|gpu|nccl|CUDA|GPU)",
    )
)  # fmt: skip
"""What begins with the name of a CUDA device, moves to one, asks for it, or is a decorator that does."""

EMPTIES_CACHE = "empty_device_cache"
GENERATED = re.compile(rb"^[ \t]*(?:#|\"\"\"|''').*@generated\b", re.MULTILINE)
RUNTIME_MARK = b"# cudafix: runtime"
HEAD = 4096
WORDS = re.compile(rb"%s|nccl|autocast|cudnn|cudafix|CFX" % "|".join(BACKENDS).encode(), re.IGNORECASE)
HUGE = 20_000_000
"""Bytes. More than this is data, whatever its name: it is not looked at."""

LARGEST = 2_000_000
"""Bytes. libcst takes a minute and 2 GB for more: of such a file no more than a slice is looked at."""


@dataclass(frozen=True)
class Source:
    """The bytes of one file under the name that findings carry."""

    path: str
    data: bytes

    @property
    def may_have_findings(self) -> bool:
        """Whether the bytes may name a backend's module at all; no parse is needed where they do not."""
        has_needle = b"torch" in self.data and any(one.search(self.data) for one in NEEDLES)
        return (has_needle or VARIABLES.search(self.data) is not None) and not self.is_exempt

    def may_repeat(self, flush_methods: Iterable[str]) -> bool:
        """Whether the bytes call one of `flush_methods`, or what empties a cache, twice."""
        names = (*(f".{one}" for one in flush_methods), EMPTIES_CACHE)
        return sum(self.data.count(f"{one}(".encode()) for one in names) > 1 and not self.is_exempt

    def may_hold(self, dotted: Iterable[str]) -> bool:
        """Whether the bytes of a notebook may hold anything to find."""
        return WORDS.search(self.data) is not None or self.says(dotted)

    @property
    def may_hold_blocks(self) -> bool:
        """Whether the bytes of a module may hold code in a docstring."""
        return (b">>>" in self.data or b"```" in self.data or b"::" in self.data) and WORDS.search(
            self.data
        ) is not None

    def says(self, dotted: Iterable[str]) -> bool:
        """Whether the bytes hold the last part of one of the dotted names."""
        return any(one.rpartition(".")[2].encode() in self.data for one in dotted) and not self.is_exempt

    @property
    def may_name_device(self) -> bool:
        """Whether the bytes may hold a CUDA device in another shape than a function's."""
        return any(one.search(self.data) for one in DEVICE_SHAPES) and not self.is_exempt

    @property
    def is_exempt(self) -> bool:
        """Whether the file says of itself that nobody edits it: `@generated`, or a copy of our runtime."""
        head = self.data[:HEAD]
        return RUNTIME_MARK in head or GENERATED.search(head) is not None


def digest(data: bytes) -> str:
    """Return what stands for a content: no two contents have the same."""
    import hashlib  # not at the top: a hook needs none

    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read(path: str) -> Source:
    """Read `path`.

    Raises:
        OSError: when it cannot be read.
    """
    return Source(path, Path(path).read_bytes())
