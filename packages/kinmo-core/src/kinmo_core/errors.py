"""The one error that a user sees: a single line that names what was given and what is wanted."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used. Commands print its message as one line and exit with code 2.

    Args:
        message: what X must be, and what it is.
        attachment: text of several lines that helps on, such as a file to fill in; commands print it to standard output.
    """

    def __init__(self, message: str, *, attachment: str = "") -> None:
        super().__init__(message)
        self.attachment = attachment


class DataWarning(UserWarning):
    """A part of the data is left out or was concluded; the message counts or names it."""
