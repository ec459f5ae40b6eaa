"""`kinmo-htma fit | validate`."""

from kinmo_core.train.cli import train as main

__all__ = ["main"]
