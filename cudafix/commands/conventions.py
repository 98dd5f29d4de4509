"""What all commands agree on: exit codes, the error for flags, and what the file of a baseline is called."""

from __future__ import annotations

from cudafix.errors import UserError

CLEAN, FINDINGS, ERROR = 0, 1, 2
"""Exit codes."""


STANDARD_OUTPUT = "-"
"""What stands for it where a file for output is named."""

BASELINE = "cudafix-baseline.json"
"""The file of known findings, where no other is named."""


class FlagError(UserError):
    """Flags that cannot be followed."""
