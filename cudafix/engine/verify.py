"""Rewritten module → its analysis; one that does not compile, or uses a name that nothing defines, is not written."""

from __future__ import annotations

from collections import Counter

from cudafix.config.options import Options
from cudafix.engine.analyse import Analysis, analyse
from cudafix.files.source import Source
from cudafix.matchers.references import parse
from cudafix.syntax.module import File
from cudafix.syntax.python_parser import find_complaint


class RewriteError(Exception):
    """The rewritten module is not fit to be written; the text says why."""


def verify(before: File, new_data: bytes, options: Options) -> Analysis:
    """Return the analysis of the rewritten module.

    Raises:
        RewriteError: when it does not compile, or uses a name that nothing defines.
    """
    if not before.round_trips:
        raise RewriteError("the file cannot be reproduced byte for byte")
    source = Source(before.path, new_data, before.outside_uses)
    awaits = source.may_await
    if find_complaint(new_data, awaits) is not None and find_complaint(before.data, awaits) is None:
        raise RewriteError("the rewritten file would not compile")
    after = parse(source)
    undefined = undefined_uses(after) - undefined_uses(before)
    if undefined:
        raise RewriteError(f"the rewritten file would use the undefined name `{min(undefined)}`")
    return analyse(after, options)


def undefined_uses(file: File) -> Counter[str]:
    """Count the uses of each name that nothing defines where it is used."""
    unknown = file.names.unknown_names
    uses = [use for use in file.names.uses.values() if use.node.value in unknown]
    return Counter(use.node.value for use in uses if file.names.find_scope(use.node.value, use.scope) is None)
