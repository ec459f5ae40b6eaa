"""Command `kinmo-annotate`."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point."""
    raise NotImplementedError(arguments)
