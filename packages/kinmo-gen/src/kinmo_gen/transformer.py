"""The trunk that the masked and the residual transformer share: a post-norm encoder with prefix tokens."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """Post-norm encoder layer: self-attention, then a GELU feed-forward."""

    def __init__(self, dim: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim ({dim}) must be divisible by heads ({heads})")
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.up = nn.Linear(dim, feedforward)
        self.down = nn.Linear(feedforward, dim)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x (B, N, D); mask (B, 1, 1, N), True where a position may be attended to."""
        x = self.norm1(x + self._drop(self._attend(x, mask)))
        return self.norm2(x + self._drop(self.down(self._drop(F.gelu(self.up(x))))))

    def _attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        return self.out(F.scaled_dot_product_attention(q, k, v, mask, dropout).transpose(1, 2).flatten(2))

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class Trunk(nn.Module):
    """Prefix tokens without position, then motion tokens with sinusoidal positions, through `depth` blocks.

    Args:
        dim: width of the model.
        depth: number of blocks.
        heads: attention heads.
        feedforward: width of the feed-forward.
        dropout: everywhere.
    """

    def __init__(self, dim: int, depth: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.blocks = nn.ModuleList(Block(dim, heads, feedforward, dropout) for _ in range(depth))

    def forward(self, prefix: Tensor, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """prefix (B, P, D), tokens (B, N, D), lengths (B,) of real tokens or None for all N; returns (B, N, D)."""
        positioned = tokens + sinusoidal(tokens.shape[1], tokens.shape[2]).to(tokens)
        x = torch.cat([prefix, F.dropout(positioned, self.dropout, self.training)], dim=1)
        mask = None
        if lengths is not None:
            # Prefix tokens come first, so a row attends to its first P + length positions.
            reach = lengths[:, None] + prefix.shape[1]
            mask = (torch.arange(x.shape[1], device=x.device) < reach)[:, None, None]
        for block in self.blocks:
            x = block(x, mask)
        return x[:, prefix.shape[1] :]


def sinusoidal(length: int, dim: int) -> Tensor:
    """Position codes (length, dim): sine on even, cosine on odd places."""
    angles = torch.arange(length)[:, None] * torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def init_weights(module: nn.Module) -> None:
    """N(0, 0.02) for matrices and tables, zero biases (MoMask)."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
