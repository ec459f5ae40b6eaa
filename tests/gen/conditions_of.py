"""Conditions for the tests beside this file."""

from __future__ import annotations

import torch

from kinmo_core.text import UNITS
from kinmo_gen.conditions import PARTS, Condition


def of_text(text: torch.Tensor) -> Condition:
    """Conditions of sentences (B, D) alone."""
    rows, dim = text.shape
    return Condition(
        text=text,
        has_text=torch.ones(rows, dtype=torch.bool),
        phrases=torch.zeros(rows, 0, dim),
        parts=torch.zeros(rows, 0, dtype=torch.long),
        spans=torch.zeros(rows, 0, 2),
        amounts=torch.zeros(rows, 0, len(UNITS)),
        told=torch.zeros(rows, len(PARTS), dtype=torch.bool),
    )


def random_condition(rows: int, dim: int, *, statements: int = 4, tokens: int = 9, seed: int = 0) -> Condition:
    """Sentences, and statements about random parts; every part with a statement is told."""
    generator = torch.Generator().manual_seed(seed)
    parts = torch.randint(len(PARTS), (rows, statements), generator=generator)
    spans = (torch.rand(rows, statements, 2, generator=generator) * tokens).sort(-1).values
    return of_text(torch.randn(rows, dim, generator=generator))._replace(
        phrases=torch.randn(rows, statements, dim, generator=generator) / dim**0.5,
        parts=parts,
        spans=spans + torch.tensor([0.0, 0.5]),
        amounts=torch.rand(rows, statements, len(UNITS), generator=generator),
        told=torch.zeros(rows, len(PARTS), dtype=torch.bool).scatter(1, parts, value=True),
    )
