"""What the measures of embeddings have in common: checked float64 samples and seeded draws."""

from __future__ import annotations

import torch
from torch import Tensor

from kinmo_core.errors import InputError


def checked(name: str, values: Tensor, *, least: int) -> Tensor:
    """`values` (samples, dim) in float64.

    Raises:
        InputError: another number of dimensions, fewer than `least` samples, NaN or infinity.
    """
    if values.ndim != 2:
        raise InputError(f"{name} must have shape (samples, dim), got {tuple(values.shape)}")
    if len(values) < least:
        raise InputError(f"{name} must hold at least {least} samples, got {len(values)}")
    if not bool(torch.isfinite(values).all()):
        sample = int((~torch.isfinite(values)).any(-1).nonzero()[0])
        raise InputError(f"{name} must be finite numbers, got NaN or infinity first in sample {sample}")
    return values.double()


def checked_two(x: Tensor, y: Tensor, *, least: int, names: tuple[str, str] = ("x", "y")) -> tuple[Tensor, Tensor]:
    """Two `checked` sets of one dimension."""
    x, y = checked(names[0], x, least=least), checked(names[1], y, least=least)
    if x.shape[1] != y.shape[1]:
        raise InputError(f"{names[0]} and {names[1]} must have one dimension, got {x.shape[1]} and {y.shape[1]}")
    return x, y


def draw(generator: torch.Generator, population: int, count: int) -> Tensor:
    """`count` different numbers below `population` in random order."""
    return torch.randperm(population, generator=generator)[:count]


def seeded(seed: int) -> torch.Generator:
    """A generator on the CPU, so that a seed draws the same on every device."""
    return torch.Generator().manual_seed(seed)
