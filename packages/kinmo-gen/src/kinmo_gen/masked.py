"""Masked transformer: fills in base-layer tokens from a sentence and the tokens already known (MoMask, Sec. 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kinmo_gen.transformer import Trunk, init_weights


class MaskedTransformer(nn.Module):
    """Defaults are MoMask's sizes.

    Args:
        text_dim: size of the sentence vector.
        codes: size of the base codebook; id `codes` is [MASK].
        code_dim: size of the token table.
        dim, depth, heads, feedforward, dropout: see `Trunk`.
    """

    def __init__(
        self,
        text_dim: int = 512,
        codes: int = 512,
        code_dim: int = 512,
        *,
        dim: int = 384,
        depth: int = 8,
        heads: int = 6,
        feedforward: int = 1024,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.codes = codes
        self.table = nn.Embedding(codes + 1, code_dim)
        self.enter = nn.Linear(code_dim, dim)
        self.condition = nn.Linear(text_dim, dim)
        self.trunk = Trunk(dim, depth, heads, feedforward, dropout)
        self.head = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim), nn.Linear(dim, codes))
        self.apply(init_weights)

    def forward(self, ids: Tensor, text: Tensor, *, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, N, codes) of every position.

        Args:
            ids: (B, N) base-layer ids or [MASK]; what lies past `lengths` is ignored.
            text: (B, text_dim) sentence vectors; a zero row means no text (classifier-free guidance).
            lengths: (B,) real tokens; all N where None.
        """
        with_text = text.abs().sum(-1, keepdim=True) > 0
        prefix = (self.condition(text.to(self.condition.weight)) * with_text)[:, None]
        return self.head(self.trunk(prefix, self.enter(self.table(ids)), lengths))

    def mask_row(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """(B, N) ids, all [MASK]."""
        return torch.full(size, self.codes, device=device)
