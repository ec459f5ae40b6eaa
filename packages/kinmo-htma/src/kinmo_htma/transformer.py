"""The post-norm transformer layers that text and motion share, with fused attention and without work on single tokens."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout that draws one random byte a number: on a CPU the usual one takes as long as the multiplications around it.

    The share that is dropped is `p` rounded to 1/256, and what stays is scaled by just that share.

    Args:
        p: share to drop, 0 <= p < 1.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """x (...), of any type."""
        if not self.training or self.p == 0:
            return x
        if not x.is_cpu:
            return F.dropout(x, self.p)
        dropped = round(256 * self.p)
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        keep = words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped
        return x * keep.to(x.dtype).mul_(256 / (256 - dropped))


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself. Attention weights have no dropout: it would rule out fused kernels."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = _checked_heads(dim, heads)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor | None, *, first: int | None = None) -> Tensor:
        """x (B, N, D); mask (B, 1, 1, N), True where a position may be attended to; `first` positions ask, all where None.

        Returns:
            (B, first or N, D)
        """
        if first is None:
            q, k, v = (_split(t, self.heads) for t in self.qkv(x).chunk(3, dim=-1))
        else:
            dim = x.shape[-1]
            weight, bias = self.qkv.weight, self.qkv.bias
            q = _split(F.linear(x[:, :first], weight[:dim], bias[:dim]), self.heads)
            k, v = (_split(t, self.heads) for t in F.linear(x, weight[dim:], bias[dim:]).chunk(2, dim=-1))
        return self.out(attend(q, k, v, mask))


class CrossAttention(nn.Module):
    """Multi-head attention of a sequence to another, the memory.

    Args:
        dim: width.
        heads: number of heads.
        single: the memory is always one token. Its weight is then 1 whatever asks for it, so there are no queries and keys.
    """

    def __init__(self, dim: int, heads: int, *, single: bool) -> None:
        super().__init__()
        self.heads = _checked_heads(dim, heads)
        self.query_key = None if single else nn.ModuleList([nn.Linear(dim, dim), nn.Linear(dim, dim)])
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (B, N, D), memory (B, M, D), mask (B, 1, 1, M); (B, N, D), or (B, 1, D) for all N where M is 1."""
        if self.query_key is None:
            return self.out(self.value(memory))
        query, key = self.query_key
        q, k, v = (_split(t, self.heads) for t in (query(x), key(memory), self.value(memory)))
        return self.out(attend(q, k, v, mask))


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of q (B, H, N, d) to k and v (B, H, M, d); mask (B, 1, 1, M). Returns (B, N, H * d).

    PyTorch's fused kernel for CPUs goes backward in bfloat16 three times slower than plain products do.
    """
    if not (q.is_cpu and q.dtype == torch.bfloat16):
        return F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2)
    heads = q.shape[:2]
    scores = torch.bmm(q.flatten(0, 1) * q.shape[-1] ** -0.5, k.flatten(0, 1).mT).unflatten(0, heads)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return torch.bmm(scores.softmax(-1).flatten(0, 1), v.flatten(0, 1)).unflatten(0, heads).transpose(1, 2).flatten(2)


def _split(x: Tensor, heads: int) -> Tensor:
    """(B, N, H * d) to (B, H, N, d)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class Layer(nn.Module):
    """Self-attention, attention to a memory where there is one, GELU feed-forward; each added and then normalised.

    Args:
        dim, heads, feedforward, dropout: as usual.
        memory: tokens of the memory, 0 for none.
    """

    def __init__(self, dim: int, heads: int, feedforward: int, dropout: float, *, memory: int = 0) -> None:
        super().__init__()
        self.attention = SelfAttention(dim, heads)
        self.cross = CrossAttention(dim, heads, single=memory == 1) if memory else None
        self.feedforward = nn.Sequential(
            nn.Linear(dim, feedforward), nn.GELU(), Dropout(dropout), nn.Linear(feedforward, dim)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3 if memory else 2))
        self.drop = Dropout(dropout)

    def forward(
        self, x: Tensor, mask: Tensor | None, memory: Tensor | None = None, *, first: int | None = None
    ) -> Tensor:
        """x (B, N, D); mask (B, 1, 1, N); memory (B, M, D). Only the `first` positions come out, all where None."""
        norms = iter(self.norms)
        x = next(norms)(x[:, :first] + self.drop(self.attention(x, mask, first=first)))
        if self.cross is not None:
            assert memory is not None
            x = next(norms)(x + self.drop(self.cross(x, memory)))
        return next(norms)(x + self.drop(self.feedforward(x)))


def valid_positions(lengths: Tensor, size: int) -> Tensor:
    """(B, size), True in the first `lengths` (B,) positions."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def attention_mask(lengths: Tensor, size: int) -> Tensor:
    """(B, 1, 1, size), True in the first `lengths` (B,) positions."""
    return valid_positions(lengths, size)[:, None, None]


def sinusoidal(length: int, dim: int) -> Tensor:
    """Position codes (length, dim): sine on even, cosine on odd places."""
    angles = torch.arange(length)[:, None] * torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def _checked_heads(dim: int, heads: int) -> int:
    if dim % heads:
        raise ValueError(f"dim ({dim}) must be divisible by heads ({heads})")
    return heads
