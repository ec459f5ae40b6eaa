"""The one error that a user sees: a single line that names what was given and what is wanted."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used. Commands print its message as one line and exit with code 2."""


class DataWarning(UserWarning):
    """A part of the data is left out or was concluded; the message counts or names it."""
