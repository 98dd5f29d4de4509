"""Errors that are the user's: one line on stderr, and exit code 2."""

from __future__ import annotations


class UserError(Exception):
    """What was asked cannot be done as it was asked; the text says what is wrong, and where."""
