"""Masked transformer: predicts base-layer tokens from a condition and the tokens already known (MoMask, Sec. 3.2)."""

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
class MaskedConfig:
    """Sizes of the masked transformer; the defaults are MoMask's.

    Args:
        text_dim: size of the sentence vector.
        codes: size of the base codebook of each part.
        code_dim: size of a token embedding.
        levels: what the network is told, of `LEVELS`; the body alone is MoMask.
        dim, depth, heads, feedforward, dropout: see `Trunk`.
        parts: of the body with ids of their own, as the tokenizer's; 1 is MoMask.
    """

    text_dim: int = 512
    codes: int = 512
    code_dim: int = 512
    levels: tuple[str, ...] = LEVELS
    dim: int = 384
    depth: int = 8
    heads: int = 6
    feedforward: int = 1024
    dropout: float = 0.2
    parts: int = 1


class MaskedTransformer(nn.Module):
    """Token embedding with the cues of each token, trunk with the sentence as prefix, and a head over the codes.

    A token is the sum of the embeddings of its parts' ids, of which each may be hidden: id `codes` is [MASK]. So the
    sequence is as long for six parts as for one.
    """

    def __init__(self, config: MaskedConfig) -> None:
        super().__init__()
        self.parts, self.codes = config.parts, config.codes
        dim = config.dim
        self.token_embedding = nn.Embedding(config.parts * (config.codes + 1), config.code_dim)
        self.input_proj = nn.Linear(config.code_dim, dim)
        self.text_proj = nn.Linear(config.text_dim, dim)
        self.cue_encoder = CueEncoder(config.text_dim, dim) if has_cues(config.levels) else None
        self.trunk = Trunk(dim, config.depth, config.heads, config.feedforward, config.dropout)
        self.head = nn.Sequential(
            nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim), nn.Linear(dim, config.parts * config.codes)
        )
        self.apply(init_weights)

    def forward(self, ids: Tensor, condition: Condition, *, lengths: Tensor | None = None) -> Tensor:
        """Return logits (B, N, P, codes) of every part at every position.

        Args:
            ids: (B, N, P) base-layer ids or [MASK]; those past `lengths` are ignored.
            condition: of B motions.
            lengths: (B,) real tokens; all N where None.
        """
        prefix = project_text(condition, self.text_proj)[:, None]
        first = torch.arange(self.parts, device=ids.device) * (self.codes + 1)  # row of each part's embeddings
        tokens = self.input_proj(self.token_embedding(ids + first).sum(-2))
        if self.cue_encoder is not None:
            tokens = tokens + self.cue_encoder(condition, ids.shape[1])
        return self.head(self.trunk(prefix, tokens, lengths)).unflatten(-1, (self.parts, self.codes))

    def all_masked(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """Return (B, N, P) ids that are all [MASK]."""
        return torch.full((*size, self.parts), self.codes, device=device)


def cosine_share(progress: Tensor) -> Tensor:
    """Return the share of tokens hidden at `progress` in [0, 1]: all at 0, none at 1 (MaskGIT's cosine schedule)."""
    return torch.cos(progress * (math.pi / 2))
