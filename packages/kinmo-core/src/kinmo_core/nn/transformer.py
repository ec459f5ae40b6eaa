"""Post-norm transformer layer with optional cross-attention, its masks, position codes and initial weights."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout from one random byte per number: on a CPU, PyTorch's own takes as long as the matrix products around it.

    The dropped share is `p` rounded to 1/256, and the kept numbers are scaled by exactly that share.

    Args:
        p: share to drop, 0 <= p < 1.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Drop numbers of x (...), of any floating-point type."""
        if not self.training or self.p == 0:
            return x
        if not x.is_cpu:
            return F.dropout(x, self.p)
        dropped = round(256 * self.p)
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        keep = words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped
        return x * keep.to(x.dtype).mul_(256 / (256 - dropped))


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself.

    Args:
        dim: width.
        heads: number of heads; divides `dim`.
        dropout: of the attention weights; above 0 it rules out the fastest kernels.
    """

    def __init__(self, dim: int, heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = _checked_heads(dim, heads)
        self.dropout = dropout
        self.qkv_proj = nn.Linear(dim, 3 * dim)
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor | None, *, queries: int | None = None) -> Tensor:
        """Attend from the first positions of a sequence to all of it.

        Args:
            x: (B, N, D).
            mask: (B, 1, 1, N), True where a position may be attended to; all where None.
            queries: number of leading positions to compute; all N where None.

        Returns:
            (B, queries or N, D).
        """
        if queries is None:
            q, k, v = (_split(t, self.heads) for t in self.qkv_proj(x).chunk(3, dim=-1))
        else:
            dim = x.shape[-1]
            weight, bias = self.qkv_proj.weight, self.qkv_proj.bias
            q = _split(F.linear(x[:, :queries], weight[:dim], bias[:dim]), self.heads)
            k, v = (_split(t, self.heads) for t in F.linear(x, weight[dim:], bias[dim:]).chunk(2, dim=-1))
        return self.out_proj(attend(q, k, v, mask, dropout=self.dropout if self.training else 0.0))


class CrossAttention(nn.Module):
    """Multi-head attention of a sequence to another one, the memory.

    Args:
        dim: width.
        heads: number of heads; divides `dim`.
        single: the memory is always one token. Its attention weight is then always 1, so there are no queries and keys.
    """

    def __init__(self, dim: int, heads: int, *, single: bool = False) -> None:
        super().__init__()
        self.heads = _checked_heads(dim, heads)
        self.query_proj = None if single else nn.Linear(dim, dim)
        self.key_proj = None if single else nn.Linear(dim, dim)
        self.value_proj = nn.Linear(dim, dim)
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend from x (B, N, D) to memory (B, M, D) with mask (B, 1, 1, M).

        Returns:
            (B, N, D); (B, 1, D), the same for all N positions, where the memory is single.
        """
        if self.query_proj is None or self.key_proj is None:
            return self.out_proj(self.value_proj(memory))
        q, k, v = (_split(t, self.heads) for t in (self.query_proj(x), self.key_proj(memory), self.value_proj(memory)))
        return self.out_proj(attend(q, k, v, mask))


class TransformerLayer(nn.Module):
    """Self-attention, cross-attention where there is a memory, GELU feed-forward; each added to its input, then normalised.

    Args:
        dim: width.
        heads: attention heads; divides `dim`.
        feedforward: width of the feed-forward.
        dropout: after each of the three, and inside the feed-forward.
        attention_dropout: of the attention weights.
        memory_tokens: length of the memory, 0 for none.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        feedforward: int,
        dropout: float,
        *,
        attention_dropout: float = 0.0,
        memory_tokens: int = 0,
    ) -> None:
        super().__init__()
        self.self_attention = SelfAttention(dim, heads, dropout=attention_dropout)
        self.self_attention_norm = nn.LayerNorm(dim)
        self.cross_attention = CrossAttention(dim, heads, single=memory_tokens == 1) if memory_tokens else None
        self.cross_attention_norm = nn.LayerNorm(dim) if memory_tokens else None
        self.feedforward = nn.Sequential(
            nn.Linear(dim, feedforward), nn.GELU(), Dropout(dropout), nn.Linear(feedforward, dim)
        )
        self.feedforward_norm = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, mask: Tensor | None, memory: Tensor | None = None, *, queries: int | None = None
    ) -> Tensor:
        """Transform x (B, N, D) with mask (B, 1, 1, N) and memory (B, M, D); returns (B, queries or N, D)."""
        x = self.self_attention_norm(x[:, :queries] + self.dropout(self.self_attention(x, mask, queries=queries)))
        if self.cross_attention is not None and self.cross_attention_norm is not None:
            assert memory is not None
            x = self.cross_attention_norm(x + self.dropout(self.cross_attention(x, memory)))
        return self.feedforward_norm(x + self.dropout(self.feedforward(x)))


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, *, dropout: float = 0.0) -> Tensor:
    """Attend from q (B, H, N, d) to k and v (B, H, M, d) with mask (B, 1, 1, M); returns (B, N, H * d).

    In bfloat16 on a CPU plain products are used: the backward pass of PyTorch's fused kernel is three times slower there.
    """
    if dropout or not (q.is_cpu and q.dtype == torch.bfloat16):
        return F.scaled_dot_product_attention(q, k, v, mask, dropout).transpose(1, 2).flatten(2)
    heads = q.shape[:2]
    scores = torch.bmm(q.flatten(0, 1) * q.shape[-1] ** -0.5, k.flatten(0, 1).mT).unflatten(0, heads)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return torch.bmm(scores.softmax(-1).flatten(0, 1), v.flatten(0, 1)).unflatten(0, heads).transpose(1, 2).flatten(2)


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


def _split(x: Tensor, heads: int) -> Tensor:
    """Reshape (B, N, H * d) to (B, H, N, d)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _checked_heads(dim: int, heads: int) -> int:
    if dim % heads:
        raise ValueError(f"dim ({dim}) must be divisible by heads ({heads})")
    return heads
