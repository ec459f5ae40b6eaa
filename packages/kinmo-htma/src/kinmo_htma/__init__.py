"""Hierarchical text-motion alignment and retrieval."""

__version__ = "0.1.0"
