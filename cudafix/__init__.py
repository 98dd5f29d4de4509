"""cudafix finds hardcoded CUDA calls in Python and rewrites them into device-neutral ones.

As a library: `check_source`, `fix_source` and `check_paths`, with the nouns that they speak of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cudafix.api import Checked, CheckedPaths, Fixed, check_paths, check_source, fix_source
    from cudafix.config.settings import ConfigError
    from cudafix.engine.discover import PathError
    from cudafix.model import Edit, Finding, Fix, Position, Problem, Safety
    from cudafix.version import __version__ as __version__

__all__ = [
    "Checked", "CheckedPaths", "ConfigError", "Edit", "Finding", "Fix", "Fixed", "PathError", "Position", "Problem",
    "Safety", "check_paths", "check_source", "fix_source",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Load the library when it is asked for: the runtime needs nothing of it, and a hook has no time."""
    if name == "__version__":
        from cudafix import version

        return version.__version__
    if name not in __all__:
        raise AttributeError(f"module 'cudafix' has no attribute '{name}'")
    from cudafix import api, model
    from cudafix.config import settings
    from cudafix.engine import discover

    return next(getattr(home, name) for home in (api, model, discover, settings) if hasattr(home, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
