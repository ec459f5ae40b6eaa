"""Residual transformer: from the layers below to the next layer of tokens, all positions at once (MoMask, Sec. 3.3)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kinmo_core.nn import init_weights
from kinmo_gen.conditions import LEVELS, Condition
from kinmo_gen.cues import CueEncoder, has_cues, project_text
from kinmo_gen.transformer import Trunk


@dataclass(frozen=True)
class ResidualConfig:
    """Sizes of the residual transformer; the defaults are MoMask's.

    Args:
        text_dim: size of the sentence vector.
        codes: codes per layer and part.
        code_dim: size of a token embedding.
        layers: quantizer layers Q, the base layer included; layers 1..Q-1 are predicted.
        levels: what the network is told, of `LEVELS`; the body alone is MoMask.
        dim, depth, heads, feedforward, dropout: see `Trunk`.
        parts: of the body with ids of their own, as the tokenizer's; 1 is MoMask.
    """

    text_dim: int = 512
    codes: int = 512
    code_dim: int = 512
    layers: int = 6
    levels: tuple[str, ...] = LEVELS
    dim: int = 384
    depth: int = 8
    heads: int = 6
    feedforward: int = 1024
    dropout: float = 0.2
    parts: int = 1

    def __post_init__(self) -> None:
        if self.layers < 2:
            raise ValueError(f"layers must be at least 2, got {self.layers}")


class ResidualTransformer(nn.Module):
    """Token embeddings per layer with the cues of each token, trunk with sentence and layer as prefix.

    Embedding j also predicts layer j.
    """

    def __init__(self, config: ResidualConfig) -> None:
        super().__init__()
        self.layers, self.parts = config.layers, config.parts
        dim, code_dim = config.dim, config.code_dim
        size = (config.layers, config.parts, config.codes, code_dim)
        self.token_embeddings = nn.Parameter(torch.empty(size).normal_(std=0.02))
        self.input_proj = nn.Linear(code_dim, dim)
        self.text_proj = nn.Linear(config.text_dim, dim)
        self.cue_encoder = CueEncoder(config.text_dim, dim) if has_cues(config.levels) else None
        self.layer_embedding = nn.Embedding(config.layers, dim)
        self.trunk = Trunk(dim, config.depth, config.heads, config.feedforward, config.dropout)
        self.head = nn.Sequential(
            nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim), nn.Linear(dim, config.parts * code_dim)
        )
        self.apply(init_weights)

    def forward(self, ids: Tensor, layer: Tensor, condition: Condition, *, lengths: Tensor | None = None) -> Tensor:
        """Return logits (B, N, P, codes) of quantizer layer `layer`.

        Args:
            ids: (B, N, q, P) ids of the layers below; those at and above a row's `layer` are ignored.
            layer: (B,) layer to predict, 1..Q-1.
            condition: of B motions.
            lengths: (B,) real tokens; all N where None.
        """
        prefix = torch.stack([project_text(condition, self.text_proj), self.layer_embedding(layer)], dim=1)
        tokens = self.input_proj(self._embed(ids, layer))
        if self.cue_encoder is not None:
            tokens = tokens + self.cue_encoder(condition, ids.shape[1])
        hidden = self.head(self.trunk(prefix, tokens, lengths)).unflatten(-1, (self.parts, -1))
        return torch.einsum("bnpd,bpcd->bnpc", hidden, self.token_embeddings[layer])

    def _embed(self, ids: Tensor, layer: Tensor) -> Tensor:
        """Sum the embeddings (B, N, code_dim) of the layers below `layer` (B,)."""
        levels, parts = (torch.arange(size, device=ids.device) for size in ids.shape[-2:])
        below = (levels < layer[:, None])[:, None, :, None, None]
        return (self.token_embeddings[levels[:, None], parts, ids] * below).sum((-3, -2))


def draw_layer(uniform: Tensor, layers: int) -> Tensor:
    """Map uniform numbers (B,) to layers to train, 1..layers-1, with more weight on the low ones."""
    share = 1 - torch.cos(uniform * (math.pi / 2))
    return 1 + (share * (layers - 2)).round().long()
