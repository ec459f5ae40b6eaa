"""Masks, positions and initial weights of networks on sequences."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def valid_positions(lengths: Tensor, size: int) -> Tensor:
    """Return (B, size), True in the first `lengths` (B,) positions of each row."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def attention_mask(lengths: Tensor, size: int) -> Tensor:
    """Return (B, 1, 1, size), True in the first `lengths` (B,) positions of each row."""
    return valid_positions(lengths, size)[:, None, None]


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """Return position codes (length, dim): sine in even, cosine in odd dimensions (Vaswani et al., 2017)."""
    angles = torch.arange(length)[:, None] * torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def init_weights(module: nn.Module) -> None:
    """Draw the matrices of linear and embedding layers from N(0, 0.02) and set biases to zero (MoMask)."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
