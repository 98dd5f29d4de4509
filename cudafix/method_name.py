"""The names of the methods that share a block → the name of the method that it becomes, and its docstring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from os.path import commonprefix

import libcst as cst

from cudafix.block import Block

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


def name_method(blocks: Sequence[Block], flush: str) -> str:
    """Return `flush_cache_after_weight_update` for a flush in `update_weights_from_disk` and `update_weights_from_ipc`."""
    names = [one.method.name for one in blocks]
    underscore = "_" if all(one.startswith("_") and not one.endswith("__") for one in names) else ""
    flush = flush.lstrip("_")
    common = common_part(names)
    if common:
        return f"{underscore}{flush}_after_{'_'.join(common)}"
    return underscore + without_occasion(blocks[0], flush)


def common_part(names: Iterable[str]) -> list[str]:
    """Return the words that `names` begin with, a verb in front as a noun behind: `update_weights` → `weight_update`."""
    common = commonprefix([one.strip("_").split("_") for one in names])
    while common and common[0] in FILLERS:
        common = common[1:]
    while common and common[-1] in CONNECTIVES:
        common = common[:-1]
    if len(common) > 1 and common[0] in VERBS:
        verb, *nouns, last = common
        return [*nouns, singular(last), verb]
    return list(common)


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
        return f"{flush}_and_more"
    asked = block.inspection.file.code(first.test)
    return f"{flush}_if_requested" if flush in asked or "empty_cache" in asked else f"{flush}_if_needed"


def docstring_of(name: str) -> str:
    """Return a sentence that says what the name says."""
    what, *occasion = re.split(r"_(?=(?:after|if|and)_)", name.strip("_"), maxsplit=1)
    verb, *object_ = what.split("_")
    said = [verb.capitalize(), *(["the", *object_] if object_ else [])]
    if occasion:
        word, *rest = occasion[0].split("_")
        article = ["an" if rest[0][0] in "aeiou" else "a"] if len(rest) > 1 and word == "after" else []
        said += [word, *article, *rest]
    return " ".join(said) + "."
