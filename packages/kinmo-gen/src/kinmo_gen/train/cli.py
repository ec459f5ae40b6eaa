"""`kinmo-gen fit | validate | test`."""

from kinmo_core.train.cli import train as main

__all__ = ["main"]
