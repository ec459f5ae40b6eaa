"""Residual transformer: from the layers below to the next layer of tokens, all positions at once (MoMask, Sec. 3.3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from kinmo_gen.transformer import Trunk, init_weights


class ResidualTransformer(nn.Module):
    """Defaults are MoMask's sizes. The table that predicts layer j is the one that embeds layer j as input.

    Args:
        text_dim: size of the sentence vector.
        codes: codes per layer.
        code_dim: size of the token tables.
        layers: quantizer layers Q, the base layer included; layers 1..Q-1 are predicted.
        dim, depth, heads, feedforward, dropout: see `Trunk`.
    """

    def __init__(
        self,
        text_dim: int = 512,
        codes: int = 512,
        code_dim: int = 512,
        layers: int = 6,
        *,
        dim: int = 384,
        depth: int = 8,
        heads: int = 6,
        feedforward: int = 1024,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if layers < 2:
            raise ValueError(f"a residual transformer needs at least 2 quantizer layers, got {layers}")
        self.codes = codes
        self.layers = layers
        self.tables = nn.Parameter(torch.empty(layers, codes, code_dim).normal_(std=0.02))
        self.enter = nn.Linear(code_dim, dim)
        self.condition = nn.Linear(text_dim, dim)
        self.layer_token = nn.Embedding(layers, dim)
        self.trunk = Trunk(dim, depth, heads, feedforward, dropout)
        self.head = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim), nn.Linear(dim, code_dim))
        self.apply(init_weights)

    def forward(self, ids: Tensor, layer: Tensor, text: Tensor, *, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, N, codes) of quantizer layer `layer`.

        Args:
            ids: (B, N, q) ids of the layers below; those at and above a row's `layer` are ignored.
            layer: (B,) which layer to predict, 1..Q-1.
            text: (B, text_dim) sentence vectors; a zero row means no text.
            lengths: (B,) real tokens; all N where None.
        """
        with_text = text.abs().sum(-1, keepdim=True) > 0
        prefix = torch.stack(
            [self.condition(text.to(self.condition.weight)) * with_text, self.layer_token(layer)], dim=1
        )
        hidden = self.head(self.trunk(prefix, self.enter(self._embed(ids, layer)), lengths))
        return hidden @ self.tables[layer].transpose(-1, -2)

    def _embed(self, ids: Tensor, layer: Tensor) -> Tensor:
        """Sum (B, N, code_dim) of the embeddings of the layers below `layer` (B,)."""
        levels = torch.arange(ids.shape[-1], device=ids.device)
        below = (levels < layer[:, None])[:, None, :, None]
        return (self.tables[levels, ids] * below).sum(-2)


def draw_layer(chance: Tensor, layers: int) -> Tensor:
    """Layer to train on, 1..layers-1, from uniform `chance` (B,): more weight on the low ones."""
    share = 1 - torch.cos(chance * (math.pi / 2))
    return 1 + (share * (layers - 2)).round().long()
