"""The names of the methods that share a block → the name of the method that it becomes, and its docstring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

import libcst as cst

from cudafix.analysis.repetition.statement_run import Block

FILLERS = frozenset({"maybe", "try", "do", "on", "the", "a"})
"""Words that a common part does not begin with."""

CONNECTIVES = frozenset({
    "from", "to", "with", "without", "by", "in", "on", "for", "of", "into", "at", "via", "and", "or", "as", "the", "a",
    "using", "before", "after", "if", "when", "per",
})  # fmt: skip
"""Words that a common part does not end with."""

VERBS = frozenset({
    "activate", "add", "apply", "build", "calculate", "capture", "change", "clean", "clear", "compile", "compute",
    "convert", "copy", "create", "decode", "delete", "destroy", "disable", "enable", "encode", "evaluate", "execute",
    "export", "finish", "free", "fuse", "generate", "import", "init", "initialize", "load", "merge", "move", "offload",
    "prepare", "process", "quantize", "receive", "release", "reload", "remove", "replace", "reset", "resize", "restore",
    "resume", "run", "save", "send", "set", "setup", "shutdown", "sleep", "start", "stop", "switch", "sync", "test",
    "train", "transfer", "unload", "unmerge", "update", "validate", "wake", "write",
})  # fmt: skip
"""Words in front of a name that say what is done with what comes behind them."""


def name_method(blocks: Sequence[Block], flush: str) -> str:
    """Return `flush_cache_after_weight_update` for `update_weights_from_disk` and `update_weights_from_ipc`."""
    names = [one.method.name for one in blocks]
    underscore = "_" if all(one.startswith("_") and not one.endswith("__") for one in names) else ""
    flush = flush.lstrip("_")
    common = common_part(names)
    if common:
        return f"{underscore}{flush}_after_{'_'.join(common)}"
    return underscore + without_occasion(blocks[0], flush)


def common_part(names: Iterable[str]) -> list[str]:
    """Return the words that `names` begin with; a verb in front as a noun behind: `update_weights`, `weight_update`."""
    words = zip(*(one.strip("_").split("_") for one in names), strict=False)
    common = [same[0] for same in takewhile(lambda one: len({*one}) == 1, words)]
    while common and common[0] in FILLERS:
        common = common[1:]
    while common and common[-1] in CONNECTIVES:
        common = common[:-1]
    if len(common) > 1 and common[0] in VERBS:
        verb, *nouns, last = common
        return [*nouns, singular(last), verb]
    return common


def singular(word: str) -> str:
    if re.search(r"(ss|x|sh|tch|nch)es$", word):
        return word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if re.search(r"[^sui]s$", word) else word


def without_occasion(block: Block, flush: str) -> str:
    """Return a name for a block whose methods have no word in common."""
    first = block.moved[0]
    if not isinstance(first, cst.If):
        what = "".join(block.context.file.code(one) for one in block.moved)
        if re.search(r"\b(assert|raise)\b", what):
            return f"{flush}_and_check"
        return f"collect_garbage_and_{flush}" if re.search(r"\bgc\.collect\(", what) else f"{flush}_thoroughly"
    test = block.context.file.code(first.test)
    return f"{flush}_if_requested" if re.search("flush|empty", test) else f"{flush}_if_needed"


def docstring_of(name: str) -> str:
    """Return a sentence that says what the name says: articles and a full stop are all that it lacks."""
    said = " ".join(name.strip("_").split("_"))
    said = re.sub(r"\b(flush|empty|clear|drop|reset) (?=cache\b)", r"\1 the ", said)
    said = re.sub(r"\bafter (?=[aeiou]\w* \w)", "after an ", said)
    said = re.sub(r"\bafter (?!an )(?=\w+ \w)", "after a ", said)
    return said[0].upper() + said[1:] + "."
