"""A rewritten module must compile, know its names, and have nothing left to fix, or it is not written (design D9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cudafix.analyse import Analysis, analyse
from cudafix.compiler import find_complaint
from cudafix.config import Options
from cudafix.file import File
from cudafix.model import Safety
from cudafix.read import Source


class RewriteError(Exception):
    """The rewritten module is not fit to be written; the text says why."""


def verify(before: File, new_data: bytes, allowed: Iterable[Safety], options: Options) -> Analysis:
    """Return the analysis of the rewritten module.

    Raises:
        RewriteError: when it does not compile, uses a name that nothing defines, or would change once more; but a
            fix that waited for others may come now.
    """
    if not before.round_trips:
        raise RewriteError("the file cannot be reproduced byte for byte")
    if find_complaint(new_data) is not None and find_complaint(before.data) is None:
        raise RewriteError("the rewritten file would not compile")
    after = File(Source(before.path, new_data))
    undefined = undefined_uses(after) - undefined_uses(before)
    if undefined:
        raise RewriteError(f"the rewritten file would use the undefined name `{min(undefined)}`")
    analysis = analyse(after, options)
    levels = set(allowed)
    left = [one.rewrites for one in analysis.matches if one.trust in levels and not one.rewrites.waits]
    if any(left):
        raise RewriteError("a second run would change the file again")
    return analysis


def undefined_uses(file: File) -> Counter[str]:
    """Count the uses of each name that nothing defines where it is used."""
    unknown = file.names.unknown_names
    uses = [use for use in file.names.uses.values() if use.node.value in unknown]
    return Counter(use.node.value for use in uses if file.names.find_scope(use.node.value, use.scope) is None)
