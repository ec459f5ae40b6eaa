"""Shared by the metrics of embeddings: checked float64 samples and seeded draws."""

from __future__ import annotations

import torch
from torch import Tensor

from kinmo_core.errors import InputError


def checked(name: str, values: Tensor, *, min_samples: int) -> Tensor:
    """Return `values` (samples, dim) in float64.

    Raises:
        InputError: not two dimensions, fewer than `min_samples` samples, NaN or infinity.
    """
    if values.ndim != 2:
        raise InputError(f"{name} must have shape (samples, dim), got {tuple(values.shape)}")
    if len(values) < min_samples:
        raise InputError(f"{name} must hold at least {min_samples} samples, got {len(values)}")
    if not bool(torch.isfinite(values).all()):
        sample = int((~torch.isfinite(values)).any(-1).nonzero()[0])
        raise InputError(f"{name} must be finite numbers, got NaN or infinity first in sample {sample}")
    return values.double()


def checked_two(
    x: Tensor, y: Tensor, *, min_samples: int, names: tuple[str, str] = ("x", "y")
) -> tuple[Tensor, Tensor]:
    """Return two `checked` sets, of the same dimension."""
    x, y = checked(names[0], x, min_samples=min_samples), checked(names[1], y, min_samples=min_samples)
    if x.shape[1] != y.shape[1]:
        raise InputError(f"{names[0]} and {names[1]} must have the same dimension, got {x.shape[1]} and {y.shape[1]}")
    return x, y


def draw(generator: torch.Generator, population: int, count: int) -> Tensor:
    """Return `count` different numbers below `population` in random order."""
    return torch.randperm(population, generator=generator)[:count]


def seeded(seed: int) -> torch.Generator:
    """Return a generator on the CPU, so that a seed draws the same numbers on every device."""
    return torch.Generator().manual_seed(seed)
