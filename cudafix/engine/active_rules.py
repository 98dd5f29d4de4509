"""Options → the rules that are on for a file: what is selected, ignored, and ignored for some files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from cudafix.config.options import Options
from cudafix.files.globs import matches_glob
from cudafix.registry import BY_CODE, RULES, Rule


def active_codes(path: str, options: Options) -> frozenset[str]:
    """Return the codes of the rules that are on for `path`."""
    selected = [rule.code for rule in RULES if is_selected(rule.code, is_default(rule, options), options)]
    off = [prefixes for glob, prefixes in options.per_file_ignores if matches_glob(PurePath(path), glob, options.root)]
    return frozenset(code for code in selected if not any(code.startswith(prefixes) for prefixes in off))


def may_be_cut(path: str, options: Options) -> bool:
    """Whether all rules that are on for `path` find in a slice what they find in the whole."""
    return not any(BY_CODE[code].needs_whole for code in active_codes(path, options))


def is_default(rule: Rule, options: Options) -> bool:
    return rule.default or bool(rule.setting and getattr(options, rule.setting))


def is_selected(code: str, default: bool, options: Options) -> bool:
    """Whether a rule is on: the longest prefix that names it decides, as in ruff."""
    on = longest(code, (*options.select, *options.extend_select))
    off = longest(code, options.ignore)
    if not options.select and default:
        on = max(on, 0)
    return on >= 0 and on >= off and not (on == off and off > 0)


def longest(code: str, prefixes: Iterable[str]) -> int:
    return max((len(one) for one in prefixes if code.startswith(one)), default=-1)
