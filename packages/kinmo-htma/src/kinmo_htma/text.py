"""Text encoders in a hierarchy (KinMo, Sec. 3.3): each level attends to the coarser one before it is encoded.

    h_c = E_c(emb(T_c))    h_g = E_g(CrossAttn(emb(T_g), h_c))    h_i = E_i(CrossAttn(emb(T_i), h_g))

The paper leaves open which part of h is the key and value, whether E_c, E_g and E_i share weights, and whether the attention
is added to its query. Here: the states of all positions, no, and yes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.nn import CrossAttention, Dropout, attention_mask
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.gaussian import Encoded, Gaussian, GaussianEncoder
from kinmo_htma.levels import ROLES, LevelText


class TextHierarchy(nn.Module):
    """A Gaussian for each level of text."""

    def __init__(self, config: AlignmentConfig) -> None:
        super().__init__()
        self.levels = config.levels
        self.dim = config.dim
        self.key_value = config.key_value
        self.text_norm = config.text_norm
        self.input_proj = nn.ModuleDict({level: nn.Linear(config.text_dim, config.dim) for level in self.levels})
        self.role_embedding = nn.ModuleDict(
            {level: nn.Embedding(ROLES[level], config.dim) for level in self.levels if ROLES[level] > 1}
        )
        finer = self.levels[1:] if config.cross_attention else ()
        self.cross_attention = nn.ModuleDict({level: CrossAttentionBlock(config) for level in finer})
        encoders = self.levels[:1] if config.share_weights else self.levels
        self.encoders = nn.ModuleList(GaussianEncoder(config) for _ in encoders)

    def forward(self, texts: Mapping[str, LevelText]) -> Gaussian:
        """Encode the levels in `texts`, which must be the first ones of this network, as Gaussians (B, levels, D)."""
        levels = [level for level in self.levels if level in texts]
        if not levels or tuple(levels) != self.levels[: len(levels)]:
            raise ValueError(f"texts must have the first of the levels {', '.join(self.levels)}, got {[*texts]}")
        encoded: list[Encoded] = []
        for number, level in enumerate(levels):
            x = self._embed(level, texts[level])
            if level in self.cross_attention:
                x = self.cross_attention[level](x, *self._memory(encoded[-1], texts[levels[number - 1]].lengths))
            encoder = self.encoders[min(number, len(self.encoders) - 1)]
            encoded.append(encoder(x, texts[level].lengths, with_states=self._needs_states(levels[number + 1 :])))
        mu, logvar = zip(*(part.gaussian for part in encoded), strict=True)
        return Gaussian(torch.cat(mu, dim=1), torch.cat(logvar, dim=1))

    def _embed(self, level: str, text: LevelText) -> Tensor:
        states = F.layer_norm(text.states, text.states.shape[-1:]) if self.text_norm else text.states
        x = self.input_proj[level](states)
        return x + self.role_embedding[level](text.roles) if level in self.role_embedding else x

    def _needs_states(self, finer: list[str]) -> bool:
        """Tell whether the next of the finer levels attends to the states of the current one."""
        return bool(finer) and finer[0] in self.cross_attention and self.key_value == "states"

    def _memory(self, coarser: Encoded, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        if coarser.states is None:
            return coarser.gaussian.mu, None
        return coarser.states, attention_mask(lengths, coarser.states.shape[1])


class CrossAttentionBlock(nn.Module):
    """Cross-attention to the coarser level, added to its input and normalised."""

    def __init__(self, config: AlignmentConfig) -> None:
        super().__init__()
        self.attention = CrossAttention(config.dim, config.heads, single=config.key_value == "mu")
        self.dropout = Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        """Attend from x (B, N, D) to memory (B, M, D) with mask (B, 1, 1, M); returns (B, N, D)."""
        return self.norm(x + self.dropout(self.attention(x, memory, mask)))
