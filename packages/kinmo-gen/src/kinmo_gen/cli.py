"""Command `kinmo-gen`."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point."""
    from kinmo_gen.train.cli import main as train_main

    train_main(sys.argv[1:])
