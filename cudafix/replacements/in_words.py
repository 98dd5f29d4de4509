"""A backend's function → what a text says instead of it."""

from __future__ import annotations

from cudafix.catalogue.symbols import Symbol
from cudafix.config.options import Options
from cudafix.config.settings import Route
from cudafix.replacements.choose import MODULE_FUNCTION
from cudafix.replacements.project_targets import find_entry


def neutral_words(symbol: Symbol, is_called: bool, path: str, options: Options) -> str:
    """Return what the neutral form of `symbol` is called in a text; "" where a class is meant that has none."""
    row, entry = symbol.row, find_entry(symbol, path, options, is_called)
    if entry is not None:
        return entry.target.text.removesuffix("()")
    if row.alias_of is not None:
        return f"torch.{row.alias_of.name}"
    is_class = row.class_like or row.name.rpartition(".")[2][:1].isupper()
    if is_class and not is_called:
        return f"torch.{row.annotation}" if row.annotation else ""
    is_native = options.route is Route.ACCELERATOR and symbol.backend == "cuda"
    if is_native and row.native is not None and row.native.since <= options.target_torch:
        return f"torch.{row.native.name}"
    if row.runtime == MODULE_FUNCTION:
        return f"{MODULE_FUNCTION}()"
    return f"{MODULE_FUNCTION}().{row.name}" if row.runtime == "." else row.runtime
