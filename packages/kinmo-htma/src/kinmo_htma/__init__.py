"""Hierarchical text-motion alignment and retrieval."""
