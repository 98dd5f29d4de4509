"""The bytes of a file → whether it may hold anything to find, so that most files need no parse.

Each rule says in `registry.py` which of these needles a file must have for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from cudafix.catalogue.backends import BACKENDS
from cudafix.config.options import Options
from cudafix.files.source import Source
from cudafix.registry import RULES, names_rule

BACKEND = rb"(?:%s)\b" % "|".join(BACKENDS).encode()
SPACE = rb"(?:\s|\\|#[^\r\n]{0,1000}(?=[\r\n]))*"
"""What may stand between two names that are imported."""

FUNCTIONS = tuple(
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
"""The neutral function beside the flush methods of the options."""

WORDS = re.compile(rb"%s|nccl|autocast|cudnn|cudafix|CFX" % "|".join(BACKENDS).encode(), re.IGNORECASE)
"""What a document, or a docstring with code, must hold to be looked at."""


def may_name_function(source: Source, options: Options) -> bool:
    """Whether the bytes may name a backend's module, or say a word to cudafix."""
    return b"torch" in source.data and any(one.search(source.data) for one in FUNCTIONS)


def may_name_variable(source: Source, options: Options) -> bool:
    """Whether the bytes may name an environment variable of CUDA."""
    return VARIABLES.search(source.data) is not None


def may_name_device(source: Source, options: Options) -> bool:
    """Whether the bytes may hold a CUDA device in another shape than a function's."""
    return any(one.search(source.data) for one in DEVICE_SHAPES)


def may_repeat_flushes(source: Source, options: Options) -> bool:
    """Whether the bytes call a flush method, or what empties a cache, twice."""
    names = (*(f".{one}" for one in options.flush_methods), EMPTIES_CACHE)
    return sum(source.data.count(f"{one}(".encode()) for one in names) > 1


def may_name_helper(source: Source, options: Options) -> bool:
    """Whether the bytes hold the last part of a name that is no function of torch and for which a target stands."""
    return any(one.rpartition(".")[2].encode() in source.data for one in options.replaced)


NEEDLES: dict[str, Callable[[Source, Options], bool]] = {
    "functions": may_name_function,
    "variables": may_name_variable,
    "flushes": may_repeat_flushes,
    "devices": may_name_device,
    "helpers": may_name_helper,
}
"""What the rules ask of the bytes, by the words of `Rule.prefilter`; the likeliest come first."""


def may_have_findings(source: Source, options: Options) -> bool:
    """Whether the bytes may hold something to find; no parse is needed where they do not."""
    wanted = prefilters((*options.select, *options.extend_select))
    return any(NEEDLES[one](source, options) for one in wanted) and not source.is_exempt


@cache
def prefilters(selected: tuple[str, ...]) -> tuple[str, ...]:
    """Return the prefilters of the rules that may be on, or that are counted though they are not."""
    rules = [rule for rule in RULES if rule.default or rule.is_cuda_only or names_rule(selected, rule)]
    wanted = {name for rule in rules for name in rule.prefilter}
    return tuple(one for one in NEEDLES if one in wanted)


def may_hold_modules(source: Source, options: Options) -> bool:
    """Whether the bytes of a notebook or a document may hold anything to find."""
    return WORDS.search(source.data) is not None or (may_name_helper(source, options) and not source.is_exempt)


def may_hold_blocks(source: Source) -> bool:
    """Whether the bytes of a module may hold code in a docstring."""
    has_block = b">>>" in source.data or b"```" in source.data or b"::" in source.data
    return has_block and WORDS.search(source.data) is not None
